"""A schedule of faults reads as it is written, and shrinks to what a failure needs."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.kernel.simulation.schedule import Fault, Schedule, from_text, shrink, to_text

FAULTS = st.builds(
    Fault,
    st.floats(0, 100),
    st.sampled_from(["kill", "crash", "full"]),
    st.sampled_from(["", "a", "b"]),
    st.floats(0, 10),
    st.floats(-1, 1),
)


@given(st.lists(FAULTS).map(tuple))
def test_a_schedule_reads_as_it_was_written(schedule: Schedule) -> None:
    assert from_text(to_text(schedule)) == schedule


@pytest.mark.parametrize("text", ["", "{}", "[1]", "[[1.0]]", '[[1.0,"kill","a",0.0,0.0,"more"]]', '[["x","kill"]]'])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        from_text(text)


@given(st.integers(0, 40), st.sets(st.integers(0, 39), max_size=4))
def test_shrinking_finds_exactly_the_faults_that_are_needed(size: int, needed: set[int]) -> None:
    schedule = tuple(Fault(float(number), "kill") for number in range(size))
    wanted = {float(number) for number in needed if number < size}

    def fails(part: Schedule) -> bool:
        return wanted <= {fault.at_s for fault in part}

    found = shrink(schedule, fails, runs=10_000)
    assert {fault.at_s for fault in found} == wanted


def test_shrinking_keeps_to_its_number_of_runs() -> None:
    tried = 0

    def fails(part: Schedule) -> bool:
        nonlocal tried
        tried += 1
        return len(part) > 60

    shrink(tuple(Fault(float(number), "kill") for number in range(100)), fails, runs=30)
    assert tried <= 30
