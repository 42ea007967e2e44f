"""What the console hears of a trader, and how much of it at once."""

from pathlib import Path
from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tests.trading.facts import accepted, fill, intent
from tradigrade.actors import topics
from tradigrade.actors.portfolio import KEPT, PERIOD_S, WHOLE_EVERY, Portfolio
from tradigrade.actors.portfolio_rows import NEWEST_POINTS
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.trading.messages import OrderRefused, RiskAlert, RungChanged, StateAsked
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


def test_of_some_snapshots_one_is_whole_and_the_others_have_the_newest_points_of_curves(tmp_path: Path) -> None:
    heard, system = told(tmp_path, 2 * WHOLE_EVERY)
    lengths = [len(snapshot.learning[0].curve) for snapshot in heard]
    newest = [NEWEST_POINTS] * (WHOLE_EVERY - 1)
    assert lengths == [100, *newest, 100 + WHOLE_EVERY, *newest]
    assert [snapshot.since_ns for snapshot in heard] == [0, *[heard[0].at_ns] * 19, 0, *[heard[20].at_ns] * 19]
    asked = system.ask("trader/portfolio", TradingAsked(), 1.0)
    system.run()
    assert len(asked.value.learning[0].curve) == 100 + 2 * WHOLE_EVERY - 1, "who asks is told the whole"


def test_the_console_has_the_whole_curve_whatever_it_missed_and_whenever_it_came(tmp_path: Path) -> None:
    heard, _ = told(tmp_path, 2 * WHOLE_EVERY + 3)
    for first in range(len(heard)):
        for lost in (None, first + 3):
            state = ConsoleState()
            whole = False
            for place, snapshot in enumerate(heard):
                if place < first or place == lost:
                    continue
                state.apply(snapshot, place)
                whole = whole or place % WHOLE_EVERY == 0
                begun = place - place % WHOLE_EVERY
                assert state.misses_whole == (begun < first or begun == lost)
                if whole:
                    assert curves(state) == learned(100 + place).curve


# -- rows -------------------------------------------------------------------------------------------------------------


def traded(folder: Path, snapshots: int) -> tuple[list[TradingSnapshot], list[TradingSnapshot]]:
    """What is told while orders come, go and are refused and the ladder moves, and what is whole at the same times."""
    _, system = told(folder, 0)
    heard = system.actors["trader/reader"].behaviour.heard  # type: ignore[union-attr]
    wholes = []
    for number in range(snapshots):
        for each in range(3 * number, 3 * number + 3):
            order, before = intent(f"tgmain-1-{each}", amount="2", at_ns=each), intent(f"tgmain-1-{each - 9}")
            for event in (*accepted(order), fill(order, f"{each}-1"), fill(before, f"{each - 9}-2")):
                system.publish(topics.ORDERS, event)
        system.publish(topics.REFUSALS, OrderRefused(f"{number}", "s", SYMBOL, "STALE", {}, number))
        rung = "NORMAL" if number % 2 else "REDUCING"
        system.publish(topics.RUNG, RungChanged("account", rung, "why", number))
        system.advance(PERIOD_S - 0.001)
        system.advance(0.001)
        asked = system.ask("trader/portfolio", TradingAsked(), 1.0)
        system.run()
        wholes.append(asked.value)
    return heard, wholes


ROWS = ("orders", "fills", "refusals", "standings")


def rows(state: ConsoleState) -> list[Any]:
    assert state.trading is not None
    return [getattr(state.trading.report, name) for name in ROWS]


@pytest.mark.parametrize("lost", [None, 3, 12, WHOLE_EVERY - 1, WHOLE_EVERY + 4])
def test_the_console_has_the_rows_of_a_whole_snapshot_at_every_one_whatever_part_was_lost(
    tmp_path: Path, lost: int | None
) -> None:
    heard, wholes = traded(tmp_path, 2 * WHOLE_EVERY + 5)
    state = ConsoleState()
    assert max(len(each.orders) for each in heard) == KEPT
    assert sum(not each.since_ns for each in heard) > 3, "where more changed than is kept, all is told"
    for place, (snapshot, whole) in enumerate(zip(heard, wholes, strict=True)):
        if place != lost or not snapshot.since_ns:
            state.apply(snapshot, place)
            assert rows(state) == [getattr(whole, name) for name in ROWS], place
            assert not state.misses_whole


def test_a_part_that_was_overtaken_by_a_whole_snapshot_is_not_shown(tmp_path: Path) -> None:
    heard, wholes = traded(tmp_path, WHOLE_EVERY + 1)
    state = ConsoleState()
    for snapshot in (*heard[: WHOLE_EVERY - 1], heard[WHOLE_EVERY], heard[WHOLE_EVERY - 1]):
        state.apply(snapshot, 1)
    assert rows(state) == [getattr(wholes[-1], name) for name in ROWS]


def test_who_missed_the_whole_asks_and_is_told_it_next(tmp_path: Path) -> None:
    _, system = told(tmp_path, 3)
    heard = system.actors["trader/reader"].behaviour.heard  # type: ignore[union-attr]
    system.tell("trader/portfolio", StateAsked())
    system.advance(PERIOD_S)
    assert [bool(snapshot.since_ns) for snapshot in heard] == [False, True, True, False]


# -- alerts -----------------------------------------------------------------------------------------------------------


def test_alerts_are_told_newest_first_counted_and_bounded(tmp_path: Path) -> None:
    heard, system = told(tmp_path, 2)
    for number in range(KEPT + 10):
        system.publish(topics.ALERTS, RiskAlert("FEE_TOO_HIGH", str(number), number))
    system.advance(PERIOD_S)
    newest = [alert.detail for alert in heard[-1].alerts]
    assert heard[-1].since_ns, "not the whole"
    assert newest == [str(number) for number in range(KEPT + 9, 9, -1)]
    assert system.metrics.counters["risk_alerts"] == KEPT + 10
    system.advance(PERIOD_S)
    assert len(heard[-1].alerts) == KEPT, "what changed since the last whole one is told until the next"
