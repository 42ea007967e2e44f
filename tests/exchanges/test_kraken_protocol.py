"""Kraken's streams: what frames mean, and when a book is the venue's. Judged by the published checksum, by ccxt's own
parse, and by recordings of the older protocol, whose checksum is the same."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.exchanges.book_sync import BookLost, BookReady, RequestSnapshot, SnapshotFailed, StreamLost
from tradigrade.exchanges.kraken.checksum import Precision, checksum
from tradigrade.exchanges.kraken.protocol import KrakenSpot
from tradigrade.exchanges.kraken.synchronizer import KrakenBook
from tradigrade.exchanges.market_events import (
    ControlEvent,
    DepthEvent,
    MalformedFrame,
    StatusEvent,
    TickerEvent,
    TradeEvent,
)
from tradigrade.exchanges.simulated.kraken.books import BookView
from tradigrade.trading.book import OrderBook

RECORDING = Path(__file__).parents[3] / "shared/data/streams/sessions/KRAKEN.ws.50.0.gz"
BTC = "BTC/USD"
WHOLE = Precision(1, 8)
PUBLISHED = 3310070434
"""The checksum of the book below, in the venue's own guide."""
BIDS = (
    "45283.5 0.10000000 45283.4 1.54582015 45282.1 0.10000000 45281.0 0.10000000 45280.3 1.54592586 "
    "45279.0 0.07990000 45277.6 0.03310103 45277.5 0.30000000 45277.3 1.54602737 45276.6 0.15445238"
)
ASKS = (
    "45285.2 0.00100000 45286.4 1.54571953 45286.6 1.54571109 45289.6 1.54560911 45290.2 0.15890660 "
    "45291.8 1.54553491 45294.7 0.04454749 45296.1 0.35380000 45297.5 0.09945542 45299.5 0.18772827"
)


def levels(text: str) -> list[tuple[str, str]]:
    words = text.split()
    return list(zip(words[::2], words[1::2], strict=True))


def side(text: str) -> str:
    return ",".join(f'{{"price":{price},"qty":{size}}}' for price, size in levels(text))


def book_frame(kind: str, bids: str, asks: str, total: int, *, more: str = "") -> bytes:
    row = f'{{"symbol":"{BTC}","bids":[{side(bids)}],"asks":[{side(asks)}],"checksum":{total}{more}}}'
    return f'{{"channel":"book","type":"{kind}","data":[{row}]}}'.encode()


def sum_of(bids: str, asks: str) -> int:
    digits = "".join(word.replace(".", "").lstrip("0") for word in f"{asks} {bids}".split())
    return zlib.crc32(digits.encode())


def trade_frame(**changes: Any) -> bytes:
    row = {
        "symbol": BTC, "side": "sell", "price": 45283.5, "qty": 0.02, "ord_type": "market", "trade_id": 7,
        "timestamp": "2023-09-25T07:49:37.708706Z",
    }  # fmt: skip
    return json.dumps({"channel": "trade", "type": "update", "data": [row | changes]}).encode()


def one(payload: bytes) -> Any:
    (event,) = KrakenSpot().decode(payload)
    return event


# -- frames -----------------------------------------------------------------------------------------------------------


def test_numbers_are_exact_to_their_last_zero() -> None:
    event = one(book_frame("update", "0.00100000 1.10", "", 1))
    assert (str(event.bids[0][0]), str(event.bids[0][1])) == ("0.00100000", "1.10")


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"channel":"heartbeat"}', ControlEvent("heartbeat")),
        (b'{"method":"pong","req_id":1}', ControlEvent("heartbeat", "pong")),
        (b'{"method":"subscribe","success":true,"result":{"channel":"book"}}', ControlEvent("subscribed")),
        (b'{"method":"unsubscribe","success":false,"error":"none"}', ControlEvent("heartbeat", "none")),
        (b'{"method":"subscribe","success":false,"error":"unknown pair"}', ControlEvent("refused", "unknown pair")),
        (b'{"channel":"status","data":[{"system":"maintenance"}]}', ControlEvent("heartbeat", "maintenance")),
    ],
)  # fmt: skip
def test_what_the_venue_says_of_the_connection_is_no_market_data(payload: bytes, expected: ControlEvent) -> None:
    assert one(payload) == expected


