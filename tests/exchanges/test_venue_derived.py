"""The streams that follow from trades, quotes and diffs: what is sent, when, and that nobody pays who hears nothing."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from tradigrade.exchanges.market_events import DepthEvent, MarketEvent, TickerEvent, TradeEvent
from tradigrade.exchanges.simulated.bars import INTERVALS
from tradigrade.exchanges.simulated.derived import DerivedStreams, make
from tradigrade.exchanges.simulated.derived_kinds import Derived
from tradigrade.exchanges.simulated.market import Market
from tradigrade.exchanges.simulated.streams import MarketStreams, StreamClient
from tradigrade.trading.book import OrderBook
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

BEGIN_MS = 1_704_067_200_000
NAMES = ("BTCUSDT", "ETHUSDT")


def trade(number: int, at_ms: int, price: int = 100, symbol: str = "BTCUSDT") -> TradeEvent:
    return TradeEvent(symbol, at_ms, at_ms, number, Decimal(price), Decimal(2), bool(number % 2))


def diff(number: int, *bids: tuple[int, int], symbol: str = "BTCUSDT") -> DepthEvent:
    levels = tuple((Decimal(price), Decimal(size)) for price, size in bids)
    return DepthEvent(symbol, BEGIN_MS, number * 10 + 1, number * 10 + 10, levels, ())


class Rig:
    """Two markets, and what is said on some streams: (stream, payload, the event it stands for)."""

    def __init__(self, *streams: str) -> None:
        self.markets = {name: Market(PAPER_INSTRUMENTS[f"{name[:3]}/USDT"]) for name in NAMES}
        self.streams = MarketStreams(lambda: None)
        self.said: list[tuple[str, Any, MarketEvent | None]] = []
        self.derived = DerivedStreams(self.markets, self.streams, self._take)
        self.client = StreamClient(None, combined=False)  # type: ignore[arg-type]  # nothing is put into it
        self.streams.subscribe(self.client, streams)

    def _take(self, stream: str, symbol: str, payload: bytes, event: MarketEvent | None) -> None:
        assert symbol in ("", *NAMES)
        self.said.append((stream, json.loads(payload), event))

    def feed(self, at_ms: int, *events: MarketEvent) -> "Rig":
        for event in events:
            self.markets[event.symbol].apply(event)
            self.derived.observe(event, BEGIN_MS + at_ms)
        return self

    def payloads(self) -> list[Any]:
        return [payload for _, payload, _ in self.said]


def test_aggregate_trades_are_said_at_once_and_of_trades_alone() -> None:
    rig = Rig("btcusdt@aggTrade").feed(0, diff(0, (99, 1)), trade(7, BEGIN_MS), trade(8, BEGIN_MS, symbol="ETHUSDT"))
    ((stream, said, event),) = rig.said
    assert (stream, said["e"], said["a"], said["p"], said["q"]) == (
        "btcusdt@aggTrade", "aggTrade", 7, "100.00000000", "2.00000000",
    )  # fmt: skip
    assert isinstance(event, TradeEvent)


def test_slow_diffs_make_the_same_book_without_a_gap() -> None:
    rig = Rig("btcusdt@depth")
    for number in range(40):
        rig.feed(number * 100, diff(number, (99 - number % 3, number % 5), (90, 1)))
    said = rig.payloads()
    book, last = OrderBook(), 0
    for frame in said:
        assert frame["U"] == last + 1
        last = frame["u"]
        book.apply([(Decimal(price), Decimal(size)) for price, size in frame["b"]], ())
    rig.feed(5_000, diff(40))
    final = rig.payloads()[-1]
    book.apply([(Decimal(price), Decimal(size)) for price, size in final["b"]], ())
    assert list(book.levels("bid")) == list(rig.markets["BTCUSDT"].book.levels("bid"))
    assert len(said) <= 6


@pytest.mark.parametrize(
    ("name", "levels", "frames"), [("depth5", 5, 3), ("depth10@100ms", 10, 20), ("depth20", 20, 3)]
)
def test_partial_books_have_their_depth_and_their_speed(name: str, levels: int, frames: int) -> None:
    rig = Rig(f"btcusdt@{name}").feed(0, diff(0, *((price, 1) for price in range(50, 90))))
    for number in range(1, 40):
        rig.feed(number * 50, diff(number, (89, number)))
    said = rig.payloads()
    assert {len(frame["bids"]) for frame in said} == {levels}
    assert abs(len(said) - frames) <= 1
    assert said[-1]["lastUpdateId"] <= rig.markets["BTCUSDT"].last_update_id


def test_a_bar_is_said_while_it_runs_and_once_it_is_closed() -> None:
    rig = Rig("btcusdt@kline_1m")
    for second in range(0, 130, 2):
        rig.feed(second * 1_000, trade(second, BEGIN_MS + second * 1_000, 100 + second))
    bars = [said["k"] for said in rig.payloads()]
    closed = [bar for bar in bars if bar["x"]]
    assert [(bar["t"] - BEGIN_MS, bar["o"], bar["c"], bar["n"]) for bar in closed] == [
        (0, "100.00000000", "158.00000000", 30), (60_000, "160.00000000", "218.00000000", 30),
    ]  # fmt: skip
    starts = [bar["t"] for bar in bars]
    assert starts == sorted(starts)


def test_a_bar_is_closed_without_trades_too() -> None:
    rig = Rig("btcusdt@kline_1s").feed(0, trade(1, BEGIN_MS))
    for at_ms in range(500, 4_000, 500):
        rig.feed(at_ms, TickerEvent("BTCUSDT", 1, Decimal(1), Decimal(1), Decimal(2), Decimal(1)))
    closed = [said["k"] for said in rig.payloads() if said["k"]["x"]]
    assert [(bar["t"] - BEGIN_MS, bar["n"]) for bar in closed] == [(0, 1), (1_000, 0), (2_000, 0)]


FIGURES = {
    "miniTicker": "eEscohlvq",
    "ticker": "eEspPwxcQbBaAohlvqOCFLn",
    "ticker_1h": "eEspPohlcwvqOCFLn",
    "avgPrice": "eEsiwT",
}


@pytest.mark.parametrize("kind", FIGURES)
def test_figures_are_said_once_a_second_where_something_changed(kind: str) -> None:
    rig = Rig(f"btcusdt@{kind}")
    for number in range(30):
        rig.feed(number * 100, trade(number, BEGIN_MS + number * 100))
    changed = len(rig.said)
    for number in range(30, 60):
        rig.feed(number * 100, trade(number, BEGIN_MS + number * 100, symbol="ETHUSDT"))
    assert 3 <= changed <= 4
    assert len(rig.said) <= changed + 1
    assert {frozenset(said) for said in rig.payloads()} == {frozenset(FIGURES[kind])}


def test_all_symbols_that_changed_are_in_one_array() -> None:
    rig = Rig("!miniTicker@arr").feed(0, trade(1, BEGIN_MS), trade(2, BEGIN_MS, symbol="ETHUSDT"))
    rig.feed(1_000, trade(3, BEGIN_MS)).feed(2_000, trade(4, BEGIN_MS))
    symbols = [[each["s"] for each in said] for said in rig.payloads()]
    assert symbols[-1] == ["BTCUSDT"]
    assert {name for said in symbols for name in said} == set(NAMES)


def test_all_quotes_are_one_stream() -> None:
    quotes = [TickerEvent(name, 5, Decimal(1), Decimal(2), Decimal(3), Decimal(4)) for name in NAMES]
    rig = Rig("!bookTicker").feed(0, *quotes)
    assert [(said["s"], said["b"], said["A"]) for said in rig.payloads()] == [
        (name, "1.00000000", "4.00000000") for name in NAMES
    ]


def every(names: Iterable[str]) -> list[str]:
    return [f"btcusdt@{name}" for name in names]


DOCUMENTED = [
    *every(f"kline_{interval}" for interval in INTERVALS),
    *every(("aggTrade", "depth", "depth@1000ms", "depth5", "depth20@100ms")),
    *every(("miniTicker", "ticker", "ticker_1d", "avgPrice")),
    *("!miniTicker@arr", "!ticker@arr", "!ticker_4h@arr", "!bookTicker"),
]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_stream_the_venue_documents_is_made(name: str) -> None:
    assert make(name, Rig().markets) is not None


@pytest.mark.parametrize(
    "name", ["btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@kline_7m", "xusdt@ticker", "!x@arr", ""]
)
def test_a_stream_of_the_market_itself_or_of_nobody_is_not(name: str) -> None:
    assert make(name, Rig().markets) is None


def test_what_nobody_hears_any_more_is_not_made() -> None:
    rig = Rig("btcusdt@aggTrade").feed(0, trade(1, BEGIN_MS))
    rig.streams.unsubscribe(rig.client, ["btcusdt@aggTrade"])
    rig.feed(1, trade(2, BEGIN_MS))
    assert len(rig.said) == 1


def test_a_bar_is_closed_in_a_market_that_is_wholly_silent_too() -> None:
    rig = Rig("btcusdt@kline_1m").feed(0, trade(1, BEGIN_MS))
    for at_ms in range(0, 3_700_000, 20_000):
        rig.derived.pass_time(BEGIN_MS + at_ms)
    closed = [said["k"] for said in rig.payloads() if said["k"]["x"]]
    assert [bar["t"] - BEGIN_MS for bar in closed] == [minute * 60_000 for minute in range(61)]
    assert [bar["n"] for bar in closed] == [1] + [0] * 60
    assert {bar["c"] for bar in closed} == {"100.00000000"}


def test_after_a_pause_every_bar_that_ended_in_it_is_closed() -> None:
    rig = Rig("btcusdt@kline_1s").feed(0, trade(1, BEGIN_MS))
    rig.derived.pass_time(BEGIN_MS + 100)
    rig.feed(20_000, trade(2, BEGIN_MS + 20_000))
    closed = [said["k"] for said in rig.payloads() if said["k"]["x"]]
    assert [bar["t"] - BEGIN_MS for bar in closed] == [second * 1_000 for second in range(20)]


def test_a_clock_that_is_set_back_silences_nothing() -> None:
    rig = Rig("btcusdt@miniTicker").feed(3_600_000, trade(1, BEGIN_MS + 3_600_000))
    rig.feed(3_601_000, trade(2, BEGIN_MS + 3_601_000))
    before = len(rig.said)
    rig.feed(1_000, trade(3, BEGIN_MS + 3_601_100)).feed(2_100, trade(4, BEGIN_MS + 3_601_200))
    assert len(rig.said) == before + 2


@pytest.mark.parametrize("name", ["BTCUSDT@kline_1m", "btcUSDT@depth5", "@miniTicker"])
def test_streams_have_small_letters_alone(name: str) -> None:
    assert make(name, Rig().markets) is None


def test_what_is_not_due_costs_a_frame_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    due = Derived.is_due
    monkeypatch.setattr(Derived, "is_due", lambda self, now_ms: asked.append(now_ms) or due(self, now_ms))
    rig = Rig("btcusdt@miniTicker", "ethusdt@miniTicker", "btcusdt@aggTrade")
    for at_ms in range(2_000):
        rig.feed(at_ms, trade(at_ms, BEGIN_MS + at_ms))
    assert len(asked) <= 3 * 4, "once a period, not at every frame, though one market is silent"
