"""The later faults of the venue over its real protocol: each fires, and does what its line in `faults.py` says."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.exchanges.test_simulated_faults import ADMIN, open_orders, put
from tests.exchanges.test_simulated_venue import API, REST, STREAMS, certificate, run_venue  # noqa: F401 - a fixture
from tests.exchanges.test_venue_sockets import CLOSED, signed
from tradigrade.exchanges.simulated.faults import Faults, FaultSwitch


@pytest.mark.parametrize(
    ("fault", "status", "still_open"),
    [
        ("cancel_lost", None, True),
        ("cancel_unanswered", None, False),
        ("cancel_refused", 400, True),
        ("cancel_late", 200, False),
    ],
)
def test_faults_of_a_cancel(certificate: Any, fault: str, status: int | None, still_open: bool) -> None:  # noqa: F811
    async def scenario(rig: Any, _: Any) -> Any:
        await rig.place(newClientOrderId="mine")
        await put(rig, **{fault: 1, "delay_s": 0.15})
        begun = time.monotonic()
        # By WebSocket: a client may well send a lost DELETE again by itself.
        async with rig.session.ws_connect(API) as socket:
            params = signed(symbol="BTCUSDT", origClientOrderId="mine")
            await socket.send_json({"id": 1, "method": "order.cancel", "params": params})
            message = await socket.receive()
            answered = None if message.type in CLOSED else message.json()["status"]
        return answered, time.monotonic() - begun, await open_orders(rig), rig.venue.fired

    answered, took_s, orders, fired = run_venue(certificate, scenario)
    assert answered == status
    assert orders == (["mine"] if still_open else [])
    assert fired == {fault: 1}
    assert (took_s >= 0.15) == (fault == "cancel_late")


def test_a_late_answer_is_of_an_order_taken_at_once(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        await put(rig, place_late=1, delay_s=0.2)
        placing = asyncio.ensure_future(rig.place(newClientOrderId="mine"))
        while not await open_orders(rig):
            pass
        early = not placing.done()
        return early, (await placing)[0]

    assert run_venue(certificate, scenario) == (True, 200)


@pytest.mark.parametrize(
    ("fault", "rest", "api"),
    [("rest_down", 503, 200), ("api_down", 200, 503), ("overloaded", 503, 200), ("maintenance", 503, 200)],
)
def test_outages_are_whole_or_of_one_door(certificate: Any, fault: str, rest: int, api: int) -> None:  # noqa: F811
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(API) as socket:
            await put(rig, **{fault: 1})
            async with rig.session.get(f"{REST}/time") as response:
                by_rest = response.status
            await socket.send_json({"id": 1, "method": "time"})
            by_api = (await socket.receive_json())["status"]
        return by_rest, by_api, rig.venue.fired[fault]

    assert run_venue(certificate, scenario) == (rest, api, 1)


@pytest.mark.parametrize("fault", ["maintenance", "streams_down"])
def test_who_connects_to_what_is_down_is_refused_and_who_was_there_is_cut_off(certificate: Any, fault: str) -> None:  # noqa: F811
    async def scenario(rig: Any, _: Any) -> Any:
        url = f"{STREAMS}/ws/btcusdt@trade"
        async with rig.session.ws_connect(url) as socket:
            await socket.receive()
            await put(rig, **{fault: 1})
            while (await socket.receive()).type not in CLOSED:
                pass
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await rig.session.ws_connect(url)
        async with rig.session.ws_connect(url) as socket:
            return error.value.status, (await socket.receive()).type

    assert run_venue(certificate, scenario) == (503, aiohttp.WSMsgType.TEXT)


async def next_events(socket: Any, count: int) -> list[Any]:
    events: list[Any] = []
    while len(events) < count:
        message = await socket.receive_json()
        if "event" in message:
            events.append(message["event"])
    return events


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({}, ["executionReport", "outboundAccountPosition"]),
        ({"event_reordered": 1}, ["outboundAccountPosition", "executionReport"]),
        ({"event_reordered": 99, "delay_s": 1}, ["outboundAccountPosition", "executionReport"]),
        ({"event_delayed": 1, "delay_s": 0.1}, ["outboundAccountPosition", "executionReport"]),
        ({"event_duplicated": 1}, ["executionReport", "executionReport", "outboundAccountPosition"]),
        ({"event_lost": 1}, ["outboundAccountPosition"]),
    ],
    ids=lambda value: next(iter(value), "none") if isinstance(value, dict) else "",
)
def test_faults_of_the_accounts_events(certificate: Any, faults: dict[str, Any], expected: list[str]) -> None:  # noqa: F811
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(API) as socket:
            request = {"id": 1, "method": "userDataStream.subscribe.signature", "params": signed()}
            await socket.send_json(request)
            await socket.receive_json()
            await put(rig, **faults)
            await rig.place()
            return [event["e"] for event in await next_events(socket, len(expected))]

    assert run_venue(certificate, scenario) == expected


def test_held_diffs_come_in_order_and_without_a_gap(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(f"{STREAMS}/stream?streams=btcusdt@depth@100ms/btcusdt@trade") as socket:
            while "depth" not in (frame := await socket.receive_json())["stream"]:
                pass
            last, trades = frame["data"]["u"], 0
            await put(rig, diff_held=10)
            while rig.venue.faults.diff_held or trades < 5:
                frame = await socket.receive_json()
                if "depth" in frame["stream"]:
                    assert frame["data"]["U"] == last + 1
                    last = frame["data"]["u"]
                else:
                    trades += 1
            for _ in range(40):
                frame = await socket.receive_json()
                if "depth" in frame["stream"]:
                    assert frame["data"]["U"] == last + 1
                    last = frame["data"]["u"]
        return rig.venue.fired["diff_held"], trades

    fired, trades = run_venue(certificate, scenario)
    assert fired == 10
    assert trades >= 5


def test_a_stale_snapshot_is_of_when_the_fault_was_set(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async def snapshot() -> Any:
            async with rig.session.get(f"{REST}/depth?symbol=BTCUSDT&limit=5") as response:
                return (await response.json())["lastUpdateId"]

        async with rig.session.ws_connect(f"{STREAMS}/ws/btcusdt@trade") as socket:
            await socket.receive()
            await put(rig, snapshot_stale=2)
            begun = rig.venue.engine.market("BTCUSDT").last_update_id
            for _ in range(10):
                await socket.receive()
            return begun, [await snapshot() for _ in range(3)]

    begun, (stale, again, fresh) = run_venue(certificate, scenario)
    assert stale == again <= begun + 10 < fresh


def test_the_clock_may_be_off_for_one_request(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        await put(rig, clock_skewed=3)
        told = []
        for _ in range(2):
            async with rig.session.get(f"{REST}/time") as response:
                told.append((await response.json())["serverTime"] / 1e3 - time.time())
        refused = (await rig.place())[1]["code"]
        return told, refused, (await rig.place())[0], rig.venue.fired["clock_skewed"]

    told, refused, accepted, fired = run_venue(certificate, scenario)
    assert all(-1.6 < offset_s < -1.3 for offset_s in told)
    assert (refused, accepted, fired) == (-1021, 200, 3)


def test_a_symbol_halts_and_its_market_goes_on_behind_it(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(f"{STREAMS}/ws/btcusdt@trade") as socket:
            await socket.receive()
            await rig.place(newClientOrderId="bid", price="19990")
            await put(rig, symbol_halted=2)
            answer = (await rig.place())[1]
            before = rig.venue.engine.market("BTCUSDT").last_update_id
            async with rig.session.get(f"{REST}/exchangeInfo?symbol=BTCUSDT") as response:
                status = (await response.json())["symbols"][0]["status"]
            await asyncio.sleep(0.5)  # the price passes the order's
            after = rig.venue.engine.market("BTCUSDT").last_update_id
            return answer, status, await open_orders(rig), after > before

    answer, status, orders, moved = run_venue(certificate, scenario)
    assert (answer["code"], answer["msg"], status) == (-1013, "Market is closed.", "BREAK")
    assert orders == ["bid"]
    assert moved


def test_the_admin_door_shows_what_is_to_come_and_what_was_met(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        await put(rig, place_refused=2, symbol="ETHUSDT")
        await rig.place()
        async with rig.session.get(ADMIN) as response:
            return await response.json()

    shown = run_venue(certificate, scenario)
    assert (shown["faults"]["place_refused"], shown["faults"]["symbol"], shown["fired"]) == (
        1, "ETHUSDT", {"place_refused": 1},
    )  # fmt: skip
    assert set(json.loads(json.dumps(shown["faults"]))) == set(Faults.__struct_fields__)


@pytest.mark.parametrize(("meant", "symbol", "concerned"), [
    ("", "FIRST", True), ("", "OTHER", False), ("OTHER", "OTHER", True), ("OTHER", "FIRST", False), ("*", "X", True),
])  # fmt: skip
def test_a_fault_of_a_symbol_is_of_the_first_one_unless_it_is_told(meant: str, symbol: str, concerned: bool) -> None:
    switch = FaultSwitch("FIRST")
    switch.faults = Faults(symbol=meant, symbol_silent=1)
    assert switch.fires_on("symbol_silent", symbol) == concerned
    assert switch.faults.symbol_silent == (0 if concerned else 1)


def test_every_count_among_the_faults_is_met_somewhere() -> None:
    """A fault that nobody asks the switch for would be switched on in vain."""
    folder = Path(__file__).parents[2] / "exchanges" / "simulated"
    source = "".join(path.read_text() for path in folder.glob("*.py") if path.name != "faults.py")
    halves = {"place": ("lost", "unanswered", "late", "refused"), "cancel": ("lost", "unanswered", "late", "refused")}
    built = {f"{kind}_{what}" for kind, whats in halves.items() for what in whats}
    counts = {name for name in Faults.__struct_fields__ if type(getattr(Faults(), name)) is int}
    assert all(f'"{name}"' in source or name in built for name in counts)
