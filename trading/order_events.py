"""The life of an order and of an account, as events: what the journal holds and the books fold."""

from decimal import Decimal
from typing import Literal

from .messages import PLAIN, Message, OrderType, Side, Terms


class OrderIntended(Message, frozen=True, gc=False, omit_defaults=True):
    """Written to the journal before the first byte leaves; `client_id` is never derived again."""

    client_id: str
    sequence: int
    epoch: int
    approval_id: str
    signal_id: str
    strategy: str
    symbol: str
    side: Side
    type: OrderType
    amount: Decimal
    price: Decimal | None
    reference_price: Decimal
    at_ns: int
    terms: Terms = PLAIN


class OrderPlaced(Message, frozen=True, gc=False, omit_defaults=True):
    """The request of an intended order was handed to the venue's connection."""

    client_id: str
    signal_id: str
    strategy: str
    symbol: str
    side: Side
    type: OrderType
    amount: Decimal
    price: Decimal | None
    at_ns: int
    terms: Terms = PLAIN


class OrderAccepted(Message, frozen=True, gc=False):
    client_id: str
    venue_id: str
    at_ns: int


class OrderRejected(Message, frozen=True, gc=False):
    """The venue proved that it does not hold the order."""

    client_id: str
    code: str
    reason: str
    at_ns: int


class OrderCancelled(Message, frozen=True, gc=False):
    client_id: str
    reason: str
    at_ns: int


class CancelIntended(Message, frozen=True, gc=False):
    client_id: str
    reason: str
    at_ns: int


class OrderUnknown(Message, frozen=True, gc=False):
    """The order's outcome is not proven: it reserves its worst case until the venue's own evidence ends the doubt."""

    client_id: str
    reason: str
    at_ns: int


class OrderFilled(Message, frozen=True, gc=False):
    client_id: str
    trade_id: str
    symbol: str
    side: Side
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    maker: bool
    at_ns: int


class BalanceAdopted(Message, frozen=True, gc=False):
    """The opening amount of a currency, taken from the venue when the account's journal began; said again (a crash cut
    the beginning short) it replaces what was said before."""

    currency: str
    amount: Decimal
    at_ns: int


class HistoryAdopted(Message, frozen=True, gc=False):
    """Trades of the account up to this id are in the books: those before its journal began in the adopted balances,
    those since as fills. The first one ends the entries that a journal begins with."""

    symbol: str
    last_trade_id: int
    at_ns: int


class FundsMoved(Message, frozen=True, gc=False):
    """Money came to the account or left it, not by trading: `amount` is the signed change of the currency's total.
    `reference` names the movement for ever: it counts once, however often it is told."""

    currency: str
    amount: Decimal
    kind: Literal["deposit", "withdrawal", "adjustment"]
    """`adjustment`: a person took the venue's word for a balance that nothing explained."""
    reference: str
    at_ns: int


class PositionTransferred(Message, frozen=True, gc=False):
    """So much of what `giver` holds is `taker`'s from now on, as if sold to it at `price`; the account's own position
    stays."""

    symbol: str
    giver: str
    taker: str
    amount: Decimal
    price: Decimal
    reason: str
    at_ns: int


class StrategyPosition(Message, frozen=True, gc=False):
    """A strategy's own virtual position: the sum of its fills, less fees taken in the base currency; and the venue's
    smallest order, in base and in quote currency, zero where it is not known yet."""

    strategy: str
    symbol: str
    amount: Decimal
    min_amount: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)


class PositionAsked(Message, frozen=True, gc=False):
    """A strategy asks the ledger to publish its position."""

    strategy: str
    symbol: str


class CancelRequested(Message, frozen=True, gc=False):
    """Cancel one open order; cancels need no approval."""

    client_id: str
    reason: str


OrderEvent = (
    OrderIntended
    | OrderPlaced
    | OrderAccepted
    | OrderRejected
    | OrderCancelled
    | CancelIntended
    | OrderUnknown
    | OrderFilled
    | BalanceAdopted
    | HistoryAdopted
    | FundsMoved
    | PositionTransferred
)
"""What the account's journal holds and the ledger folds."""
