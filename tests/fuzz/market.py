"""The decoders of every venue's market: sound frames, what may come out of them, and frames of spoiled structure."""

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from tradigrade.exchanges.binance.protocol import BinanceSpot
from tradigrade.exchanges.binance.usdm import BinanceUsdm
from tradigrade.exchanges.book_sync import BookSnapshot, StreamOpened, Synchronizer
from tradigrade.exchanges.bybit.protocol import BybitSpot
from tradigrade.exchanges.coinbase.protocol import CoinbaseSpot
from tradigrade.exchanges.kraken.protocol import KrakenSpot
from tradigrade.exchanges.market_events import ControlEvent, DepthEvent, StatusEvent, TickerEvent, TradeEvent
from tradigrade.exchanges.okx.protocol import OkxSpot
from tradigrade.exchanges.stream_protocol import StreamProtocol
from tradigrade.trading.messages import Level

MS = 1_700_000_000_000
MOMENT = "2023-11-14T22:13:20.5Z"
LAST_NS, LAST_ID = 2**63, 2**63
MOST = Decimal(10**15)
Item = TypeVar("Item")
BOOKS_FOR = 500
"""Inputs that meet the same books."""

HOSTILE = (
    b"NaN", b"Infinity", b"-Infinity", b"1e308", b"1e999", b"-1e308", b"-1", b"-0", b"0", b"0.0", b"1e-400", b"9" * 400,
    b"18446744073709551616", b"9223372036854775808", b"-9223372036854775809", b"253402300799999", b"1.5", b"null",
    b"true", b"{}", b"[]", b'""', b'"NaN"', b'"Infinity"', b'"-1"', b'"0"', b'"1e308"', b'"1_0"', b'" 1"', b'"1,5"',
    b'"0x10"', b'"%s"' % (b"9" * 400), b'"1970-01-01T00:00:00Z"', b'"9999-12-31T23:59:59Z"', b'"0001-01-01T00:00:00Z"',
    b'"\xff\xfe"', b'"\\ud800"', b'"\\u0000"', '"١"'.encode(), b'"\xc2\xbd"', b"[" * 2_000, b'{"a":' * 500, b"",
    b'[["1","2"],["1"]]', b'{"a":{"a":[]}}', b"'1'", b"[[],[]]",
)  # fmt: skip
PLAUSIBLE = {
    b'"': (
        b'"1"', b'"0.000000000000000001"', b'"999999999999999.9"', b'"21000"', b'"19000"', b'"9"', b'"9223372036853"',
        b'"1970-01-01T00:00:01Z"', b'"2200-01-01T00:00:00.999999999Z"', b'"ask"', b'"BUY"', b'"sell"', b'"update"',
    ),
    b"0": (b"7", b"0", b"11", b"9223372036854775807", b"9223372036853", b"0.00000001", b"123456789.123", b"20002"),
}  # fmt: skip
"""What may well be taken in the place of a text or a number, and what a book has to stand."""
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|[\[\]{},:]')


def _spot(**frame: Any) -> bytes:
    return json.dumps({"s": "BTCUSDT", **frame}, separators=(",", ":")).encode()


def _pack(**frame: Any) -> bytes:
    return json.dumps(frame, separators=(",", ":")).encode()


LEVELS = {"b": [["20000.5", "1"], ["19999", "0.25"]], "a": [["20001", "2"]]}
QUOTE = {"b": "20000.5", "B": "1", "a": "20001", "A": "2"}
BOOK = {"bids": LEVELS["b"], "asks": LEVELS["a"]}
OKX_BOOK = {"bids": [["20000.5", "1", "0", "2"]], "asks": [["20001", "2", "0", "1"]], "ts": str(MS), "seqId": 9}
OKX_TRADE = {"instId": "BTC-USDT", "tradeId": "7", "px": "20000.5", "sz": "1", "side": "buy", "ts": str(MS)}
BYBIT_TRADE = {"T": MS, "s": "BTCUSDT", "S": "Buy", "v": "1", "p": "20000.5", "i": "229"}
COINBASE_CHANGE = {"side": "bid", "event_time": MOMENT, "price_level": "20000.5", "new_quantity": "1"}
COINBASE_TRADE = {
    "trade_id": "7",
    "product_id": "BTC-USD",
    "price": "20000.5",
    "size": "1",
    "side": "BUY",
    "time": MOMENT,
}
COINBASE_TICKER = {"product_id": "BTC-USD", "best_bid": "20000.5", "best_bid_quantity": "1", "best_ask": "20001",
                   "best_ask_quantity": "2"}  # fmt: skip
KRAKEN_BOOK = {"symbol": "BTC/USD", "bids": [{"price": 20000.5, "qty": 1.0}], "asks": [{"price": 20001.0, "qty": 2.0}],
               "checksum": 1, "timestamp": MOMENT}  # fmt: skip
