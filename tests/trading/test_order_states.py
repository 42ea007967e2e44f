import itertools

import pytest

from tradigrade.trading.order_states import CLOSED, TRANSITIONS, OrderState, may_follow

S = OrderState

EXPECTED = {
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
    assert all(S.INTENDED not in following for following in TRANSITIONS.values())
    assert [state for state, following in TRANSITIONS.items() if S.SUBMITTED in following] == [S.INTENDED]


def test_every_open_order_can_fall_into_doubt_and_out_of_it() -> None:
    for state in set(S) - CLOSED - {S.UNKNOWN}:
        assert may_follow(state, S.UNKNOWN)
    assert TRANSITIONS[S.UNKNOWN] >= CLOSED
