"""The market's connection against a real WebSocket server: it subscribes, reads, notices silence and comes back."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tradigrade.exchanges.binance import streams
from tradigrade.exchanges.binance.streams import BinanceStreams
from tradigrade.exchanges.market import (
    FrameArrived,
    SnapshotArrived,
    SnapshotUnavailable,
    StreamsClosed,
    StreamsOpened,
)
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.identity import SeededEntropy

Serve = Callable[[web.WebSocketResponse, int], Awaitable[None]]
TIMEOUT_S = 10.0


class Heard:
    """Every word of the port, and a way to wait for one of a kind."""

    def __init__(self) -> None:
        self.words: list[Any] = []
        self._news = asyncio.Event()

    def __call__(self, word: Any) -> None:
        self.words.append(word)
        self._news.set()

    async def wait(self, kind: type, count: int = 1) -> Any:
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                found = [word for word in self.words if isinstance(word, kind)]
                if len(found) >= count:
                    return found[count - 1]
                self._news.clear()
                await self._news.wait()


def run(serve: Serve, check: Callable[[BinanceStreams, Heard], Awaitable[None]]) -> list[dict[str, Any]]:
    """`check` a port that talks to a server which acknowledges and then does `serve`; the subscriptions it saw."""
    seen: list[dict[str, Any]] = []

    async def socket(request: web.Request) -> web.WebSocketResponse:
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        seen.append(json.loads(await answer.receive_str()))
        await answer.send_json({"result": None, "id": 1})
        await serve(answer, len(seen))
        return answer

    async def depth(request: web.Request) -> web.Response:
        if request.query["symbol"] != "BTCUSDT":
            return web.Response(status=503)
        return web.json_response({"lastUpdateId": 5, "bids": [], "asks": []})

    async def main() -> None:
        application = web.Application()
        application.add_routes([web.get("/ws", socket), web.get("/depth", depth)])
        runner = web.AppRunner(application, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"

        async def session() -> aiohttp.ClientSession:
            return aiohttp.ClientSession()

        loop = asyncio.get_running_loop()
        urls = (f"{base}/ws", f"{base}/depth")
        port = BinanceStreams(loop, SystemClock(), SeededEntropy(1), session, urls)
        heard = Heard()
        port.open(("BTC/USDT",), heard)
        try:
            await check(port, heard)
        finally:
            port.close()
            await asyncio.sleep(0)
            await runner.cleanup()

    asyncio.run(main())
    return seen


async def stay(socket: web.WebSocketResponse, _: int) -> None:
    async for _ in socket:
        pass


async def send_then_stay(socket: web.WebSocketResponse, number: int) -> None:
    await socket.send_str(f'{{"n":{number}}}')
    await stay(socket, number)


async def send_then_close(socket: web.WebSocketResponse, number: int) -> None:
    await socket.send_str(f'{{"n":{number}}}')
    await socket.close()


def test_it_subscribes_to_every_stream_and_passes_frames_on_unchanged() -> None:
    async def check(_: BinanceStreams, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        assert (await heard.wait(FrameArrived)).payload == b'{"n":1}'

    (subscription,) = run(send_then_stay, check)
    assert subscription["params"] == ["btcusdt@trade", "btcusdt@bookTicker", "btcusdt@depth@100ms"]


def test_after_a_close_it_says_so_and_connects_again() -> None:
    async def check(_: BinanceStreams, heard: Heard) -> None:
        await heard.wait(StreamsClosed)
        await heard.wait(StreamsOpened, 2)
        assert (await heard.wait(FrameArrived, 2)).payload == b'{"n":2}'

    run(send_then_close, check)


def test_a_connection_on_which_nothing_comes_is_closed_and_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SILENCE_S", 0.05)

    async def check(_: BinanceStreams, heard: Heard) -> None:
        await heard.wait(StreamsClosed)
        await heard.wait(StreamsOpened, 2)

    run(stay, check)


def test_a_snapshot_is_fetched_over_the_same_session_and_a_failure_is_told() -> None:
    async def check(port: BinanceStreams, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        port.request_snapshot("BTC/USDT", 0.0)
        assert json.loads((await heard.wait(SnapshotArrived)).payload)["lastUpdateId"] == 5
        port.request_snapshot("ETH/USDT", 0.0)
        assert "503" in (await heard.wait(SnapshotUnavailable)).reason

    run(stay, check)


def test_opened_anew_while_the_old_connection_still_closes_it_fetches_over_the_new_one() -> None:
    async def check(port: BinanceStreams, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        again = Heard()
        port.open(("BTC/USDT",), again)
        await again.wait(StreamsOpened)
        await asyncio.sleep(streams.CLOSE_TIMEOUT_S + 0.2)  # the old one has let go of all it had by then
        port.request_snapshot("BTC/USDT", 0.0)
        assert json.loads((await again.wait(SnapshotArrived)).payload)["lastUpdateId"] == 5

    run(stay, check)
