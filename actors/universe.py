"""Keeps watch over what the venue trades: halts, delistings and new rules of symbols, told to all whom it concerns."""

from typing import Any

from ..exchanges.listing import InstrumentsChanged, ListingArrived, ListingPort, ListingUnavailable, ListingWord
from ..exchanges.tasks import PortBroke, PortFault
from ..kernel.actor import Actor
from ..trading.messages import CauseNoted, FeedChanged, RiskAlert, StateAsked, SymbolStatus
from ..trading.universe import Change, begin, hear_listing, hear_stream, state_of
from ..transports.order_commands import CancelAllOrders
from . import topics

CAUSE_OF = {"halted": "SYMBOL_HALTED", "gone": "SYMBOL_GONE"}
CANCEL_TIMEOUT_S = 5.0
ASK_AGAIN_NS = 10_000_000_000
"""A symbol without data may be halted: it is asked about at once; but a listing is large, and asked for no oftener."""


class _ListingDue:
    pass


class UniverseWatch(Actor):
    """Publishes `SymbolStatus` on `universe` where a symbol's state changes, notes it as a cause of the ladder, and has
    its orders cancelled: a market that opens again may open anywhere. What guards a position stays while the symbol is
    only halted. Of one that is gone a person is told what to change, by an alert: nothing is traded that nobody named.
    Publishes `InstrumentsChanged` where the rules of our symbols are others than before."""

    def __init__(self, symbols: tuple[str, ...], refresh_s: float, orders: str, *, cancel: bool = True) -> None:
        self.symbols = symbols
        self.refresh_s = refresh_s
        self.orders = orders
        self.cancel = cancel

    def start(self) -> None:
        self._universe = begin(self.symbols)
        self._port: ListingPort | None = self.context.ports.get("listing")
        self._rules: dict[str, Any] = {}
        self._alerted: dict[str, str] = {}
        """By symbol that is gone: what a person was told."""
        self.context.subscribe(topics.STATUS)
        self.context.subscribe(topics.STATE_ASKED)
        self.context.subscribe(topics.FEEDS)
        self._ask()
        self.context.repeat(self.refresh_s, _ListingDue())

    def stop(self, reason: str) -> None:
        if self._port is not None:
            self._port.close()

    def receive(self, message: Any) -> Any:
        match message:
            case ListingArrived(listing):
                self._universe, changes = hear_listing(self._universe, listing)
                self._count("listings")
                self._tell_rules()
                self._tell(changes)
                self._alert()
            case SymbolStatus(symbol, state, detail):
                self._universe, changes = hear_stream(self._universe, symbol, state, detail)
                self._tell(changes)
            case ListingUnavailable():
                self._count("listings_unavailable")  # what was known holds on
            case FeedChanged(live=False):
                self._ask_early()
            case _ListingDue():
                self._ask()
            case StateAsked():
                for symbol in self.symbols:
                    self._note(Change(symbol, *state_of(self._universe, symbol)))
            case PortBroke(reason):
                raise PortFault(reason)

    def _ask_early(self) -> None:
        if self.context.system.clock.monotonic_ns() - self._asked_ns >= ASK_AGAIN_NS:
            self._ask()

    def _ask(self) -> None:
        self._asked_ns = self.context.system.clock.monotonic_ns()
        system, path = self.context.system, self.context.path

        def deliver(word: ListingWord) -> None:
            system.tell(path, word, sender="port/listing")

        if self._port is not None:
            self._port.ask(deliver)

    def _tell(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            self._count(f"symbols_{change.state}")
            self._note(change)
            if self.cancel and change.state != "online":
                words = f"{change.symbol} is {change.state}: {change.detail}"
                wish = CancelAllOrders(change.symbol, change.state == "gone", words)
                self.context.ask(self.orders, wish, CANCEL_TIMEOUT_S)

    def _alert(self) -> None:
        """Also where a symbol comes later that may be the one that went."""
        states = {symbol: state_of(self._universe, symbol) for symbol in self.symbols}
        gone = {symbol: words for symbol, (state, words) in states.items() if state == "gone"}
        for symbol, words in gone.items():
            if self._alerted.get(symbol) != words:
                alert = RiskAlert("SYMBOL_GONE", f"{symbol}: {words}", self.context.now_ns())
                self.context.publish(topics.ALERTS, alert)
        self._alerted = gone

    def _note(self, change: Change) -> None:
        symbol, state, detail = change
        self.context.publish(topics.UNIVERSE, SymbolStatus(symbol, state, detail, self.context.now_ns()))
        for each, cause in CAUSE_OF.items():
            self.context.publish(topics.CAUSES, CauseNoted(symbol, cause, each == state, detail))

    def _tell_rules(self) -> None:
        """To those who round and bound orders; a symbol that is gone keeps the rules it had."""
        known = self._universe.instruments
        rules = self._rules | {symbol: known[symbol] for symbol in self.symbols if symbol in known}
        if rules != self._rules:
            self._rules = rules
            self.context.publish(topics.VENUE, InstrumentsChanged(rules))

    def _count(self, name: str) -> None:
        self.context.system.metrics.count(name)
