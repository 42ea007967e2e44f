"""How soon a silence is found, how little is looked at, and whom a pause does not wrong."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.actors.test_feed import SYMBOLS, Stand, depth, ticker
from tests.actors.test_feed_faults import BTC, LATENCY_S, Watched
from tests.kit.account import Listener
from tradigrade.actors import feed_watch, topics
from tradigrade.actors.feed_silence import PATIENCE_MIN_NS, due_ns, patience_ns
from tradigrade.exchanges.binance.protocol import BinanceSpot
from tradigrade.exchanges.book_sync import Synchronizer
from tradigrade.exchanges.market import StreamsOpened
from tradigrade.exchanges.market_events import ControlEvent, DepthEvent, StreamEvent
from tradigrade.exchanges.stream_books import StreamedBook
from tradigrade.trading.messages import DataQuality, SymbolStatus


def settle(watched: Watched) -> None:
    """What is on its way arrives, and every book is the venue's."""
    watched.venue._pump.stop()
    watched.advance(2 * LATENCY_S)
    watched.assert_true()


@pytest.mark.parametrize("step_s", [0.02, 0.1, 0.5, 2.0])
def test_a_silence_is_found_within_twice_the_usual_one_or_a_tenth_of_a_second(step_s: float) -> None:
    watched = Watched(step_s=step_s)
    market = watched.feed._by_symbol[BTC]
    bound_s = max(2 * market.usual_ns / 1e9, 0.1)
    watched.venue.mute(BTC)
    last_ns = watched.system.clock.monotonic_ns()
    watched.advance(3 * bound_s + 2)
    assert watched.down_s(BTC) <= bound_s + LATENCY_S
    assert watched.up_s(BTC) - watched.down_s(BTC) <= step_s + 0.5 + 4 * LATENCY_S
    assert watched.repairs()["silent"] == 1
    assert market.last_ns > last_ns
    settle(watched)


def test_a_short_pause_is_distrusted_and_costs_nobody_his_streams() -> None:
    watched = Watched(step_s=0.02)
    market = watched.feed._by_symbol[BTC]
    assert patience_ns(market) == PATIENCE_MIN_NS
    connections = watched.view().connections
    watched.venue._pump.stop()
    watched.advance(0.3)
    assert not watched.turns(BTC)[-1][1]
    watched.venue._pump.start()
    watched.advance(1.0)
    assert watched.turns(BTC)[-1][1]
    assert watched.view().connections == connections
    assert watched.system.metrics.counters.get("feed_resubscriptions", 0) == 0
    settle(watched)


class Quick:
    """Quotes every 20 ms, before a host that may stand still."""

    def __init__(self) -> None:
        self.stand = Stand().live()
        self.number = 0
        self.stand.system.publish(topics.UNIVERSE, SymbolStatus(SYMBOLS[1], "halted", "nobody misses it", 0))
        self.speak(8.0)
        assert patience_ns(self.stand.feed._by_symbol[SYMBOLS[0]]) == PATIENCE_MIN_NS
        self.stand.heard.clear()
        self.scores: list[DataQuality] = []
        self.stand.system.spawn("trader/scores", lambda: Listener(self.scores, (topics.QUALITY,)))

    def speak(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.02)):
            self.say()
            self.stand.loop.advance(0.02)

    def say(self) -> None:
        self.number += 1
        self.stand.frame(depth(101 + self.number, 101 + self.number, bids=[["99.0", str(self.number)]]))
        self.stand.frame(ticker("99.0", "101.0") | {"u": 500 + self.number})

    def stand_still(self, seconds: float) -> None:
        """Whatever is due of the node is done afterwards, and before the frames of that time are read."""
        self.stand.loop.clock.advance(seconds)
        self.stand.loop.advance(0.0)

    def distrusted(self) -> list[str]:
        return [reason for live, reason in self.stand.changes() if not live]


def test_a_pause_of_our_own_host_is_nobodys_silence() -> None:
    quick = Quick()
    for number, pause_ms in enumerate(range(60, 320, 3)):
        quick.speak(0.1 + 0.02 * (number % 5))
        quick.stand_still(pause_ms / 1e3)
        quick.stand.loop.advance(0.005)
    quick.speak(1.0)
    assert quick.distrusted() == []
    assert all(word.score == 1.0 for word in quick.scores if word.symbol == SYMBOLS[0])


