"""What an intended order is in Binance's own parameters. Pure."""

from decimal import Decimal

from ...trading.messages import OrderType, Terms, TimeInForce
from ...trading.order_events import OrderIntended

AT_A_PRICE: frozenset[OrderType] = frozenset({"limit", "stop_loss_limit", "take_profit_limit"})
TIMES_IN_FORCE: dict[TimeInForce, str] = {"gtc": "GTC", "ioc": "IOC", "fok": "FOK", "gtd": "GTC"}
"""Spot knows no `gtd`: such an order stands until whoever holds its time cancels it."""


def order_params(intent: OrderIntended, venue_symbol: str) -> dict[str, str]:
    """Of `order.place`, without key, time and signature. `reduce_only` is nothing that spot knows: it is seen to before
    an order is intended."""
    terms = intent.terms
    params = {
        "symbol": venue_symbol,
        "side": intent.side.upper(),
        "newClientOrderId": intent.client_id,
        "newOrderRespType": "FULL",
        "type": "LIMIT_MAKER" if terms.post_only else intent.type.upper(),
    }
    if terms.quote_amount is not None:
        return params | {"quoteOrderQty": plain(terms.quote_amount)}
    return params | {"quantity": plain(intent.amount)} | _price(intent) | _trigger(terms) | _display(terms)


def cancel_params(client_id: str, venue_symbol: str) -> dict[str, str]:
    """Of `order.cancel`, without key, time and signature."""
    return {"symbol": venue_symbol, "origClientOrderId": client_id}


def plain(number: Decimal) -> str:
    """Digits as Binance reads them: without exponent, and without zeros at the end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _price(intent: OrderIntended) -> dict[str, str]:
    if intent.type not in AT_A_PRICE or intent.price is None:
        return {}
    price = {"price": plain(intent.price)}
    return price if intent.terms.post_only else price | {"timeInForce": TIMES_IN_FORCE[intent.terms.time_in_force]}


def _trigger(terms: Terms) -> dict[str, str]:
    """A stop price beside a trail is where the trail begins."""
    stop = {} if terms.stop_price is None else {"stopPrice": plain(terms.stop_price)}
    return stop | {"trailingDelta": str(terms.trail_bps)} if terms.trail_bps else stop


def _display(terms: Terms) -> dict[str, str]:
    return {} if terms.display_amount is None else {"icebergQty": plain(terms.display_amount)}
