"""Time that moves only when told to, timers in a fixed order, and timers of other threads."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import ForeignTimer, Loop, VirtualLoop


@pytest.fixture
def loop() -> VirtualLoop:
    return VirtualLoop(ManualClock())


def test_timers_fire_in_the_order_of_their_instants_then_of_their_making(loop: VirtualLoop) -> None:
    fired: list[tuple[str, int]] = []

    def fire(name: str) -> None:
        fired.append((name, loop.clock.monotonic_ns()))

    for name, delay_s in (("c", 3.0), ("a", 1.0), ("b1", 2.0), ("b2", 2.0), ("now", 0.0), ("past", -1.0)):
        loop.call_later(delay_s, partial(fire, name))
    loop.advance(2.0)
    assert fired == [("now", 0), ("past", 0), ("a", 10**9), ("b1", 2 * 10**9), ("b2", 2 * 10**9)]
    loop.advance(1.0)
    assert fired[-1] == ("c", 3 * 10**9)


def test_time_stands_still_but_in_advance(loop: VirtualLoop) -> None:
    loop.call_later(0.5, lambda: None)
    loop.run()
    assert loop.clock.monotonic_ns() == 0
    loop.advance(0.25)
    assert loop.clock.monotonic_ns() == 250_000_000


def test_a_cancelled_timer_does_not_fire(loop: VirtualLoop) -> None:
    fired: list[Any] = []
    loop.call_later(1.0, lambda: fired.append("timer")).cancel()
    loop.advance(2.0)
    assert fired == []


def test_what_a_timer_makes_ready_runs_at_its_instant(loop: VirtualLoop) -> None:
    at_ns: list[int] = []
    loop.call_later(1.0, lambda: loop.call_soon(lambda: at_ns.append(loop.clock.monotonic_ns())))
    loop.call_later(1.0, lambda: loop.call_later(0.5, lambda: at_ns.append(loop.clock.monotonic_ns())))
    loop.advance(2.0)
    assert at_ns == [1_000_000_000, 1_500_000_000]


def test_a_livelock_is_an_error(loop: VirtualLoop) -> None:
    def again() -> None:
        loop.call_soon(again)

    again()
    with pytest.raises(RuntimeError, match="still busy after 100 callbacks"):
        loop.run(limit=100)


@pytest.mark.parametrize("when", ["at once", "armed", "never"])
def test_a_timer_of_another_thread_fires_on_the_loops_own_unless_it_is_given_back(loop: VirtualLoop, when: str) -> None:
    fired: list[int] = []
    timers: list[ForeignTimer] = []

    def set_it() -> None:
        timers.append(ForeignTimer(loop, 1.0, lambda: fired.append(threading.get_ident())))
        if when == "at once":
            timers[0].cancel()

    in_a_thread(set_it)
    loop.advance(0.5)
    if when == "armed":
        in_a_thread(timers[0].cancel)
    loop.advance(5.0)
    assert fired == ([threading.get_ident()] if when == "never" else [])


def test_a_timer_given_back_does_not_fire_though_the_loop_has_not_heard_of_it_yet(loop: VirtualLoop) -> None:
    fired: list[str] = []
    timer = ForeignTimer(loop, 1.0, lambda: fired.append("timer"))
    loop.run()
    in_a_thread(timer.cancel)
    loop.advance(2.0, settle=lambda: None)
    assert fired == []


def test_a_timer_given_back_while_it_fires_is_no_harm(loop: VirtualLoop) -> None:
    timers: list[ForeignTimer] = []

    def give_back() -> None:
        timers[0].cancel()

    timers.append(ForeignTimer(loop, 1.0, give_back))
    loop.advance(2.0)
    timers[0].cancel()
    loop.run()


def in_a_thread(action: Callable[[], object]) -> None:
    thread = threading.Thread(target=action)
    thread.start()
    thread.join(10.0)


def test_an_asyncio_loop_is_a_loop() -> None:
    async def run() -> list[str]:
        loop: Loop = asyncio.get_running_loop()
        done: list[str] = []
        ready = asyncio.Event()
        loop.call_later(0.0, lambda: done.append("later"))
        loop.call_later(0.0, ready.set)
        loop.call_soon(lambda: done.append("soon"))
        async with asyncio.timeout(5):
            await ready.wait()
        return done

    assert asyncio.run(run()) == ["soon", "later"]


def test_a_clock_does_not_go_back() -> None:
    with pytest.raises(AssertionError, match="does not go back"):
        ManualClock().advance(-0.1)


def test_the_same_seed_draws_the_same() -> None:
    first, second, other = SeededEntropy(7), SeededEntropy(7), SeededEntropy(8)
    draws = [(entropy.new_id(), entropy.jitter()) for entropy in (first, second, other)]
    assert draws[0] == draws[1] != draws[2]
    assert len(draws[0][0]) == 16
    assert 0 <= draws[0][1] < 1
