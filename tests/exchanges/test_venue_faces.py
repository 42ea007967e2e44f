"""What is written once holds on both faces of the venue: faults, the network's delay, the request log."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.exchanges import test_kraken_venue as kraken
from tests.exchanges import test_simulated_venue as binance
from tradigrade.exchanges.simulated.faults import EventFaults, FaultSwitch
from tradigrade.exchanges.simulated.latency import Latency

certificate = binance.certificate


class Face(NamedTuple):
    run_venue: Callable[..., Any]
    rest: str
    time: str
    """What tells the venue's time, …"""
    seconds: Callable[[Any], float]
    """… and how to read it."""
    depth: str
    bids: Callable[[Any], Any]


FACES = {
    "binance": Face(
        binance.run_venue,
        "https://api.binance.com",
        "/api/v3/time",
        lambda body: float(body["serverTime"]) / 1_000,
        "/api/v3/depth?symbol=BTCUSDT&limit=5",
        lambda body: body.get("bids"),
    ),
    "kraken": Face(
        kraken.run_venue,
        "https://api.kraken.com",
        "/0/public/Time",
        lambda body: float(body["result"]["unixtime"]),
        "/0/public/Depth?pair=XBTUSDT&count=5",
        lambda body: [level[:2] for level in body["result"]["XBTUSDT"]["bids"]] if not body["error"] else None,
    ),
}


@pytest.fixture(params=FACES)
def face(request: pytest.FixtureRequest) -> Face:
    return FACES[request.param]


async def ask(rig: Any, face: Face, path: str) -> Any:
    async with rig.session.get(face.rest + path) as response:
        return await response.json()


async def begin(rig: Any) -> None:
    """Let the market run until there is a book."""
    rig.venue._pump.start()
    while not next(rig.venue.engine.markets["BTCUSDT"].levels("bid"), None):  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def test_a_snapshot_is_lost_once_and_stale_as_long_as_it_is_asked_for(face: Face, certificate: Any) -> None:
    async def scenario(rig: Any, _: Any) -> None:
        await begin(rig)
        rig.venue.faults.snapshot_lost = 1
        assert not face.bids(await ask(rig, face, face.depth))
        assert face.bids(await ask(rig, face, face.depth))
        rig.venue.faults.snapshot_stale = 1_000
        await asyncio.sleep(0.05)
        shown = [face.bids(await ask(rig, face, face.depth)) for _ in range(2)]
        frames = rig.venue.stats()["frames"]
        while rig.venue.stats()["frames"] < frames + 20:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        shown.append(face.bids(await ask(rig, face, face.depth)))
        assert shown[0] == shown[1] == shown[2]
        assert rig.venue.fired["snapshot_stale"] == 3

    face.run_venue(certificate, scenario)


def test_the_time_is_told_by_a_clock_that_is_off(face: Face, certificate: Any) -> None:
    async def scenario(rig: Any, _: Any) -> None:
        rig.venue.faults.clock_skewed, rig.venue.faults.skew_ms = 1, 90_000.0
        skewed, right = [face.seconds(await ask(rig, face, face.time)) - time.time() for _ in range(2)]
        assert (skewed > 85, abs(right) < 5) == (True, True)

    face.run_venue(certificate, scenario)


def test_the_network_takes_its_time_in_both_directions(face: Face, certificate: Any) -> None:
    async def scenario(rig: Any, _: Any) -> None:
        begun_s = time.perf_counter()
        await ask(rig, face, face.time)
        assert time.perf_counter() - begun_s >= 0.1

    face.run_venue(certificate, scenario, latency=Latency(base_s=0.05))


def test_faults_are_set_and_shown_through_their_own_door_only_as_they_are_known(face: Face, certificate: Any) -> None:
    async def scenario(rig: Any, _: Any) -> None:
        door = f"{face.rest}/admin/faults"
        async with rig.session.post(door, json={"no_such": 1}) as response:
            assert (response.status, "no_such" in (await response.json())["error"]) == (400, True)
        async with rig.session.post(door, json={"overloaded": 2}) as response:
            assert (await response.json())["overloaded"] == 2
        await ask(rig, face, face.time)
        shown = await ask(rig, face, "/admin/faults")
        assert (shown["faults"]["overloaded"], shown["fired"]) == (1, {"overloaded": 1})

    face.run_venue(certificate, scenario)


def test_the_log_tells_a_refused_order_with_the_venues_own_text(face: Face, certificate: Any) -> None:
    async def scenario(rig: Any, _: Any) -> None:
        await begin(rig)
        rig.venue.faults.place_refused = 1
        await rig.place()
        line = rig.lines()[-1]
        assert line["code"] != 0
        assert line["error"] in {"This action is disabled on this account.", "EOrder:Trading agreement required"}
        assert not {"nonce", "signature"} & set(line["params"])

    face.run_venue(certificate, scenario)


def test_a_halted_symbol_trades_with_nobody_while_its_book_goes_on(face: Face, certificate: Any) -> None:
    async def scenario(rig: Any, _: Any) -> None:
        await begin(rig)
        await rig.place(price="19979.00")
        rig.venue.faults.symbol_halted = 1_000_000
        await asyncio.sleep(0.05)
        fills, before = rig.venue.stats()["fills"], rig.venue.stats()["frames"]
        while rig.venue.stats()["frames"] < before + 150:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert rig.venue.stats()["fills"] == fills

    face.run_venue(certificate, scenario)


def test_an_event_of_the_account_may_come_after_its_successor(face: Face, certificate: Any) -> None:
    async def scenario(rig: Any, stack: Any) -> None:
        exchange = await rig.ccxt(stack)
        heard = asyncio.create_task(exchange.watch_orders())
        while not len(rig.venue._accounts):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        rig.venue.faults.event_reordered = 1
        await begin(rig)
        await exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 19_000)
        assert await heard
        assert rig.venue.fired["event_reordered"] == 1

    face.run_venue(certificate, scenario)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("", ["a", "b", "c"]),
        ("event_lost", ["b", "c"]),
        ("event_duplicated", ["a", "a", "b", "c"]),
        ("event_reordered", ["b", "a", "c"]),
    ],
)
def test_what_becomes_of_an_event_on_its_way(fault: str, said: list[str]) -> None:
    switch = FaultSwitch()
    if fault:
        setattr(switch.faults, fault, 1)
    events = EventFaults[str](switch)
    assert [each for event in "abc" for each in events.pass_on(event)[0]] == said


def test_an_event_is_late_by_as_much_as_the_fault_says() -> None:
    switch = FaultSwitch()
    switch.faults.event_delayed, switch.faults.delay_s = 1, 3.0
    events = EventFaults[str](switch)
    assert [events.pass_on(event) for event in "ab"] == [(["a"], 3.0), (["b"], 0.0)]
