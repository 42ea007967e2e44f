"""The venue over real TLS, traded by unmodified ccxt under Binance's own addresses, and judged by raw requests."""

import asyncio
import contextlib
import datetime
import hashlib
import hmac
import io
import json
import time
from decimal import Decimal
from urllib.parse import urlencode

import ccxt.pro
import pytest
import yarl

from tradigrade.exchanges.loopback import open_session
from tradigrade.exchanges.simulated.requestlog import RequestLine, RequestLog
from tradigrade.exchanges.simulated.source import MarketFrame
from tradigrade.exchanges.simulated.state import VenueState
from tradigrade.exchanges.simulated.tls import ensure_certificate, server_context
from tradigrade.exchanges.simulated.venue import SimulatedVenue
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

BTC = "BTC/USDT"
REST = "https://api.binance.com/api/v3"
API = "wss://ws-api.binance.com:443/ws-api/v3"
STREAMS = "wss://stream.binance.com:9443"
BOUND_S = 20.0
SPOT_ONLY = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}


class SwingingMarket:
    """Every 5 ms a diff, a quote or a trade around a price that swings between 19,980 and 20,020."""

    symbols = (BTC,)

    def __init__(self):
        self.turn = 0

    def next(self):
        turn, self.turn = self.turn, self.turn + 1
        step, kind = divmod(turn, 3)
        stream = ("depth@100ms", "bookTicker", "trade")[kind]
        event = (self._depth, self._quote, self._trade)[kind](step)
        return MarketFrame(turn * 5_000_000, BTC, f"btcusdt@{stream}", json.dumps(event).encode())

    def state(self):
        return {"turn": self.turn}

    def restore(self, state):
        self.turn = state["turn"]

    def _middle(self, step):
        return 19_980 + abs(step % 80 - 40)

    def _depth(self, step):
        sides = {}
        for side, sign in (("b", -1), ("a", 1)):
            stale = {self._middle(step - 1) + sign * level: "0.0" for level in range(1, 6)} if step else {}
            fresh = {self._middle(step) + sign * level: f"{level}.5" for level in range(1, 6)}
            sides[side] = [[f"{price}.00", size] for price, size in (stale | fresh).items()]
        return {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": step * 10 + 1, "u": step * 10 + 10, **sides}

    def _quote(self, step):
        bid, ask = self._middle(step) - 1, self._middle(step) + 1
        return {"u": step * 10 + 10, "s": "BTCUSDT", "b": f"{bid}.00", "B": "1.5", "a": f"{ask}.00", "A": "1.5"}

    def _trade(self, step):
        price = f"{self._middle(step)}.00"
        return {"e": "trade", "E": 1, "s": "BTCUSDT", "t": step, "p": price, "q": "0.5", "T": 1, "m": True, "M": True}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return ensure_certificate(tmp_path_factory.mktemp("tls"), datetime.datetime.now(datetime.UTC))


class Rig:
    """A running venue and one session to it."""

    def __init__(self, venue, session, port, log, requests):
        self.venue, self.session, self.port, self.log, self.requests = venue, session, port, log, requests

    def lines(self):
        return [json.loads(line) for line in self.requests.getvalue().splitlines()]

    async def user_stream(self):
        """Until a user stream was subscribed: the request log is the only evidence of it."""
        while not any(line["path"].startswith("userDataStream") for line in self.lines()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def ccxt(self, stack, **options):
        settings = {"session": self.session, "apiKey": "key", "secret": "secret", "enableRateLimit": False}
        exchange = ccxt.pro.binance(settings | {"options": SPOT_ONLY} | options)
        stack.push_async_callback(exchange.close)
        await exchange.load_markets()
        return exchange

    async def call(self, method, path, key="key", secret="secret", **params):
        params.setdefault("timestamp", time.time_ns() // 1_000_000)
        raw = urlencode({name: value for name, value in params.items() if value is not None})
        raw += f"&signature={hmac.new(secret.encode(), raw.encode(), hashlib.sha256).hexdigest()}"
        headers = {"X-MBX-APIKEY": key} if key else {}
        async with self.session.request(method, f"{REST}{path}?{raw}", headers=headers) as response:
            return response.status, await response.json(), response.headers

    def place(self, **params):
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        return self.call("POST", "/order", **order | {"quantity": "0.01", "price": "19000"} | params)


def run_venue(certificate, scenario, source=None, state=None, log=None, **options):
    """Run `scenario(rig, stack)` against a venue; everything is closed after it."""

    async def run():
        requests, records = io.BytesIO(), log if log is not None else []
        venue = SimulatedVenue(
            source or SwingingMarket(), list(PAPER_INSTRUMENTS.values()), records, requests,
            clock_ns=time.time_ns, api_key="key", api_secret="secret",
            opening_balances={"USDT": Decimal(10_000), "BTC": Decimal(1)}, state=state, admin=True, **options,
        )  # fmt: skip
        port = await venue.start("127.0.0.1", 0, server_context(certificate))
        async with contextlib.AsyncExitStack() as stack, asyncio.timeout(BOUND_S):
            stack.push_async_callback(venue.stop)
            session = await stack.enter_async_context(open_session(port, certificate))
            return await scenario(Rig(venue, session, port, records, requests), stack)

    return asyncio.run(run())


def test_ccxt_reads_the_public_data(certificate):
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        market = exchange.market(BTC)
        assert market["precision"]["price"] == 0.01
        assert market["limits"]["cost"]["min"] == 5
        assert abs(await exchange.fetch_time() - time.time() * 1000) < 2_000
        await exchange.watch_trades(BTC)
        book = await exchange.fetch_order_book(BTC)
        assert book["bids"][0][0] < book["asks"][0][0]
        assert (await exchange.fetch_trades(BTC))[-1]["amount"] == 0.5
        assert (await exchange.fetch_ohlcv(BTC))[-1][5] > 0
        assert (await exchange.fetch_ticker(BTC))["last"] > 0
        assert (await exchange.fetch_bids_asks([BTC]))[BTC]["ask"] > 0

    run_venue(certificate, scenario)


def test_ccxt_places_finds_and_cancels_orders_by_its_own_ids(certificate):
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        placed = await exchange.create_order(BTC, "limit", "buy", 0.1, 19_000, {"clientOrderId": "mine-1"})
        assert (placed["status"], placed["clientOrderId"]) == ("open", "mine-1")
        balance = await exchange.fetch_balance()
        assert (balance["USDT"]["free"], balance["USDT"]["used"]) == (8_100, 1_900)
        assert [order["clientOrderId"] for order in await exchange.fetch_open_orders(BTC)] == ["mine-1"]
        by_client = {"clientOrderId": "mine-1"}
        assert (await exchange.fetch_order(None, BTC, by_client))["status"] == "open"
        assert (await exchange.cancel_order(None, BTC, by_client))["status"] == "canceled"
        assert (await exchange.fetch_order(None, BTC, by_client))["status"] == "canceled"
        assert await exchange.fetch_open_orders(BTC) == []
        assert [order["status"] for order in await exchange.fetch_orders(BTC)] == ["canceled"]

    run_venue(certificate, scenario)


def test_ccxt_hears_of_its_orders_fills_and_balances(certificate):
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        await exchange.watch_trades(BTC)
        hears_trades = asyncio.create_task(exchange.watch_my_trades(BTC))
        hears_balance = asyncio.create_task(exchange.watch_balance())
        await rig.user_stream()
        order = await exchange.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "mine-1"})
        assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 0.01, "mine-1")
        assert order["fee"] == {"currency": "BTC", "cost": 0.00001}
        trade = (await hears_trades)[-1]
        assert (trade["order"], trade["amount"], trade["takerOrMaker"]) == (order["id"], 0.01, "taker")
        assert (await hears_balance)["BTC"]["free"] == 1.00999
        assert [own["id"] for own in await exchange.fetch_my_trades(BTC)] == [trade["id"]]

    run_venue(certificate, scenario)


