from collections import deque

from hypothesis import example, given
from hypothesis import strategies as st

from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.intensity import add_restart

BACKOFF = Backoff(min_s=0.02, max_s=5.0, jitter=0.2)


def test_the_first_wait_is_none_then_it_doubles_up_to_its_bound() -> None:
    waits = [BACKOFF.delay_s(failures, 0.0) for failures in range(12)]
    assert waits == [0.0, 0.0, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.0, 5.0]


@given(st.integers(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_jitter_only_shortens_and_by_no_more_than_its_share(failures: int, fraction: float) -> None:
    full_s = BACKOFF.delay_s(failures, 0.0)
    assert full_s * 0.8 <= BACKOFF.delay_s(failures, fraction) <= full_s <= BACKOFF.max_s


def test_without_a_least_wait_there_is_none() -> None:
    assert Backoff(min_s=0.0).delay_s(100, 0.5) == 0.0


@given(st.lists(st.integers(0, 10**10) | st.sampled_from([0, 10**9, 5 * 10**9, 5 * 10**9 + 1]), max_size=50))
@example([0, 5 * 10**9, 1])
def test_the_restarts_that_count_are_those_of_the_last_period(gaps_ns: list[int]) -> None:
    kept: deque[int] = deque()
    seen: list[int] = []
    now_ns = 0
    for gap_ns in gaps_ns:
        now_ns += gap_ns
        seen.append(now_ns)
        assert add_restart(kept, now_ns, 5.0) == len(kept)
        assert list(kept) == [at_ns for at_ns in seen if now_ns - at_ns <= 5 * 10**9]
