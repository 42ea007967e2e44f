"""The venue behind Kraken's protocol over real TLS, traded by unmodified ccxt and judged by raw requests."""

import asyncio
import base64
import contextlib
import datetime
import hashlib
import hmac
import io
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import ccxt.pro
import pytest

from tests.exchanges.test_simulated_venue import SwingingMarket
from tradigrade.exchanges.book_sync import RequestSnapshot, StreamLost
from tradigrade.exchanges.kraken.protocol import KrakenSpot
from tradigrade.exchanges.loopback import open_session
from tradigrade.exchanges.market import FrameArrived, SnapshotUnavailable, StreamsClosed, StreamsOpened
from tradigrade.exchanges.market_events import DepthEvent, TickerEvent, TradeEvent
from tradigrade.exchanges.simulated.kraken.limits import Limits
from tradigrade.exchanges.simulated.kraken.names import number_of, order_txid
from tradigrade.exchanges.simulated.kraken.venue import KrakenVenue
from tradigrade.exchanges.simulated.state import VenueState
from tradigrade.exchanges.simulated.tls import ensure_certificate, server_context
from tradigrade.exchanges.streams import StreamMarket
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.identity import SystemEntropy
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

BTC = "BTC/USDT"
REST = "https://api.kraken.com"
STREAMS, ACCOUNT = "wss://ws.kraken.com/v2", "wss://ws-auth.kraken.com/v2"
SECRET = base64.b64encode(b"a secret of the account").decode()
BOUND_S = 20.0
PLENTY = Limits(calls=10_000.0, orders=10_000.0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_certificate(tmp_path_factory.mktemp("tls"), datetime.datetime.now(datetime.UTC))


class Rig:
    """A running venue and one session to it."""

    def __init__(self, venue: KrakenVenue, session: Any, port: int, requests: io.BytesIO) -> None:
        self.venue, self.session, self.port, self.requests = venue, session, port, requests
        self._nonces = itertools.count(time.time_ns() // 1_000_000)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.requests.getvalue().splitlines()]

    async def market(self) -> None:
        """Until there is one."""
        async with self.session.ws_connect(STREAMS) as socket:
            await socket.send_str('{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USDT"]}}')
            while json.loads(await socket.receive_str()).get("channel") != "trade":
                pass

    async def ccxt(self, stack: Any, **options: Any) -> Any:
        settings = {"session": self.session, "apiKey": "key", "secret": SECRET, "enableRateLimit": False}
        exchange = ccxt.pro.kraken(settings | options)
        stack.push_async_callback(exchange.close)
        await exchange.load_markets()
        return exchange

    async def call(self, name: str, key: str = "key", secret: str = SECRET, **params: Any) -> Any:
        """The one error, else the result."""
        params.setdefault("nonce", str(next(self._nonces)))
        path, body = f"/0/private/{name}", urlencode(params)
        message = path.encode() + hashlib.sha256(f"{params['nonce']}{body}".encode()).digest()
        sign = base64.b64encode(hmac.new(base64.b64decode(secret), message, hashlib.sha512).digest()).decode()
        headers = {"API-Key": key, "API-Sign": sign, "Content-Type": "application/x-www-form-urlencoded"}
        async with self.session.post(f"{REST}{path}", data=body, headers=headers) as response:
            answer = await response.json()
        return answer["error"][0] if answer["error"] else answer["result"]

    async def place(self, **params: Any) -> Any:
        order = {"pair": "XBTUSDT", "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "19000"}
        return await self.call("AddOrder", **order | params)


Scenario = Callable[[Rig, contextlib.AsyncExitStack], Awaitable[None]]


def run_venue(certificate: Path, scenario: Scenario, state: VenueState | None = None, **options: Any) -> None:
    """Run `scenario(rig, stack)` against a venue; everything is closed after it."""

    async def run() -> None:
        requests = io.BytesIO()
        venue = KrakenVenue(
            SwingingMarket(), list(PAPER_INSTRUMENTS.values()), [], requests, clock_ns=time.time_ns, api_key="key",
            api_secret=SECRET, opening_balances={"USDT": Decimal(10_000), "BTC": Decimal(1)}, state=state, admin=True,
            **{"limits": PLENTY} | options,
        )  # fmt: skip
        port = await venue.start("127.0.0.1", 0, server_context(certificate))
        async with contextlib.AsyncExitStack() as stack, asyncio.timeout(BOUND_S):
            stack.push_async_callback(venue.stop)
            session = await stack.enter_async_context(open_session(port, certificate))
            await scenario(Rig(venue, session, port, requests), stack)

    asyncio.run(run())


# -- unmodified ccxt --------------------------------------------------------------------------------------------------

READS: dict[str, tuple[Callable[[Any], Awaitable[Any]], Callable[[Any], bool]]] = {
    "time": (lambda ex: ex.fetch_time(), lambda ms: abs(ms - time.time() * 1_000) < 2_500),
    "status": (lambda ex: ex.fetch_status(), lambda status: status["status"] == "ok"),
    "currencies": (lambda ex: ex.fetch_currencies(), lambda found: found["BTC"]["id"] == "XXBT"),
    "book": (lambda ex: ex.fetch_order_book(BTC), lambda book: book["bids"][0][0] < book["asks"][0][0]),
    "trades": (lambda ex: ex.fetch_trades(BTC), lambda trades: trades[-1]["amount"] == 0.5),
    "bars": (lambda ex: ex.fetch_ohlcv(BTC), lambda bars: bars[-1][5] > 0 and bars[-1][2] >= bars[-1][3]),
    "5m bars": (lambda ex: ex.fetch_ohlcv(BTC, "5m"), lambda bars: bars[-1][0] % 300_000 == 0),
    "ticker": (lambda ex: ex.fetch_ticker(BTC), lambda ticker: ticker["bid"] < ticker["ask"] and ticker["last"] > 0),
    "tickers": (lambda ex: ex.fetch_tickers([BTC]), lambda tickers: tickers[BTC]["last"] > 0),
    "fee": (lambda ex: ex.fetch_trading_fee(BTC), lambda fee: (fee["taker"], fee["maker"]) == (0.004, 0.0025)),
    "balance": (
        lambda ex: ex.fetch_balance(),
        lambda held: (held["USDT"]["free"], held["BTC"]["total"]) == (10_000, 1),
    ),
    "watched trades": (lambda ex: ex.watch_trades(BTC), lambda trades: trades[-1]["price"] > 19_000),
    "watched ticker": (lambda ex: ex.watch_ticker(BTC), lambda ticker: ticker["bid"] < ticker["ask"]),
    "watched quote": (lambda ex: ex.watch_bids_asks([BTC]), lambda quotes: quotes[BTC]["bidVolume"] == 1.5),
    "watched bars": (lambda ex: ex.watch_ohlcv(BTC), lambda bars: bars[-1][0] % 60_000 == 0 and bars[-1][4] > 19_000),
    "watched book": (lambda ex: ex.watch_order_book(BTC), lambda book: book["bids"][0][0] < book["asks"][0][0]),
}


def test_ccxt_reads_everything_public_and_the_account(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        exchange = await rig.ccxt(stack)
        assert exchange.market(BTC)["id"] == "XBTUSDT"
        assert exchange.market(BTC)["precision"] == {"price": 0.01, "amount": 1e-8}
        assert exchange.market(BTC)["limits"]["cost"]["min"] == 5
        assert exchange.market("DOGE/USDT")["info"]["base"] == "XXDG"
        await exchange.watch_trades(BTC)
        for name, (call, means) in READS.items():
            answer = await call(exchange)
            assert means(answer), f"{name}: {answer}"

    run_venue(certificate, scenario)


ORDERS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "limit": (("limit", "buy", 0.01, 19_000), {}),
    "post only": (("limit", "buy", 0.01, 19_000, {"postOnly": True}), {"postOnly": True}),
    "stop loss": (
        ("market", "sell", 0.01, None, {"stopLossPrice": 18_000}),
        {"type": "market", "stopLossPrice": 18_000},
    ),
    "stop loss limit": (
        ("limit", "sell", 0.01, 17_900, {"stopLossPrice": 18_000}),
        {"type": "limit", "price": 17_900, "stopLossPrice": 18_000},
    ),
    "take profit": (("market", "sell", 0.01, None, {"takeProfitPrice": 21_000}), {"takeProfitPrice": 21_000}),
    "take profit limit": (
        ("limit", "buy", 0.01, 18_100, {"takeProfitPrice": 18_000}),
        {"price": 18_100, "takeProfitPrice": 18_000},
    ),
    "trailing": (("market", "sell", 0.01, None, {"trailingPercent": "5"}), {"side": "sell"}),
}


@pytest.mark.parametrize("kind", ORDERS)
def test_ccxt_places_finds_and_cancels_each_kind_of_order(certificate: Path, kind: str) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        exchange = await rig.ccxt(stack)
        given, means = ORDERS[kind]
        arguments, params = (given[:4], given[4]) if len(given) > 4 else (given, {})
        placed = await exchange.create_order(BTC, *arguments, {"clientOrderId": "mine-1", **params})
        (found,) = await exchange.fetch_open_orders(BTC)
        assert (found["id"], found["clientOrderId"]) == (placed["id"], "mine-1")
        assert (found["status"], found["amount"], found["filled"]) == ("open", 0.01, 0)
        assert {name: found[name] for name in means} == means
        assert (await exchange.fetch_order(placed["id"], BTC))["status"] == "open"
        await exchange.cancel_order(None, BTC, {"clientOrderId": "mine-1"})
        (closed,) = await exchange.fetch_closed_orders(BTC)
        assert (closed["id"], closed["status"]) == (placed["id"], "canceled")
        assert await exchange.fetch_open_orders(BTC) == []
        with pytest.raises(ccxt.OrderNotFound):
            await exchange.cancel_order(placed["id"], BTC)

    run_venue(certificate, scenario)


def test_ccxt_hears_of_its_orders_fills_and_balances(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        exchange = await rig.ccxt(stack)
        await exchange.create_order(BTC, "limit", "buy", 0.1, 19_000, {"clientOrderId": "mine-1"})
        (shown,) = await exchange.watch_orders(BTC)
        assert (shown["status"], shown["info"]["cl_ord_id"]) == ("open", "mine-1"), "of the snapshot"
        before = await exchange.watch_balance()
        assert (before["USDT"]["total"], before["BTC"]["total"]) == (10_000, 1)
        hears = asyncio.create_task(exchange.watch_my_trades(BTC))
        await asyncio.sleep(0)
        order = await exchange.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "mine-2"})
        trade = (await hears)[-1]
        assert (trade["order"], trade["amount"], trade["takerOrMaker"]) == (order["id"], 0.01, "taker")
        paid = trade["price"] * 0.01
        assert trade["fee"] == {"currency": "USDT", "cost": pytest.approx(paid * 0.004, abs=1e-8)}
        (told,) = await exchange.fetch_my_trades(BTC)
        assert (told["id"], told["fee"], told["info"]["trade_id"]) == (
            trade["id"],
            trade["fee"],
            trade["info"]["trade_id"],
        )
        after = await exchange.fetch_balance()
        assert after["BTC"]["total"] == 1.01
        assert after["USDT"]["total"] == pytest.approx(10_000 - paid - trade["fee"]["cost"], abs=1e-8)
        assert (await exchange.fetch_order(order["id"], BTC))["fee"]["currency"] == "USDT"
        while not (
            ended := [each for each in exchange.orders if (each["id"], each["status"]) == (order["id"], "closed")]
        ):
            await exchange.watch_orders()  # a report of an end names no symbol: ccxt keeps it beside the first
        assert ended[0]["average"] == trade["price"]

    run_venue(certificate, scenario)


def test_ccxt_trades_over_the_websocket(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        exchange = await rig.ccxt(stack)
        first = await exchange.create_order_ws(BTC, "limit", "buy", 0.1, 19_000, {"clientOrderId": "ws-1"})
        stop = await exchange.create_order_ws(BTC, "limit", "sell", 0.1, 17_900, {"stopLossPrice": 18_000})
        placed = {order["id"]: order for order in await exchange.fetch_open_orders(BTC)}
        assert placed[first["id"]]["clientOrderId"] == "ws-1"
        assert (placed[stop["id"]]["stopLossPrice"], placed[stop["id"]]["price"]) == (18_000, 17_900)
        assert (await exchange.cancel_order_ws(first["id"]))["result"] == {"order_id": first["id"]}
        assert (await exchange.cancel_all_orders_ws())["result"] == {"count": 1}
        with pytest.raises(ccxt.ExchangeError, match="EOrder:Insufficient funds"):  # ccxt knows it by another text
            await exchange.create_order_ws(BTC, "limit", "buy", 100, 19_000)
        ways = [(line["method"], line["path"]) for line in rig.lines() if line["method"] == "WS"]
        assert ways == [("WS", "add_order")] * 2 + [("WS", "cancel_order"), ("WS", "cancel_all"), ("WS", "add_order")]

    run_venue(certificate, scenario)


def test_a_resting_order_is_filled_by_the_market_as_maker(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        exchange = await rig.ccxt(stack)
        order = await exchange.create_order(BTC, "limit", "buy", 0.01, 19_985, {"clientOrderId": "mine-1"})
        (trade,) = await exchange.watch_my_trades(BTC)
        assert (trade["order"], trade["takerOrMaker"], trade["price"]) == (order["id"], "maker", 19_985)

    run_venue(certificate, scenario)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "too little": ({"volume": "0.000001"}, "EGeneral:Invalid arguments:volume minimum not met"),
    "too cheap": ({"volume": "0.0001"}, "EOrder:Cost minimum not met"),
    "off the tick": ({"price": "19000.001"}, "EOrder:Tick size check failed"),
    "too dear": ({"volume": "5"}, "EOrder:Insufficient funds"),
    "no volume": ({"volume": "much"}, "EGeneral:Invalid arguments:volume"),
    "too precise": ({"volume": "0.012345678901"}, "EGeneral:Invalid arguments:volume"),
    "no pair": ({"pair": "XBTEUR"}, "EQuery:Unknown asset pair"),
    "no side": ({"type": "hold"}, "EGeneral:Invalid arguments:type"),
    "no kind": ({"ordertype": "magic"}, "EGeneral:Invalid arguments:ordertype"),
    "margin": ({"leverage": "3:1"}, "EGeneral:Invalid arguments:leverage"),
    "a long id": ({"cl_ord_id": "a-free-text-of-19-ch"}, "EGeneral:Invalid arguments:cl_ord_id"),
    "late": ({"deadline": "2023-01-01T00:00:00Z"}, "EService:Deadline elapsed"),
    "would take": ({"oflags": "post", "price": "20100"}, "EOrder:Post only order"),
}


def test_refusals_are_in_the_venues_words_and_change_nothing(certificate: Path) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        for name, (changes, text) in REFUSED.items():
            assert await rig.place(**changes) == text, name
        assert rig.venue.stats()["orders"] == 0
        assert (await rig.place(validate="true"))["descr"] == {"order": "validated"}
        assert rig.venue.stats()["orders"] == 0

    run_venue(certificate, scenario)


@pytest.mark.parametrize(
    "client_id", ["mine-1", "6d1b345e28214ae2ad834ecb18a06876", "6d1b345e-2821-4ae2-ad83-4ecb18a06876"]
)
def test_a_client_id_is_a_short_text_or_a_uuid_and_open_only_once(certificate: Path, client_id: str) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        (txid,) = (await rig.place(cl_ord_id=client_id))["txid"]
        assert number_of(txid) == 1
        assert await rig.place(cl_ord_id=client_id) == "EOrder:Duplicate cl_ord_id"
        assert list((await rig.call("OpenOrders", cl_ord_id=client_id))["open"]) == [txid]
        assert await rig.call("CancelOrder", cl_ord_id=client_id) == {"count": 1}
        assert await rig.call("CancelOrder", cl_ord_id=client_id) == "EOrder:Unknown order"
        assert list((await rig.call("ClosedOrders", cl_ord_id=client_id))["closed"]) == [txid]

    run_venue(certificate, scenario)


def test_only_the_accounts_key_signature_and_rising_nonce_are_let_in(certificate: Path) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        wrong = base64.b64encode(b"another secret").decode()
        assert "USDT" in await rig.call("Balance", nonce="5")
        assert await rig.call("Balance", nonce="5") == "EAPI:Invalid nonce"
        assert await rig.call("Balance", nonce="4") == "EAPI:Invalid nonce"
        assert await rig.call("Balance", key="other", nonce="6") == "EAPI:Invalid key"
        assert await rig.call("Balance", secret=wrong, nonce="9") == "EAPI:Invalid signature"
        assert "USDT" in await rig.call("Balance", nonce="6"), "an unsigned nonce is none"
        assert not [line for line in rig.lines() if "nonce" in line["params"]]

    run_venue(certificate, scenario)


def test_who_calls_too_much_is_refused_until_the_counter_has_fallen(certificate: Path) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        for _ in range(2):
            await rig.call("Balance")
        assert await rig.call("Balance") == "EAPI:Rate limit exceeded"
        (txid,) = (await rig.place())["txid"]  # orders have a counter of their own
        await asyncio.sleep(0.11)
        assert "USDT" in await rig.call("Balance")
        assert await rig.call("CancelOrder", txid=txid) == {"count": 1}, "a cancel this early costs 8"
        await rig.place()
        assert await rig.place() == "EOrder:Rate limit exceeded"

    run_venue(certificate, scenario, limits=Limits(2.5, 10.0, 10.0, 0.0))


def test_the_dead_man_switch_cancels_what_is_not_renewed(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        exchange = await rig.ccxt(stack)
        await rig.place()
        await exchange.cancel_all_orders_after(1_000)
        assert (await exchange.cancel_all_orders_after(0))["result"]["triggerTime"] == "0"
        await asyncio.sleep(1.3)
        assert rig.venue.stats()["open_orders"] == 1, "it was disarmed"
        await exchange.cancel_all_orders_after(1_000)
        while rig.venue.stats()["open_orders"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    run_venue(certificate, scenario)


def test_the_account_is_not_told_without_a_token(certificate: Path) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        async with rig.session.ws_connect(ACCOUNT) as socket:
            for request in ("subscribe", "add_order"):
                params = {"channel": "executions", "token": "guessed"} if request == "subscribe" else {"token": 7}
                params |= {} if request == "subscribe" else {"symbol": BTC, "order_type": "market", "side": "buy"}
                await socket.send_str(json.dumps({"method": request, "params": params, "req_id": 3}))
                answer: dict[str, Any] = {}
                while answer.get("method") != request:
                    answer = json.loads(await socket.receive_str())
                assert (answer["success"], answer["error"]) == (False, "ESession:Invalid session")
            for text in (
                "",
                "[]",
                "{}",
                '{"method":"subscribe","params":7}',
                '{"method":"add_order","params":{"a":NaN}}',
            ):
                await socket.send_str(text)
                assert json.loads(await socket.receive_str())["success"] is False

    run_venue(certificate, scenario)


def test_orders_survive_a_restart(certificate: Path) -> None:
    state = VenueState()

    async def before(rig: Rig, _: Any) -> None:
        await rig.market()
        await rig.place(cl_ord_id="mine-1")

    async def after(rig: Rig, stack: Any) -> None:
        exchange = await rig.ccxt(stack)
        (order,) = await exchange.fetch_open_orders(BTC)
        assert (order["id"], order["clientOrderId"]) == (order_txid(1), "mine-1")

    run_venue(certificate, before, state)
    run_venue(certificate, after, state)


# -- our own client ---------------------------------------------------------------------------------------------------


class Follower:
    """The port of market data on Kraken's protocol, and the book that its frames keep."""

    def __init__(self, rig: Rig, certificate: Path) -> None:
        self.protocol = KrakenSpot(10)
        self.book = self.protocol.make_synchronizer()
        self.lost, self.closed, self.ready = 0, 0, 0
        self.events: list[Any] = []

        async def session() -> Any:
            return open_session(rig.port, certificate)

        loop = asyncio.get_running_loop()
        self.port = StreamMarket(loop, SystemClock(), SystemEntropy(), self.protocol, session)
        self.port.open((BTC,), self._hear)

    def _hear(self, word: Any) -> None:
        match word:
            case FrameArrived():
                for event in self.protocol.decode(word.payload):
                    self.events.append(event)
                    if isinstance(event, DepthEvent):
                        self._step(event)
            case StreamsClosed():
                self.closed += 1
                self._step(StreamLost(word.reason))
            case StreamsOpened() | SnapshotUnavailable():
                pass

    def _step(self, event: Any) -> None:
        was_live = self.book.live
        effects = self.book.step(event)
        self.lost += was_live and not self.book.live
        self.ready += self.book.live and not was_live
        for effect in effects:
            if isinstance(effect, RequestSnapshot):
                self.port.request_snapshot(BTC, 0.0)

    async def until_ready(self, count: int) -> None:
        while self.ready < count or not self.book.live:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


FAULTS = {
    "a lost update": ("diff_lost",),
    "a crossed book": ("frame_crossed",),
    "a disconnect": ("market_cut",),
    "a lost snapshot": ("snapshot_lost", "market_cut"),
    "a stale snapshot": ("snapshot_stale", "market_cut"),
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_after_each_fault_the_book_is_the_venues_again(certificate: Path, faults: tuple[str, ...]) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        follower = Follower(rig, certificate)
        await follower.until_ready(1)
        for fault in faults:
            setattr(rig.venue.faults, fault, 1)
        await follower.until_ready(3 if "snapshot_stale" in faults else 2)
        assert set(rig.venue.fired) == set(faults)
        assert (follower.lost, follower.closed) == (follower.ready - 1, int("market_cut" in faults))
        theirs = rig.venue.engine.markets["BTCUSDT"].book
        async with asyncio.timeout(5):
            while not (follower.book.live and follower.book.book.top(10) == theirs.top(10)):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        while not {TradeEvent, TickerEvent} <= {type(event) for event in follower.events}:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        follower.port.close()
        await asyncio.sleep(0)

    run_venue(certificate, scenario)
