"""The table of order states: every pair decided, and every event in every state led to one of its rows or refused."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.trading.books import Books
from tradigrade.trading.order_events import (
    CancelIntended,
    OrderAccepted,
    OrderCancelled,
    OrderEvent,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUnknown,
)
from tradigrade.trading.order_states import CLOSED, TRANSITIONS, OrderState, may_follow

S = OrderState

EXPECTED = {
    S.HELD: "triggered cancelled",
    S.TRIGGERED: "held intended rejected cancelled",
    S.INTENDED: "submitted accepted partially_filled filled cancelled rejected unknown",
    S.SUBMITTED: "accepted partially_filled filled cancelled rejected unknown",
    S.ACCEPTED: "partially_filled filled cancelled rejected unknown",
    S.PARTIALLY_FILLED: "partially_filled filled cancelled unknown",
    S.UNKNOWN: "accepted partially_filled filled cancelled rejected",
    S.CANCELLED: "filled",
    S.FILLED: "",
    S.REJECTED: "",
}


@pytest.mark.parametrize(("state", "following"), [*itertools.product(S, S)])
def test_every_pair_of_states_is_decided(state: OrderState, following: OrderState) -> None:
    assert may_follow(state, following) is (following.value in EXPECTED[state].split())


def test_the_table_is_closed() -> None:
    assert set(TRANSITIONS) == set(S)


def test_nothing_leaves_a_closed_state_but_the_late_fill_of_a_cancelled_order() -> None:
    leaving = {(state, following) for state in CLOSED for following in TRANSITIONS[state]}
    assert leaving == {(S.CANCELLED, S.FILLED)}


def test_nothing_comes_back_to_being_intended_or_submitted_once_it_was_sent() -> None:
    """An order in doubt can never look as if it could be sent again."""
    assert [state for state, following in TRANSITIONS.items() if S.INTENDED in following] == [S.TRIGGERED]
    assert [state for state, following in TRANSITIONS.items() if S.SUBMITTED in following] == [S.INTENDED]


def test_every_open_order_can_fall_into_doubt_and_out_of_it() -> None:
    for state in set(S) - CLOSED - {S.UNKNOWN, S.HELD, S.TRIGGERED}:  # the last two were never sent
        assert may_follow(state, S.UNKNOWN)
    assert TRANSITIONS[S.UNKNOWN] >= CLOSED


AMOUNT = Decimal(4)
INTENT = OrderIntended("o", 1, 1, "a", "s", "me", "BTC/USDT", "buy", "limit", AMOUNT, Decimal(9), Decimal(9), 0)
PLACED = OrderPlaced("o", "s", "me", "BTC/USDT", "buy", "limit", AMOUNT, Decimal(9), 0)
STEPS: dict[type, S] = {
    OrderPlaced: S.SUBMITTED,
    OrderAccepted: S.ACCEPTED,
    OrderRejected: S.REJECTED,
    OrderCancelled: S.CANCELLED,
    OrderUnknown: S.UNKNOWN,
}


def fill(number: int) -> OrderFilled:
    zero = Decimal(0)
    return OrderFilled("o", str(number), "BTC/USDT", "buy", Decimal(9), Decimal(1), zero, "USDT", True, 0)


EVENTS = st.one_of(
    st.sampled_from(
        [
            INTENT,
            PLACED,
            OrderAccepted("o", "v", 0),
            OrderRejected("o", "c", "r", 0),
            OrderCancelled("o", "r", 0),
            OrderUnknown("o", "r", 0),
            CancelIntended("o", "r", 0),
        ]
    ),
    st.integers(1, 4).map(fill),
)


@given(st.lists(EVENTS, max_size=12))
def test_whatever_happens_in_whatever_order_leads_along_the_table_or_changes_nothing(events: list[OrderEvent]) -> None:
    books = Books()
    books.apply(INTENT)
    order = books.orders["o"]
    for event in events:
        before, filled = order.state, order.filled
        changed = books.apply(event)
        after = order.state
        assert books.orders["o"] is order
        if after is not before:
            assert changed
            assert may_follow(before, after)
            assert STEPS.get(type(event), after) is after
        if before in CLOSED and after is not before:
            assert (before, after, type(event)) == (S.CANCELLED, S.FILLED, OrderFilled), "late fills alone"
        assert order.filled >= filled, "what filled is never taken back"
        assert (order.state is S.FILLED) <= (order.filled == AMOUNT)
        assert order.open == (order in books.open_orders())
