"""Frame by frame, each decoder reads what ccxt reads: on recordings where there are some, else on our own frames."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec
import pytest

from tests.kit.recordings import CcxtReader, read_days, read_session
from tradigrade.exchanges.binance.usdm import BinanceUsdm
from tradigrade.exchanges.bybit.protocol import BybitSpot
from tradigrade.exchanges.coinbase.protocol import CoinbaseSpot
from tradigrade.exchanges.market_events import (
    DepthEvent,
    MalformedFrame,
    MarketEvent,
    StreamEvent,
    TickerEvent,
    TradeEvent,
)
from tradigrade.exchanges.okx.protocol import OkxSpot
from tradigrade.exchanges.stream_protocol import StreamProtocol

COMPARE_EVERY = 25
FRAMES = 6_000
"""Of a recording: ccxt takes its time."""


class Beside:
    """One venue's frames through our decoder and through ccxt."""

    def __init__(self, protocol: StreamProtocol, reader: CcxtReader, symbols: dict[str, str]) -> None:
        self.protocol, self.reader = protocol, reader
        self.symbols = {name: symbol for symbol, name in symbols.items()}
        self.books: dict[str, tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]] = {}
        self.counts: Counter[str] = Counter()

    def play(self, payloads: Iterable[bytes]) -> None:
        for payload in payloads:
            try:
                events = self.protocol.decode(payload)
            except MalformedFrame:
                continue
            if events and isinstance(events[0], MarketEvent):
                self.compare(events, payload)
        for name in self.books:
            self.compare_book(name)

    def compare(self, events: tuple[StreamEvent, ...], payload: bytes) -> None:
        trades = self.reader.exchange.trades
        before = {symbol: len(cache) for symbol, cache in trades.items()}
        theirs = self.reader.read(payload)
        for event in events:
            self.counts[event.kind] += 1
        if isinstance(events[0], TradeEvent):
            symbol = self.symbols[events[0].symbol]
            assert len(trades[symbol]) == before.get(symbol, 0) + len(events)
            for event, trade in zip(events, list(trades[symbol])[-len(events) :], strict=True):
                self.compare_trade(event, trade)
        for event in events:
            if isinstance(event, TickerEvent):
                self.compare_ticker(event, theirs)
            elif isinstance(event, DepthEvent):
                self.take_diff(event)

    def compare_trade(self, event: Any, trade: dict[str, Any]) -> None:
        assert (trade["timestamp"], trade["price"], trade["amount"]) == (
            event.trade_ms, float(event.price), float(event.size),
        )  # fmt: skip
        assert trade["side"] == self.side(event)
        assert trade["symbol"] == self.symbols[event.symbol]
        assert self.is_id(trade["id"], event.trade_id)

    def side(self, event: TradeEvent) -> str:
        return "sell" if event.buyer_is_maker else "buy"

    def is_id(self, theirs: str, ours: int) -> bool:
        return theirs == str(ours)

    def compare_ticker(self, event: TickerEvent, theirs: dict[str, Any]) -> None:
        found = [one.get(self.symbols[event.symbol], one) for one in theirs.values() if isinstance(one, dict)]
        quotes = [tuple(one.get(key) for key in ("bid", "bidVolume", "ask", "askVolume")) for one in found]
        quotes += [(*one["bids"][0][:2], *one["asks"][0][:2]) for one in found if one.get("bids")]
        assert tuple(map(float, (event.bid, event.bid_size, event.ask, event.ask_size))) in quotes
        assert event.event_ms in [one["timestamp"] for one in found]

    def take_diff(self, event: DepthEvent) -> None:
        if event.snapshot or event.symbol not in self.books:
            self.books[event.symbol] = ({}, {})
        for side, levels in zip(self.books[event.symbol], (event.bids, event.asks), strict=True):
            side.update(levels)
        if self.counts["book"] % COMPARE_EVERY == 0:
            self.compare_book(event.symbol)

    def compare_book(self, name: str) -> None:
        theirs = self.reader.exchange.orderbooks[self.symbols[name]]
        for key, side in zip(("bids", "asks"), self.books[name], strict=True):
            standing = sorted(((p, s) for p, s in side.items() if s), reverse=key == "bids")
            assert [tuple(level[:2]) for level in theirs[key]] == [(float(p), float(s)) for p, s in standing]


def test_usdm_on_a_recording() -> None:
    """Of 2024; what changed since is nothing that these three streams say."""
    symbols = {"BTC/USDT:USDT": "BTCUSDT"}
    reader = CcxtReader("binanceusdm", "wss://fstream.binance.com/ws", symbols)
    beside = Beside(BinanceUsdm(), reader, symbols)
    payloads = [one.payload for one in islice(read_days("binance-usdm/btcusdt_20240718.gz"), FRAMES) if not one.symbol]
    first = next(
        event for payload in payloads for event in beside.protocol.decode(payload) if isinstance(event, DepthEvent)
    )
    reader.exchange.orderbooks["BTC/USDT:USDT"] = reader.exchange.order_book({"nonce": first.previous_id})
    beside.play(payloads)
    assert beside.counts == {"book": 1_701, "quote": 3_746, "trade": 552}


