"""The venue's WebSockets: heartbeats, bounded lives, message and stream limits, and sessions of its API."""

import asyncio
import hashlib
import hmac
import time
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.exchanges.test_simulated_venue import API, STREAMS, certificate, run_venue  # noqa: F401 - a fixture
from tests.kit.keys import PUBLIC_PEM, sign
from tradigrade.exchanges.simulated.authentication import OtherAccount
from tradigrade.exchanges.simulated.sockets import Allowance, SocketRules

CLOSED = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR)


async def until_closed(socket: Any) -> list[Any]:
    """What was said before the end."""
    said = []
    while (message := await socket.receive()).type not in CLOSED:
        said.append(message.json())
    return said


@pytest.mark.parametrize("url", [f"{STREAMS}/ws/0", API])
def test_a_connection_ends_after_its_life_and_is_told_before(certificate: Any, url: str) -> None:  # noqa: F811
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(url) as socket:
            begun = time.monotonic()
            said = await until_closed(socket)
            return said, socket.close_code, time.monotonic() - begun

    said, code, lived_s = run_venue(certificate, scenario, rules=SocketRules(life_s=0.3, notice_s=0.2))
    (notice,) = said
    assert (notice.get("event") or notice)["e"] == "serverShutdown"
    assert code == 1001
    assert 0.25 < lived_s < 3.0