@pytest.mark.parametrize(
    ("said", "state"), [("online", "online"), ("cancel_only", "halted"), ("post_only", "halted"), ("delisted", "gone")]
)
def test_the_state_of_an_instrument_is_told(said: str, state: str) -> None:
    pair = {"symbol": BTC, "status": said, "price_precision": 1, "qty_precision": 8, "qty_min": 0.1}
    frame = {"channel": "instrument", "type": "snapshot", "data": {"assets": [], "pairs": [pair]}}
    assert one(json.dumps(frame).encode()) == StatusEvent(BTC, state)


BAD_FRAMES = {
    "nothing": b"",
    "half": trade_frame()[:60],
    "unknown channel": b'{"channel":"weather","data":[]}',
    "price none": trade_frame(price=0),
    "price negative": trade_frame(price=-1),
    "price absurd": trade_frame(price=1e308),
    "price NaN": trade_frame(price="NaN"),
    "price infinite": trade_frame(price="Infinity"),
    "side": trade_frame(side="up"),
    "trade id": trade_frame(trade_id=-1),
    "time": trade_frame(timestamp="yesterday"),
    "time without zone": trade_frame(timestamp="2023-09-25T07:49:37"),
    "time before 1970": trade_frame(timestamp="1960-01-01T00:00:00Z"),
    "size negative": book_frame("update", "1.0 -1", "", 1),
    "checksum too large": book_frame("update", "", "", 2**32),
    "kind": book_frame("guess", "", "", 1),
    "no checksum": b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[],"asks":[]}]}',
    "state": b'{"channel":"instrument","type":"update","data":{"pairs":[{"symbol":"A/B","status":"odd",'
    b'"price_precision":1,"qty_precision":8}]}}',
    "precision": b'{"channel":"instrument","type":"update","data":{"pairs":[{"symbol":"A/B","status":"online",'
    b'"price_precision":99,"qty_precision":8}]}}',
}


@pytest.mark.parametrize("payload", BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_a_bad_frame_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedFrame):
        KrakenSpot().decode(payload)


@given(st.binary(max_size=80), st.integers(0, 400), st.sampled_from(sorted(BAD_FRAMES)))
def test_no_bytes_do_worse_than_being_refused(noise: bytes, at: int, name: str) -> None:
    frame = BAD_FRAMES[name]
    with suppress(MalformedFrame):
        KrakenSpot().decode(frame[:at] + noise + frame[at + len(noise) :])


class Parser:
    """ccxt's own parse of a frame, without a connection."""

    def __init__(self) -> None:
        self.exchange = ccxt.pro.kraken()
        market = {"id": "XXBTZUSD", "symbol": BTC, "base": "BTC", "quote": "USD", "baseId": "XXBT", "quoteId": "ZUSD"}
        rules = {"precision": {"price": 0.1, "amount": 1e-8}, "limits": {}, "type": "spot", "spot": True, "info": {}}
        self.exchange.set_markets([market | rules])
        self.subscriptions: dict[str, Any] = {f"orderbook@{BTC}": {"limit": 10}}

    def resolve(self, *_: object) -> None: ...

    def hear(self, payload: bytes) -> ccxt.pro.kraken:
        self.exchange.handle_message(self, json.loads(payload))
        return self.exchange


