"""Requests that no sound client sends: each is answered by a refusal of the venue's own, and the venue goes on."""

import asyncio
import json
import time
from typing import Any

import pytest

from tests.exchanges.test_simulated_faults import ADMIN
from tests.exchanges.test_simulated_venue import API, REST, STREAMS, certificate, run_venue  # noqa: F401 - a fixture
from tradigrade.exchanges.loopback import ADDRESS
from tradigrade.exchanges.simulated.rest import read_request

DEEP = "[" * 20_000


async def raw_answer(rig: Any, request: bytes) -> tuple[int, Any]:
    """What comes of bytes that no client library would send: the status, and the JSON if it is any."""
    trust = rig.session.connector._ssl
    reader, writer = await asyncio.open_connection(ADDRESS, rig.port, ssl=trust, server_hostname="api.binance.com")
    writer.write(request)
    head, _, rest = (await reader.read(65_536)).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), json.loads(rest) if b"json" in head else None


@pytest.mark.parametrize(
    ("line", "key", "code"),
    [
        (b"GET /api/v3/account?timestamp=1&signature=a", b"\xff\xfe", -2015),
        (b"GET /api/v3/account?timestamp=1&signature=%ff\xc3\x28", b"key", -1022),
        (b"GET /api/v3/account?timestamp=%s&signature=a" % (b"9" * 5_000), b"key", -1100),
        (b"GET /api/v3/ticker?symbol=BTCUSDT&windowSize=%sm" % (b"1" * 5_000), b"", -1100),
        (b"GET /api/v3/ticker/price?symbols=%s" % (b"[" * 5_000), b"", -1100),
        (b"GET /api/v3/depth?symbol=BTC%ED%A0%80USDT", b"", -1121),
        (b"GET /api/v3/depth?symbol=", b"", -1105),
    ],
    ids=["key", "bytes", "timestamp", "window", "nested", "surrogate", "empty"],
)
def test_a_hostile_request_is_refused(certificate: Any, line: bytes, key: bytes, code: int) -> None:  # noqa: F811
    async def scenario(rig: Any, _: Any) -> Any:
        header = b"X-MBX-APIKEY: " + key + b"\r\n" if key else b""
        request = line + b" HTTP/1.1\r\nHost: api.binance.com\r\nConnection: close\r\n" + header + b"\r\n"
        status, answer = await raw_answer(rig, request)
        assert status in (400, 401), status
        # Bytes outside ASCII in a request line are already refused by the server's parser, with no word of the venue.
        assert answer is None or answer["code"] == code, answer
        status, *_ = await rig.place()
        assert status == 200

    run_venue(certificate, scenario)


@pytest.mark.parametrize("url", [f"{STREAMS}/ws", API])
def test_a_connection_outlives_hostile_messages(certificate: Any, url: str) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.ws_connect(url) as socket:
            for text in (DEEP, '{"method":"a","params":' + DEEP, '{"method":"x","id":' + "9" * 5_000 + "}"):
                await socket.send_str(text)
                answer = await asyncio.wait_for(socket.receive_json(), 5)
                assert answer["error"]["code"] in (3, -1100)

    run_venue(certificate, scenario)


@pytest.mark.parametrize(
    "faults",
    [
        b'{"clock_offset_ms":1e308}',
        b'{"ban":1,"ban_s":1e308}',
        b'{"delay_s":-1.0}',
        b'{"symbol":"\xff"}',
        DEEP.encode(),
    ],
    ids=["clock", "ban", "delay", "text", "nested"],
)
def test_faults_without_measure_are_refused(certificate: Any, faults: bytes) -> None:  # noqa: F811 - the fixture
    async def scenario(rig: Any, _: Any) -> Any:
        async with rig.session.post(ADMIN, data=faults) as response:
            assert response.status == 400, await response.text()
        async with rig.session.get(f"{REST}/time") as response:
            assert abs((await response.json())["serverTime"] - time.time() * 1_000) < 5_000

    run_venue(certificate, scenario)


def test_what_stands_in_the_query_and_in_the_body_the_query_says_and_both_are_signed_as_they_came() -> None:
    params, signed = read_request(b"symbol=BTCUSDT&signature=x", b"symbol=ETHUSDT&side=BUY")
    assert params == {"symbol": "BTCUSDT", "signature": "x", "side": "BUY"}
    assert signed == b"symbol=BTCUSDTsymbol=ETHUSDT&side=BUY"


@pytest.mark.parametrize(
    ("method", "path", "params", "code"),
    [
        ("POST", "/order", {"symbol": "BTCUSDT", "quantity": "0.01", "clientOrderId": "a"}, -1104),
        ("GET", "/openOrders", {"symbol": "BTCUSDT", "limit": "1"}, -1104),
        ("GET", "/order", {"symbol": "BTCUSDT", "orderId": ""}, -1105),
    ],
    ids=["order", "orders", "empty"],
)
def test_a_parameter_that_nobody_reads_is_refused(
    certificate: Any,  # noqa: F811 - the fixture
    method: str,
    path: str,
    params: dict[str, str],
    code: int,
) -> None:
    async def scenario(rig: Any, _: Any) -> Any:
        status, answer, _ = await rig.call(method, path, **params)
        assert (status, answer["code"]) == (400, code)
        if code == -1104:
            sent = len(params) + 2
            text = f"Not all sent parameters were read; read '{sent - 1}' parameter(s) but was sent '{sent}'."
            assert answer["msg"] == text

    run_venue(certificate, scenario)


def test_a_replacement_counts_as_an_order_where_only_a_part_of_it_took_effect(certificate: Any) -> None:  # noqa: F811
    async def scenario(rig: Any, _: Any) -> Any:
        replace = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "19000"}
        replace |= {"cancelOrderId": "99", "quantity": "0.01"}
        told = []
        for change in (
            {"cancelReplaceMode": "STOP_ON_FAILURE"},
            {"cancelReplaceMode": "ALLOW_FAILURE"},
            {"cancelReplaceMode": "ALLOW_FAILURE", "quantity": "0.000001"},
        ):
            _, answer, headers = await rig.call("POST", "/order/cancelReplace", **replace | change)
            told.append((answer["code"], headers["X-MBX-ORDER-COUNT-10S"]))
        return told

    assert run_venue(certificate, scenario) == [(-2022, "1"), (-2021, "2"), (-1013, "2")]
