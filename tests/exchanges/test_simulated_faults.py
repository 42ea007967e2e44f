"""Faults of the venue over its real protocol: each is set through the admin door, fires, and does what it says."""

import asyncio
import itertools
import json
import re
import time

import aiohttp
import ccxt
import pytest

from tests.exchanges.test_simulated_venue import REST, STREAMS, certificate, run_venue  # noqa: F401 - a fixture

ADMIN = "https://api.binance.com/admin/faults"


async def put(rig, **faults):
    async with rig.session.post(ADMIN, data=json.dumps(faults)) as response:
        assert response.status == 200, await response.text()


async def open_orders(rig):
    _, orders, _ = await rig.call("GET", "/openOrders")
    return [order["clientOrderId"] for order in orders]


@pytest.mark.parametrize(
    ("fault", "status", "taken"),
    [
        ("place_lost", None, False),
        ("place_unanswered", None, True),
        ("place_failed", 500, True),
        ("place_refused", 400, False),
        ("request_failed", 503, False),
        ("ban", 429, False),
    ],
)
def test_faults_of_an_order(certificate, fault, status, taken):  # noqa: F811 - the fixture
    async def scenario(rig, _):
        await put(rig, **{fault: 1, "ban_s": 0.05})
        try:
            answered = (await rig.place(newClientOrderId="mine"))[0]
        except aiohttp.ClientError:
            answered = None
        await asyncio.sleep(0.1)
        again = await rig.place(newClientOrderId="another")
        return answered, again[0], await open_orders(rig), rig.venue.fired, rig.lines()

    answered, again, orders, fired, lines = run_venue(certificate, scenario)
    assert (answered, again) == (status, 200)
    assert orders == ["mine", "another"] if taken else ["another"]
    assert fired == {fault: 1}
    logged = [line for line in lines if line["params"].get("newClientOrderId") == "mine"]
    assert len(logged) == (0 if fault == "place_lost" else 1)


def test_a_ban_says_when_it_is_over_and_refuses_everything_until_then(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, _):
        await put(rig, ban=1, ban_s=1.5)
        first = await rig.call("GET", "/account")
        second = await rig.call("GET", "/account")
        async with rig.session.get(f"{REST}/depth?symbol=BTCUSDT") as third:
            public = third.status
        await asyncio.sleep(1.5)
        last, _, _ = await rig.call("GET", "/account")
        return first, second, public, last

    first, second, public, last = run_venue(certificate, scenario)
    assert (first[0], second[0], public, last) == (429, 418, 418, 200)
    assert [answer[2]["Retry-After"] for answer in (first, second)] == ["2", "2"]
    assert second[1]["code"] == -1003


def test_looks_fail_and_orders_do_not(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, _):
        await put(rig, look_failed=2)
        looks = [(await rig.call("GET", path, symbol="BTCUSDT"))[0] for path in ("/openOrders", "/myTrades")]
        return looks, (await rig.place())[0], (await rig.call("GET", "/openOrders"))[0]

    assert run_venue(certificate, scenario) == ([503, 503], 200, 200)


def test_a_delayed_order_meets_the_receive_window(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, _):
        await put(rig, request_delayed=2, delay_s=0.3)
        return [(await rig.place(recvWindow=window))[:2] for window in ("100", "5000")]

    (late, refusal), (accepted, _) = run_venue(certificate, scenario)
    assert (late, refusal["code"], accepted) == (400, -1021, 200)


def test_a_clock_that_is_off_shows_in_time_and_in_judgement(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, _):
        await put(rig, clock_offset_ms=-60_000)
        async with rig.session.get(f"{REST}/time") as response:
            told = (await response.json())["serverTime"] / 1e3 - time.time()
        return told, (await rig.place())[:2]

    told, (status, refusal) = run_venue(certificate, scenario)
    assert -61 < told < -58
    assert (status, refusal["code"]) == (400, -1021)


def test_faults_of_the_accounts_stream(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        listening = asyncio.ensure_future(exchange.watch_orders("BTC/USDT"))
        await rig.user_stream()
        await put(rig, event_lost=2)  # the report and the balances of the first order
        await rig.place(newClientOrderId="unheard")
        await put(rig, event_duplicated=1)
        await rig.place(newClientOrderId="heard")
        heard = [order["clientOrderId"] for order in await listening]
        await put(rig, account_cut=1)
        async with rig.session.ws_connect(f"{STREAMS}/ws/btcusdt@trade"):  # the market begins, and with it the cut
            with pytest.raises(ccxt.NetworkError):
                await asyncio.gather(*(exchange.watch_orders("BTC/USDT") for _ in range(2)))
        return heard, rig.venue.fired

    heard, fired = run_venue(certificate, scenario)
    assert heard == ["heard"]
    assert fired == {"event_lost": 2, "event_duplicated": 1, "account_cut": 1}


def last_update_id(frame):
    """Zero where the frame broke off before it."""
    found = re.search(r'"u": ?([0-9]+),', frame)
    return int(found[1]) if found else 0


async def received(socket, count):
    return [(await socket.receive()).data for _ in range(count)]


def test_faults_of_the_markets_streams(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, _):
        async def meanwhile(socket, fault, times):
            """All frames until the fault has fired so often, and those still on their way then."""
            await put(rig, **{fault: times})
            frames = []
            while rig.venue.fired[fault] < times:
                frames += await received(socket, 1)
            last_id = rig.venue.engine.markets["BTCUSDT"].last_update_id
            while not frames or last_update_id(frames[-1]) <= last_id:
                frames += await received(socket, 1)
            return frames

        async with rig.session.ws_connect(f"{STREAMS}/ws/btcusdt@depth@100ms") as socket:
            before = await received(socket, 2)
            gap = [json.loads(frame) for frame in before + await meanwhile(socket, "diff_lost", 2)]
            crossed = [json.loads(frame) for frame in await meanwhile(socket, "frame_crossed", 2)]
            malformed = await meanwhile(socket, "frame_malformed", 3)
            begun = time.monotonic()
            await meanwhile(socket, "market_silent", 60)
            silent_s = time.monotonic() - begun
            await put(rig, market_cut=1)
            while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return gap, crossed, malformed, silent_s, rig.venue.fired

    gap, crossed, malformed, silent_s, fired = run_venue(certificate, scenario)
    jumps = [after["U"] - before["u"] for before, after in itertools.pairwise(gap)]
    assert max(jumps) > 1
    assert any(max(float(price) for price, _ in frame["b"]) > 30_000 for frame in crossed)
    assert not all(frame.endswith("}") for frame in malformed)
    assert silent_s > 0.2
    expected = {"diff_lost": 2, "frame_crossed": 2, "frame_malformed": 3, "market_silent": 60, "market_cut": 1}
    assert fired == expected


def test_a_lost_snapshot_is_a_server_fault(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, _):
        await put(rig, snapshot_lost=1)
        statuses = []
        for _ in range(2):
            async with rig.session.get(f"{REST}/depth?symbol=BTCUSDT") as response:
                statuses.append(response.status)
        return statuses

    assert run_venue(certificate, scenario) == [503, 200]


def test_a_fault_that_is_none_is_refused(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, _):
        async with rig.session.post(ADMIN, data='{"no_such": 1}') as response:
            return response.status

    assert run_venue(certificate, scenario) == 400
