"""The ledger: positions as a fold over fills, told to whoever trades on them."""

from typing import Any

from ..exchanges.listing import InstrumentsChanged
from ..exchanges.venue import VenueOpened
from ..kernel.actor import Actor
from ..trading.books import Books
from ..trading.instruments import Instrument
from ..trading.messages import ZERO
from ..trading.order_events import OrderEvent, OrderFilled, PositionAsked, PositionTransferred, StrategyPosition
from . import topics


class Ledger(Actor):
    """Publishes a strategy's position when it starts, when asked, and with each of its fills, just before the fill."""

    must_hear = OrderEvent

    def start(self) -> None:
        self.context.subscribe(topics.ORDERS)  # before the copy: what happens meanwhile is in one or comes by the other
        self.context.subscribe(topics.VENUE)
        self.books: Books = self.context.ports["journal"].books()
        self._instruments: dict[str, Instrument] = {}
        self._publish_all()

    def receive(self, message: Any) -> Any:
        match message:
            case OrderFilled():
                if self.books.apply(message) and (order := self.books.orders.get(message.client_id)):
                    self.context.fault_point("ledger: fill booked")
                    self._publish(order.intent.strategy, message.symbol)
                    self.context.publish(topics.position(order.intent.strategy, message.symbol), message)
            case PositionTransferred(symbol, giver, taker):
                self.books.apply(message)
                for strategy in (giver, taker):
                    self._publish(strategy, symbol)
            case VenueOpened(instruments) | InstrumentsChanged(instruments):
                if (known := {**self._instruments, **instruments}) != self._instruments:
                    self._instruments = known
                    self._publish_all()
            case PositionAsked(strategy, symbol):
                self._publish(strategy, symbol)
            case _ if isinstance(message, OrderEvent):
                self.books.apply(message)

    def _publish_all(self) -> None:
        for strategy, symbol in self.books.strategy_positions:
            self._publish(strategy, symbol)

    def _publish(self, strategy: str, symbol: str) -> None:
        amount = self.books.strategy_positions.get((strategy, symbol), ZERO)
        rules = self._instruments.get(symbol)
        least = (ZERO, ZERO) if rules is None else (rules.min_amount, rules.min_notional)
        self.context.publish(topics.position(strategy, symbol), StrategyPosition(strategy, symbol, amount, *least))