def test_a_resting_order_is_filled_by_the_market_as_maker(certificate):
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        await exchange.watch_trades(BTC)
        hears = asyncio.create_task(exchange.watch_orders(BTC))
        await rig.user_stream()
        order = await exchange.create_order(BTC, "limit", "buy", 0.01, 19_985, {"clientOrderId": "mine-1"})
        heard = (await hears)[-1]
        while heard["status"] != "closed":
            heard = (await exchange.watch_orders(BTC))[-1]
        assert (heard["id"], heard["clientOrderId"], heard["average"]) == (order["id"], "mine-1", 19_985)
        trades = await exchange.fetch_my_trades(BTC)
        assert [(own["takerOrMaker"], own["price"]) for own in trades] == [("maker", 19_985)]

    run_venue(certificate, scenario)


def test_ccxts_book_equals_the_venues_at_equal_nonce(certificate):
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        market, compared = rig.venue.engine.market("BTCUSDT"), 0
        while compared < 20:
            book = await exchange.watch_order_book(BTC)
            if book["nonce"] == market.last_update_id:
                for ours, theirs in (("bid", "bids"), ("ask", "asks")):
                    expected = [[float(price), float(size)] for price, size in market.book.levels(ours)]
                    assert [list(level[:2]) for level in book[theirs]] == expected
                compared += 1

    run_venue(certificate, scenario)