def test_who_answers_no_ping_is_cut_off(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        connect = rig.session.ws_connect
        async with connect(f"{STREAMS}/ws/0", autoping=False) as mute, connect(f"{STREAMS}/ws/0") as answers:
            heard = asyncio.ensure_future(answers.receive())
            kinds = []
            while (message := await mute.receive()).type not in CLOSED:
                kinds.append(message.type)
            await asyncio.sleep(0.1)
            alive = not heard.done()
            heard.cancel()
            return kinds, alive

    kinds, alive = run_venue(certificate, scenario, rules=SocketRules(ping_period_s=0.05, pong_wait_s=0.2))
    assert set(kinds) == {aiohttp.WSMsgType.PING}
    assert alive


def test_more_than_five_messages_a_second_end_a_stream_connection(certificate: Any) -> None:  # noqa: F811
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(f"{STREAMS}/ws/0") as socket:
            for number in range(6):
                await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
            await until_closed(socket)
            return socket.close_code

    assert run_venue(certificate, scenario) == 1008


def test_all_who_hear_a_stream_hear_all_of_it(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        connect = rig.session.ws_connect
        async with connect(f"{STREAMS}/ws/btcusdt@trade") as first, connect(f"{STREAMS}/ws/btcusdt@trade") as second:
            begin = (await second.receive_json())["t"]
            heard = [[], []]
            for socket, trades in zip((first, second), heard, strict=True):
                while len(trades) < 5:
                    if (trade := (await socket.receive_json())["t"]) > begin:
                        trades.append(trade)
            return heard

    first, second = run_venue(certificate, scenario)
    assert first == second


def test_a_connection_hears_1024_streams_at_most(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(f"{STREAMS}/ws/0") as socket:
            answers = []
            for names in ([f"x{number}@trade" for number in range(1_024)], ["y@trade"], ["x1@trade"]):
                await socket.send_json({"method": "SUBSCRIBE", "params": names, "id": 1})
                answers.append(await socket.receive_json())
            return answers

    first, second, third = run_venue(certificate, scenario)
    assert (first["result"], second["error"]["code"], third["result"]) == (None, 2, None)


def test_the_envelope_is_a_property_of_the_connection(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(f"{STREAMS}/ws/0") as socket:
            requests = [
                ("SET_PROPERTY", ["combined", True]),
                ("GET_PROPERTY", ["combined"]),
                ("SET_PROPERTY", ["x", 1]),
            ]
            answers = []
            for method, params in requests:
                await socket.send_json({"method": method, "params": params, "id": 1})
                answers.append(await socket.receive_json())
            await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 2})
            await socket.receive_json()
            return answers, await socket.receive_json()

    (done, got, wrong), frame = run_venue(certificate, scenario)
    assert (done["result"], got["result"], frame["stream"]) == (None, True, "btcusdt@trade")
    assert wrong["error"]["code"] in (0, 3)


def signed(**params: Any) -> dict[str, Any]:
    params |= {"apiKey": "key", "timestamp": time.time_ns() // 1_000_000}
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return params | {"signature": hmac.new(b"secret", payload.encode(), hashlib.sha256).hexdigest()}


def signed_by_ed25519(**params: Any) -> dict[str, Any]:
    params |= {"apiKey": "asymmetric", "timestamp": time.time_ns() // 1_000_000}
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return params | {"signature": sign(payload.encode())}


def test_a_session_that_logged_on_needs_no_signature(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(API) as socket:

            async def ask(method: str, **params: Any) -> Any:
                await socket.send_json({"id": method, "method": method, "params": params})
                while (reply := await socket.receive_json()).get("id") != method:
                    pass
                return reply

            now_ms = time.time_ns() // 1_000_000
            order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": 0.01}
            order |= {"price": "19000", "timestamp": now_ms}
            return {
                "before": await ask("order.place", **order),
                "stream before": await ask("userDataStream.subscribe"),
                "wrong": await ask("session.logon", **signed_by_ed25519() | {"signature": "0"}),
                "hmac": await ask("session.logon", **signed()),
                "logon": await ask("session.logon", **signed_by_ed25519()),
                "status": await ask("session.status"),
                "stream": await ask("userDataStream.subscribe"),
                "streams": await ask("session.subscriptions"),
                "place": await ask("order.place", **order),
                "old": await ask("order.place", **order | {"timestamp": now_ms - 60_000}),
                "orders": await ask("account.rateLimits.orders", timestamp=now_ms),
                "logout": await ask("session.logout"),
                "after": await ask("openOrders.status", timestamp=now_ms),
            }

    other = OtherAccount(2, "asymmetric", PUBLIC_PEM, {"USDT": Decimal(500)})
    told = run_venue(certificate, scenario, others=[other])
    statuses = {name: reply["status"] for name, reply in told.items()}
    refused = {"before": 401, "stream before": 401, "wrong": 400, "hmac": 400, "old": 400, "after": 401}
    assert statuses == dict.fromkeys(told, 200) | refused
    assert (told["logon"]["result"]["apiKey"], told["logout"]["result"]["apiKey"]) == ("asymmetric", None)
    assert told["streams"]["result"] == [{"subscriptionId": 0}]
    assert told["orders"]["result"][0]["count"] == 1
    limits = [each["rateLimitType"] for each in told["place"]["rateLimits"]]
    assert limits == ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]


def test_public_data_comes_over_the_api_too(certificate: Any) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(API) as socket:
            answers = []
            for method, params in (
                ("exchangeInfo", {"symbols": ["BTCUSDT"]}),
                ("depth", {"symbol": "BTCUSDT", "limit": 5}),
                ("ticker.price", {"symbols": ["BTCUSDT", "ETHUSDT"]}),
                ("klines", {"symbol": "BTCUSDT", "interval": "1m"}),
                ("depth", {"symbol": "NOPE"}),
            ):
                await socket.send_json({"id": 1, "method": method, "params": params})
                answers.append(await socket.receive_json())
            return answers

    info, depth, prices, bars, nope = run_venue(certificate, scenario)
    assert [each["symbol"] for each in info["result"]["symbols"]] == ["BTCUSDT"]
    assert {"lastUpdateId", "bids", "asks"} == set(depth["result"])
    assert len(prices["result"]) == 2
    assert bars["result"] == []
    assert (nope["status"], nope["error"]["code"]) == (400, -1121)
    assert depth["rateLimits"][0]["count"] - info["rateLimits"][0]["count"] == 5


def test_more_new_connections_than_allowed_are_refused_at_each_address_by_itself(certificate: Any) -> None:  # noqa: F811
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(f"{STREAMS}/ws/0"), rig.session.ws_connect(f"{STREAMS}/ws/1"):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await rig.session.ws_connect(f"{STREAMS}/ws/0")
        async with rig.session.ws_connect(API):
            return refused.value.status, int(refused.value.headers["Retry-After"]) > 0

    assert run_venue(certificate, scenario, rules=SocketRules(connections_per_5_min=2)) == (429, True)


def test_an_allowance_holds_in_any_span() -> None:
    allowance = Allowance(2, 10.0)
    spent = [at_s for at_s in (0.0, 1.0, 9.9, 10.0, 10.5, 11.0) if allowance.spend(at_s)]
    assert spent == [0.0, 1.0, 10.0, 11.0]
