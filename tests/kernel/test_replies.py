"""One answer: resolved once, from any thread, waited for by any number of threads."""

import threading
from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.kernel.envelope import Reply
from tradigrade.kernel.errors import ActorDead, ActorFailed, AskTimeout

WAIT_S = 10.0


def test_a_reply_is_resolved_once() -> None:
    calls: list[Any] = []
    reply = Reply()
    reply.then(lambda done: calls.append(done.value))
    reply.resolve(1)
    reply.resolve(2)
    reply.fail(ActorDead("late"))
    reply.then(lambda done: calls.append(done.value))
    assert calls == [1, 1]
    assert reply.error is None


def test_every_callback_has_a_turn_to_itself() -> None:
    turns: list[Any] = []
    reply = Reply(call_soon=turns.append)
    heard: list[Any] = []
    for _ in range(2):
        reply.then(lambda done: heard.append(done.value))
    reply.resolve("answer")
    assert (len(turns), heard) == (2, [])
    for turn in turns:
        turn()
    assert heard == ["answer"] * 2


def test_a_wait_is_bounded_once_by_the_first_callback_that_waits() -> None:
    armed: list[str] = []
    reply = Reply(arm=lambda: armed.append("armed") or (lambda: armed.append("over")))  # type: ignore[func-returns-value]
    assert armed == []
    for _ in range(2):
        reply.then(lambda _: None)
    assert armed == ["armed"]
    reply.resolve(1)
    assert armed == ["armed", "over"], "an answer ends the bound"


def test_an_answer_that_is_there_needs_no_bound() -> None:
    armed: list[str] = []
    reply = Reply(arm=lambda: armed.append("armed") or (lambda: None))  # type: ignore[func-returns-value]
    reply.resolve(1)
    reply.then(lambda _: None)
    assert armed == []


@pytest.mark.parametrize("error", [ActorDead("gone"), ActorFailed("failed")])
def test_a_wait_raises_the_error_it_waited_for(error: Any) -> None:
    reply = Reply()
    reply.fail(error)
    with pytest.raises(type(error), match=str(error)):
        reply.wait(WAIT_S)


def test_a_wait_without_an_answer_ends_with_a_time_out_for_everybody() -> None:
    reply = Reply()
    with pytest.raises(AskTimeout, match=r"no answer within 0.0 s"):
        reply.wait(0.0)
    reply.resolve("too late")
    assert isinstance(reply.error, AskTimeout)


def test_any_number_of_threads_wait_for_one_answer() -> None:
    reply, answers = Reply(), list[Any]()
    waiting = [threading.Thread(target=lambda: answers.append(reply.wait(WAIT_S))) for _ in range(20)]
    for thread in waiting:
        thread.start()
    reply.resolve("answer")
    for thread in waiting:
        thread.join(WAIT_S)
    assert answers == ["answer"] * 20


def test_one_who_waits_for_an_answer_that_is_there_is_not_among_the_waiting() -> None:
    """Else the one who answers could wake him a second time, and fail of it: a lock cannot be released twice."""
    reply = Reply()
    reply.resolve("answer")
    assert reply.wait(WAIT_S) == "answer"
    assert reply._waiting == []


def test_a_plain_thread_asks_and_waits(system: VirtualSystem) -> None:
    system.place("node/puppet")
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(system.ask("node/puppet", "question", 1.0).wait(WAIT_S)))
    asking.start()
    while asking.is_alive():
        system.run()
    assert answers == ["question"]


def test_a_plain_thread_hears_of_a_time_out_through_a_callback(system: VirtualSystem) -> None:
    system.place("node/puppet")
    errors: list[Any] = []

    def ask() -> None:
        system.ask("node/puppet", lambda _: Reply(), 1.0).then(lambda done: errors.append(done.error))

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(WAIT_S)
    system.advance(2.0)
    assert [type(error) for error in errors] == [AskTimeout]