KRAKEN_TRADE = {"symbol": "BTC/USD", "side": "sell", "price": 20000.5, "qty": 0.02, "ord_type": "market", "trade_id": 7,
                "timestamp": MOMENT}  # fmt: skip
KRAKEN_TICKER = {"symbol": "BTC/USD", "bid": 20000.5, "bid_qty": 1.0, "ask": 20001.0, "ask_qty": 2.0, "last": 20000.5,
                 "volume": 1.0, "vwap": 1.0, "low": 1.0, "high": 1.0, "change": 1.0, "change_pct": 1.0}  # fmt: skip


def _okx(channel: str, data: Any, **more: Any) -> bytes:
    return _pack(arg={"channel": channel, "instId": "BTC-USDT"}, data=[data], **more)


def _coinbase(channel: str, **event: Any) -> bytes:
    return _pack(channel=channel, timestamp=MOMENT, sequence_num=4, events=[event])


SOUND: dict[str, tuple[StreamProtocol, tuple[bytes, ...]]] = {
    "binance": (BinanceSpot(), (
        _spot(e="trade", E=MS, t=5, p="20000.1", q="0.5", T=MS, m=True),
        _spot(e="depthUpdate", E=MS, U=11, u=12, **LEVELS),
        _pack(stream="btcusdt@bookTicker", data={"u": 1, "s": "BTCUSDT", **QUOTE}),
    )),
    "usdm": (BinanceUsdm(), (
        _spot(e="trade", E=MS, t=5, p="20000.1", q="0.5", T=MS, m=True, X="MARKET"),
        _spot(e="depthUpdate", E=MS, T=MS, U=11, u=12, pu=10, **LEVELS),
        _pack(stream="btcusdt@bookTicker", data={"e": "bookTicker", "u": 1, "s": "BTCUSDT", "E": MS, "T": MS, **QUOTE}),
    )),
    "okx": (OkxSpot(), (
        _okx("trades", OKX_TRADE),
        _okx("bbo-tbt", OKX_BOOK),
        _okx("books", {**OKX_BOOK, "prevSeqId": -1, "checksum": 0}, action="snapshot"),
        _okx("books", {**OKX_BOOK, "prevSeqId": 9, "checksum": 0}, action="update"),
    )),
    "bybit": (BybitSpot(), (
        _pack(topic="publicTrade.BTCUSDT", type="snapshot", ts=MS, data=[BYBIT_TRADE]),
        _pack(topic="orderbook.1.BTCUSDT", type="snapshot", ts=MS, data={"s": "BTCUSDT", "u": 4, "seq": 5, **LEVELS}),
        _pack(topic="orderbook.50.BTCUSDT", type="snapshot", ts=MS, data={"s": "BTCUSDT", "u": 10, "seq": 5, **LEVELS}),
        _pack(topic="orderbook.50.BTCUSDT", type="delta", ts=MS, data={"s": "BTCUSDT", "u": 11, "seq": 6, **LEVELS}),
    )),
    "coinbase": (CoinbaseSpot(), (
        _coinbase("l2_data", type="snapshot", product_id="BTC-USD", updates=[COINBASE_CHANGE]),
        _coinbase("l2_data", type="update", product_id="BTC-USD", updates=[COINBASE_CHANGE]),
        _coinbase("market_trades", type="update", trades=[COINBASE_TRADE]),
        _coinbase("ticker", type="update", tickers=[COINBASE_TICKER]),
    )),
    "kraken": (KrakenSpot(), (
        _pack(channel="book", type="snapshot", data=[KRAKEN_BOOK]),
        _pack(channel="book", type="update", data=[KRAKEN_BOOK]),
        _pack(channel="trade", type="update", data=[KRAKEN_TRADE]),
        _pack(channel="ticker", type="update", data=[KRAKEN_TICKER]),
    )),
}  # fmt: skip
SNAPSHOTS = (_pack(lastUpdateId=10, **BOOK), _pack(lastUpdateId=10, E=MS, T=MS, **BOOK))