def test_ccxt_trades_over_the_websocket_api(certificate):
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        order = await exchange.create_order_ws(BTC, "limit", "buy", 0.01, 19_000, {"newClientOrderId": "mine-1"})
        assert order["clientOrderId"] == "mine-1"
        assert len(await exchange.fetch_open_orders_ws(BTC)) == 1
        assert (await exchange.cancel_order_ws(order["id"], BTC))["status"] == "canceled"
        balances = (await exchange.fetch_balance_ws())["info"]["balances"]
        assert {held["asset"]: held["locked"] for held in balances} == {"BTC": "0.00000000", "USDT": "0.00000000"}
        with pytest.raises(ccxt.OrderNotFound):
            await exchange.cancel_order_ws(order["id"], BTC)

    run_venue(certificate, scenario)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda ex: ex.create_order(BTC, "limit", "buy", 1, 19_000), ccxt.InsufficientFunds),
        (lambda ex: ex.create_order(BTC, "limit", "buy", 0.01, 19_001, {"clientOrderId": "mine"}), ccxt.InvalidOrder),
        (lambda ex: ex.create_order(BTC, "limit", "buy", 0.0001, 19_001), ccxt.BadRequest),
        (lambda ex: ex.cancel_order("77", BTC), ccxt.OrderNotFound),
        (lambda ex: ex.fetch_order("77", BTC), ccxt.OrderNotFound),
        (lambda ex: ex.public_get_depth({"symbol": "NOPE"}), ccxt.BadSymbol),
        (lambda ex: ex.private_get_order({"symbol": "BTCUSDT"}), ccxt.BadRequest),
        (
            lambda ex: ex.private_post_order(
                {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.000011",
                 "price": "19000"}
            ),
            ccxt.InvalidOrder,
        ),
    ],
    ids=["balance", "duplicate", "notional", "cancel unknown", "fetch unknown", "symbol", "parameter", "lot size"],
)  # fmt: skip
def test_refusals_are_the_errors_ccxt_knows(certificate, call, error):
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        await exchange.create_order(BTC, "limit", "buy", 0.01, 19_000, {"clientOrderId": "mine"})
        with pytest.raises(error):
            await call(exchange)

    run_venue(certificate, scenario)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"secret": "wrong"}, ccxt.AuthenticationError),
        ({"apiKey": "wrong"}, ccxt.AuthenticationError),
        ({"milliseconds": -3_600_000}, ccxt.InvalidNonce),
        ({"milliseconds": 3_600_000}, ccxt.InvalidNonce),
    ],
)
def test_who_may_not_ask_is_refused(certificate, settings, error):
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        skew_ms = settings.pop("milliseconds", 0)
        exchange.nonce = lambda: time.time_ns() // 1_000_000 + skew_ms
        for name, value in settings.items():
            setattr(exchange, name, value)
        with pytest.raises(error):
            await exchange.fetch_balance()

    run_venue(certificate, scenario)


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"key": ""}, 401, -2014),
        ({"key": "wrong"}, 401, -2015),
        ({"secret": "wrong"}, 400, -1022),
        ({"timestamp": 1}, 400, -1021),
        ({"timestamp": None}, 400, -1102),
        ({"timestamp": "soon"}, 400, -1100),
        ({"recvWindow": 60_001}, 400, -1131),
        ({"price": "1e5"}, 400, -1100),
        ({"price": "19000.123456789"}, 400, -1111),
        ({"price": None}, 400, -1102),
        ({"side": "buy"}, 400, -1117),
        ({"type": "TRAILING_STOP"}, 400, -1116),
        ({"timeInForce": "GTD"}, 400, -1115),
        ({"type": "MARKET"}, 400, -1106),
        ({"newClientOrderId": "no spaces"}, 400, -1100),
        ({"symbol": None}, 400, -1102),
        ({"symbol": "NOPE"}, 400, -1121),
    ],
)
def test_a_wrong_request_is_refused_logged_and_changes_nothing(certificate, options, status, code):
    async def scenario(rig, stack):
        written = len(rig.log)
        answered, body, _ = await rig.place(**options)
        assert (answered, body["code"]) == (status, code)
        assert [(line["status"], line["code"]) for line in rig.lines()] == [(status, code)]
        assert len(rig.log) == written

    run_venue(certificate, scenario)


