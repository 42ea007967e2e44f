"""Halts, delistings and new rules: the symbol stops, its orders go, and it goes on once the venue trades it again."""

import json
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.kit.account import Listener
from tradigrade.actors import topics
from tradigrade.actors.universe import UniverseWatch
from tradigrade.exchanges.binance.listing import decode_listing
from tradigrade.exchanges.listing import InstrumentsChanged, ListingArrived, ListingUnavailable
from tradigrade.exchanges.market_events import MalformedFrame
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.system import System
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.messages import CauseNoted, FeedChanged, RiskAlert, StateAsked, SymbolStatus
from tradigrade.trading.universe import Listing
from tradigrade.transports.order_commands import CancelAllOrders

BTC, ETH = SYMBOLS = ("BTC/USDT", "ETH/USDT")
REFRESH_S = 60.0
ORDERS = "trader/trading/account/orders"
WHOLE = Listing({symbol: PAPER_INSTRUMENTS[symbol] for symbol in (*SYMBOLS, "SOL/USDT")})


class Port:
    """Answers what it is told to."""

    def __init__(self) -> None:
        self.answer: Any = ListingArrived(WHOLE)
        self.asked = 0
        self.closed = False

    def ask(self, deliver: Any) -> None:
        self.asked += 1
        deliver(self.answer)

    def close(self) -> None:
        self.closed = True


class Stand:
    def __init__(self, **settings: Any) -> None:
        self.loop = VirtualLoop(ManualClock())
        self.system = System("trader", self.loop, self.loop.clock, SeededEntropy(1))
        self.port = Port()
        self.system.ports = {"listing": self.port}
        self.heard: list[Any] = []
        self.orders: list[Any] = []
        self.system.spawn(ORDERS, lambda: Listener(self.orders, ()))
        self.system.spawn(
            "trader/listener",
            lambda: Listener(self.heard, (topics.UNIVERSE, topics.CAUSES, topics.VENUE, topics.ALERTS)),
        )
        self.system.spawn("trader/universe", lambda: UniverseWatch(SYMBOLS, REFRESH_S, ORDERS, **settings))
        self.loop.run()
        self.clear()

    def clear(self) -> None:
        self.heard.clear()
        self.orders.clear()

    def publish(self, **changes: Any) -> None:
        self.port.answer = ListingArrived(replace(WHOLE, **changes))
        self.loop.advance(REFRESH_S)

    def say(self, symbol: str, state: Any) -> None:
        self.system.publish(topics.STATUS, SymbolStatus(symbol, state, "said", 0))
        self.loop.run()

    def states(self) -> list[tuple[str, str]]:
        return [(word.symbol, word.state) for word in self.heard if isinstance(word, SymbolStatus)]

    def causes(self) -> list[tuple[str, str, bool]]:
        words = (word for word in self.heard if isinstance(word, CauseNoted))
        return [(word.scope, word.cause, word.holds) for word in words]


def without(*symbols: str) -> dict[str, Any]:
    return {"instruments": {symbol: each for symbol, each in WHOLE.instruments.items() if symbol not in symbols}}


def test_a_halted_symbol_stops_its_orders_go_and_it_comes_back() -> None:
    stand = Stand()
    stand.publish(halted={BTC: "BREAK"})
    assert stand.states() == [(BTC, "halted")]
    assert stand.causes() == [(BTC, "SYMBOL_HALTED", True), (BTC, "SYMBOL_GONE", False)]
    (cancel,) = stand.orders
    assert (cancel.symbol, cancel.stops) == (BTC, False)
    assert cancel.reason == "BTC/USDT is halted: its status at the venue is BREAK"
    stand.clear()
    stand.publish(halted={BTC: "BREAK"})
    assert (stand.heard, stand.orders) == ([], []), "nothing is told twice"
    stand.publish()
    assert stand.states() == [(BTC, "online")]
    assert (BTC, "SYMBOL_HALTED", False) in stand.causes()
    assert stand.orders == []


def test_a_delisted_symbol_loses_its_stops_too_and_what_came_instead_is_named() -> None:
    stand = Stand()
    new = {**without(ETH)["instruments"], "ETHX/USDT": replace(PAPER_INSTRUMENTS[ETH], symbol="ETHX/USDT")}
    stand.publish(instruments=new)
    (status,) = [word for word in stand.heard if isinstance(word, SymbolStatus)]
    assert (status.symbol, status.state) == (ETH, "gone")
    assert "perhaps it was renamed, for ETHX/USDT came: to trade that, put it in place of ETH/USDT" in status.detail
    assert stand.orders == [CancelAllOrders(ETH, True, f"ETH/USDT is gone: {status.detail}")]


def listed(*symbols: str) -> dict[str, Any]:
    return {symbol: replace(PAPER_INSTRUMENTS[ETH], symbol=symbol) for symbol in symbols}


