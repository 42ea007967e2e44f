"""The trading rules of a symbol, as `exchangeInfo` publishes them and as every new order is held to."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ...trading.instruments import Instrument
from .errors import INVALID_ASSET, INVALID_PRICE, INVALID_QUANTITY, TOO_PRECISE, RequestRefused, filter_failed

PRICE_MAX = Decimal(1_000_000)
TRANSFER_MAX = Decimal("1e12")
ASSET_STEP = Decimal("1e-8")
MULTIPLIER_UP = Decimal(5)
MULTIPLIER_DOWN = Decimal("0.2")
TRAILING_MIN, TRAILING_MAX = 10, 2_000
ICEBERG_PARTS_MAX = 10
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


def check_trailing(delta: int, last_price: Decimal | None) -> None:
    """A trail begins at the last trade. Raises RequestRefused."""
    if not TRAILING_MIN <= delta <= TRAILING_MAX or not last_price:
        raise RequestRefused(filter_failed("TRAILING_DELTA"))


def check_iceberg(instrument: Instrument, iceberg: Decimal, quantity: Decimal) -> None:
    """Raises RequestRefused."""
    check_quantity(instrument, iceberg)
    if -(-quantity // iceberg) > ICEBERG_PARTS_MAX:
        raise RequestRefused(filter_failed("ICEBERG_PARTS"))


def check_waiting_orders(waiting: int) -> None:
    """Raises RequestRefused."""
    if waiting >= WAITING_ORDERS_MAX:
        raise RequestRefused(filter_failed("MAX_NUM_ALGO_ORDERS"))


def check_notional(instrument: Instrument, notional: Decimal) -> None:
    """Raises RequestRefused."""
    if notional < instrument.min_notional:
        raise RequestRefused(filter_failed("NOTIONAL"))


def check_transfer(instruments: Iterable[Instrument], asset: str, amount: Decimal) -> None:
    """Raises RequestRefused."""
    if not any(asset in (each.base, each.quote) for each in instruments):
        raise RequestRefused(INVALID_ASSET)
    if not amount.is_finite() or not 0 < abs(amount) <= TRANSFER_MAX:
        raise RequestRefused(INVALID_QUANTITY)
    if amount % ASSET_STEP:
        raise RequestRefused(TOO_PRECISE)


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
        {"filterType": "ICEBERG_PARTS", "limit": ICEBERG_PARTS_MAX},
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": TRAILING_MIN,
            "maxTrailingAboveDelta": TRAILING_MAX,
            "minTrailingBelowDelta": TRAILING_MIN,
            "maxTrailingBelowDelta": TRAILING_MAX,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": open_orders_max},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": WAITING_ORDERS_MAX},
    ]


def _text(number: Decimal) -> str:
    return f"{number:.8f}"
