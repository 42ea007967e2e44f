"""The real server on loopback. Its clock is a number that the tests set."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.web.samples import NOW, S, feed_all, system, trader, trading
from tradigrade.trading.candles import Candle
from tradigrade.transports.control import ChartAnswered
from tradigrade.web import server as server_module
from tradigrade.web.pages import PAGES
from tradigrade.web.server import CLIENTS_MAX, PERIOD_MIN_S, AddressFault, ConsoleServer, PortTaken
from tradigrade.web.state import ConsoleState

BOUND_S = 5.0
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def serve(test: Callable[[SimpleNamespace], Awaitable[None]], *, fed: bool = True) -> None:
    """Run `test` with `state`, `clock`, `server`, its `port` and `url`, and a client session `http`."""

    async def run() -> None:
        state, clock = ConsoleState(), SimpleNamespace(now_ns=NOW)
        if fed:
            feed_all(state, NOW)
        server = ConsoleServer(state, lambda: clock.now_ns)
        port = await server.start("127.0.0.1", 0)
        async with aiohttp.ClientSession() as http:
            tools = SimpleNamespace(
                state=state, clock=clock, server=server, port=port, url=f"http://127.0.0.1:{port}", http=http
            )
            try:
                async with asyncio.timeout(4 * BOUND_S):
                    await test(tools)
            finally:
                await server.stop()

    asyncio.run(run())


async def receive(socket_: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    view: dict[str, Any] = await socket_.receive_json(timeout=BOUND_S)
    return view


async def receive_until(socket_: aiohttp.ClientWebSocketResponse, true_of: Callable[[Any], bool]) -> dict[str, Any]:
    async with asyncio.timeout(BOUND_S):
        while not true_of(view := await receive(socket_)):
            pass
    return view


# -- plain requests ---------------------------------------------------------------------------------------------------


def test_the_state_is_served_as_json() -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.get(f"{it.url}/api/state") as response:
            assert response.status == 200
            assert await response.json() == it.state.view(NOW)

    serve(test)


FILES = sorted(path.name for path in server_module.STATIC.iterdir() if path.suffix in (".css", ".js"))
PATHS = [page.path for page in PAGES]


@pytest.mark.parametrize("path", PATHS)
def test_the_page_and_all_it_refers_to_are_served_from_here(path: str) -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.get(it.url + path) as response:
            page = await response.text()
            assert response.status == 200
            assert response.content_type == "text/html"
        for name in FILES:
            async with it.http.get(f"{it.url}/static/{name}") as response:
                assert response.status == 200
                text = await response.text()
                assert "http://" not in text
                assert "https://" not in text
                assert "innerHTML" not in text
        assert "http" not in page
        assert "style=" not in page
        assert "onclick" not in page

    serve(test)


def test_metrics_are_exposed() -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.get(f"{it.url}/metrics") as response:
            assert response.content_type == "text/plain"
            families = {family.name for family in text_string_to_metric_families(await response.text())}
        assert {"tradigrade_rung", "tradigrade_node_up", "tradigrade_equity"} <= families

    serve(test)


def test_health_is_ok_while_reports_are_fresh_and_503_with_the_reasons_after() -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.get(f"{it.url}/healthz") as response:
            assert (response.status, await response.text()) == (200, "ok\n")
        it.clock.now_ns += 5 * S
        it.state.apply(system(), it.clock.now_ns)
        async with it.http.get(f"{it.url}/healthz") as response:
            assert response.status == 503
            assert (await response.text()).startswith("trading: silent for 5.0 s\nnode exchange: silent")

    serve(test)


def test_health_is_503_before_the_first_report() -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.get(f"{it.url}/healthz") as response:
            assert response.status == 503

    serve(test, fed=False)


def test_a_chart_is_asked_on_from_what_is_known() -> None:
    async def test(it: SimpleNamespace) -> None:
        url = f"{it.url}/api/chart?symbol=BTC/USDT"
        async with it.http.get(url) as response:
            assert (await response.json())["candles"] == []
        fine, coarse = (tuple(Candle(n * step * S, 1, 1, 1, 1, 1) for n in range(5)) for step in (1, 60))
        it.state.charts.hear(ChartAnswered("BTC/USDT", S, fine, (), (), (), coarse), NOW)
        async with it.http.get(f"{url}&since_ms=3000") as response:
            told = await response.json()
            assert [row[0] for row in told["candles"]] == [3000, 4000]
            assert [row[0] for row in told["coarse"]] == [0, 60_000, 120_000, 180_000, 240_000]
        async with it.http.get(f"{url}&since_ms=181000") as response:
            assert [row[0] for row in (await response.json())["coarse"]] == [180_000, 240_000]

    serve(test)


@pytest.mark.parametrize("query", ["symbol=BTC", "symbol=BTC/USDT&since_ms=-1", "symbol=BTC/USDT&since_ms=1e9"])
def test_a_chart_of_a_wrong_word_is_refused_with_what_was_expected(query: str) -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.get(f"{it.url}/api/chart?{query}") as response:
            assert response.status == 400
            assert "expected" in await response.text()

    serve(test)


# -- security ---------------------------------------------------------------------------------------------------------


SERVED = (
    *(*PATHS, "/static/header.js"),
    *("/api/risk", "/api/data", "/api/chart?symbol=BTC/USDT", "/api/state", "/metrics", "/healthz"),
)


@pytest.mark.parametrize("path", [*SERVED, "/nothing"])
def test_every_answer_carries_the_security_headers(path: str) -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.get(it.url + path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Server"] == "tradigrade"

    serve(test)


@pytest.mark.parametrize("path", [*SERVED, "/ws"])
def test_a_foreign_host_name_is_refused_everywhere(path: str) -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.get(it.url + path, headers={"Host": "evil.example"}) as response:
            assert response.status == 421

    serve(test)


@pytest.mark.parametrize("path", ["/", "/chaos", "/api/state", "/metrics"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(method: str, path: str) -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.request(method, it.url + path, json={}) as response:
            assert response.status == 405

    serve(test)


@pytest.mark.parametrize("path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static/", "/static"])
def test_only_the_pages_own_files_are_served(path: str) -> None:
    async def test(it: SimpleNamespace) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        status = int((await reader.readline()).split()[1])
        writer.close()
        assert status in (403, 404)

    serve(test)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_websocket_of_another_page_is_refused(origin: str) -> None:
    async def test(it: SimpleNamespace) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await it.http.ws_connect(f"{it.url}/ws", origin=origin)
        assert refused.value.status == 403

    serve(test)


# -- the socket -------------------------------------------------------------------------------------------------------


def test_a_browser_gets_the_view_at_once_and_news_when_there_is_any() -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.ws_connect(f"{it.url}/ws", origin=it.url) as ws:
            assert await receive(ws) == it.state.view(NOW)
            it.state.apply(trading(rung="HALTED", rung_reason="kill switch"), NOW)
            it.server.notify()
            view = await receive_until(ws, lambda view: view["rung"]["name"] == "HALTED")
            assert view["rung"]["reason"] == "kill switch"

    serve(test)


def test_a_view_that_only_ages_is_pushed_too() -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.ws_connect(f"{it.url}/ws") as ws:
            await receive(ws)
            it.clock.now_ns += 60 * S
            await receive_until(ws, lambda view: view["rung"]["name"] == "UNKNOWN")

    serve(test)


def test_news_come_at_most_four_times_a_second_and_the_newest_wins() -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.ws_connect(f"{it.url}/ws") as ws:
            await receive(ws)
            begun, told = time.monotonic(), 0
            while time.monotonic() - begun < 4 * PERIOD_MIN_S:
                told += 1
                it.state.apply(trader(mailbox=told), NOW)
                it.server.notify()
                await asyncio.sleep(0.005)
            views = 0
            async with asyncio.timeout(BOUND_S):
                while f'"mailbox":{told}' not in await ws.receive_str():
                    views += 1
            assert told > 50
            assert views <= 6

    serve(test)


def test_a_browser_too_many_is_refused_and_a_place_becomes_free_again() -> None:
    async def test(it: SimpleNamespace) -> None:
        crowd = [await it.http.ws_connect(f"{it.url}/ws") for _ in range(CLIENTS_MAX)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await it.http.ws_connect(f"{it.url}/ws")
        assert refused.value.status == 503
        await crowd[0].close()
        async with it.http.ws_connect(f"{it.url}/ws") as ws:
            await receive(ws)

    serve(test)


def test_a_browser_that_does_not_read_is_dropped_and_the_others_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "SEND_TIMEOUT_S", 0.5)

    async def test(it: SimpleNamespace) -> None:
        with socket.create_connection(("127.0.0.1", it.port)) as slow:
            slow.sendall(UPGRADE)
            async with it.http.ws_connect(f"{it.url}/ws") as ws:
                await receive(ws)
                await eventually(lambda: len(it.server._clients) == 2)
                waits_s = []
                it.state.apply(trading(refusals=huge()), NOW)
                while len(it.server._clients) == 2 and len(waits_s) < 100:  # until the slow one's buffers are full
                    it.server._push()
                    begun = time.monotonic()
                    await receive(ws)
                    waits_s.append(time.monotonic() - begun)
                await eventually(lambda: len(it.server._clients) == 1)
                it.server._push()
                await receive(ws)
                assert max(waits_s) < 0.3

    serve(test)


def huge() -> Any:
    refusal = trading().refusals[0]
    numbers = {f"n{index:03}" + "x" * 250: "9" * 290 for index in range(200)}
    return tuple(type(refusal)(f"s{n}", "BTC/USDT", "code", numbers, NOW) for n in range(50))


async def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(round(BOUND_S / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


def test_a_browser_that_talks_too_long_is_dropped() -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.ws_connect(f"{it.url}/ws") as ws:
            await ws.send_str("x" * 5000)
            async with asyncio.timeout(BOUND_S):
                while not ws.closed:
                    await ws.receive()
            assert ws.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG

    serve(test)


# -- coming and going -------------------------------------------------------------------------------------------------


def test_a_taken_port_is_named_in_one_sentence() -> None:
    async def test(it: SimpleNamespace) -> None:
        second = ConsoleServer(it.state, lambda: NOW)
        with pytest.raises(PortTaken) as fault:
            await second.start("127.0.0.1", it.port)
        assert str(fault.value) == (
            f"console: port {it.port} on 127.0.0.1 is taken by another program;"
            " stop that or choose another console.port"
        )
        await second.stop()

    serve(test)


def test_an_address_of_no_interface_here_is_named() -> None:
    async def run() -> None:
        with pytest.raises(AddressFault, match=r"cannot listen on 192\.0\.2\.1 port 0"):
            await ConsoleServer(ConsoleState(), lambda: NOW).start("192.0.2.1", 0)

    asyncio.run(run())


def test_stop_tells_the_browsers_and_frees_the_port_for_the_next_start() -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.ws_connect(f"{it.url}/ws") as ws:
            await receive(ws)
            stopping = asyncio.create_task(it.server.stop())
            async with asyncio.timeout(BOUND_S):
                while (await ws.receive()).type != aiohttp.WSMsgType.CLOSE:
                    pass
            await stopping
        assert await it.server.start("127.0.0.1", it.port) == it.port
        async with it.http.get(f"{it.url}/healthz") as response:
            assert response.status == 200

    serve(test)


def test_a_successor_may_take_the_port_before_its_predecessor_is_done() -> None:
    async def test(it: SimpleNamespace) -> None:
        successor = ConsoleServer(it.state, lambda: NOW)
        async with it.http.ws_connect(f"{it.url}/ws"):
            stopping = asyncio.create_task(it.server.stop())
            starting = asyncio.create_task(successor.start("127.0.0.1", it.port))
            assert await starting == it.port
            await stopping
        await successor.stop()

    serve(test)


def test_what_ends_the_pushing_is_a_fault_and_makes_the_console_unhealthy() -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.ws_connect(f"{it.url}/ws") as ws:
            await receive(ws)
            healthy = it.state.view
            it.state.view = lambda now_ns: 1 / 0
            it.server.notify()
            await eventually(lambda: it.server.fault is not None)
            it.state.view = healthy
        assert isinstance(it.server.fault, ZeroDivisionError)
        async with it.http.get(f"{it.url}/healthz") as response:
            assert response.status == 503
            assert "console: pushing ended with ZeroDivisionError" in await response.text()

    serve(test)
