"""Real venues of every protocol on the local one: who follows the local streams holds the book that they told of."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import pytest

from tradigrade.exchanges.binance.decoder import decode
from tradigrade.exchanges.binance.synchronizer import BookSynchronizer
from tradigrade.exchanges.book_sync import BookSnapshot, StreamOpened
from tradigrade.exchanges.kraken.checksum import Precision, checksum
from tradigrade.exchanges.market import FrameArrived, MarketWord, StreamsClosed, StreamsOpened
from tradigrade.exchanges.market_events import DepthEvent, TickerEvent, TradeEvent
from tradigrade.exchanges.public_venue import make_protocol
from tradigrade.exchanges.simulated.live_market import LiveMarket, LivePump
from tradigrade.exchanges.simulated.market import Market
from tradigrade.exchanges.simulated.source import MarketFrame
from tradigrade.trading.book import OrderBook
from tradigrade.trading.instruments import Instrument

AT_MS = 1_700_000_000_000
AT = "2023-11-14T22:13:20.000000Z"
Pairs = list[tuple[str, str]]


class Told(NamedTuple):
    """A book or a change of it, as any venue would tell it; `book` is what stands after it."""

    bids: Pairs
    asks: Pairs
    whole: bool
    book: OrderBook


class Dialect:
    """How one venue writes it."""

    depth = 10**9

    def __init__(self) -> None:
        self.number = 100

    def frames(self, told: Told) -> Iterator[Any]:
        raise NotImplementedError

    def trade(self, number: int, price: str, size: str) -> Any:
        raise NotImplementedError


class Okx(Dialect):
    depth = 400

    def frames(self, told: Told) -> Iterator[Any]:
        before, self.number = -1 if told.whole else self.number, self.number + 3
        rows = {"bids": [[*each, "0", "1"] for each in told.bids], "asks": [[*each, "0", "1"] for each in told.asks]}
        data = rows | {"ts": f"{AT_MS}", "seqId": self.number, "prevSeqId": before}
        arg = {"channel": "books", "instId": "BTC-USDT"}
        yield {"arg": arg, "action": "snapshot" if told.whole else "update", "data": [data]}

    def trade(self, number: int, price: str, size: str) -> Any:
        data = {"tradeId": f"{number}", "px": price, "sz": size, "side": "buy", "ts": f"{AT_MS}"}
        return {"arg": {"channel": "trades", "instId": "BTC-USDT"}, "data": [data]}


class Kraken(Dialect):
    depth = 100

    def frames(self, told: Told) -> Iterator[Any]:
        if told.whole:
            pair = {"symbol": "BTC/USDT", "status": "online", "price_precision": 12, "qty_precision": 12}
            yield {"channel": "instrument", "type": "snapshot", "data": {"pairs": [pair]}}
        told.book.truncate(self.depth)
        sides = {
            side: [{"price": msgspec.Raw(p.encode()), "qty": msgspec.Raw(q.encode())} for p, q in pairs]
            for side, pairs in (("bids", told.bids), ("asks", told.asks))
        }
        sums = {"checksum": checksum(*told.book.top(10), Precision(12, 12)), "timestamp": AT, "symbol": "BTC/USDT"}
        yield {"channel": "book", "type": "snapshot" if told.whole else "update", "data": [sides | sums]}

    def trade(self, number: int, price: str, size: str) -> Any:
        numbers = {"price": msgspec.Raw(price.encode()), "qty": msgspec.Raw(size.encode())}
        data = numbers | {"symbol": "BTC/USDT", "side": "buy", "trade_id": number, "timestamp": AT}
        return {"channel": "trade", "type": "update", "data": [data]}


class Coinbase(Dialect):
    def frames(self, told: Told) -> Iterator[Any]:
        self.number += 1
        sides = (("bid", told.bids), ("offer", told.asks))
        updates = [
            {"side": side, "event_time": AT, "price_level": price, "new_quantity": size}
            for side, pairs in sides
            for price, size in pairs
        ]
        event = {"type": "snapshot" if told.whole else "update", "product_id": "BTC-USDT", "updates": updates}
        yield {"channel": "l2_data", "timestamp": AT, "sequence_num": self.number, "events": [event]}

    def trade(self, number: int, price: str, size: str) -> Any:
        self.number += 1
        head = {"trade_id": f"{number}", "product_id": "BTC-USDT", "side": "SELL", "time": AT}
        event = {"type": "update", "trades": [head | {"price": price, "size": size}]}
        return {"channel": "market_trades", "timestamp": AT, "sequence_num": self.number, "events": [event]}


class Bybit(Dialect):
    depth = 50

    def frames(self, told: Told) -> Iterator[Any]:
        self.number += 1
        data = {"s": "BTCUSDT", "b": told.bids, "a": told.asks, "u": self.number, "seq": self.number}
        kind = "snapshot" if told.whole else "delta"
        yield {"topic": "orderbook.50.BTCUSDT", "type": kind, "ts": AT_MS, "data": data, "cts": AT_MS}

    def trade(self, number: int, price: str, size: str) -> Any:
        data = {"T": AT_MS, "s": "BTCUSDT", "S": "Buy", "v": size, "p": price, "i": f"{number}"}
        return {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": AT_MS, "data": [data]}


DIALECTS: dict[str, Callable[[], Dialect]] = {"okx": Okx, "kraken": Kraken, "coinbase": Coinbase, "bybit": Bybit}


class Port:
    """Nothing is asked of it: books come in the stream."""

    def __init__(self, venue: str) -> None:
        self.protocol = make_protocol(venue)
        self.asked = 0

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None: ...

    def request_snapshot(self, symbol: str, delay_s: float) -> None:
        self.asked += 1

    def close(self) -> None: ...


class Scene:
    """A venue that speaks, and a client of the local streams that took an empty snapshot before the first diff."""

    def __init__(self, venue: str) -> None:
        self.dialect, self.port, self.true = DIALECTS[venue](), Port(venue), OrderBook()
        tick = Decimal("1e-12")
        self.market = Market(Instrument("BTC/USDT", "BTCUSDT", "BTC", "USDT", tick, tick, tick, tick * 10**30, tick))
        self.local = BookSynchronizer()
        self.pump = LivePump(LiveMarket(("BTC/USDT",), self.port, str), lambda: AT_MS * 10**6, self._take)
        self.quotes: list[TickerEvent] = []
        self.trades: list[TradeEvent] = []
        self.lost = -1
        self.pump.hear(StreamsOpened())

    def tell(self, bids: Pairs, asks: Pairs, *, whole: bool = False) -> None:
        if whole:
            self.true.clear()
        self.true.apply(*([(Decimal(p), Decimal(q)) for p, q in side] for side in (bids, asks)))
        for frame in self.dialect.frames(Told(bids, asks, whole, self.true)):
            self._say(frame)
        self.true.truncate(self.dialect.depth)

    def trade(self, *terms: Any) -> None:
        self._say(self.dialect.trade(*terms))

    def assert_followed(self) -> None:
        assert self.pump.counts["malformed"] == 0
        for book in (self.local.book, self.market.book):
            assert {side: list(book.levels(side)) for side in ("bid", "ask")} == {
                side: list(self.true.levels(side)) for side in ("bid", "ask")
            }
        assert self.lost == 0, "the chain of ids broke, or the book crossed"

    def _say(self, frame: Any) -> None:
        self.pump.hear(FrameArrived(msgspec.json.encode(frame), AT_MS * 10**6))

    def _take(self, frame: MarketFrame) -> None:
        event = decode(frame.payload)
        self.market.apply(event)
        if isinstance(event, TradeEvent):
            self.trades.append(event)
        elif isinstance(event, TickerEvent):
            self.quotes.append(event)
        else:
            assert isinstance(event, DepthEvent)
            if self.lost < 0:
                self.lost = 0
                self.local.step(StreamOpened())
                self.local.step(BookSnapshot(event.first_id - 1, (), ()))
            self.lost += len(self.local.step(event))


@pytest.fixture(params=[*DIALECTS])
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.param)


def ladder(first: int, count: int, step: int) -> Pairs:
    return [(f"{first + step * i}.5", f"{i + 1}.25") for i in range(count)]


def test_a_book_told_in_the_stream_is_the_local_one(scene: Scene) -> None:
    scene.tell(ladder(999, 20, -1), ladder(1000, 20, 1), whole=True)
    scene.tell([("999.5", "0"), ("998.5", "7")], [("999.75", "2")])
    scene.tell([], [("999.75", "0")])
    scene.assert_followed()
    assert (scene.quotes[-1].bid, scene.quotes[-1].ask) == (Decimal("998.5"), Decimal("1000.5"))


def test_levels_that_the_venue_tells_of_no_more_are_gone_here_too(scene: Scene) -> None:
    """Else a fallen market would meet levels that were standing where the ask is now."""
    scene.tell(ladder(9_999, 400, -1), ladder(10_000, 400, 1), whole=True)
    for step in range(1, 200):
        scene.tell([(f"{9_999 + step}.5", "1")], [(f"{9_999 + step}.5", "0")])
        scene.assert_followed()
    for step in reversed(range(1, 200)):
        scene.tell([(f"{9_999 + step}.5", "0")], [(f"{9_999 + step}.5", "3")])
    scene.assert_followed()


def test_a_whole_book_anew_while_it_is_live_replaces_it_without_a_break(scene: Scene) -> None:
    scene.tell(ladder(999, 20, -1), ladder(1000, 20, 1), whole=True)
    scene.tell(ladder(1999, 20, -1), ladder(2000, 20, 1), whole=True)
    scene.tell([("1999.5", "9")], [])
    scene.assert_followed()
    assert scene.quotes[-1].bid_size == 9


def test_after_a_cut_the_book_and_its_quote_are_told_anew(scene: Scene) -> None:
    scene.tell(ladder(999, 20, -1), ladder(1000, 20, 1), whole=True)
    scene.pump.hear(StreamsClosed("cut"))
    scene.tell(ladder(499, 20, -1), ladder(500, 20, 1), whole=True)
    scene.assert_followed()
    assert scene.quotes[-1].bid == Decimal("499.5")


def test_numbers_of_more_than_eight_decimals_stay_exact(scene: Scene) -> None:
    scene.tell([("0.0000000123", "0.000000001")], [("0.0000000124", "5000000000.5")], whole=True)
    scene.tell([("0.000000012345", "0.000000000001")], [])
    scene.trade(7, "0.0000000123", "0.000000001")
    scene.assert_followed()
    assert (scene.trades[0].price, scene.trades[0].size) == (Decimal("0.0000000123"), Decimal("0.000000001"))
    assert (scene.quotes[-1].bid, scene.quotes[-1].bid_size) == (Decimal("0.000000012345"), Decimal("1e-12"))


def test_trades_of_any_id_pass_once(scene: Scene) -> None:
    scene.tell(ladder(999, 5, -1), ladder(1000, 5, 1), whole=True)
    for number in (999_999_999_999_999_998, 5, 5, 6):
        scene.trade(number, "1000.5", "1")
    assert scene.pump.counts["malformed"] == 0
    assert [trade.trade_id for trade in scene.trades] == [999_999_999_999_999_998, 5, 6]
