"""How far data is to be trusted, from the feeds' answers to what the page is given."""

import json
from math import inf
from typing import Any

import msgspec

from tests.kit.cells import VirtualSystem
from tests.web.samples import NOW, feed_view
from tradigrade.kernel.actor import Actor
from tradigrade.transports.control import FeedAsked
from tradigrade.web.console import ASK_PERIOD_S, Console, _Opened
from tradigrade.web.data_view import FEEDS_MAX, DataWindow
from tradigrade.web.state import ConsoleState

FEEDS = ("trader/feeds/binance", "trader/feeds/binance-2")


class Answerer(Actor):
    def __init__(self, asked: list[str]) -> None:
        self.asked = asked

    def receive(self, message: Any) -> Any:
        assert isinstance(message, FeedAsked)
        self.asked.append(self.context.path)
        return feed_view(path=self.context.path)


class SilentServer:
    fault = None

    def __init__(self, state: ConsoleState) -> None:
        self.state = state

    async def start(self, host: str, port: int) -> int:
        return port

    async def stop(self) -> None: ...

    def notify(self) -> None: ...


class SilentTasks:
    broke: Any = None

    def run(self, task: Any) -> None:
        task.close()


def test_every_feed_is_asked_only_while_somebody_looks() -> None:
    system, asked = VirtualSystem("console"), []  # type: ignore[var-annotated]
    states: list[ConsoleState] = []

    def serve(state: ConsoleState, _: Any) -> SilentServer:
        states.append(state)
        return SilentServer(state)

    system.ports = {"console_server": serve, "tasks": SilentTasks()}
    for path in FEEDS:
        system.spawn(path, lambda: Answerer(asked))
    system.spawn("console/console", lambda: Console("127.0.0.1", 0, "trader/risk", feeds=FEEDS))
    system.run()
    system.tell("console/console", _Opened(1))
    system.advance(5 * ASK_PERIOD_S)
    assert asked == []
    (state,) = states
    assert state.data.look(system.clock.now_ns())["fault"] == "not asked yet"
    system.advance(ASK_PERIOD_S)
    assert sorted(asked) == list(FEEDS)
    told = state.data.look(system.clock.now_ns())
    assert ([feed["path"] for feed in told["feeds"]], told["fault"]) == (list(FEEDS), "")


def test_what_the_page_is_given_is_plain_and_bounded() -> None:
    window = DataWindow()
    for number in range(FEEDS_MAX + 5):
        window.hear_feed(feed_view(path=f"trader/feeds/{number:03}", age_s=inf), NOW)
    told = json.loads(msgspec.json.encode(window.look(NOW)))
    assert len(told["feeds"]) == FEEDS_MAX
    first = told["feeds"][0]
    assert first["age_s"] is None
    assert first["symbols"][0]["quarantined"] == {"price": 3, "doubled": 1}
    assert first["repairs"] == [{"kind": "gap", "count": 2, "p50_s": 0.03, "max_s": 0.05, "last_s": 0.05}]
