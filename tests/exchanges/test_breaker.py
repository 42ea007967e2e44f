"""The circuit breaker, as a machine: when it opens, what it lets through, and what closes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.exchanges.breaker import IN_A_ROW, OPEN_MAX_S, OPEN_MIN_S, RECENT_MIN, TRIAL_DUE_S, Breaker

S = 1_000_000_000


def opened() -> Breaker:
    breaker = Breaker()
    for _ in range(IN_A_ROW):
        breaker.heard(0, proven=False)
    return breaker


def on_trial() -> Breaker:
    breaker = opened()
    breaker.probed(round(OPEN_MIN_S * S))
    assert breaker.state == "half-open"
    return breaker


def test_a_venue_that_answers_is_never_refused() -> None:
    breaker = Breaker()
    for second in range(100):
        assert breaker.refuse(second * S) == ""
        breaker.heard(second * S, proven=True)
    assert breaker.state == "closed"


def test_so_many_in_doubt_in_a_row_open_it_and_one_less_does_not() -> None:
    breaker = Breaker()
    for _ in range(IN_A_ROW - 1):
        breaker.heard(0, proven=False)
    assert breaker.refuse(0) == ""
    breaker.heard(0, proven=False)
    assert "in a row" in breaker.refuse(0)


def test_half_of_the_recent_outcomes_in_doubt_open_it() -> None:
    breaker = Breaker()
    for number in range(RECENT_MIN):
        assert breaker.state == "closed"
        breaker.heard(0, proven=number % 2 == 0)
    assert f"5 of the last {RECENT_MIN}" in breaker.reason


def test_only_an_answer_after_a_while_half_opens_it() -> None:
    breaker = opened()
    breaker.probed(round(OPEN_MIN_S * S) - 1)
    assert breaker.state == "open"
    assert breaker.refuse(10 * S)
    breaker.probed(10 * S)
    assert breaker.state == "half-open"


def test_half_open_one_order_at_a_time_passes() -> None:
    breaker = on_trial()
    assert breaker.refuse(10 * S) == ""
    assert "tried" in breaker.refuse(10 * S)
    assert breaker.refuse(round((10 + TRIAL_DUE_S) * S)) == "", "a trial nobody told the outcome of"


def test_a_trial_that_is_proven_closes_it() -> None:
    breaker = on_trial()
    breaker.heard(10 * S, proven=True)
    assert [breaker.refuse(10 * S) for _ in range(3)] == [""] * 3


def test_a_trial_in_doubt_opens_it_for_longer_up_to_a_bound() -> None:
    breaker, now_ns, waits = on_trial(), 10 * S, []
    for _ in range(8):
        breaker.heard(now_ns, proven=False)
        began_ns = now_ns
        while breaker.state == "open":
            now_ns += S
            breaker.probed(now_ns)
        waits.append((now_ns - began_ns) / S)
    assert waits == [4, 8, 16, 32, 60, 60, 60, 60]
    assert waits[-1] == OPEN_MAX_S


def test_outcomes_of_requests_sent_before_it_opened_change_nothing() -> None:
    breaker = opened()
    breaker.heard(S, proven=True)
    assert breaker.state == "open"


@given(st.lists(st.tuples(st.sampled_from(["ask", "good", "bad", "probe"]), st.integers(0, 3 * S)), max_size=200))
def test_open_refuses_every_order_and_closed_none(steps: list[tuple[str, int]]) -> None:
    breaker, now_ns = Breaker(), 0
    for step, passes_ns in steps:
        now_ns += passes_ns
        match step:
            case "ask":
                refused = breaker.refuse(now_ns)
                assert bool(refused) == (breaker.state == "open") or breaker.state == "half-open"
            case "probe":
                breaker.probed(now_ns)
            case _:
                breaker.heard(now_ns, proven=step == "good")
        assert (breaker.state == "closed") == (breaker.reason == "")


@pytest.mark.parametrize("good", [1, 3])
def test_a_venue_that_comes_back_is_used_again(good: int) -> None:
    breaker = on_trial()
    for _ in range(good):
        breaker.heard(11 * S, proven=True)
    for _ in range(IN_A_ROW - 1):
        breaker.heard(12 * S, proven=False)
    assert breaker.state == "closed"