class Judge:
    """What may come out of a decoder, and what a book may make of it. AssertionError where anything else does."""

    def __init__(self, protocol: StreamProtocol) -> None:
        self._protocol = protocol
        self._books: dict[str, Synchronizer] = {}
        self._entered = 0

    def enter(self, payload: bytes) -> bool:
        self._entered += 1
        if self._entered % BOOKS_FOR == 0:
            self._books.clear()
        for event in self._protocol.decode(payload):
            self._judge(event)
        return True

    def enter_snapshot(self, payload: bytes) -> bool:
        snapshot = self._protocol.decode_snapshot(payload)
        assert 0 <= snapshot.last_id < LAST_ID
        _judge_levels(snapshot.bids)
        _judge_levels(snapshot.asks)
        book = self._protocol.make_synchronizer()
        book.step(StreamOpened())
        book.step(snapshot)
        _judge_book(book)
        return True

    def _judge(self, event: Any) -> None:
        match event:
            case TradeEvent():
                _judge_price(event.price, event.size)
                _judge_whole(event.event_ms, event.trade_ms, event.trade_id)
                assert isinstance(event.buyer_is_maker, bool)
            case TickerEvent():
                _judge_price(event.bid, event.bid_size, event.ask, event.ask_size)
                _judge_whole(event.event_ms, 0, event.update_id)
            case DepthEvent():
                self._judge_depth(event)
            case _:
                assert isinstance(event, StatusEvent | ControlEvent)

    def _judge_depth(self, event: DepthEvent) -> None:
        _judge_whole(event.event_ms, 0, event.first_id, event.last_id, event.previous_id or 0)
        assert event.first_id <= event.last_id
        _judge_levels(event.bids)
        _judge_levels(event.asks)
        book = self._books.get(event.symbol)
        if book is None:
            book = self._books[event.symbol] = self._protocol.make_synchronizer()
            book.step(StreamOpened())
            book.step(BookSnapshot(10, ((Decimal(1), Decimal(1)),), ((Decimal(10**9), Decimal(1)),)))
        book.step(event)
        _judge_book(book)


def _judge_price(*numbers: Decimal) -> None:
    for number in numbers:
        assert 0 < number < MOST, number


def _judge_whole(event_ms: int, other_ms: int, *ids: int) -> None:
    assert 0 <= event_ms * 10**6 < LAST_NS, event_ms
    assert 0 <= other_ms * 10**6 < LAST_NS, other_ms
    for number in ids:
        assert 0 <= number < LAST_ID, number


def _judge_levels(levels: tuple[Level, ...]) -> None:
    for price, size in levels:
        assert 0 < price < MOST, price
        assert 0 <= size < MOST, size


def _judge_book(book: Synchronizer) -> None:
    """Live, it shows prices that are ones; else it shows none."""
    bids, asks = book.book.top(1)
    assert book.live or not (bids or asks)
    for price, size in (*bids, *asks):
        assert 0 < price < MOST, price
        assert 0 < size < MOST, size
    assert not (bids and asks) or bids[0][0] < asks[0][0]


class MarketDoor(NamedTuple):
    enter: Callable[[bytes], bool]
    sound: tuple[bytes, ...]


def market_doors() -> dict[str, MarketDoor]:
    doors = {name: MarketDoor(Judge(protocol).enter, sound) for name, (protocol, sound) in SOUND.items()}
    doors["snapshots"] = MarketDoor(Judge(BinanceSpot()).enter_snapshot, SNAPSHOTS)
    return doors


# -- frames spoiled in their structure --------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _spans(sound: bytes) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Where all tokens are, and where the values among them."""
    tokens = [found.span() for found in TOKEN.finditer(sound)]
    values = [(begin, end) for begin, end in tokens if sound[begin] not in b"[]{},:" and sound[end : end + 1] != b":"]
    return tokens, values


def spoil_token(chance: random.Random, sound: bytes) -> bytes:
    """One token of a sound frame replaced, doubled, swapped for another of the frame, or left out; or one value."""
    fate, (tokens, values) = int(chance.random() * 10), _spans(sound)
    begin, end = _pick(chance, tokens if fate < 4 else values)
    match fate:
        case 0:
            return sound[:begin]
        case 1:
            return sound[:begin] + sound[end:]
        case 2:
            return sound[:end] + b"," + sound[begin:]
        case 3:
            other, until = _pick(chance, tokens)
            return sound[:begin] + sound[other:until] + sound[end:]
        case 4 | 5 | 6:
            likely = PLAUSIBLE[b'"' if sound[begin] == ord('"') else b"0"]
            return sound[:begin] + _pick(chance, likely) + sound[end:]
        case _:
            return sound[:begin] + _pick(chance, HOSTILE) + sound[end:]


def _pick(chance: random.Random, among: Sequence[Item]) -> Item:
    """As `choice`, several times as fast."""
    return among[int(chance.random() * len(among))]


def spoiled(chance: random.Random, sound: tuple[bytes, ...], others: Iterator[bytes]) -> Iterator[bytes]:
    """Without end: mostly one token of a frame, sometimes two, else what `others` has."""
    while True:
        fate, frame = chance.random(), spoil_token(chance, _pick(chance, sound))
        if fate < 0.1:
            yield next(others)
        elif fate < 0.2 and frame:
            yield spoil_token(chance, frame + b'"1"')
        else:
            yield frame
