"""The trading rules of a symbol, as `exchangeInfo` publishes them and as every new order is held to."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from typing import Any

import msgspec

from ...trading.instruments import Instrument
from .errors import (
    ICEBERG_EXCEEDS,
    INVALID_ASSET,
    INVALID_PRICE,
    INVALID_QUANTITY,
    PREVENTION_NOT_ALLOWED,
    TOO_PRECISE,
    RequestRefused,
    filter_failed,
)
from .impact import LASTS_MS
from .money import money
from .records import OrderKind, OrderSide, Prevention

TRANSFER_MAX = Decimal("1e12")
ASSET_STEP = Decimal("1e-8")
NOTIONAL_MAX = Decimal(9_000_000)
TICKS_MAX = 10**8
"""The highest price where the instrument names none, as Binance has it for most."""
MARKET_PART = 10
"""By default an order at any price may be that much smaller than one with a limit."""


class Rules(msgspec.Struct, frozen=True):
    """What a symbol's instrument does not say. `impact_ms` is no filter: how long the market feels what was taken."""

    price_max: Decimal | None = None
    """None, as of the next two: the instrument's own, else what is usual."""
    market_amount_max: Decimal | None = None
    notional_max: Decimal | None = None
    notional_max_for_market: bool = False
    notional_min_for_market: bool = True
    bid_multiplier_up: Decimal = Decimal(5)
    bid_multiplier_down: Decimal = Decimal("0.2")
    ask_multiplier_up: Decimal = Decimal(5)
    ask_multiplier_down: Decimal = Decimal("0.2")
    average_minutes: int = 5
    """Zero: prices are compared with the last one, not with the average of these minutes."""
    trailing_above: tuple[int, int] = (10, 2_000)
    trailing_below: tuple[int, int] = (10, 2_000)
    iceberg_parts: int = 10
    waiting_orders_max: int = 5
    """Orders of one account that may wait for their stop price at once."""
    position_max: Decimal | None = None
    default_prevention: Prevention = "EXPIRE_MAKER"
    preventions: tuple[Prevention, ...] = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
    impact_ms: int = LASTS_MS

    def market_max(self, instrument: Instrument) -> Decimal:
        return self.market_amount_max or instrument.max_amount / MARKET_PART

    def highest_price(self, instrument: Instrument) -> Decimal:
        return self.price_max or instrument.max_price or instrument.tick_size * TICKS_MAX

    def largest_notional(self, instrument: Instrument) -> Decimal:
        return self.notional_max or instrument.max_notional or NOTIONAL_MAX


def check_quantity(instrument: Instrument, quantity: Decimal) -> None:
    """Raises RequestRefused."""
    if quantity <= 0:
        raise RequestRefused(INVALID_QUANTITY)
    in_range = instrument.min_amount <= quantity <= instrument.max_amount
    if not in_range or quantity % instrument.step_size:
        raise RequestRefused(filter_failed("LOT_SIZE"))


def check_market_quantity(instrument: Instrument, rules: Rules, quantity: Decimal) -> None:
    """Raises RequestRefused."""
    if quantity > rules.market_max(instrument):
        raise RequestRefused(filter_failed("MARKET_LOT_SIZE"))


def check_price(instrument: Instrument, rules: Rules, side: OrderSide, price: Decimal, usual: Decimal | None) -> None:
    """`usual` is what prices are compared with. Raises RequestRefused."""
    if price <= 0:
        raise RequestRefused(INVALID_PRICE)
    check_stop_price(instrument, rules, price)
    down, up = (
        (rules.bid_multiplier_down, rules.bid_multiplier_up)
        if side == "BUY"
        else (rules.ask_multiplier_down, rules.ask_multiplier_up)
    )
    if usual and not usual * down <= price <= usual * up:
        raise RequestRefused(filter_failed("PERCENT_PRICE_BY_SIDE"))


def check_stop_price(instrument: Instrument, rules: Rules, price: Decimal) -> None:
    """Raises RequestRefused."""
    if price < instrument.tick_size or price > rules.highest_price(instrument) or price % instrument.tick_size:
        raise RequestRefused(filter_failed("PRICE_FILTER"))