def test_a_person_is_told_once_what_to_change_where_a_symbol_may_have_another_name() -> None:
    stand = Stand()
    for _ in range(3):
        stand.publish(**without(ETH))
    (alert,) = [word for word in stand.heard if isinstance(word, RiskAlert)]
    assert (alert.code, alert.detail.split(":")[0]) == ("SYMBOL_GONE", ETH)
    assert alert.detail.endswith("take it out of symbols and of the strategies' symbols in the settings")
    stand.clear()
    for _ in range(3):
        stand.publish(instruments={**without(ETH)["instruments"], **listed("ZZZ/USDT", "ETH2/USDT", "ETH2/EUR")})
    (alert,) = [word for word in stand.heard if isinstance(word, RiskAlert)]
    assert "for ETH2/USDT, ZZZ/USDT came" in alert.detail, "it came later; the likelier first; not paid in euros"
    assert stand.states() == [], "gone it was before, and nothing else is traded for it"
    stand.clear()
    stand.publish()
    stand.publish(**without(ETH))
    assert len([word for word in stand.heard if isinstance(word, RiskAlert)]) == 1, "it came back, and went again"


def test_where_many_came_none_is_taken_for_the_one_that_went() -> None:
    stand = Stand()
    many = listed(*(f"NEW{number}/USDT" for number in range(4)))
    stand.publish(instruments={**without(ETH)["instruments"], **many})
    (alert,) = [word for word in stand.heard if isinstance(word, RiskAlert)]
    assert "renamed" not in alert.detail


def test_a_listing_with_none_of_our_symbols_is_believed_only_the_second_time() -> None:
    stand = Stand()
    stand.publish(instruments={})
    assert stand.states() == []
    stand.publish(instruments={})
    assert stand.states() == [(BTC, "gone"), (ETH, "gone")]


def test_the_worse_of_listing_and_stream_counts() -> None:
    stand = Stand()
    stand.say(BTC, "halted")
    assert stand.states() == [(BTC, "halted")]
    stand.publish()
    assert stand.states() == [(BTC, "halted")], "the listing may be older than what was said since"
    stand.say(BTC, "online")
    assert stand.states()[-1] == (BTC, "online")


def test_a_listing_that_does_not_come_changes_nothing_and_is_asked_for_again() -> None:
    stand = Stand()
    stand.port.answer = ListingUnavailable("TimeoutError")
    stand.loop.advance(3 * REFRESH_S)
    assert stand.heard == []
    assert stand.port.asked == 4
    assert stand.system.metrics.counters["listings_unavailable"] == 3


def test_new_rules_are_told_once() -> None:
    stand = Stand()
    rules = {**WHOLE.instruments, BTC: replace(PAPER_INSTRUMENTS[BTC], tick_size=Decimal("0.1"))}
    stand.publish(instruments=rules)
    stand.loop.advance(REFRESH_S)
    (told,) = [word for word in stand.heard if isinstance(word, InstrumentsChanged)]
    assert told.instruments[BTC].tick_size == Decimal("0.1")
    assert set(told.instruments) == set(SYMBOLS)


def test_whoever_asks_is_told_of_every_symbol_and_orders_stay_where_that_is_wanted() -> None:
    stand = Stand(cancel=False)
    stand.publish(halted={BTC: "HALT"})
    assert stand.orders == []
    stand.clear()
    stand.system.publish(topics.STATE_ASKED, StateAsked())
    stand.loop.run()
    assert stand.states() == [(BTC, "halted"), (ETH, "online")]


def test_a_symbol_without_data_is_asked_about_at_once_but_not_all_the_time() -> None:
    stand = Stand()
    stand.loop.advance(15)
    asked = stand.port.asked
    stand.port.answer = ListingArrived(replace(WHOLE, halted={BTC: "BREAK"}))
    for _ in range(50):
        stand.system.publish(topics.FEEDS, FeedChanged(BTC, False, "silent", 0))
        stand.loop.advance(0.1)
    assert stand.port.asked == asked + 1
    assert stand.states() == [(BTC, "halted")]
    stand.system.publish(topics.FEEDS, FeedChanged(BTC, True, "the book is in sync", 0))
    stand.loop.advance(5.0)
    assert stand.port.asked == asked + 1


# -- Binance's exchangeInfo -------------------------------------------------------------------------------------------


def info(**changes: Any) -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01000000", "maxPrice": "1000000.00", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
    ]
    symbol = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "filters": filters}
    return {"timezone": "UTC", "symbols": [symbol | changes]}


def test_a_listing_of_binance_has_the_rules_and_who_does_not_trade() -> None:
    listing = decode_listing(json.dumps(info()).encode())
    assert listing == Listing({BTC: replace(PAPER_INSTRUMENTS[BTC], max_price=Decimal(1_000_000))})
    assert str(listing.instruments[BTC].max_amount) == "9000"
    assert decode_listing(json.dumps(info(status="BREAK")).encode()).halted == {BTC: "BREAK"}


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b"[]", json.dumps(info(status=1)).encode()])
def test_what_is_no_listing_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode_listing(payload)
    bad = info()
    bad["symbols"][0]["filters"][0]["tickSize"] = "NaN"
    with pytest.raises(MalformedFrame):
        decode_listing(json.dumps(bad).encode())
