"""From ccxt's unified structures to ours. Amounts become exact decimals of their shortest decimal form."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

import ccxt

from ..trading.evidence import VenueOrder, VenueState
from ..trading.instruments import Instrument
from ..trading.messages import ORDER_TYPES, OrderType, Side
from ..trading.order_events import OrderFilled, OrderIntended
from .binance.refusals import DUPLICATE

NAN = Decimal("NaN")

PROOFS: tuple[type[Exception], ...] = (
    ccxt.InsufficientFunds,
    ccxt.InvalidOrder,
    ccxt.MarketClosed,
    ccxt.BadRequest,
    ccxt.BadSymbol,
    ccxt.ArgumentsRequired,
    ccxt.AuthenticationError,
    ccxt.PermissionDenied,
    ccxt.NotSupported,
    ccxt.InvalidNonce,
    ccxt.RateLimitExceeded,
    ccxt.DDoSProtection,
)
"""Errors that are the venue's (or ccxt's own, before sending) structured word that it did not take the request. Several
are subclasses of NetworkError, so they are named; every other error proves nothing."""


def proves_refusal(error: Exception) -> bool:
    """A word that an order of this client id is there already proves the opposite."""
    return isinstance(error, PROOFS) and not isinstance(error, ccxt.DuplicateOrderId) and DUPLICATE not in str(error)


def exact(value: Any) -> Decimal:
    """A finite decimal; ValueError for what is none."""
    try:
        number = Decimal(str(value))
    except ArithmeticError:  # which InvalidOperation is, and no ValueError
        number = NAN
    if not number.is_finite():
        raise ValueError(f"expected a finite number, got {value!r}")
    return number


def instruments(exchange: Any, symbols: tuple[str, ...]) -> dict[str, Instrument]:
    """The rules of each symbol; a symbol the venue does not list is left out."""
    return {symbol: _instrument(exchange.markets[symbol]) for symbol in symbols if symbol in exchange.markets}


def _instrument(market: Any) -> Instrument:
    limits, precision = market["limits"], market["precision"]
    return Instrument(
        symbol=market["symbol"],
        venue_symbol=market["id"],
        base=market["base"],
        quote=market["quote"],
        tick_size=exact(precision["price"]),
        step_size=exact(precision["amount"]),
        min_amount=exact(limits["amount"]["min"] or 0),
        max_amount=exact(limits["amount"]["max"] or 10**12),
        min_notional=exact(limits["cost"]["min"] or 0),
        max_price=_most(limits, "price"),
        max_notional=_most(limits, "cost"),
    )


def _most(limits: Any, of: str) -> Decimal | None:
    most = (limits.get(of) or {}).get("max")
    return exact(most) if most else None


def client_id_of(trade: Any) -> str:
    """Our id of the order a trade of the private stream belongs to; ccxt keeps it only in the raw report."""
    return str(trade.get("clientOrderId") or trade.get("info", {}).get("c") or "")


def fill_of_trade(trade: Any, client_id: str) -> OrderFilled | None:
    """A fill, exact to the last digit where the raw trade has it."""
    if not trade.get("id"):
        return None
    fee = trade.get("fee") or {}
    return OrderFilled(
        client_id=client_id,
        trade_id=str(trade["id"]),
        symbol=trade["symbol"],
        side=_side(trade["side"]),
        price=exact(trade["price"]),
        amount=exact(trade["amount"]),
        fee=exact(fee.get("cost") or 0),
        fee_currency=str(fee.get("currency") or trade["symbol"].partition("/")[2]),
        maker=trade.get("takerOrMaker") == "maker",
        at_ns=int(trade.get("timestamp") or 0) * 1_000_000,
    )


def fills_of_order(order: Any, intent: OrderIntended) -> Iterator[OrderFilled]:
    """The fills in the answer to an order; without trade ids they are left to the stream."""
    for trade in order.get("trades") or ():
        complete = {**trade, "symbol": intent.symbol, "side": intent.side}
        if fill := fill_of_trade({**complete, "timestamp": order.get("timestamp")}, intent.client_id):
            yield fill


def reported_state(order: Any) -> Literal["open", "cancelled", "rejected"] | None:
    match order.get("status"):
        case "open":
            return "open"
        case "canceled" | "expired":
            return "cancelled"
        case "rejected":
            return "rejected"
        case _:
            return None


def venue_order(order: Any) -> VenueOrder:
    states: dict[str, VenueState] = {
        "open": "open",
        "closed": "filled",
        "canceled": "cancelled",
        "expired": "cancelled",
        "rejected": "rejected",
    }
    return VenueOrder(
        client_id=str(order["clientOrderId"]),
        venue_id=str(order["id"]),
        symbol=order["symbol"],
        state=states[order["status"]],
        side=_side(order["side"]),
        type=_type(order),
        amount=exact(order["amount"]),
        price=exact(order["price"]) if order.get("price") else None,
        filled=exact(order["filled"] or 0),
        stop_price=exact(order["stopPrice"]) if order.get("stopPrice") else None,
    )


def _type(order: Any) -> OrderType:
    """The venue's own word, since ccxt reads a stop as what it becomes; whatever else waits at a price is a limit."""
    said = str((order.get("info") or {}).get("type") or order["type"]).lower()
    return next((kind for kind in ORDER_TYPES if kind == said), "limit")


def _side(text: str) -> Side:
    if text not in ("buy", "sell"):
        raise ValueError(f"expected a side 'buy' or 'sell', got {text!r}")
    return "buy" if text == "buy" else "sell"
