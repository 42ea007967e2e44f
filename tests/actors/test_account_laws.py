"""The laws of the account, one at a time: the real actors under their real supervisors, before a scripted venue."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.kit.account import EXECUTOR, LEDGER, RISK, Account, approval, assert_level
from tests.kit.cells import RUNTIMES
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.lease import FileLease
from tradigrade.trading.messages import RungChanged
from tradigrade.trading.order_events import (
    CancelIntended,
    CancelRequested,
    OrderCancelled,
    OrderIntended,
    OrderPlaced,
    OrderUnknown,
)
from tradigrade.trading.order_ids import make_client_id
from tradigrade.trading.order_states import OrderState

# -- law 1: no order without approval ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True, params=RUNTIMES)
def _runtime(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything here holds wherever the account group runs: placement is configuration."""
    monkeypatch.setattr(Account, "runtime", request.param)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"risk_incarnation": "somebody"}, "APPROVAL_OF_DEAD_RISK"),
        ({"risk_incarnation": ""}, "APPROVAL_OF_DEAD_RISK"),
        ({"expires_ns": 1}, "APPROVAL_EXPIRED"),
    ],
)
def test_a_wrong_approval_is_refused_with_its_code_and_nothing_is_sent(
    tmp_path: Path, changed: dict[str, Any], code: str
) -> None:
    account = Account(tmp_path).serve()
    account.system.tell(EXECUTOR, approval(account, **changed))
    account.advance(1)
    assert account.codes() == [code]
    assert account.venue.placed == []
    assert account.records(OrderIntended) == []


