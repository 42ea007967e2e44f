"""A simulated process can be stopped, continued and ended; its host's clock can be wrong."""

import pytest

from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.simulation.hosts import NodeClock, NodeLoop


@pytest.fixture
def shared() -> VirtualLoop:
    return VirtualLoop(ManualClock())


@pytest.fixture
def raised() -> list[BaseException]:
    return []


@pytest.fixture
def loop(shared: VirtualLoop, raised: list[BaseException]) -> NodeLoop:
    return NodeLoop(shared, raised.append)


def test_what_a_stopped_process_has_to_do_waits_in_order_until_it_goes_on(shared: VirtualLoop, loop: NodeLoop) -> None:
    done: list[str] = []
    loop.call_later(1.0, lambda: done.append("timer"))
    loop.stop()
    loop.call_soon(lambda: done.append("soon"))
    shared.advance(5.0)
    assert done == []
    loop.resume()
    shared.run()
    assert done == ["soon", "timer"]


def test_nothing_of_a_process_runs_after_its_end(shared: VirtualLoop, loop: NodeLoop) -> None:
    done: list[str] = []
    loop.call_soon(lambda: done.append("soon"))
    loop.call_later(1.0, lambda: done.append("timer"))
    loop.stop()
    loop.end()
    loop.resume()
    shared.advance(2.0)
    assert done == []


def test_what_a_callback_raises_is_told_and_the_loop_goes_on(
    shared: VirtualLoop, loop: NodeLoop, raised: list[BaseException]
) -> None:
    done: list[str] = []
    loop.call_soon(lambda: 1 / 0)
    loop.call_soon(lambda: done.append("after"))
    shared.run()
    assert [type(error) for error in raised] == [ZeroDivisionError]
    assert done == ["after"]


def test_a_clock_is_off_and_drifts_and_is_set_right_while_the_monotonic_one_is_never_wrong() -> None:
    true = ManualClock()
    clock = NodeClock(true, offset_ns=-5_000_000_000)
    assert clock.now_ns() == true.now_ns() - 5_000_000_000
    clock.drift(1_000.0)
    true.advance(10.0)
    assert clock.now_ns() == true.now_ns() - 5_000_000_000 + 10_000_000
    clock.drift(0.0)
    true.advance(10.0)
    assert clock.now_ns() == true.now_ns() - 5_000_000_000 + 10_000_000
    assert clock.monotonic_ns() == true.monotonic_ns()
    clock.set_right()
    assert clock.now_ns() == true.now_ns()
