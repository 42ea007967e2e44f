"""The market's connections against a real WebSocket server: they subscribe, read, notice silence and come back."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tradigrade.exchanges import stream_connection, streams
from tradigrade.exchanges.binance import protocol as binance
from tradigrade.exchanges.binance.protocol import BinanceSpot
from tradigrade.exchanges.market import (
    FrameArrived,
    SnapshotArrived,
    SnapshotUnavailable,
    StreamsClosed,
    StreamsOpened,
    TradesArrived,
    TradesUnavailable,
)
from tradigrade.exchanges.streams import StreamMarket, snapshot_levels
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.identity import SeededEntropy

BTC, ETH = "BTC/USDT", "ETH/USDT"
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


class Server:
    """A venue in a test's hands: `serve` handles each connection, after `greet` read its subscriptions."""

    def __init__(self) -> None:
        self.texts: list[Any] = []
        self.opened_s: list[float] = []
        self.snapshots: list[str] = []
        self.snapshot_status = 200

    async def greet(self, socket: web.WebSocketResponse) -> None:
        await self.read(socket)
        await socket.send_json({"result": None, "id": 1})

    async def serve(self, socket: web.WebSocketResponse, number: int) -> None:
        await self.greet(socket)
        await socket.send_str(f'{{"n":{number}}}')
        await self.stay(socket)

    async def read(self, socket: web.WebSocketResponse) -> None:
        self.texts.append(json.loads(await socket.receive_str()))

    async def stay(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            self.texts.append(json.loads(message.data))

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened_s.append(asyncio.get_running_loop().time())
        await self.serve(socket, len(self.opened_s))
        return socket

    async def _depth(self, request: web.Request) -> web.Response:
        self.snapshots.append(str(request.rel_url.query_string))
        status = self.snapshot_status if request.query["symbol"] == "BTCUSDT" else 503
        headers = {"Retry-After": "1"} if status == 429 else {}
        return web.json_response({"lastUpdateId": 5, "bids": [], "asks": []}, status=status, headers=headers)

    async def _trades(self, request: web.Request) -> web.Response:
        self.snapshots.append(str(request.rel_url.query_string))
        return web.json_response([], status=200 if request.query["symbol"] == "BTCUSDT" else 503)

    async def start(self) -> tuple[web.AppRunner, tuple[str, str]]:
        application = web.Application()
        application.add_routes([web.get("/ws", self._socket), web.get("/depth", self._depth)])
        application.add_routes([web.get("/historicalTrades", self._trades)])
        runner = web.AppRunner(application, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner, (f"{base}/ws", f"{base}/depth")


class InStream(BinanceSpot):
    """As a venue that sends its snapshots in the stream and wants to hear something now and then."""

    snapshots_in_stream = True

    def resubscribe(self, symbol: str) -> tuple[str, ...]:
        return (json.dumps({"again": symbol}),)


def run(
    server: Server,
    check: Callable[[StreamMarket, Heard], Awaitable[None]],
    speak: type[BinanceSpot] = BinanceSpot,
    symbols: tuple[str, ...] = (BTC,),
) -> None:
    """`check` a port that talks to the server."""

    async def main() -> None:
        runner, urls = await server.start()

        async def session() -> aiohttp.ClientSession:
            return aiohttp.ClientSession()

        loop = asyncio.get_running_loop()
        port = StreamMarket(loop, SystemClock(), SeededEntropy(1), speak(urls), session)
        heard = Heard()
        port.open(symbols, heard)
        try:
            await check(port, heard)
        finally:
            port.close()
            await asyncio.sleep(0)
            await runner.cleanup()

    asyncio.run(main())


def test_it_subscribes_to_every_stream_and_passes_frames_on_unchanged() -> None:
    async def check(_: StreamMarket, heard: Heard) -> None:
        assert (await heard.wait(FrameArrived)).payload == b'{"n":1}'
        assert heard.words[0] == StreamsOpened((BTC,))

    server = Server()
    run(server, check)
    assert server.texts[0]["params"] == ["btcusdt@trade", "btcusdt@bookTicker", "btcusdt@depth@100ms"]


def test_after_a_close_it_says_so_and_connects_again() -> None:
    class Closing(Server):
        async def stay(self, socket: web.WebSocketResponse) -> None:
            await socket.close()

    async def check(_: StreamMarket, heard: Heard) -> None:
        assert (await heard.wait(StreamsClosed)).symbols == (BTC,)
        await heard.wait(StreamsOpened, 2)
        assert (await heard.wait(FrameArrived, 2)).payload == b'{"n":2}'

    run(Closing(), check)


def test_it_is_open_once_all_is_acknowledged_and_frames_of_before_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binance, "STREAMS_PER_TEXT", 2)

    class Slow(Server):
        async def greet(self, socket: web.WebSocketResponse) -> None:
            for number in (1, 2):
                await self.read(socket)
                await socket.send_json({"result": None, "id": number})
                await socket.send_str(f'{{"early":{number}}}')

    async def check(_: StreamMarket, heard: Heard) -> None:
        await heard.wait(FrameArrived, 3)
        assert isinstance(heard.words[0], StreamsOpened)
        payloads = [word.payload for word in heard.words[1:]]
        assert payloads == [b'{"early":1}', b'{"early":2}', b'{"n":1}']

    server = Slow()
    run(server, check)
    assert [text["params"][0] for text in server.texts] == ["btcusdt@trade", "btcusdt@depth@100ms"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"error":{"code":2,"msg":"Invalid request"},"id":1}', "refused the subscription: 2: Invalid request"),
        ("", "TimeoutError"),
        ("close", "not acknowledged: 1 answers missing"),
    ],
    ids=["refused", "unanswered", "closed"],
)
def test_a_subscription_that_is_not_acknowledged_is_not_open(
    answer: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_connection, "CONNECT_TIMEOUT_S", 0.2)

    class Refusing(Server):
        async def greet(self, socket: web.WebSocketResponse) -> None:
            await self.read(socket)
            if answer == "close":
                await socket.close()
            elif answer:
                await socket.send_str(answer)

    async def check(_: StreamMarket, heard: Heard) -> None:
        assert reason in (await heard.wait(StreamsClosed)).reason
        assert not any(isinstance(word, StreamsOpened | FrameArrived) for word in heard.words)

    run(Refusing(), check)