def test_an_approval_is_void_at_the_instant_it_expires(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.system.tell(EXECUTOR, approval(account, expires_ns=account.clock.now_ns()))
    account.advance(1)
    assert account.codes() == ["APPROVAL_EXPIRED"]


def test_an_approval_works_once(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    given = approval(account)
    account.system.tell(EXECUTOR, given)
    account.system.tell(EXECUTOR, approval(account, signal_id="another"))
    account.advance(1)
    assert account.codes() == ["APPROVAL_USED"]
    assert [intent.approval_id for intent in account.venue.placed] == [given.approval_id]


def test_an_approval_of_a_dead_incarnation_of_risk_is_refused(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    old = approval(account, expires_ns=account.clock.now_ns() + 10**12)
    account.system.actors[RISK].crash("the test")
    account.advance(1)
    account.system.tell(EXECUTOR, old)
    account.advance(1)
    assert account.codes() == ["APPROVAL_OF_DEAD_RISK"]
    assert account.venue.placed == []


def test_an_approval_while_disconnected_is_refused(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.disconnect()
    account.advance(0.01)
    account.system.tell(EXECUTOR, approval(account))
    account.advance(1)
    assert account.codes() == ["NOT_CONNECTED"]
    assert account.records(OrderIntended) == []


def test_every_order_at_the_venue_is_one_that_risk_approved(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05")
    account.advance(1)
    (sent,) = account.venue.placed
    assert (sent.side, sent.type, sent.amount, sent.price) == ("buy", "market", Decimal("0.05"), None)
    assert account.order_states() == ["filled"]
    assert_level(account)


# -- law 2: intent before action --------------------------------------------------------------------------------------


def test_the_intent_is_in_the_journal_before_the_first_byte_leaves(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    seen: list[bool] = []

    def look(intent: OrderIntended) -> None:
        seen.append(intent in AccountJournal(SystemDisk(), tmp_path / "account-main.journal").replay())

    account.venue.on_place = look
    for target in ("0.01", "0.02", "0.01"):
        account.signal(target)
        account.advance(1)
    assert seen == [True, True, True]


def test_an_intent_that_cannot_be_written_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(tmp_path).serve()
    append = account.journal.append

    def fail(record: Any) -> int:
        if isinstance(record, OrderIntended):
            raise OSError("no space left on device")
        return append(record)

    monkeypatch.setattr(account.journal, "append", fail)
    account.signal("0.05")
    account.advance(1)
    assert account.venue.placed == []
    assert account.codes() == ["JOURNAL_FAULT"]
    assert account.executor.context.incarnation == 1, "a full disk is no reason to crash again and again"
    monkeypatch.undo()
    account.until(lambda: account.rung() == "NORMAL")
    account.signal("0.05")
    account.advance(6)
    assert account.order_states() == ["filled"]
    assert_level(account)


def test_a_client_id_names_its_own_record_of_the_journal(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05")
    account.advance(1)
    for sequence, record in enumerate(account.records(), start=1):
        if isinstance(record, OrderIntended):
            assert record.sequence == sequence
            assert record.client_id == make_client_id("main", record.epoch, sequence, "s", "signal-1")
            return
    pytest.fail("expected an intent in the journal")


def test_a_signal_yields_one_intent_ever_also_after_a_crash_and_in_another_process(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", signal_id="only")
    account.advance(1)
    account.signal("0.09", signal_id="only")
    account.system.actors[EXECUTOR].crash("the test")
    account.advance(2)
    account.signal("0.09", signal_id="only")
    account.advance(1)
    account.kill()
    account.boot(seed=2)
    account.advance(3)
    account.signal("0.09", signal_id="only")
    account.system.tell(EXECUTOR, approval(account, signal_id="only"))
    account.advance(1)
    assert len(account.records(OrderIntended)) == 1
    assert set(account.codes()) == {"DUPLICATE_SIGNAL"}
    assert_level(account)


def test_an_intent_whose_process_died_before_it_was_sent_never_is(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()

    def die(_: OrderIntended) -> None:
        account.venue.on_place = lambda _: None
        raise RuntimeError("the connection's code has a bug")

    account.venue.on_place = die
    account.signal("0.05")
    account.advance(1)
    assert account.venue.placed == []
    account.until(lambda: account.order_states() == ["rejected"])
    assert account.books.recent_orders(1)[0].reason.startswith("NEVER_ARRIVED")
    account.until(lambda: account.rung() == "NORMAL")
    assert_level(account)


# -- law 3: only evidence ends doubt ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fate", "becomes", "bought"),
    [("lost", "rejected", "0"), ("unanswered", "filled", "0.05"), ("silent", "filled", "0.05")],
)
def test_an_order_in_doubt_is_settled_by_evidence_alone(tmp_path: Path, fate: Any, becomes: str, bought: str) -> None:
    account = Account(tmp_path).serve()
    account.venue.copies = lambda: 0
    account.venue.stream_delay_s = lambda: 1e6
    account.venue.fates.append(fate)
    account.signal("0.05")
    account.until(lambda: account.order_states() == [becomes])
    assert sum((t.amount for t in account.venue.trades), Decimal(0)) == Decimal(bought)
    assert len(account.venue.placed) == 1
    assert account.records(OrderUnknown) or fate == "silent"
    account.advance(1)
    assert_level(account)


def test_an_unknown_order_reserves_its_worst_case_and_is_never_sent_again(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.looks_fail = True  # no evidence: the doubt stays
    account.venue.fates.append("lost")
    account.signal("0.06")
    account.until(lambda: account.order_states() == ["unknown"])
    account.signal("0.06")
    account.signal("0.06", strategy="another")
    account.advance(1)
    account.signal("0.06", strategy="third")
    account.advance(1)
    assert account.codes() == ["POSITION_LIMIT"], "0.06 in doubt + 0.06 held + 0.06 at 30001 is over 5000"
    account.advance(60)
    assert account.order_states() == ["unknown", "filled"], "the same strategy has what it wants, if it arrived"
    assert len(account.venue.placed) == 2
    account.venue.looks_fail = False
    account.until(lambda: account.order_states() == ["rejected", "filled"])
    account.advance(1)
    assert_level(account)


def test_an_order_that_was_refused_or_not_sent_is_no_doubt(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.fates.append("refused")
    account.signal("0.05")
    account.advance(1)
    assert account.order_states() == ["rejected"]
    assert account.records(OrderUnknown) == []
    assert account.books.recent_orders(1)[0].reason == "InvalidOrder: as told"


def test_an_answer_that_contradicts_the_stream_takes_nothing_back(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.fates.append("unanswered")  # the stream tells the fill at once, the answer is lost at its time-out
    account.signal("0.05")
    account.advance(1)
    assert account.order_states() == ["filled"]
    account.advance(5)
    assert account.order_states() == ["filled"]
    assert_level(account)


# -- law 4: one executor per account ----------------------------------------------------------------------------------


def test_without_the_lease_nothing_leaves_cancels_included(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (client_id,) = account.venue.open_ids()
    successor = FileLease(SystemDisk(), account.lease.path)
    successor.acquire(steal=True)
    account.system.tell(EXECUTOR, approval(account))
    account.system.tell(EXECUTOR, CancelRequested(client_id, "the test"))
    account.advance(1)
    account.signal("0.05", strategy="another")
    account.advance(1)
    assert account.rung("account") == account.rung() == "FENCED"
    assert account.codes() == ["LEASE_LOST", "RUNG"]
    assert account.venue.cancels == []
    assert len(account.venue.placed) == 1
    account.drain("cancel")
    assert account.venue.cancels == []


def test_a_lease_given_back_is_taken_under_a_larger_epoch_and_the_books_are_compared_first(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.02", limit="29900")
    account.advance(1)
    guard = FileLease(SystemDisk(), account.lease.path)
    epoch = guard.acquire(steal=True)
    account.advance(1)
    assert account.rung("account") == "FENCED"
    account.venue.fill(*account.venue.open_ids())
    guard.release()
    account.heard.clear()
    account.until(lambda: account.rung("account") == "NORMAL")
    rungs = [change.rung for change in account.of(RungChanged) if change.scope == "account"]
    assert rungs == ["CANCEL_ONLY", "NORMAL"], "not NORMAL before the books were compared"
    account.signal("0.04")
    account.advance(6)
    assert [intent.epoch > epoch for intent in account.records(OrderIntended)] == [False, True]
    assert_level(account)


def test_an_executor_that_finds_the_lease_held_starts_fenced_and_waits_for_it(tmp_path: Path) -> None:
    holder = FileLease(SystemDisk(), tmp_path / "account-main.lease")
    holder.acquire()
    account = Account(tmp_path)
    account.advance(5)
    assert account.rung("account") == "FENCED"
    assert account.executor.context.incarnation == 1, "it waits, and does not crash"
    account.signal("0.02")
    account.advance(1)
    assert account.codes() == ["RUNG"]
    holder.release()
    account.advance(1.5)
    assert account.rung() == "NORMAL"
    account.signal("0.02")
    account.advance(6)
    assert_level(account)


def test_a_restart_takes_the_lease_anew_under_a_larger_epoch(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.02")
    account.advance(1)
    account.lease.path.unlink()
    account.advance(1)
    account.system.actors[EXECUTOR].crash("the test")
    account.heard.clear()
    account.serve()
    account.signal("0.04")
    account.advance(1)
    first, second = account.records(OrderIntended)
    assert first.epoch < second.epoch
    assert_level(account)


# -- law 5: positions are a fold over fills ---------------------------------------------------------------------------


def test_fills_told_late_twice_or_never_leave_the_books_equal_to_the_venues(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.pieces = 3
    copies = iter((2, 0, 1, 0, 0, 0, 1, 3, 2))
    delays = iter((0.02, 2.0, 0.02, 0.5, 0.02, 7.0, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02))
    account.venue.copies = lambda: next(copies)
    account.venue.stream_delay_s = lambda: next(delays)
    for target in ("0.03", "0.06", "0.01"):
        account.signal(target)
        account.advance(4)
    account.advance(10)
    assert account.order_states() == ["filled"] * 3
    assert_level(account)


def test_a_fill_missed_on_the_stream_is_found_though_a_later_one_was_heard(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (client_id,) = account.venue.open_ids()
    account.venue.copies = lambda: 0
    account.venue.fill(client_id, Decimal("0.02"))
    account.venue.copies = lambda: 1
    account.venue.fill(client_id, Decimal("0.01"))
    account.advance(6)
    assert account.books.orders[client_id].filled == Decimal("0.03")
    assert account.rung() == "NORMAL"
    assert_level(account)


def test_a_fill_while_the_executor_is_down_is_found_though_the_next_one_is_heard(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (client_id,) = account.venue.open_ids()
    account.venue.looks_fail = True
    account.system.actors[EXECUTOR].crash("the test")
    missed = account.venue.fill(client_id, Decimal("0.02"))
    account.system.tell("trader/trading/venue", missed)
    account.venue.fill(client_id, Decimal("0.01"))
    account.advance(1)
    account.venue.looks_fail = False
    account.advance(6)
    assert_level(account)


def test_a_fill_after_its_cancel_is_booked(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (client_id,) = account.venue.open_ids()
    delays = iter((0.5, 0.02))
    account.venue.stream_delay_s = lambda: next(delays)
    account.venue.fill(client_id, Decimal("0.02"))
    account.system.tell(EXECUTOR, CancelRequested(client_id, "the test"))
    account.advance(0.3)
    assert account.books.orders[client_id].state is OrderState.CANCELLED
    account.advance(8)
    assert account.books.orders[client_id].filled == Decimal("0.02")
    assert account.books.orders[client_id].state is OrderState.CANCELLED
    assert_level(account)


def test_fees_in_a_third_currency_are_booked(tmp_path: Path) -> None:
    account = Account(tmp_path)
    account.venue.balances["BNB"] = Decimal(1)
    account.venue.fee_currency = "BNB"
    account.serve()
    account.signal("0.05")
    account.advance(1)
    account.signal("0")
    account.advance(8)
    assert account.books.positions["BTC/USDT"].amount == 0
    assert account.books.balances["BNB"] == Decimal("0.9998")
    assert_level(account)


def test_two_strategies_have_a_position_each(tmp_path: Path) -> None:
    account = Account(tmp_path, symbols=("BTC/USDT", "ETH/USDT"))
    account.venue.touch["ETH/USDT"] = (Decimal(1999), Decimal(2000))
    account.serve()
    account.signal("0.05", strategy="one")
    account.signal("0.02", strategy="two")
    account.signal("0.5", strategy="two", symbol="ETH/USDT")
    account.advance(1)
    account.signal("0", strategy="one")
    account.advance(8)
    held = account.behaviour(LEDGER).books.strategy_positions
    assert held["one", "BTC/USDT"] < Decimal("0.00001"), "what is left is less than the smallest order"
    assert held["two", "BTC/USDT"] == Decimal("0.01998")
    assert held["two", "ETH/USDT"] == Decimal("0.4995")
    assert_level(account)


def test_every_order_that_was_placed_was_intended_just_before(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    account.signal("0")
    account.advance(8)
    kinds = [
        type(r)
        for r in account.records()
        if isinstance(r, (OrderIntended, OrderPlaced, CancelIntended, OrderCancelled))
    ]
    assert kinds == [OrderIntended, OrderPlaced, CancelIntended, OrderCancelled]
    assert_level(account)
