"""What the console hears of a trader, and how much of it at once."""

from pathlib import Path
from typing import Any

from tests.kit.cells import VirtualSystem
from tradigrade.actors import topics
from tradigrade.actors.portfolio import CURVES_EVERY, NEWEST_POINTS, PERIOD_S, Portfolio
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.trading.views import Curve, LearningView, TradingSnapshot
from tradigrade.transports.control import TradingAsked
from tradigrade.web.state import ConsoleState

SYMBOL = "BTC/USDT"


class Hearer(Actor):
    def __init__(self, heard: list[Any]) -> None:
        self.heard = heard

    def receive(self, message: Any) -> None:
        self.heard.append(message)


def learned(points: int) -> LearningView:
    curve = tuple((number, 0.5) for number in range(points))
    return LearningView(SYMBOL, "linear", "1", points, {"linear": 0.5}, 0.5, curve)


def told(folder: Path, snapshots: int) -> tuple[list[TradingSnapshot], VirtualSystem]:
    """What is told while a curve of 100 points grows by one between two snapshots."""
    system = VirtualSystem("trader")
    journal = AccountJournal(SystemDisk(), folder / "journal")
    journal.open()
    system.ports = {"journal": journal}
    heard: list[Any] = []
    system.spawn("trader/reader", lambda: Hearer(heard))
    system.spawn("trader/portfolio", lambda: Portfolio("trader/reader", (SYMBOL,), "USDT"))
    system.run()
    for number in range(snapshots):
        system.publish(topics.LEARNING, learned(100 + number))
        system.advance(PERIOD_S)
    return heard, system


def curves(state: ConsoleState) -> Curve:
    assert state.trading is not None
    return state.trading.report.learning[0].curve


def test_of_some_snapshots_one_has_whole_curves_and_the_others_their_newest_points(tmp_path: Path) -> None:
    heard, system = told(tmp_path, 2 * CURVES_EVERY)
    lengths = [len(snapshot.learning[0].curve) for snapshot in heard]
    newest = [NEWEST_POINTS] * (CURVES_EVERY - 1)
    assert lengths == [100, *newest, 100 + CURVES_EVERY, *newest]
    asked = system.ask("trader/portfolio", TradingAsked(), 1.0)
    system.run()
    assert len(asked.value.learning[0].curve) == 100 + 2 * CURVES_EVERY - 1, "who asks is told the whole"


def test_the_console_has_the_whole_curve_whatever_it_missed_and_whenever_it_came(tmp_path: Path) -> None:
    heard, _ = told(tmp_path, 3 * CURVES_EVERY)
    assert len(heard) == 3 * CURVES_EVERY
    for first in range(len(heard)):
        for lost in (None, first + 3):
            state = ConsoleState()
            whole = False
            for place, snapshot in enumerate(heard):
                if place < first or place == lost:
                    continue
                state.apply(snapshot, place)
                whole = whole or place % CURVES_EVERY == 0
                if whole:
                    assert curves(state) == learned(100 + place).curve
