from decimal import Decimal
from typing import Any

import pytest

from tests.trading.facts import NOW_NS, SYMBOL, accepted, at_venue, books, evidence, fill, intent, placed
from tradigrade.trading.adoption import Owner
from tradigrade.trading.books import ADOPTED, Books
from tradigrade.trading.differences import compare, foreign_orders
from tradigrade.trading.evidence import Evidence
from tradigrade.trading.order_events import (
    BalanceAdopted,
    HistoryAdopted,
    OrderCancelled,
    OrderEvent,
    OrderIntended,
    OrderRejected,
    OrderUnknown,
)
from tradigrade.trading.reconciliation import begin, settle

LOST_AFTER_NS = 2_500_000_000
PREFIX = "tgmain-"
MADE = intent()
NAME = MADE.client_id

STAGES: dict[str, tuple[OrderEvent, ...]] = {
    "intended": (MADE,),
    "submitted": (MADE, placed(MADE)),
    "unknown": (MADE, placed(MADE), OrderUnknown(NAME, "no answer", NOW_NS)),
    "accepted": accepted(MADE),
}
DOUBTFUL = ("intended", "submitted", "unknown")


def level(folded: Books, found: Evidence) -> list[OrderEvent]:
    """Settle as the executor does: each event is applied before the next is made."""
    steps = settle(folded, found, NOW_NS, LOST_AFTER_NS, PREFIX)
    return [event for event in steps if event is not None and folded.apply(event)]


def told(folded: Books, found: Evidence) -> tuple[str, ...]:
    """Of every difference that stands."""
    return tuple(map(str, compare(folded, found, PREFIX)))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("state", "becomes"),
    [("open", "accepted"), ("cancelled", "cancelled"), ("rejected", "rejected")],
)
def test_an_order_found_at_the_venue_is_what_the_venue_says(stage: str, state: Any, becomes: str) -> None:
    folded = books(*STAGES[stage])
    level(folded, evidence(at_venue(MADE, state)))
    assert folded.orders[NAME].state == becomes


@pytest.mark.parametrize("stage", STAGES)
def test_an_order_found_filled_is_filled_by_its_trades(stage: str) -> None:
    folded = books(*STAGES[stage])
    level(folded, evidence(at_venue(MADE, "filled", Decimal(1)), trades=(fill(MADE),)))
    assert folded.orders[NAME].state == "filled"
    assert folded.positions[SYMBOL].amount == 1


@pytest.mark.parametrize("stage", STAGES)
def test_an_order_cancelled_after_a_part_keeps_the_part(stage: str) -> None:
    folded = books(*STAGES[stage])
    level(folded, evidence(at_venue(MADE, "cancelled", Decimal("0.3")), trades=(fill(MADE, amount="0.3"),)))
    order = folded.orders[NAME]
    assert (order.state, order.filled) == ("cancelled", Decimal("0.3"))


@pytest.mark.parametrize("stage", DOUBTFUL)
@pytest.mark.parametrize(
    ("age_ns", "becomes"), [(0, "unknown"), (LOST_AFTER_NS, "unknown"), (LOST_AFTER_NS + 1, "rejected")]
)
def test_a_missing_order_never_arrived_once_the_venue_would_refuse_it(stage: str, age_ns: int, becomes: str) -> None:
    folded = books(*STAGES[stage])
    level(folded, evidence(at_venue(MADE, "missing"), asked_ns=NOW_NS + age_ns))
    order = folded.orders[NAME]
    assert order.state == becomes
    assert order.reason.startswith("NEVER_ARRIVED") == (becomes == "rejected")


def test_an_order_that_the_venue_calls_filled_for_less_ends_with_what_it_filled() -> None:
    folded = books(*accepted(MADE))
    found = evidence(at_venue(MADE, "filled", Decimal("0.7")), trades=(fill(MADE, amount="0.7"),))
    level(folded, found)
    assert (folded.orders[NAME].state, folded.orders[NAME].filled) == ("cancelled", Decimal("0.7"))
    assert folded.open_orders() == ()


