"""The trader's account tree and the real feed, trading on the venue in memory: level in the end, whatever failed."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.kit.account import OPENING, Account
from tradigrade.actors.feed import Feed
from tradigrade.exchanges.simulated.memory import MemoryVenue
from tradigrade.exchanges.simulated.orders import OrderRequest
from tradigrade.exchanges.simulated.quiet_market import QuietMarket
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.order_events import OrderIntended

REQUESTS = ("place_lost", "place_unanswered", "place_late", "place_refused", "place_delayed", "cancel_lost")
EVENTS = ("event_lost", "event_duplicated", "event_delayed", "event_reordered")
BREAKS = ("account_cut", "market_cut", "diff_lost", "frame_crossed", "frame_malformed", "snapshot_lost")
LOOKS = ("look_failed", "look_partial")


class Traded(Account):
    """The same tree before a `MemoryVenue` (`place`), with the real feed for quotes."""

    def boot(self, seed: int) -> None:
        self.place = MemoryVenue(
            QuietMarket(self.symbols, seed, 0.5), PAPER_INSTRUMENTS.values(), self.loop, self.clock, Random(seed),
            opening_balances=OPENING,
        )  # fmt: skip
        self.place.open()
        self.venue: Any = self.place.account_port()
        self.venue.touch = {}  # the kit's own quotes have nothing to quote
        super().boot(seed)
        self.system.ports["market"] = self.place.market_port()
        self.system.spawn("trader/feeds/binance", lambda: Feed(self.symbols))

    def trade(self, rounds: int, every_s: float = 1.0) -> None:
        """There and back, at the market and with limits."""
        for number in range(rounds):
            self.signal("0" if number % 2 else "0.02")
            self.advance(every_s)

    def assert_level(self) -> None:
        venue, books = self.place, self.books
        assert self.verdict().equal
        for currency in books.balances.keys() | venue.balances().keys():
            assert books.balances.get(currency, 0) == venue.balances().get(currency, 0), currency
        assert {order.intent.client_id for order in books.open_orders()} == set(venue.open_orders())
        left = [note.client_id for note in venue.requests if (note.where, note.kind) == ("left", "place")]
        arrived = [note.client_id for note in venue.requests if (note.where, note.kind) == ("arrived", "place")]
        assert len(left) == len(set(left))
        assert len(arrived) == len(set(arrived))
        assert set(arrived) <= set(left) <= {intent.client_id for intent in self.records(OrderIntended)}


def test_the_account_tree_trades_on_the_venue_in_memory(tmp_path):
    account = Traded(tmp_path)
    account.until(lambda: account.rung() == "NORMAL")
    account.trade(20)
    account.advance(10)
    assert len(account.place.trades()) >= 10
    account.assert_level()


@pytest.mark.parametrize("faults", [REQUESTS, EVENTS, BREAKS, LOOKS], ids=["requests", "events", "breaks", "looks"])
def test_the_books_equal_the_venues_after_its_faults(tmp_path, faults):
    account = Traded(tmp_path, seed=5)
    account.until(lambda: account.rung() == "NORMAL")
    for name in faults:
        setattr(account.place.faults, name, 0.02 if faults is BREAKS else 0.6 if faults is LOOKS else 0.2)
    account.trade(60)
    for name in faults:
        setattr(account.place.faults, name, 0)
    account.advance(30)
    assert account.place.fired
    assert sum(account.place.fired.values()) >= 5
    assert account.rung() == "NORMAL"
    account.assert_level()


def test_the_account_is_level_again_after_the_venue_was_down(tmp_path):
    account = Traded(tmp_path)
    account.until(lambda: account.rung() == "NORMAL")
    account.trade(4)
    account.place.close()
    account.trade(4)
    account.place.open()
    account.advance(20)
    trades = len(account.place.trades())
    account.trade(6)
    account.advance(10)
    assert len(account.place.trades()) > trades
    assert account.books.balances["USDT"] != Decimal(10_000)
    account.assert_level()


def test_a_stop_by_another_hand_stands_and_moves_no_money(tmp_path):
    account = Traded(tmp_path)
    account.until(lambda: account.rung() == "NORMAL")
    account.advance(2)
    account.signal("0.02")
    account.until(account.place.trades)
    amount = Decimal("0.01")
    stop = OrderRequest("BTCUSDT", "SELL", "STOP_LOSS", "stop-1", quantity=amount, stop_price=Decimal(20_000))
    account.place.place(stop)
    account.advance(20)
    assert account.place.open_kinds() == {"stop-1": "STOP_LOSS"}
    assert all("balance" not in difference for difference in account.verdict().differences)
    assert account.books.balances == account.place.balances()
