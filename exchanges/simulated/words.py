"""What the engine's orders and fills are called in the venue contract."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from ...trading.evidence import VenueOrder, VenueState
from ...trading.messages import ORDER_TYPES, OrderType
from ...trading.order_events import OrderFilled as FillWord
from ..venue import BalancesReported, OrderReported, VenueWord, funds_moved
from .accounts import ZERO, Account
from .orders import Fill, Order
from .records import AnyRecord, BalanceCredited, FundsTransferred, OrderFilled, PositionNoted

_STATES: dict[str, VenueState] = {
    "NEW": "open",
    "PENDING_NEW": "open",
    "PARTIALLY_FILLED": "open",
    "FILLED": "filled",
    "CANCELED": "cancelled",
    "EXPIRED": "cancelled",
    "EXPIRED_IN_MATCH": "cancelled",
}


def fill_word(fill: Fill, client_id: str, symbol: str) -> FillWord:
    return FillWord(
        client_id=client_id,
        trade_id=str(fill.trade_id),
        symbol=symbol,
        side="buy" if fill.side == "BUY" else "sell",
        price=fill.price,
        amount=fill.quantity,
        fee=fill.fee,
        fee_currency=fill.fee_asset,
        maker=fill.maker,
        at_ns=fill.at_ms * 1_000_000,
    )


_TYPES: dict[str, OrderType] = {kind.upper(): kind for kind in ORDER_TYPES} | {"LIMIT_MAKER": "limit"}


def order_word(order: Order) -> VenueOrder:
    """An order as evidence."""
    return VenueOrder(
        client_id=order.client_id,
        venue_id=str(order.order_id),
        symbol=symbol_of(order),
        state=_STATES[order.status],
        side="buy" if order.side == "BUY" else "sell",
        type=_TYPES[order.type],
        amount=order.quantity,
        price=order.price or None,
        filled=order.executed,
        stop_price=order.stop_price or None,
    )


def stream_words(record: AnyRecord, order: Order | None, fill: Fill | None) -> list[VenueWord]:
    """What the private stream says of a record: `order` as it stands after it, and the fill it made."""
    if isinstance(record, FundsTransferred):
        return [funds_moved(record.asset, record.amount, record.at_ms)]
    if order is None or isinstance(record, BalanceCredited | PositionNoted):
        return []
    words: list[VenueWord] = []
    if isinstance(record, OrderFilled) and fill is not None:
        words.append(fill_word(fill, order.client_id, symbol_of(order)))
    if (state := _STATES[order.status]) != "filled":
        reported: Literal["open", "cancelled"] = "open" if state == "open" else "cancelled"
        words.append(OrderReported(order.client_id, str(order.order_id), reported))
    return words


def concerns(record: AnyRecord, order: Order | None, uid: int) -> bool:
    """Whether the account is told of the record."""
    if isinstance(record, FundsTransferred | BalanceCredited):
        return record.uid == uid
    return order is not None and order.uid == uid


def touched_by(record: AnyRecord, order: Order | None) -> tuple[str, ...]:
    """The assets whose balance the stream tells after a record."""
    if isinstance(record, FundsTransferred):
        return (record.asset,)
    return () if order is None else (order.base, order.quote)


def balances_word(account: Account, assets: Iterable[str], at_ms: int) -> BalancesReported:
    held = totals(account)
    return BalancesReported({asset: held.get(asset, ZERO) for asset in assets}, at_ms * 1_000_000)


def symbol_of(order: Order) -> str:
    """As ccxt spells it."""
    return f"{order.base}/{order.quote}"


def totals(account: Account) -> dict[str, Decimal]:
    """Free and locked of every asset that there is any of."""
    sums = {asset: balance.free + balance.locked for asset, balance in account.balances.items()}
    return {asset: total for asset, total in sums.items() if total}
