"""The venue's network: seeded, by direction, in order; and what it does to requests and streams."""

import asyncio
import itertools
import time
from typing import Any

import pytest

from tests.exchanges.test_simulated_venue import API, REST, STREAMS, certificate, run_venue  # noqa: F401 - a fixture
from tradigrade.exchanges.simulated.latency import Lane, Latency, Way

MODEL = Latency(0.002, 0.001, 0.01, 0.1, seed=7)


def test_the_same_seed_draws_the_same_and_each_direction_its_own() -> None:
    first, again, other = Way(MODEL, "in"), Way(MODEL, "in"), Way(MODEL, "out")
    draws = [first.draw_s() for _ in range(100)]
    assert draws == [again.draw_s() for _ in range(100)]
    assert draws != [other.draw_s() for _ in range(100)]


def test_draws_are_base_and_jitter_and_now_and_then_a_tail() -> None:
    way = Way(MODEL, "in")
    draws = [way.draw_s() for _ in range(2_000)]
    tails = sum(draw > 0.003 for draw in draws)
    assert min(draws) >= 0.002
    assert 100 < tails < 300


def test_a_model_that_is_off_takes_no_time() -> None:
    assert Way(Latency(), "in").draw_s() == 0
    assert Lane(Way(Latency(), "in")).is_off


def test_nothing_overtakes_on_a_lane() -> None:
    lane = Lane(Way(MODEL, "out"))
    dues = [lane.due_s(now_ms / 1e3) for now_ms in range(500)]
    assert all(before < after for before, after in itertools.pairwise(dues))


@pytest.mark.parametrize("latency_s", [0.0, 0.03])
def test_a_round_trip_takes_two_ways(certificate: Any, latency_s: float) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.get(f"{REST}/ping") as response:
            await response.read()
        begun = time.perf_counter()
        await rig.call("GET", "/openOrders")
        rest_s = time.perf_counter() - begun
        async with rig.session.ws_connect(API) as socket:
            begun = time.perf_counter()
            for number in range(5):
                await socket.send_json({"id": number, "method": "time"})
            answers = [(await socket.receive_json())["id"] for _ in range(5)]
            return rest_s, time.perf_counter() - begun, answers

    rest_s, five_s, answers = run_venue(certificate, scenario, latency=Latency(latency_s))
    assert answers == [0, 1, 2, 3, 4]
    assert rest_s >= 2 * latency_s
    assert 2 * latency_s <= five_s < 5 * latency_s + 0.5  # they travel together


def test_frames_arrive_in_order_and_late(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(f"{STREAMS}/ws/btcusdt@depth@100ms") as socket:
            frames = []
            for _ in range(10):
                frame = await socket.receive_json()
                frames.append((frame["u"], time.time() - frame["E"] / 1e3))
            await asyncio.sleep(0)
            return frames

    frames = run_venue(certificate, scenario, latency=Latency(0.05, 0.02))
    assert [update_id for update_id, _ in frames] == sorted(update_id for update_id, _ in frames)
    assert min(age_s for _, age_s in frames) >= 0.049