def test_a_connection_on_which_nothing_comes_is_closed_and_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_connection, "SILENCE_S", 0.05)

    async def check(_: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsClosed)
        await heard.wait(StreamsOpened, 2)

    run(Server(), check)


class Deaf(Server):
    """Closes whatever is opened."""

    async def serve(self, socket: web.WebSocketResponse, number: int) -> None:
        await socket.close()


def test_a_venue_that_fails_again_and_again_is_left_alone_for_longer_and_longer() -> None:
    async def check(_: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsClosed, 5)

    server = Deaf()
    run(server, check)
    waits_s = [after - before for before, after in pairwise(server.opened_s)]
    assert all(after > before for before, after in pairwise(waits_s))


def test_connections_that_all_fail_stop_trying_and_one_goes_ahead() -> None:
    class Few(BinanceSpot):
        symbols_per_connection = 1

    async def check(_: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsClosed, 12)
        assert any("too many attempts" in getattr(word, "reason", "") for word in heard.words)
        await asyncio.sleep(streams.BREAKER_OPEN_S[0] * 2)

    server = Deaf()
    run(server, check, Few, tuple(f"C{number}/USDT" for number in range(8)))
    assert 8 < len(server.opened_s) <= 12, "each tried once; then one at a time, now and then"


def test_more_symbols_than_a_connection_takes_are_parted_and_fail_apart() -> None:
    class Few(BinanceSpot):
        symbols_per_connection = 1

    class OneCloses(Server):
        async def serve(self, socket: web.WebSocketResponse, number: int) -> None:
            await self.greet(socket)
            if self.texts[-1]["params"][0].startswith("btc"):
                await socket.close()
            await self.stay(socket)

    async def check(_: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsClosed, 2)
        assert {word.symbols for word in heard.words if isinstance(word, StreamsClosed)} == {(BTC,)}
        assert StreamsOpened((ETH,)) in heard.words

    run(OneCloses(), check, Few, (BTC, ETH))


