"""What the account's actors do together: signals that follow each other, disconnects, differences, drains."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.kit.account import EXECUTOR, GROUP, LEDGER, RISK, SYMBOL, Account, Listener, assert_level
from tests.kit.cells import RUNTIMES
from tests.kit.venue import TrueOrder
from tradigrade.actors import topics
from tradigrade.kernel.cell import CellActor
from tradigrade.kernel.incarnation import Incarnation
from tradigrade.kernel.simulated import SimulatedActor
from tradigrade.kernel.threads import ThreadActor
from tradigrade.trading.differences import DifferenceNoted
from tradigrade.trading.evidence import VenueState
from tradigrade.trading.messages import OrderRequested, RungChanged, StateAsked, Terms
from tradigrade.trading.order_events import (
    CancelIntended,
    CancelRequested,
    OrderFilled,
    OrderIntended,
    PositionAsked,
    StrategyPosition,
)
from tradigrade.trading.tally import Drain

# -- one signal after another -----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True, params=RUNTIMES)
def _runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything here holds wherever the account group runs: placement is configuration."""
    monkeypatch.setattr(Account, "runtime", request.param)


def test_the_group_runs_where_it_was_placed(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    expected = {"cell": CellActor, "threads": ThreadActor, "simulated": SimulatedActor}[account.runtime]
    for path in (LEDGER, EXECUTOR, RISK):
        assert isinstance(account.system.actors[path], expected)


def test_a_newer_signal_cancels_the_standing_order_and_is_judged_when_it_is_gone(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    account.signal("0.02")
    account.advance(1)
    assert account.order_states() == ["cancelled", "filled"]
    assert [cancel.reason for cancel in account.records(CancelIntended)] == ["a newer signal"]
    account.advance(6)
    assert_level(account)


def test_of_several_signals_held_only_the_latest_is_judged(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    for target in ("0.01", "0.02", "0.03"):
        account.signal(target)
    account.advance(1)
    assert [intent.amount for intent in account.records(OrderIntended)] == [Decimal("0.05"), Decimal("0.03")]


def test_a_fill_that_overtakes_the_cancel_counts_for_the_held_signal(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (client_id,) = account.venue.open_ids()
    account.signal("0.02")
    account.venue.fill(client_id)
    account.advance(8)
    assert account.order_states() == ["filled", "filled"]
    _, sold = account.records(OrderIntended)
    assert (sold.side, sold.amount) == ("sell", Decimal("0.02995"))
    assert_level(account)


def test_signals_that_come_at_once_do_not_buy_the_same_target_twice(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05")
    account.signal("0.05")
    account.advance(1)
    assert sum(trade.amount for trade in account.venue.trades) == Decimal("0.05")
    account.advance(6)
    assert_level(account)


def test_of_signals_that_come_at_once_the_latest_wins(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.signal("0.02")
    account.advance(6)
    assert account.order_states() == ["cancelled", "filled"]
    assert account.books.strategy_positions["s", SYMBOL] == Decimal("0.01998")
    assert_level(account)


def test_a_signal_behind_an_approval_that_came_to_nothing_is_judged_soon(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.fates.append("refused")
    account.signal("0.05")
    account.signal("0.02")
    account.advance(1)
    assert account.order_states() == ["rejected", "filled"]


def test_a_cancel_that_was_lost_is_asked_again(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.cancel_fates.extend(["lost", "unanswered", "lost"])
    account.signal("0.05", limit="29900")
    account.advance(1)
    account.signal("0.02")
    account.advance(12)
    assert account.order_states() == ["cancelled", "filled"]
    assert len(account.records(CancelIntended)) == 1
    assert_level(account)


def test_a_cancel_wanted_before_a_restart_is_asked_after_it(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.cancel_fates.append("lost")
    account.signal("0.05", limit="29900")
    account.advance(1)
    account.signal("0.02")
    account.advance(0.1)
    account.system.actors[RISK].crash("the test")
    account.advance(3)
    assert account.order_states() == ["cancelled"]
    assert_level(account)


# -- the connection ---------------------------------------------------------------------------------------------------


def moves(account: Account, scope: str = "account") -> list[str]:
    rungs = [change.rung for change in account.of(RungChanged) if change.scope == scope]
    return [rung for rung, before in zip(rungs, [None, *rungs], strict=False) if rung != before]


def test_a_disconnect_leads_to_cancel_only_and_back(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.heard.clear()
    account.venue.disconnect(for_s=2)
    account.advance(1)
    account.signal("0.05")
    account.advance(1.5)
    assert moves(account) == ["CANCEL_ONLY", "NORMAL"]
    assert "disconnected from the venue: cut by the test" in account.of(RungChanged)[0].reason
    assert account.codes() == ["RUNG"]
    assert_level(account)


@pytest.mark.parametrize("when_s", [0.0, 0.01, 0.03, 0.05, 0.1])
@pytest.mark.parametrize("limit", [None, "29900"])
def test_an_order_that_a_disconnect_overtakes_is_settled_after_it(
    tmp_path: Path, when_s: float, limit: str | None
) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit)
    account.advance(when_s)
    account.venue.disconnect(for_s=1)
    account.advance(15)
    assert account.rung() == "NORMAL"
    assert_level(account)


def test_fills_during_a_disconnect_are_found_after_it(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    account.venue.disconnect(for_s=2)
    account.venue.fill(*account.venue.open_ids(), amount=Decimal("0.02"))
    account.advance(1)
    account.venue.fill(*account.venue.open_ids())
    account.advance(6)
    assert account.order_states() == ["filled"]
    assert_level(account)


def test_a_look_that_is_never_answered_is_taken_again(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    gather, account.venue.gather = account.venue.gather, lambda request: None  # type: ignore[method-assign]
    account.advance(6)
    account.venue.gather = gather  # type: ignore[method-assign]
    account.venue.copies = lambda: 0
    account.signal("0.05")
    account.advance(16)
    assert account.order_states() == ["filled"]
    assert_level(account)


def test_a_crash_of_the_session_brings_the_account_back_with_it(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05")
    account.advance(0.01)
    account.system.actors["trader/trading/venue"].crash("the test")
    account.advance(10)
    assert account.system.metrics.counters["restarts"] == 1
    assert account.rung() == "NORMAL"
    assert_level(account)


def test_a_crash_of_the_journal_keeper_brings_all_of_trading_back(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05")
    account.advance(0.03)
    account.system.actors["trader/trading/journal"].crash("the test")
    account.advance(10)
    assert account.rung() == "NORMAL"
    assert_level(account)


# -- differences ------------------------------------------------------------------------------------------------------


def test_a_difference_leads_to_cancel_only_and_says_itself(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.balances["USDT"] -= 100  # a withdrawal
    account.advance(6)
    assert account.rung() == "CANCEL_ONLY"
    assert account.verdict().differences == ("balance USDT: books 10000, venue 9900",)
    assert account.of(RungChanged)[-1].reason == "balance USDT: books 10000, venue 9900"
    account.signal("0.05")
    account.advance(1)
    assert account.codes() == ["RUNG"]
    account.venue.balances["USDT"] += 100
    account.advance(6)
    assert account.rung() == "NORMAL"


def test_a_difference_seen_once_is_none_yet(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.advance(4.97)
    account.venue.balances["USDT"] -= 100
    account.until(lambda: account.executor._reconciler._mismatches == 1, step_s=0.001)
    account.venue.balances["USDT"] += 100
    account.heard.clear()
    account.advance(6)
    assert moves(account) == []


def test_an_order_of_ours_that_the_journal_lost_is_adopted(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    account.kill()
    (tmp_path / "account-main.journal").unlink()
    account.boot(seed=2)
    account.serve()
    (order,) = account.books.open_orders()
    assert (order.intent.strategy, order.state) == ("adopted", "accepted")
    account.venue.fill(order.intent.client_id)
    account.advance(6)
    assert account.books.strategy_positions == {("adopted", SYMBOL): Decimal("0.04995")}
    assert account.verdict().equal


def test_an_order_of_somebody_else_is_noted_and_holds_nothing_up(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (ours,) = account.venue.orders.values()
    account.venue.orders["by-hand"] = TrueOrder(ours.intent, "v99")
    account.advance(6)
    del account.venue.orders["by-hand"]
    account.advance(6)
    noted = [(each.kind, each.subject, each.resolution) for each in account.records(DifferenceNoted)]
    assert noted == [("foreign order", "by-hand", ""), ("foreign order", "by-hand", "gone")]
    assert account.verdict().equal
    assert account.rung() == "NORMAL"
    assert account.venue.cancels == []


@pytest.mark.parametrize(("state", "becomes"), [("cancelled", "cancelled"), ("rejected", "rejected")])
def test_an_order_that_the_venue_ended_unheard_is_closed_by_evidence(
    tmp_path: Path, state: VenueState, becomes: str
) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (order,) = account.venue.orders.values()
    order.state = state
    account.advance(6)
    assert account.order_states() == [becomes]
    assert account.rung() == "NORMAL"


def test_a_beginning_that_a_crash_cut_short_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(tmp_path)
    account.venue.balances["BTC"] = Decimal("0.5")
    append, failed = account.journal.append, []

    def fail_once(record: Any) -> int:
        if getattr(record, "currency", "") == "USDT" and not failed:
            failed.append(record)
            raise OSError("no space left on device")
        return append(record)

    monkeypatch.setattr(account.journal, "append", fail_once)
    account.serve()
    assert failed
    assert account.books.balances == {"BTC": Decimal("0.5"), "USDT": Decimal(10_000)}


# -- the end ----------------------------------------------------------------------------------------------------------


def test_draining_cancels_what_stands_and_says_what_is_left(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05")
    account.advance(1)
    account.signal("0.06", limit="29900")
    account.advance(1)
    summary = account.drain("cancel")
    assert account.order_states() == ["filled", "cancelled"]
    assert summary.reconciled
    assert (summary.signals, summary.orders, summary.fills, summary.refused, summary.unknown) == (2, 2, 1, 0, 0)
    assert Decimal(summary.position[SYMBOL]) == Decimal("0.04995")
    assert Decimal(summary.balances["USDT"]) == account.venue.balances["USDT"]
    assert Decimal(summary.equity) == account.venue.balances["USDT"] + Decimal("0.04995") * 29_999
    account.signal("0.01")
    account.advance(1)
    assert account.codes() == ["RUNG"]
    assert_level(account)


def test_draining_leaves_orders_where_told_to(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    summary = account.drain("leave")
    assert summary.reconciled
    assert account.venue.cancels == []
    assert len(account.venue.open_ids()) == 1
    assert_level(account)


def test_draining_leaves_also_an_order_in_doubt_where_told_to(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.fates.append("unanswered")
    account.venue.stream_delay_s = lambda: 1e6
    account.signal("0.05", limit="29900")
    account.advance(0.1)
    account.drain("leave")
    assert account.venue.cancels == []
    assert account.order_states() == ["accepted"]


@pytest.mark.parametrize("resting", [False, True])
def test_flattening_sells_what_every_strategy_holds_also_where_an_order_stands(tmp_path: Path, resting: bool) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", strategy="one")
    account.signal("0.03", strategy="two")
    account.advance(1)
    if resting:
        account.signal("0", limit="30200", strategy="one")
        account.advance(1)
    account.signal("0.01", limit="30100", strategy="two")
    summary = account.drain("flatten")
    assert summary.reconciled
    assert Decimal(summary.position[SYMBOL]) < Decimal("0.00002"), "less than the smallest orders is left"
    assert account.venue.open_ids() == set()
    assert_level(account)


def test_flattening_sells_also_what_a_stop_guards(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", strategy="one")
    account.advance(1)
    held = account.books.strategy_positions["one", SYMBOL].quantize(Decimal("0.00001"), "ROUND_DOWN")
    terms = Terms(stop_price=Decimal(28_000))
    account.system.tell(RISK, OrderRequested("1", "one", SYMBOL, "sell", "stop_loss", held, None, 1, "", terms))
    account.advance(1)
    assert len(account.venue.open_ids()) == 1
    summary = account.drain("flatten")
    assert summary.reconciled
    assert Decimal(summary.position[SYMBOL]) < Decimal("0.00002"), "less than the smallest orders is left"
    assert account.venue.open_ids() == set()
    assert_level(account)


def test_flattening_sells_also_what_another_strategy_bids_for(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", strategy="one")
    account.advance(1)
    account.signal("0.03", limit="29999", strategy="two")
    account.advance(1)
    assert len(account.venue.open_ids()) == 1
    summary = account.drain("flatten")
    assert summary.reconciled
    assert Decimal(summary.position[SYMBOL]) < Decimal("0.00002"), "less than the smallest orders is left"
    assert_level(account)


def test_nothing_new_is_bought_while_flattening(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05")
    account.advance(1)
    account.signal("0.02", limit="30200")
    account.advance(1)
    account.system.ask(EXECUTOR, Drain("flatten"), 3.5)
    for _ in range(20):
        account.signal("0.06")
        account.advance(0.1)
    assert set(account.codes()) == {"RUNG"}
    assert [intent.side for intent in account.records(OrderIntended)] == ["buy", "sell", "sell"]


def test_draining_ends_in_time_also_without_a_venue(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    account.venue.disconnect()
    summary = account.drain("cancel")
    assert not summary.reconciled
    assert summary.differences == ("disconnected from the venue: cut by the test",)


# -- newcomers --------------------------------------------------------------------------------------------------------


def test_whoever_asks_is_told_every_state_again(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.heard.clear()
    account.system.publish(topics.STATE_ASKED, StateAsked())
    account.advance(0.01)
    assert {change.scope for change in account.of(RungChanged)} == {"system", "account", SYMBOL, f"learned {SYMBOL}"}
    assert account.verdict().equal


def test_a_cancel_of_an_order_nobody_knows_or_that_is_closed_is_nothing(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05")
    account.advance(1)
    for client_id in ("nobody", account.venue.placed[0].client_id):
        account.system.tell(EXECUTOR, CancelRequested(client_id, "the test"))
    account.advance(1)
    assert account.venue.cancels == []


def test_the_ledger_tells_a_position_when_it_starts_after_fills_and_when_asked(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    heard: list[Any] = []
    account.system.spawn("trader/strategy", lambda: Listener(heard, (topics.position("s", SYMBOL),)))
    account.signal("0.05")
    account.advance(1)
    bought = StrategyPosition("s", SYMBOL, Decimal("0.04995"), Decimal("0.00001"), Decimal(5))
    assert heard == [bought, account.records(OrderFilled)[0]], "the position first: a fill is counted when it is told"
    account.system.tell(LEDGER, PositionAsked("s", SYMBOL))
    account.advance(0.1)
    account.system.actors[LEDGER].crash("the test")
    account.advance(1)
    rules_unknown = StrategyPosition("s", SYMBOL, bought.amount)
    assert heard[2:] == [bought, rules_unknown, bought]


# -- crashes at every step --------------------------------------------------------------------------------------------


def scenario(account: Account) -> None:
    """Some of everything: a fill, an order in doubt, a cancel with a signal held, a disconnect."""
    account.advance(0.6)
    account.signal("0.05")
    account.advance(0.3)
    account.venue.fates.append("unanswered")
    account.signal("0.02", strategy="other", limit="29950")
    account.signal("0.01", limit="30200")
    account.advance(0.3)
    account.signal("0.02")
    account.advance(0.3)
    account.move("29940", "29950")
    account.advance(0.3)
    account.venue.disconnect(for_s=0.5)
    account.signal("0.03")
    account.advance(1.0)
    account.signal("0", strategy="other")
    account.advance(5)


QUIET = {"_SyncDue", "_LeaseDue", "MarketDataUpdate", "_SnapshotDue"}


@pytest.fixture
def stepping(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Counts the messages an actor handled; crashes it after the one with a given number."""

    class Steps:
        path, crash_at, count = "", 0, 0

        def begin(self, path: str, crash_at: int = 0) -> None:
            self.path, self.crash_at, self.count = path, crash_at, 0

    steps, handle = Steps(), Incarnation._process

    def counted(cell: Any, envelope: Any, actor: Any) -> None:
        handle(cell, envelope, actor)
        if cell.path == steps.path and type(envelope.message).__name__ not in QUIET:
            steps.count += 1
            if steps.count == steps.crash_at:
                cell.crash(f"after {type(envelope.message).__name__}")

    monkeypatch.setattr(Incarnation, "_process", counted)
    return steps


@pytest.mark.parametrize("path", [LEDGER, EXECUTOR, RISK, "trader/trading/venue", "trader/trading/journal"])
def test_a_crash_after_any_message_brings_the_group_back_level(tmp_path: Path, stepping: Any, path: str) -> None:
    stepping.begin(path)
    account = Account(tmp_path / "calm")
    scenario(account)
    assert_level(account)
    steps = stepping.count
    assert steps >= 10
    for step in range(1, steps + 1):
        stepping.begin(path, crash_at=step)
        account = Account(tmp_path / str(step))
        scenario(account)
        account.until(lambda account=account: account.rung() == "NORMAL")  # type: ignore[misc]
        account.until(lambda account=account: not account.books.unknown_orders())  # type: ignore[misc]
        account.advance(6)
        assert account.system.metrics.counters["restarts"] in (1, 2), "who writes to a closed journal fails with it"
        group = {account.system.actors[each].incarnation for each in (LEDGER, EXECUTOR, RISK)}
        assert len(group) == 1, f"{path} crashed at step {step}, the group is at {group}"
        assert (group == {2}) == path.startswith(GROUP)
        assert_level(account)


@pytest.mark.parametrize("step_s", [5, -5])
def test_a_clock_that_is_set_while_the_account_comes_to_rest_leaves_nothing_open(tmp_path: Path, step_s: int) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.01", limit="29900")
    account.until(lambda: bool(account.venue.open_ids()))
    account.clock._start_ns += step_s * 1_000_000_000
    summary = account.drain("cancel")
    assert summary.reconciled, summary.differences
    assert account.venue.open_ids() == set()