def test_trades_and_quotes_are_what_ccxt_reads_in_them() -> None:
    parser, event = Parser(), one(trade_frame())
    trade = parser.hear(trade_frame()).trades[BTC][-1]
    assert isinstance(event, TradeEvent)
    assert (trade["price"], trade["amount"]) == (float(event.price), float(event.size))
    assert (trade["timestamp"], trade["id"]) == (event.trade_ms, str(event.trade_id))
    assert event.buyer_is_maker == (trade["side"] == "sell")
    row = {"symbol": BTC, "bid": 45283.5, "bid_qty": 0.1, "ask": 45285.2, "ask_qty": 0.001, "last": 45284.0}
    payload = json.dumps({"channel": "ticker", "type": "update", "data": [row]}).encode()
    quote, ticker = one(payload), parser.hear(payload).tickers[BTC]
    assert isinstance(quote, TickerEvent)
    told = (quote.bid, quote.bid_size, quote.ask, quote.ask_size)
    assert tuple(map(float, told)) == tuple(ticker[name] for name in ("bid", "bidVolume", "ask", "askVolume"))


def test_a_book_is_what_ccxt_makes_of_the_same_frames() -> None:
    parser, book = Parser(), KrakenBook({}, 10)
    changes = [("45283.6 0.5", ""), ("45283.5 0", "45285.2 0.00200000"), ("", "45285.3 1.0"), ("45270.0 1.0", "")]
    truth: dict[str, dict[str, str]] = {"bids": dict(levels(BIDS)), "asks": dict(levels(ASKS))}
    frames = [book_frame("snapshot", BIDS, ASKS, PUBLISHED)]
    for changed in changes:
        for name, text in zip(("bids", "asks"), changed, strict=True):
            truth[name] |= dict(levels(text))
            there = sorted(
                (each for each in truth[name].items() if Decimal(each[1])), key=lambda each: Decimal(each[0])
            )
            truth[name] = dict(there[::-1][:10] if name == "bids" else there[:10])
        texts = [" ".join(" ".join(level) for level in truth[name].items()) for name in ("bids", "asks")]
        frames.append(book_frame("update", *changed, sum_of(*texts), more=',"timestamp":"2023-10-06T17:35:55.440295Z"'))
    for frame in frames:
        book.step(one(frame))
        theirs = parser.hear(frame).orderbooks[BTC]
        assert book.live
        for ours, name in zip(book.book.top(100), ("bids", "asks"), strict=True):
            assert [tuple(map(float, level)) for level in ours] == [tuple(level[:2]) for level in theirs[name]]


# -- the subscription -------------------------------------------------------------------------------------------------


def test_a_connection_says_what_it_wants_and_awaits_as_many_answers() -> None:
    wanted = KrakenSpot(25).subscribe((BTC, "ETH/USD"))
    said = [json.loads(text)["params"] for text in wanted.texts]
    assert [each["channel"] for each in said] == ["instrument", "book", "ticker", "trade"]
    assert (said[1]["depth"], said[2]["event_trigger"], said[3]["snapshot"]) == (25, "bbo", False)
    assert wanted.acknowledgements == 1 + 3 * 2
    methods = [json.loads(text)["method"] for text in KrakenSpot().resubscribe(BTC)]
    assert methods == ["unsubscribe", "subscribe"]


# -- the book ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", [None, WHOLE])
def test_the_checksum_is_the_published_one(precision: Precision | None) -> None:
    bids, asks = ([(Decimal(price), Decimal(size)) for price, size in levels(text)] for text in (BIDS, ASKS))
    assert checksum(bids, asks, precision) == PUBLISHED


def test_with_an_instruments_precision_zeros_need_not_be_spelled() -> None:
    protocol = KrakenSpot()
    pair = {"symbol": BTC, "status": "online", "price_precision": 1, "qty_precision": 8}
    protocol.decode(json.dumps({"channel": "instrument", "type": "snapshot", "data": {"pairs": [pair]}}).encode())
    bids, asks = (" ".join(f"{Decimal(word).normalize():f}" for word in text.split()) for text in (BIDS, ASKS))
    book = protocol.make_synchronizer()
    assert book.step(one(book_frame("snapshot", bids, asks, PUBLISHED))) == (BookReady(0),)


def live() -> KrakenBook:
    book = KrakenBook({}, 10)
    assert book.step(one(book_frame("snapshot", BIDS, ASKS, PUBLISHED))) == (BookReady(0),)
    return book