def test_the_signature_covers_the_bytes_as_they_were_sent(certificate):
    async def scenario(rig, stack):
        stamp = time.time_ns() // 1_000_000
        raw = f"symbol=BTC%55SDT&recvWindow=05000&timestamp={stamp}"
        signature = hmac.new(b"secret", raw.encode(), hashlib.sha256).hexdigest()
        url = yarl.URL(f"{REST}/openOrders?{raw}&signature={signature}", encoded=True)
        async with rig.session.get(url, headers={"X-MBX-APIKEY": "key"}) as response:
            assert (response.status, await response.json()) == (200, [])

    run_venue(certificate, scenario)


def test_the_request_log_tells_what_was_sent_without_secrets(certificate):
    async def scenario(rig, stack):
        await rig.place(newClientOrderId="mine-1")
        (line,) = rig.lines()
        assert (line["method"], line["path"], line["status"], line["code"]) == ("POST", "/api/v3/order", 200, 0)
        assert line["params"]["newClientOrderId"] == "mine-1"
        assert not {"signature", "apiKey"} & set(line["params"])

    run_venue(certificate, scenario)


def test_a_logged_line_is_in_the_file_when_the_call_returns(tmp_path):
    path = tmp_path / "requests.jsonl"
    with path.open("ab") as file:
        RequestLog(file).append(RequestLine(1, "POST", "/order", {"side": "BUY", "signature": "x"}, 200, 0))
        assert json.loads(path.read_bytes())["params"] == {"side": "BUY"}


def test_an_order_test_is_judged_and_forgotten(certificate):
    async def scenario(rig, stack):
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.01", "price": "19000"}
        assert (await rig.call("POST", "/order/test", **order))[:2] == (200, {})
        assert rig.venue.stats()["orders"] == 0

    run_venue(certificate, scenario)


def test_a_lost_answer_leaves_the_order_accepted(certificate):
    async def scenario(rig, stack):
        faults = {"place_unanswered": 1}
        async with rig.session.post("https://api.binance.com/admin/faults", json=faults) as response:
            assert faults.items() <= (await response.json()).items()
        exchange = await rig.ccxt(stack)
        with pytest.raises(ccxt.NetworkError):
            await exchange.create_order(BTC, "limit", "buy", 0.01, 19_000, {"clientOrderId": "doubt"})
        assert (await exchange.fetch_order(None, BTC, {"clientOrderId": "doubt"}))["status"] == "open"
        assert len([line for line in rig.lines() if line["method"] == "POST"]) == 1

    run_venue(certificate, scenario)


def test_every_weight_is_counted_and_too_much_is_refused(certificate):
    async def scenario(rig, stack):
        _, _, headers = await rig.call("GET", "/account")
        assert headers["X-MBX-USED-WEIGHT-1M"] == "20"
        status, body, headers = await rig.call("GET", "/account")
        assert (status, body["code"]) == (429, -1003)
        assert 1 <= int(headers["Retry-After"]) <= 60

    run_venue(certificate, scenario, weight_limit=30)