def check_trailing(rules: Rules, kind: OrderKind, side: OrderSide, delta: int) -> None:
    """Raises RequestRefused."""
    above = (side == "BUY") == kind.startswith("STOP_LOSS")
    least, most = rules.trailing_above if above else rules.trailing_below
    if not least <= delta <= most:
        raise RequestRefused(filter_failed("TRAILING_DELTA"))


def check_iceberg(instrument: Instrument, rules: Rules, iceberg: Decimal, quantity: Decimal) -> None:
    """Raises RequestRefused."""
    if iceberg > quantity:
        raise RequestRefused(ICEBERG_EXCEEDS)
    check_quantity(instrument, iceberg)
    if (quantity / iceberg).to_integral_value(ROUND_CEILING) > rules.iceberg_parts:
        raise RequestRefused(filter_failed("ICEBERG_PARTS"))


def check_waiting_orders(rules: Rules, waiting: int) -> None:
    """Raises RequestRefused."""
    if waiting > rules.waiting_orders_max:
        raise RequestRefused(filter_failed("MAX_NUM_ALGO_ORDERS"))


def check_notional(instrument: Instrument, rules: Rules, notional: Decimal, *, market: bool) -> None:
    """Raises RequestRefused."""
    too_small = notional < instrument.min_notional and (not market or rules.notional_min_for_market)
    too_large = notional > rules.largest_notional(instrument) and (not market or rules.notional_max_for_market)
    if too_small or too_large:
        raise RequestRefused(filter_failed("NOTIONAL"))


def check_position(rules: Rules, position: Decimal) -> None:
    """`position` is what the account would hold of the base were every buy filled. Raises RequestRefused."""
    if rules.position_max is not None and position > rules.position_max:
        raise RequestRefused(filter_failed("MAX_POSITION"))


def check_prevention(rules: Rules, prevention: Prevention | None) -> Prevention:
    """The mode that holds. Raises RequestRefused."""
    if prevention is None:
        return rules.default_prevention
    if prevention not in rules.preventions:
        raise RequestRefused(PREVENTION_NOT_ALLOWED)
    return prevention


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
    if open_orders > limit:
        raise RequestRefused(filter_failed("MAX_NUM_ORDERS"))


def describe(instrument: Instrument, rules: Rules, open_orders_max: int) -> list[dict[str, Any]]:
    """The filters in Binance's form."""
    minutes = rules.average_minutes
    above, below = rules.trailing_above, rules.trailing_below
    filters: list[dict[str, Any]] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": money(instrument.tick_size),
            "maxPrice": money(rules.highest_price(instrument)),
            "tickSize": money(instrument.tick_size),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": money(instrument.min_amount),
            "maxQty": money(instrument.max_amount),
            "stepSize": money(instrument.step_size),
        },
        {"filterType": "ICEBERG_PARTS", "limit": rules.iceberg_parts},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": money(Decimal(0)),
            "maxQty": money(rules.market_max(instrument)),
            "stepSize": money(Decimal(0)),
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": above[0],
            "maxTrailingAboveDelta": above[1],
            "minTrailingBelowDelta": below[0],
            "maxTrailingBelowDelta": below[1],
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(rules.bid_multiplier_up),
            "bidMultiplierDown": str(rules.bid_multiplier_down),
            "askMultiplierUp": str(rules.ask_multiplier_up),
            "askMultiplierDown": str(rules.ask_multiplier_down),
            "avgPriceMins": minutes,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": money(instrument.min_notional),
            "applyMinToMarket": rules.notional_min_for_market,
            "maxNotional": money(rules.largest_notional(instrument)),
            "applyMaxToMarket": rules.notional_max_for_market,
            "avgPriceMins": minutes,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": open_orders_max},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": rules.waiting_orders_max},
    ]
    if rules.position_max is not None:
        filters.append({"filterType": "MAX_POSITION", "maxPosition": money(rules.position_max)})
    return filters