def test_an_order_that_was_accepted_and_is_missing_is_a_difference_not_a_conclusion() -> None:
    folded = books(*accepted(MADE))
    found = evidence(at_venue(MADE, "missing"), asked_ns=NOW_NS + 10 * LOST_AFTER_NS)
    assert level(folded, found) == []
    assert told(folded, found) == (f"open order {NAME}: books open, venue nothing",)


def test_an_order_the_venue_was_not_asked_for_stays_as_it_is() -> None:
    folded = books(*STAGES["submitted"])
    assert level(folded, evidence(asked_ns=NOW_NS + 10 * LOST_AFTER_NS)) == []


def test_settling_twice_changes_nothing_more() -> None:
    folded = books(*STAGES["unknown"])
    found = evidence(at_venue(MADE, "filled", Decimal(1)), trades=(fill(MADE),), last={SYMBOL: 1})
    assert level(folded, found)
    assert level(folded, found) == []


def test_an_open_order_with_our_prefix_is_adopted() -> None:
    stranger = intent("tgmain-1-99", amount="2")
    folded = Books()
    level(folded, evidence(at_venue(stranger, "open", Decimal("0.5")), trades=(fill(stranger, amount="0.5"),)))
    (order,) = folded.open_orders()
    assert (order.intent.strategy, order.state) == (ADOPTED, "partially_filled")
    assert order.remaining == Decimal("1.5")
    assert folded.strategy_positions == {(ADOPTED, SYMBOL): Decimal("0.5")}


@pytest.mark.parametrize("client_id", ["by-hand", "tgmain2-1-1", "x-tgmain-1"])
def test_somebody_elses_open_order_is_left_alone_and_said(client_id: str) -> None:
    folded, found = Books(), evidence(at_venue(intent(client_id), "open"))
    assert level(folded, found) == []
    assert told(folded, found) == ()
    assert list(foreign_orders(folded, found, PREFIX)) == [client_id]


def test_a_closed_order_with_our_prefix_is_not_adopted() -> None:
    assert level(Books(), evidence(at_venue(intent("tgmain-1-99"), "cancelled"))) == []


def test_missing_fills_are_added_and_known_ones_are_not() -> None:
    folded = books(*accepted(MADE), fill(MADE, "1", "0.2"))
    level(folded, evidence(at_venue(MADE, "open"), trades=(fill(MADE, "1", "0.2"), fill(MADE, "2", "0.3"))))
    assert folded.orders[NAME].filled == Decimal("0.5")


def test_a_foreign_fill_is_booked_to_the_account() -> None:
    folded = books(BalanceAdopted("USDT", Decimal(1000), NOW_NS))
    found = evidence(trades=(fill(intent("")),), USDT="900", BTC="1")
    level(folded, found)
    assert told(folded, found) == ()


def test_evidence_moves_the_point_that_later_looks_begin_at() -> None:
    folded = books(HistoryAdopted(SYMBOL, 5, NOW_NS), *accepted(MADE))
    events = level(folded, evidence(at_venue(MADE, "open"), trades=(fill(MADE, "9", "0.3"),), last={SYMBOL: 9}))
    assert isinstance(events[-1], HistoryAdopted), "only after the trades it vouches for"
    assert folded.last_trade_id == {SYMBOL: 9}


def test_evidence_of_a_new_symbol_begins_its_history() -> None:
    folded = books(HistoryAdopted(SYMBOL, 5, NOW_NS))
    level(folded, evidence(last={SYMBOL: 5, "ETH/USDT": 0}))
    assert folded.last_trade_id == {SYMBOL: 5, "ETH/USDT": 0}


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        ("100", "100", ()),
        ("100", "100.00", ()),
        ("0", None, ()),
        (None, "0", ()),
        ("100", "99.99", ("balance USDT: books 100, venue 99.99",)),
        (None, "5", ("balance USDT: books 0, venue 5",)),
        ("5", None, ("balance USDT: books 5, venue 0",)),
    ],
)
def test_balances_are_compared_exactly(ours: str | None, theirs: str | None, words: tuple[str, ...]) -> None:
    folded = books(*([] if ours is None else [BalanceAdopted("USDT", Decimal(ours), NOW_NS)]))
    assert told(folded, evidence(**({} if theirs is None else {"USDT": theirs}))) == words