def test_another_checksum_ends_the_book_and_asks_for_a_new_one() -> None:
    book = live()
    lost, asked = book.step(one(book_frame("update", "45283.5 0.2", "", PUBLISHED)))
    assert isinstance(lost, BookLost)
    assert isinstance(asked, RequestSnapshot)
    assert (book.live, len(book.book)) == (False, 0)
    assert book.step(one(book_frame("update", "45283.5 0.3", "", PUBLISHED))) == (), "it waits for the snapshot"
    (again,) = book.step(SnapshotFailed("none came"))
    assert isinstance(again, RequestSnapshot)
    assert again.attempt == 2
    assert book.step(one(book_frame("snapshot", BIDS, ASKS, PUBLISHED))) == (BookReady(0),)


def test_a_lost_stream_empties_the_book() -> None:
    book = live()
    assert book.step(StreamLost("cut")) == (BookLost("cut"),)
    assert len(book.book) == 0


def test_a_snapshot_of_another_sum_is_no_book() -> None:
    book = KrakenBook({}, 10)
    (asked,) = book.step(one(book_frame("snapshot", BIDS, ASKS, PUBLISHED + 1)))
    assert isinstance(asked, RequestSnapshot)
    assert not book.live


prices = st.integers(1, 40)
sizes = st.integers(0, 5)
changes_of_a_side = st.lists(st.tuples(prices, sizes), max_size=6)


@given(st.lists(st.tuples(changes_of_a_side, changes_of_a_side), min_size=1, max_size=12), st.sampled_from([10, 25]))
def test_what_the_simulated_venue_tells_keeps_a_cut_book_equal_to_its_own(
    changes: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]], depth: int
) -> None:
    """Levels that fall out of the depth and come back are where the two could part."""
    whole, view, book = OrderBook(), BookView(depth), KrakenBook({}, depth)
    for number, (bids, asks) in enumerate(changes):
        whole.apply([(Decimal(price), Decimal(size)) for price, size in bids], [])
        whole.apply([], [(Decimal(100 + price), Decimal(size)) for price, size in asks])
        told = view.update(whole)
        first = number == 0
        said = (view.bids, view.asks) if first else (told.bids, told.asks)
        total = checksum(view.bids[:10], view.asks[:10], None)
        book.step(DepthEvent(BTC, 0, 0, 0, tuple(said[0]), tuple(said[1]), checksum=total, snapshot=first))
        assert book.live
        assert book.book.top(depth) == whole.top(depth)


# -- recordings of the older protocol ---------------------------------------------------------------------------------


def recorded_books() -> Iterator[tuple[str, DepthEvent | None, int | None]]:
    """Of each message: pair, the change it tells, and its checksum where it has one."""
    with gzip.open(RECORDING, "rt") as file:
        for line in file:
            _, _, text = line.partition(": ")
            if not text.startswith("["):
                continue
            said = json.loads(text)
            parts, pair = said[1:-2], said[-1]
            sides = {name: rows for part in parts for name, rows in part.items()}
            bids, asks = (
                tuple((Decimal(row[0]), Decimal(row[1])) for row in sides.get(name, sides.get(name + "s", ())))
                for name in "ba"
            )
            total = int(sides["c"]) if "c" in sides else None
            yield pair, DepthEvent(pair, 0, 0, 0, bids, asks, checksum=total, snapshot="as" in sides), total


@pytest.mark.skipif(not RECORDING.exists(), reason="the recordings are not there")
def test_the_recorded_books_have_the_recorded_checksums() -> None:
    """The version of 2021 spoke otherwise, but cut and summed books as today; only updates bear a sum."""
    books: dict[str, KrakenBook] = {}
    agreed = 0
    for pair, event, total in recorded_books():
        assert event is not None
        if event.snapshot:
            books[pair] = KrakenBook({}, 1000)
            known = checksum(event.bids[:10], event.asks[:10], None)
            books[pair].step(DepthEvent(pair, 0, 0, 0, event.bids, event.asks, checksum=known, snapshot=True))
        else:
            assert books[pair].step(event) == (), f"{pair} after {agreed} sums that agreed"
            agreed += total is not None
    assert agreed > 1_000