@pytest.mark.parametrize(("path", "enveloped"), [("/ws/0", False), ("/stream", True)])
def test_a_subscription_is_acknowledged_before_its_first_frame(certificate, path, enveloped):
    async def scenario(rig, stack):
        async with rig.session.ws_connect(STREAMS + path) as socket:
            await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@depth@100ms"], "id": 7})
            assert await socket.receive_json() == {"result": None, "id": 7}
            now_ms, frame = time.time() * 1000, await socket.receive_json()
            if enveloped:
                assert frame["stream"] == "btcusdt@depth@100ms"
            event = frame["data"] if enveloped else frame
            assert (event["U"], event["u"]) == (1, 10)
            assert abs(event["E"] - now_ms) < 2_000
            await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 8})
            while "id" not in (frame := await socket.receive_json()):
                assert (frame["data"] if enveloped else frame)["e"] == "depthUpdate"
            assert frame["result"] == ["btcusdt@depth@100ms"]
            await socket.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@depth@100ms"], "id": 9})
            while "id" not in (frame := await socket.receive_json()):
                pass
            await socket.send_str("nonsense")
            assert (await socket.receive_json())["error"]["code"] == 3

    run_venue(certificate, scenario)


def test_the_websocket_api_refuses_in_its_own_form(certificate):
    async def scenario(rig, stack):
        async with rig.session.ws_connect(API) as socket:
            await socket.send_json({"id": "1", "method": "order.place", "params": {"apiKey": "wrong"}})
            reply = await socket.receive_json()
            assert (reply["id"], reply["status"], reply["error"]["code"]) == ("1", 401, -2015)
            await socket.send_json({"id": 2, "method": "no.such"})
            assert (await socket.receive_json())["error"]["code"] == -1020
            await socket.send_str("nonsense")
            assert (await socket.receive_json())["status"] == 400

    run_venue(certificate, scenario)


def test_a_killed_venue_resumes_accounts_orders_ids_and_the_market(certificate):
    log, published = [], []

    async def watch(rig):
        async with rig.session.ws_connect(f"{STREAMS}/ws/btcusdt@depth@100ms") as socket:
            ids = [(await socket.receive_json())["u"] for _ in range(30)]
        published.append(ids)

    async def before(rig, stack):
        await watch(rig)
        await rig.place(newClientOrderId="mine-1")
        return rig.venue.state.books.account, list(rig.log)

    account, durable = run_venue(certificate, before, log=log)
    state = VenueState()
    state.replay(durable)
    assert state.books.account == account

    async def after(rig, stack):
        await watch(rig)
        exchange = await rig.ccxt(stack)
        assert [order["clientOrderId"] for order in await exchange.fetch_open_orders(BTC)] == ["mine-1"]
        assert (await rig.place(newClientOrderId="mine-2"))[1]["orderId"] == 2
        assert (await exchange.watch_order_book(BTC))["nonce"] > max(published[0])

    run_venue(certificate, after, state=state, log=durable)
    assert min(published[1]) > max(published[0])
    assert published[1] == sorted(set(published[1]))


def test_a_client_that_falls_behind_is_disconnected(certificate, monkeypatch):
    monkeypatch.setattr("tradigrade.exchanges.simulated.outbox.Outbox.__init__.__defaults__", (3,))

    async def scenario(rig, stack):
        async with rig.session.ws_connect(f"{STREAMS}/ws/0") as socket:
            await socket.send_json({"method": "SUBSCRIBE", "params": ["x"], "id": 1})
            await socket.receive_json()
            for _ in range(4):
                rig.venue._feeds.publish("x", b"{}")
            for _ in range(10):
                if (await socket.receive()).type.name in ("CLOSE", "CLOSED", "CLOSING", "ERROR"):
                    break
            else:
                raise AssertionError("still connected")
        while rig.venue.stats()["stream_clients"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    run_venue(certificate, scenario)


def test_a_symbol_without_instrument_is_refused_at_the_start(certificate):
    with pytest.raises(ValueError, match="found none for"):
        SimulatedVenue(
            SwingingMarket(), [], [], io.BytesIO(), clock_ns=time.time_ns, api_key="k", api_secret="s",
            opening_balances={},
        )  # fmt: skip


def test_a_broken_market_ends_the_venue_with_its_cause(certificate):
    class Broken(SwingingMarket):
        def next(self):
            if self.turn == 3:
                raise OSError("the recording is unreadable")
            return super().next()

    async def scenario(rig, stack):
        async with rig.session.ws_connect(f"{STREAMS}/ws/btcusdt@trade") as socket:
            await socket.receive_json()
            with pytest.raises(OSError, match="unreadable"):
                await rig.venue.wait_failed()

    run_venue(certificate, scenario, source=Broken())
