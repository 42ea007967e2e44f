"""What an intended order is in ccxt's unified arguments, for every exchange. Pure."""

from decimal import Decimal
from typing import Any, NamedTuple

from ..trading.messages import Terms
from ..trading.order_events import OrderIntended


class Arguments(NamedTuple):
    """Of ccxt's `create_order`."""

    symbol: str
    type: str
    side: str
    amount: str
    price: str | None
    params: dict[str, Any]


def order_arguments(intent: OrderIntended) -> Arguments:
    """An order that waits for the market is, in ccxt, what it becomes, with the price that sets it off."""
    limited = intent.price is not None and intent.type not in ("market", "stop_loss", "take_profit")
    return Arguments(
        intent.symbol,
        "limit" if limited else "market",
        intent.side,
        f"{intent.amount:f}",
        f"{intent.price:f}" if limited else None,
        {"clientOrderId": intent.client_id} | _stop(intent) | _flags(intent.terms),
    )


def _stop(intent: OrderIntended) -> dict[str, Any]:
    terms, profits = intent.terms, intent.type.startswith("take_profit")
    if terms.trail_bps:
        trail = {"trailingPercent": f"{Decimal(terms.trail_bps) / 100:f}"}
        begins = {} if terms.stop_price is None else {"trailingTriggerPrice": f"{terms.stop_price:f}"}
        return trail | begins | {"stopLossOrTakeProfit": "takeProfit" if profits else "stopLoss"}
    if terms.stop_price is None:
        return {}
    return {"takeProfitPrice" if profits else "stopLossPrice": f"{terms.stop_price:f}"}


def _flags(terms: Terms) -> dict[str, Any]:
    flags: dict[str, Any] = {}
    if terms.post_only:
        flags["postOnly"] = True
    elif terms.time_in_force in ("ioc", "fok"):
        flags["timeInForce"] = terms.time_in_force.upper()
    if terms.display_amount is not None:
        flags["icebergAmount"] = f"{terms.display_amount:f}"
    if terms.quote_amount is not None:
        flags["cost"] = f"{terms.quote_amount:f}"
    return flags