@pytest.mark.parametrize("stage", DOUBTFUL)
@pytest.mark.parametrize("state", ["open", "missing"])
def test_an_order_in_doubt_is_no_difference(stage: str, state: Any) -> None:
    assert told(books(*STAGES[stage]), evidence(at_venue(MADE, state))) == ()


@pytest.mark.parametrize(
    ("event", "side"),
    [(None, "books open, venue nothing"), (OrderCancelled(NAME, "gone", NOW_NS), "books nothing, venue open")],
)
def test_an_open_order_on_one_side_only_is_a_difference(event: OrderEvent | None, side: str) -> None:
    folded = books(*accepted(MADE), *([event] if event else []))
    found = evidence() if event is None else evidence(at_venue(MADE, "open"))
    assert told(folded, found) == (f"open order {NAME}: {side}",)


def test_a_journal_begins_with_what_the_account_holds() -> None:
    found = evidence(last={SYMBOL: 7}, USDT="100", BTC="0.5", XRP="0")
    events = list(begin(found, NOW_NS))
    assert events == [
        BalanceAdopted("BTC", Decimal("0.5"), NOW_NS),
        BalanceAdopted("USDT", Decimal(100), NOW_NS),
        HistoryAdopted(SYMBOL, 7, NOW_NS),
    ]
    assert told(books(*events), found) == ()


@pytest.mark.parametrize("survived", range(4))
def test_a_beginning_cut_short_by_a_crash_is_begun_again(survived: int) -> None:
    found = evidence(last={SYMBOL: 7}, USDT="100", BTC="0.5")
    events = list(begin(found, NOW_NS))
    folded = books(*events[:survived])
    assert folded.adopted == (survived == len(events))
    for event in events:
        folded.apply(event)
    assert told(folded, found) == ()
    assert folded.opening == {"BTC": Decimal("0.5"), "USDT": Decimal(100)}


def test_what_is_concluded_names_its_proof() -> None:
    folded = books(*STAGES["unknown"])
    (event,) = level(folded, evidence(at_venue(MADE, "missing"), asked_ns=NOW_NS + 10 * LOST_AFTER_NS))
    assert event == OrderRejected(NAME, "NEVER_ARRIVED", "the venue holds no such order", NOW_NS)


def test_an_adopted_order_names_no_approval() -> None:
    events = level(Books(), evidence(at_venue(intent("tgmain-3-9"), "open")))
    assert isinstance(events[0], OrderIntended)
    assert (events[0].approval_id, events[0].sequence) == ("", 0)


LATER = "tgmain-abcd12345-3-9"
OWNER = Owner("s", "group.exit0-1")


@pytest.mark.parametrize(
    ("state", "filled", "traded", "amount", "ends"),
    [
        pytest.param("open", "0.5", "0.5", "2", "partially_filled", id="it stands"),
        pytest.param("open", "0.3", "0.5", "2", "partially_filled", id="it filled while it was looked at"),
        pytest.param("filled", "2", "2", "2", "filled", id="it filled"),
        pytest.param("cancelled", "0.5", "0.5", "2", "cancelled", id="it ended after a part"),
        pytest.param("filled", "2", "0.5", "0.5", "filled", id="long forgotten, and a late trade"),
    ],
)
def test_an_order_of_ours_that_the_journal_lost_is_adopted_with_its_trades(
    state: Any, filled: str, traded: str, amount: str, ends: str
) -> None:
    lost, folded = intent(LATER, side="sell", amount="2"), Books()
    found = evidence(at_venue(lost, state, Decimal(filled)), trades=(fill(lost, amount=traded),))
    steps = settle(folded, found, NOW_NS, LOST_AFTER_NS, PREFIX, lambda _: OWNER)
    events = [event for event in steps if event is not None and folded.apply(event)]
    assert isinstance(events[0], OrderIntended)
    assert (events[0].strategy, events[0].signal_id, events[0].sequence) == ("s", OWNER.signal_id, 0)
    assert events[0].amount == Decimal(amount)
    assert folded.orders[LATER].state == ends
    assert folded.strategy_positions == {("s", SYMBOL): -Decimal(traded)}
    assert OWNER.signal_id in folded.used_signals, "nothing is sent for it again"
    assert level(folded, found) == []
