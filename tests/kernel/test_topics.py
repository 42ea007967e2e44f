"""Publish and subscribe inside one node."""

import threading

from tests.kit.cells import VirtualSystem
from tradigrade.kernel.topics import Topics


def test_subscribers_are_told_in_the_order_of_their_subscription_once_each() -> None:
    topics = Topics()
    for path in ("b", "a", "b", "c"):
        topics.subscribe("news", path)
    topics.subscribe("sport", "a")
    assert topics.subscribers("news") == ("b", "a", "c")
    topics.unsubscribe("a")
    assert (topics.subscribers("news"), topics.subscribers("sport")) == (("b", "c"), ())


def test_no_subscription_is_lost_between_threads() -> None:
    topics = Topics()

    def subscribe(name: str) -> None:
        for number in range(300):
            topics.subscribe("news", f"{name}{number}")

    subscribing = [threading.Thread(target=subscribe, args=(name,)) for name in "abcd"]
    for thread in subscribing:
        thread.start()
    for thread in subscribing:
        thread.join(10.0)
    assert len(topics.subscribers("news")) == 1200


def test_a_topic_without_subscribers_is_silence_not_a_dead_letter(system: VirtualSystem) -> None:
    system.publish("news", "anything")
    assert not system.dead_letters


def test_what_is_published_reaches_every_subscriber_of_the_node(system: VirtualSystem) -> None:
    readers = [system.place(f"node/{name}") for name in ("one", "two", "three")]
    for reader in readers[:2]:
        reader.context.subscribe("news")
    readers[2].context.publish("news", "hello")
    system.run()
    assert [reader.log for reader in readers] == [["hello"], ["hello"], []]


def test_an_actor_may_subscribe_while_it_is_published_to(system: VirtualSystem) -> None:
    late, first = system.place("node/late"), system.place("node/first")
    first.context.subscribe("news")
    system.publish("news", lambda _: late.context.subscribe("news"))
    system.run()
    system.publish("news", "second")
    system.run()
    assert (first.log, late.log) == (["second"], ["second"])
