"""What one account of the venue may see of it."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import takewhile

from .accounts import Account
from .orders import Fill, Order, OrderList, PreventedMatch
from .records import FundsTransferred
from .state import VenueState


class AccountView:
    """Reads the state for the account `uid`; what others have is not there."""

    def __init__(self, state: VenueState, uid: int) -> None:
        self.state = state
        self.uid = uid

    @property
    def account(self) -> Account:
        return self.state.account(self.uid)

    def balance(self, asset: str) -> Decimal:
        """Free and locked together."""
        return self.account.total(asset)

    def find_order(self, symbol: str, order_id: int | None, client_id: str) -> Order | None:
        """By the venue's id where given, which the client's must agree with; else the newest of that client id."""
        return self.state.find_order(symbol, order_id, client_id, self.uid)

    def find_list(self, list_id: int | None, client_id: str) -> OrderList | None:
        return self.state.find_list(list_id, client_id, self.uid)

    def orders(self) -> Iterator[Order]:
        """All that are known, oldest first."""
        return (order for order in self.state.books.orders.values() if order.uid == self.uid)

    def open_orders(self, symbol: str = "") -> Iterator[Order]:
        """Of one symbol, or of all; oldest first."""
        return (order for order in self.state.open.of(self.uid) if symbol in ("", order.symbol))

    def lists(self) -> Iterator[OrderList]:
        """Oldest first."""
        return (each for each in self.state.books.lists.values() if each.uid == self.uid)

    def fills_from(self, trade_id: int) -> Iterator[Fill]:
        """Fills of that id and later, oldest first."""
        return (fill for fill in self.state.fills_from(trade_id) if fill.uid == self.uid)

    def fills_of(self, order: Order) -> list[Fill]:
        """Of an order just placed: its fills are among the newest, behind them only those of what they released."""
        newest = takewhile(lambda fill: fill.at_ms >= order.created_ms, reversed(self.state.books.fills))
        return [fill for fill in newest if fill.order_id == order.order_id][::-1]

    def prevented(self) -> Iterator[PreventedMatch]:
        """Oldest first."""
        return (each for each in self.state.books.prevented if each.uid == self.uid)

    def transfers(self) -> list[FundsTransferred]:
        """The latest, oldest first."""
        return [each for each in self.state.books.transfers if each.uid == self.uid]
