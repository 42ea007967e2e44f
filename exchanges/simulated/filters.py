"""The trading rules of a symbol, as `exchangeInfo` publishes them and as every new order is held to."""

from decimal import Decimal
from typing import Any

from ...trading.instruments import Instrument
from .errors import INVALID_PRICE, INVALID_QUANTITY, RequestRefused, filter_failed

PRICE_MAX = Decimal(1_000_000)
MULTIPLIER_UP = Decimal(5)
MULTIPLIER_DOWN = Decimal("0.2")
WAITING_ORDERS_MAX = 5
"""Orders of one symbol that may wait for their stop price at once."""


def check_quantity(instrument: Instrument, quantity: Decimal) -> None:
    """Raises RequestRefused."""
    if quantity <= 0:
        raise RequestRefused(INVALID_QUANTITY)
    in_range = instrument.min_amount <= quantity <= instrument.max_amount
    if not in_range or quantity % instrument.step_size:
        raise RequestRefused(filter_failed("LOT_SIZE"))


def check_price(instrument: Instrument, price: Decimal, last_price: Decimal | None) -> None:
    """Raises RequestRefused."""
    if price <= 0:
        raise RequestRefused(INVALID_PRICE)
    if price > PRICE_MAX or price % instrument.tick_size:
        raise RequestRefused(filter_failed("PRICE_FILTER"))
    if last_price and not last_price * MULTIPLIER_DOWN <= price <= last_price * MULTIPLIER_UP:
        raise RequestRefused(filter_failed("PERCENT_PRICE_BY_SIDE"))


def check_stop_price(instrument: Instrument, stop_price: Decimal) -> None:
    """Raises RequestRefused."""
    if stop_price <= 0 or stop_price > PRICE_MAX or stop_price % instrument.tick_size:
        raise RequestRefused(filter_failed("PRICE_FILTER"))


def check_waiting_orders(waiting: int) -> None:
    """Raises RequestRefused."""
    if waiting >= WAITING_ORDERS_MAX:
        raise RequestRefused(filter_failed("MAX_NUM_ALGO_ORDERS"))


def check_notional(instrument: Instrument, notional: Decimal) -> None:
    """Raises RequestRefused."""
    if notional < instrument.min_notional:
        raise RequestRefused(filter_failed("NOTIONAL"))


def check_open_orders(open_orders: int, limit: int) -> None:
    """Raises RequestRefused."""
    if open_orders >= limit:
        raise RequestRefused(filter_failed("MAX_NUM_ORDERS"))


def describe(instrument: Instrument, open_orders_max: int) -> list[dict[str, Any]]:
    """The filters in Binance's form."""
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": _text(instrument.tick_size),
            "maxPrice": _text(PRICE_MAX),
            "tickSize": _text(instrument.tick_size),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": _text(instrument.min_amount),
            "maxQty": _text(instrument.max_amount),
            "stepSize": _text(instrument.step_size),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(MULTIPLIER_UP),
            "bidMultiplierDown": str(MULTIPLIER_DOWN),
            "askMultiplierUp": str(MULTIPLIER_UP),
            "askMultiplierDown": str(MULTIPLIER_DOWN),
            "avgPriceMins": 0,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": _text(instrument.min_notional),
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": open_orders_max},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": WAITING_ORDERS_MAX},
    ]


def _text(number: Decimal) -> str:
    return f"{number:.8f}"
