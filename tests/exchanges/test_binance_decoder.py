"""Raw frames become exact numbers, or a named fault; what they say is what ccxt reads in them."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from tradigrade.exchanges.binance.decoder import decode
from tradigrade.exchanges.market_events import DepthEvent, MalformedFrame, MarketEvent, TickerEvent, TradeEvent

D = Decimal
RECORDING = Path(__file__).parents[3] / "shared" / "data" / "streams" / "binance-spot" / "btcusdt_20230405.dat.gz"

TRADE = {"e": "trade", "E": 12, "s": "BTCUSDT", "t": 7, "p": "100.50", "q": "0.250", "T": 11, "m": True, "M": True}
DEPTH = {"e": "depthUpdate", "E": 12, "s": "BTCUSDT", "U": 5, "u": 6, "b": [["1.0", "0.0"]], "a": [["2", "3"]]}
TICKER = {"u": 9, "s": "BTCUSDT", "b": "99", "B": "1.5", "a": "101", "A": "2"}

EVENTS = [
    (TRADE, TradeEvent("BTCUSDT", 12, 11, 7, D("100.50"), D("0.250"), True)),
    (DEPTH, DepthEvent("BTCUSDT", 12, 5, 6, ((D(1), D(0)),), ((D(2), D(3)),))),
    (TICKER, TickerEvent("BTCUSDT", 9, D(99), D("1.5"), D(101), D(2))),
    ({"e": "bookTicker", "E": 3, "T": 2, **TICKER}, TickerEvent("BTCUSDT", 9, D(99), D("1.5"), D(101), D(2), 3)),
]


def encode(frame: object) -> bytes:
    return json.dumps(frame, separators=(",", ":")).encode()


@pytest.mark.parametrize(("frame", "event"), EVENTS, ids=["trade", "depth", "ticker", "named ticker"])
def test_each_kind_is_decoded_bare_and_in_an_envelope(frame: dict[str, Any], event: MarketEvent) -> None:
    envelope = {"data": frame, "stream": "btcusdt@x"}
    for payload in (encode(frame), encode(dict(reversed(envelope.items()))), json.dumps(envelope, indent=1).encode()):
        found = decode(payload)
        assert isinstance(found, type(event))
        assert astuple(found) == astuple(event)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({**TRADE, "p": "NaN"}, "Expected `float` > 0.0 - at `$.p`"),
        ({**TRADE, "q": "nan"}, "Expected `float` > 0.0 - at `$.q`"),
        ({**TRADE, "p": "sNaN"}, "Expected `float`, got `str`"),
        ({**TRADE, "p": "Infinity"}, "Expected `float` < 1000000000000000.0"),
        ({**TRADE, "p": "-1"}, "Expected `float` > 0.0"),
        ({**TRADE, "p": "1e308"}, "Expected `float` < 1000000000000000.0"),
        ({**TRADE, "p": "1e-400"}, "Expected `float` > 0.0"),
        ({**TRADE, "p": "1_0"}, "Expected `float`, got `str`"),
        ({**TRADE, "p": "١"}, "Expected `float`, got `str`"),
        ({**TRADE, "p": "1" * 16}, "Expected `float` < 1000000000000000.0"),
        ({**TRADE, "p": "0.00"}, "Expected `float` > 0.0"),
        ({**TRADE, "q": "0"}, "Expected `float` > 0.0"),
        ({**TRADE, "t": "7"}, "Expected `int`, got `str`"),
        ({**TRADE, "t": -7}, "Expected `int` >= 0"),
        ({**TRADE, "m": 1}, "Expected `bool`, got `int`"),
        ({**TRADE, "s": ""}, "length >= 1"),
        ({key: value for key, value in TRADE.items() if key != "T"}, "missing required field `T`"),
        ({**DEPTH, "U": 7}, "expected a first update id"),
        ({**DEPTH, "b": [["1"]]}, "of length 2"),
        ({**DEPTH, "b": [["0", "1"]]}, "Expected `float` > 0.0 - at `$.b[0][0]`"),
        ({**DEPTH, "a": [["1", "-1"]]}, "Expected `float` >= 0.0 - at `$.a[0][1]`"),
        ({**DEPTH, "a": [["1", "-1e-400"]]}, "expected plain decimals"),
        ({**DEPTH, "b": [["1", "1E-400"]]}, "expected plain decimals"),
        ({**DEPTH, "a": [["1", "NaN"]]}, "Expected `float` >= 0.0 - at `$.a[0][1]`"),
        ({**TICKER, "B": None}, "Expected `float`, got `null`"),
        ({"e": "kline", "s": "BTCUSDT"}, "found 'kline'"),
        ({"result": None, "id": 1}, "missing required field"),
        ({"stream": "btcusdt@trade"}, "truncated"),
        ([TRADE], "Expected `object`, got `array`"),
    ],
)
def test_a_frame_that_is_none_is_a_named_fault(frame: object, words: str) -> None:
    with pytest.raises(MalformedFrame, match=r"^not a market frame: ") as caught:
        decode(encode(frame) if not isinstance(frame, bytes) else frame)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b"null", b'{"x":' + b"[" * 50_000])
def test_bytes_that_are_no_json_are_a_named_fault(payload: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode(payload)


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.floats() | st.integers(), st.lists).map(encode)
)
def test_no_bytes_raise_anything_else(payload: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode(payload)


def recorded_frames() -> Iterator[bytes]:
    if not RECORDING.exists():
        pytest.skip(f"needs the recording {RECORDING}")
    with gzip.open(RECORDING) as lines:
        for line in lines:
            yield line.partition(b" ")[2].rstrip()


class Ccxt:
    """ccxt's own parse, and the little of its client that it needs."""

    url = "wss://stream.binance.com:9443/stream"

    def __init__(self, first_id: int) -> None:
        binance = pytest.importorskip("ccxt.pro").binance
        self.exchange = binance()
        names = {"id": "BTCUSDT", "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "type": "spot", "spot": True}
        self.exchange.set_markets([self.exchange.safe_market_structure(names)])
        self.book = self.exchange.order_book({"bids": [], "asks": [], "nonce": first_id - 1})
        self.exchange.orderbooks["BTC/USDT"] = self.book
        self.subscriptions: dict[str, Any] = {}
        self.resolved: Any = None

    def resolve(self, result: Any, message_hash: str) -> None:
        if message_hash != "bidasks:bookTicker":  # the same ticker again, for those who watch all
            self.resolved = result

    def parse(self, envelope: bytes) -> Any:
        self.exchange.handle_message(self, json.loads(envelope))
        return self.resolved


def test_every_recorded_frame_says_what_ccxt_reads_in_it() -> None:
    frames = list(recorded_frames())
    ccxt = Ccxt(next(event.first_id for event in map(decode, frames) if isinstance(event, DepthEvent)))
    ours: dict[str, dict[float, float]] = {"bids": {}, "asks": {}}
    counts = dict.fromkeys((TradeEvent, DepthEvent, TickerEvent), 0)
    for frame in frames:
        event, theirs = decode(frame), ccxt.parse(frame)
        counts[next(kind for kind in counts if isinstance(event, kind))] += 1
        match event:
            case TradeEvent():
                trade, side = theirs[-1], "sell" if event.buyer_is_maker else "buy"
                assert (trade["id"], trade["timestamp"], trade["side"]) == (str(event.trade_id), event.trade_ms, side)
                assert (trade["price"], trade["amount"]) == (float(event.price), float(event.size))
            case TickerEvent():
                quote = (theirs["bid"], theirs["bidVolume"], theirs["ask"], theirs["askVolume"])
                assert quote == tuple(map(float, (event.bid, event.bid_size, event.ask, event.ask_size)))
                assert theirs["info"]["u"] == event.update_id
            case DepthEvent():
                assert (theirs["nonce"], theirs["timestamp"]) == (event.last_id, event.event_ms)
                for side, levels in (("bids", event.bids), ("asks", event.asks)):
                    ours[side] |= {float(price): float(size) for price, size in levels}
                if counts[DepthEvent] % 100 == 1:
                    for side, best_first in (("bids", True), ("asks", False)):
                        standing = sorted(((p, s) for p, s in ours[side].items() if s), reverse=best_first)
                        assert [tuple(level) for level in theirs[side]] == standing
    assert counts == {TradeEvent: 3_144, DepthEvent: 3_929, TickerEvent: 8_015}