def test_okx_on_a_recorded_session() -> None:
    """Of 2022: since then a book says its sequence, and its checksum no more; the rest is as it was."""
    symbols = {"BTC/USDT": "BTC-USDT", "UNI/USD:UNI": "UNI-USD-SWAP", "BTC/USD:BTC": "BTC-USD-220527"}
    reader = CcxtReader("okx", "wss://ws.okx.com:8443/ws/v5/public", symbols)
    beside = Beside(OkxSpot(), reader, symbols)
    beside.play(one.payload for one in read_session("OKX", 1, http=False))
    assert beside.counts == {"book": 290, "quote": 28, "trade": 74}


def bybit_frames() -> list[Any]:
    book = {"s": "ABCUSDT", "b": [["10.50", "4"], ["10.49", "7.25"]], "a": [["10.52", "3"]], "u": 700, "seq": 9000}
    delta = {"s": "ABCUSDT", "b": [["10.49", "0"], ["10.48", "2"]], "a": [["10.53", "1.5"]], "u": 701, "seq": 9004}
    trade = {"T": 1700000000500, "s": "ABCUSDT", "S": "Sell", "v": "0.75", "p": "10.5", "L": "MinusTick",
             "i": "2290000000055512345", "BT": False, "seq": 9005}  # fmt: skip
    other = {**trade, "S": "Buy", "i": "2290000000055512346", "T": 1700000000501}
    touch = {"s": "XYZUSDT", "b": [["10.5", "4"]], "a": [["10.52", "2.5"]], "u": 44, "seq": 9006}
    return [
        {"topic": "orderbook.50.ABCUSDT", "type": "snapshot", "ts": 1700000000400, "data": book, "cts": 1700000000399},
        {"topic": "orderbook.50.ABCUSDT", "type": "delta", "ts": 1700000000450, "data": delta, "cts": 1700000000449},
        {"topic": "publicTrade.ABCUSDT", "type": "snapshot", "ts": 1700000000510, "data": [trade, other]},
        {"topic": "orderbook.50.ABCUSDT", "type": "snapshot", "ts": 1700000000600, "data": {**book, "u": 1}},
        {"topic": "orderbook.1.XYZUSDT", "type": "snapshot", "ts": 1700000000700, "data": touch},
    ]


def beside_bybit(protocol: BybitSpot) -> Beside:
    symbols = {"ABC/USDT": "ABCUSDT", "XYZ/USDT": "XYZUSDT"}
    return Beside(protocol, CcxtReader("bybit", "wss://stream.bybit.com/v5/public/spot", symbols), symbols)


def test_bybit_on_frames_of_the_documented_shape() -> None:
    beside = beside_bybit(BybitSpot())
    beside.play(map(msgspec.json.encode, bybit_frames()))
    assert beside.counts == {"book": 3, "trade": 2, "quote": 1}


def coinbase_frames() -> list[Any]:
    def frame(channel: str, number: int, **event: Any) -> dict[str, Any]:
        stamp = f"2023-11-14T22:13:2{number}.123456789Z"
        return {"channel": channel, "client_id": "", "timestamp": stamp, "sequence_num": number, "events": [event]}

    def change(side: str, price: str, size: str) -> dict[str, str]:
        return {"side": side, "event_time": "1970-01-01T00:00:00Z", "price_level": price, "new_quantity": size}

    trade = {"trade_id": "901", "product_id": "ABC-USD", "price": "10.51", "size": "0.3", "side": "BUY",
             "time": "2023-11-14T22:13:23.100200Z"}  # fmt: skip
    ticker = {"type": "ticker", "product_id": "ABC-USD", "price": "10.51", "volume_24_h": "1", "best_bid": "10.5",
              "best_bid_quantity": "4", "best_ask": "10.52", "best_ask_quantity": "2.5"}  # fmt: skip
    levels = [change("bid", "10.50", "4"), change("bid", "10.49", "7.25"), change("offer", "10.52", "3")]
    changes = [change("bid", "10.49", "0"), change("offer", "10.53", "1.5")]
    return [
        frame("l2_data", 0, type="snapshot", product_id="ABC-USD", updates=levels),
        frame("l2_data", 1, type="update", product_id="ABC-USD", updates=changes),
        frame("market_trades", 2, type="update", trades=[trade]),
        frame("ticker", 3, type="update", tickers=[ticker]),
        frame("l2_data", 4, type="snapshot", product_id="ABC-USD", updates=levels[1:]),
    ]


class BesideCoinbase(Beside):
    """The trades' side is the maker's, which ccxt passes on as it is."""

    def side(self, event: TradeEvent) -> str:
        return "buy" if event.buyer_is_maker else "sell"


def test_coinbase_on_frames_of_the_documented_shape() -> None:
    symbols = {"ABC/USD": "ABC-USD"}
    reader = CcxtReader("coinbase", "wss://advanced-trade-ws.coinbase.com", symbols)
    beside = BesideCoinbase(CoinbaseSpot(), reader, symbols)
    beside.play(map(msgspec.json.encode, coinbase_frames()))
    assert beside.counts == {"book": 3, "trade": 1, "quote": 1}


@pytest.mark.parametrize("number", range(5))
def test_a_wrong_reading_is_seen(number: int) -> None:
    """Each kind of frame with one price misread."""

    class Wrong(BybitSpot):
        def decode(self, payload: bytes) -> tuple[StreamEvent, ...]:
            return super().decode(payload.replace(b'"10.5', b'"10.4') if payload == frames[number] else payload)

    frames = list(map(msgspec.json.encode, bybit_frames()))
    with pytest.raises(AssertionError):
        beside_bybit(Wrong()).play(frames[: number + 1])