def test_a_venue_that_wants_a_sign_of_life_gets_one() -> None:
    class Talking(BinanceSpot):
        keepalive = ('{"op":"ping"}', 0.05)

    async def check(_: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        await asyncio.sleep(0.7)  # texts wait for their turn

    server = Server()
    run(server, check, Talking)
    assert server.texts[1:].count({"op": "ping"}) >= 2


def test_a_snapshot_is_fetched_over_the_same_session_and_a_failure_is_told() -> None:
    async def check(port: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        port.request_snapshot(BTC, 0.0)
        assert json.loads((await heard.wait(SnapshotArrived)).payload)["lastUpdateId"] == 5
        port.request_snapshot(ETH, 0.0)
        port.request_snapshot("SOL/USDT", 0.0)
        assert "503" in (await heard.wait(SnapshotUnavailable, 2)).reason
        assert "not among the symbols" in (await heard.wait(SnapshotUnavailable, 1)).reason

    server = Server()
    run(server, check, symbols=(BTC, ETH))
    assert server.snapshots == ["symbol=BTCUSDT&limit=1000", "symbol=ETHUSDT&limit=1000"]


def test_asked_anew_it_answers_the_last_request_only() -> None:
    async def check(port: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        port.request_snapshot(BTC, 30.0)
        for _ in range(3):
            port.request_snapshot(BTC, 0.0)
        await heard.wait(SnapshotArrived)
        await asyncio.sleep(0.1)

    server = Server()
    run(server, check)
    assert len(server.snapshots) == 1


def test_a_venue_that_says_it_is_asked_too_much_is_asked_no_more_until_then() -> None:
    async def check(port: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        server.snapshot_status = 429
        port.request_snapshot(BTC, 0.0)
        assert "429" in (await heard.wait(SnapshotUnavailable)).reason
        server.snapshot_status, refused_s = 200, asyncio.get_running_loop().time()
        port.request_snapshot(BTC, 0.0)
        await heard.wait(SnapshotArrived)
        assert asyncio.get_running_loop().time() - refused_s >= 0.9

    server = Server()
    run(server, check)


def test_those_who_wait_for_their_turn_meanwhile_do_not_ask_either() -> None:
    symbols = tuple(f"C{number}/USDT" for number in range(30))

    class Limiting(Server):
        async def _depth(self, request: web.Request) -> web.Response:
            self.snapshots.append(request.query["symbol"])
            return web.Response(status=429, headers={"Retry-After": "5"})

    async def check(port: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        for symbol in symbols:
            port.request_snapshot(symbol, 0.0)
        await heard.wait(SnapshotUnavailable, streams.SNAPSHOTS_AT_ONCE)
        await asyncio.sleep(0.2)

    server = Limiting()
    run(server, check, symbols=symbols)
    assert len(server.snapshots) == streams.SNAPSHOTS_AT_ONCE


def test_trades_are_asked_for_by_number_where_the_venue_tells_them_so() -> None:
    async def check(port: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        port.request_trades(BTC, 77, 3)
        assert await heard.wait(TradesArrived) == TradesArrived(BTC, b"[]")
        port.request_trades(ETH, 5, 1)
        assert "503" in (await heard.wait(TradesUnavailable)).reason
        port.request_trades("SOL/USDT", 5, 1)
        assert "cannot be asked" in (await heard.wait(TradesUnavailable, 2)).reason

    server = Server()
    run(server, check, symbols=(BTC, ETH))
    assert server.snapshots == ["symbol=BTCUSDT&fromId=77&limit=3", "symbol=ETHUSDT&fromId=5&limit=1"]


def test_trades_wait_for_room_in_what_the_venue_lets_us_ask() -> None:
    async def check(port: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        port._budget.spend("market", 2_990, port._clock.now_ns())
        port.request_trades(BTC, 77, 3)
        assert "not asked" in (await heard.wait(TradesUnavailable)).reason

    server = Server()
    run(server, check)
    assert server.snapshots == []


def test_while_the_venue_refuses_us_a_search_fails_at_once_and_none_waits_in_line() -> None:
    symbols = tuple(f"C{number}/USDT" for number in range(30))

    async def check(port: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        now_ns = port._clock.now_ns()
        port._budget.pause(now_ns + 3_600 * 10**9, now_ns)
        for symbol in symbols:
            port.request_snapshot(symbol, 0.0)
        await asyncio.sleep(0.05)  # they hold every place
        port.request_trades(symbols[0], 77, 3)
        assert "refuses us" in (await heard.wait(TradesUnavailable)).reason

    server = Server()
    run(server, check, symbols=symbols)
    assert server.snapshots == []


def test_one_search_of_a_symbol_goes_on_at_a_time_and_it_is_the_latest() -> None:
    async def check(port: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        for first_id in range(50):
            port.request_trades(BTC, first_id + 1, 3)
        await heard.wait(TradesArrived)
        await asyncio.sleep(0.05)
        assert len([word for word in heard.words if isinstance(word, TradesArrived)]) == 1

    server = Server()
    run(server, check)
    assert server.snapshots == ["symbol=BTCUSDT&fromId=50&limit=3"]


def test_a_snapshot_in_the_stream_is_asked_for_there_and_one_that_does_not_come_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "SNAPSHOT_DUE_S", 0.1)

    monkeypatch.setattr(stream_connection, "SNAPSHOT_DUE_S", 0.1)

    async def check(port: StreamMarket, heard: Heard) -> None:
        assert "none came in the stream" in (await heard.wait(SnapshotUnavailable)).reason
        port.request_snapshot(BTC, 0.0)
        assert "none came in the stream" in (await heard.wait(SnapshotUnavailable, 2)).reason

    server = Server()
    run(server, check, InStream)
    assert server.texts[1:] == [{"again": BTC}]


class Counting(BinanceSpot):
    """As a venue that numbers its messages."""

    def sequence_of(self, payload: bytes) -> int | None:
        return json.loads(payload).get("number")


@pytest.mark.parametrize(("numbers", "gap"), [((0, 1, 2), False), ((0, 2), True), ((0, 1, 1), True)])
def test_a_message_that_is_missing_ends_the_connection(numbers: tuple[int, ...], gap: bool) -> None:
    class Numbering(Server):
        async def serve(self, socket: web.WebSocketResponse, number: int) -> None:
            await self.read(socket)
            await socket.send_json({"result": None, "id": 1, "number": numbers[0]})
            for message in numbers[1:]:
                await socket.send_json({"number": message})
            await socket.send_json({"no": "number"})
            await self.stay(socket)

    async def check(_: StreamMarket, heard: Heard) -> None:
        if gap:
            assert "expected message" in (await heard.wait(StreamsClosed)).reason
            await heard.wait(StreamsOpened, 2)
        else:
            await heard.wait(FrameArrived, len(numbers))
            assert not any(isinstance(word, StreamsClosed) for word in heard.words)

    run(Numbering(), check, Counting)


def test_opened_anew_while_the_old_connection_still_closes_it_fetches_over_the_new_one() -> None:
    async def check(port: StreamMarket, heard: Heard) -> None:
        await heard.wait(StreamsOpened)
        again = Heard()
        port.open((BTC,), again)
        await again.wait(StreamsOpened)
        await asyncio.sleep(stream_connection.CLOSE_TIMEOUT_S + 0.2)  # the old one has let go of all it had by then
        port.request_snapshot(BTC, 0.0)
        assert json.loads((await again.wait(SnapshotArrived)).payload)["lastUpdateId"] == 5

    run(Server(), check)


@pytest.mark.parametrize(
    ("symbols", "levels"), [(1, 1_000), (30, 1_000), (31, 500), (60, 500), (61, 100), (1_000, 100)]
)
def test_of_many_symbols_the_books_are_read_less_deep(symbols: int, levels: int) -> None:
    assert snapshot_levels(symbols) == levels