@pytest.mark.parametrize("late_s", [0.0, 0.03, 0.25])
def test_on_a_host_that_is_always_late_a_true_silence_is_found_all_the_same(late_s: float) -> None:
    quick = Quick()
    looks, clock = 0, quick.stand.loop.clock
    began_ns = clock.monotonic_ns()
    while not quick.distrusted() and looks < 100:
        quick.stand_still(0.02 + late_s)
        looks += 1
    assert quick.distrusted()
    assert (clock.monotonic_ns() - began_ns) / 1e9 <= (0.12 if not late_s else 5.0)


def test_a_look_costs_what_is_due_and_not_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()
    looked: list[str] = []

    def count(market: Any, now_ns: int) -> int:
        looked.append(market.symbol)
        return due_ns(market, now_ns)

    monkeypatch.setattr(feed_watch, "due_ns", count)
    watched.advance(10)
    assert len(looked) <= 3 * 10 / 0.5, "each symbol as often as it moves, not at each look"
    assert not watched.turns(BTC)


def test_trades_alone_keep_a_connection_but_not_the_trust_in_quotes_and_book() -> None:
    watched = Watched()
    watched.venue.mute(BTC, "quote", "book")
    watched.advance(4.3)
    assert watched.down_s(BTC) <= 1.0 + LATENCY_S
    assert watched.repairs()["frozen"] == 1
    assert watched.view().connections == 1
    settle(watched)


# -- thin symbols, of a venue whose snapshots come in the stream -------------------------------------------------------


class InStream(BinanceSpot):
    """Sends its books in the stream, unnumbered, whenever they are subscribed to; a frame is the place of its event."""

    snapshots_in_stream = True

    def __init__(self) -> None:
        super().__init__()
        self.events: list[StreamEvent] = []

    def decode(self, payload: bytes) -> tuple[StreamEvent, ...]:
        return (self.events[int(payload)],)

    def make_synchronizer(self) -> Synchronizer:
        return Unnumbered()


class Unnumbered(StreamedBook):
    def breaks(self, diff: DepthEvent) -> str:
        return ""


class Thin:
    """Both symbols stand still; heartbeats come every second, and each new subscription brings `bid` of that time."""

    def __init__(self) -> None:
        self.protocol = InStream()
        self.stand = Stand(self.protocol)
        self.bid = "99.0"
        self.asked: list[float] = []
        self.opened = 0
        self.advance(0.1)
        self.asked.clear()

    def say(self, event: StreamEvent) -> None:
        self.protocol.events.append(event)
        self.stand.frame(str(len(self.protocol.events) - 1).encode())

    def book(self, symbol: str, *, snapshot: bool) -> None:
        level, venue_symbol = (Decimal(self.bid), Decimal(1)), symbol.replace("/", "")
        ask = (Decimal("101.0"), Decimal(1))
        self.say(DepthEvent(venue_symbol, 0, 0, 0, (level,), (ask,), snapshot=snapshot))

    def advance(self, seconds: float) -> None:
        market = self.stand.market
        for number in range(round(seconds * 10)):
            self.stand.loop.advance(0.1)
            if market.opened > self.opened:
                self.opened = market.opened
                self.stand.tell(StreamsOpened())
                market.resubscribed += SYMBOLS
            for symbol in [*market.resubscribed, *(symbol for symbol, _ in market.asked)]:
                if symbol == SYMBOLS[0]:
                    self.asked.append(self.stand.loop.clock.monotonic_ns() / 1e9)
                self.book(symbol, snapshot=True)
            market.resubscribed.clear()
            market.asked.clear()
            if number % 10 == 0:
                self.say(ControlEvent("heartbeat"))


def test_a_symbol_of_which_nothing_is_heard_is_asked_anew_ever_more_seldom_while_its_book_stays_the_same() -> None:
    thin = Thin()
    thin.advance(600)
    assert 3 <= len(thin.asked) <= 14
    pauses = [later - earlier for earlier, later in pairwise(thin.asked[2:])]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 60


def test_a_symbol_of_a_trade_a_minute_is_left_alone_once_that_is_known() -> None:
    thin = Thin()
    for number in range(40):
        thin.bid = f"99.{number % 2}"
        thin.book(SYMBOLS[0], snapshot=False)
        thin.book(SYMBOLS[1], snapshot=False)
        thin.advance(60)
    asked = len(thin.asked)
    for number in range(40):
        thin.bid = f"98.{number % 2}"
        thin.book(SYMBOLS[0], snapshot=False)
        thin.book(SYMBOLS[1], snapshot=False)
        thin.advance(60)
    assert len(thin.asked) == asked, "a pause that is usual is none of its faults"
