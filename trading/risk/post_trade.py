"""After a fill: did what happened stay within what was approved? A breach moves the ladder."""

from decimal import Decimal

from ..limits import Limits
from ..messages import ZERO
from ..order import Order
from ..order_events import OrderFilled
from .checks_order import BPS
from .view import MARKET_SLACK, Refusal


def inspect_fill(fill: OrderFilled, order: Order, limits: Limits, held: Decimal) -> tuple[Refusal, ...]:
    """What of a fill is past its bounds. `held`: of the base currency, after it."""
    looks = (
        _look_at_price(fill, order, limits),
        _look_at_fee(fill, limits),
        _look_at_position(fill, order, limits, held),
    )
    return tuple(look for look in looks if look is not None)


def _look_at_price(fill: OrderFilled, order: Order, limits: Limits) -> Refusal | None:
    """Never worse than the order's own limit; without one, within the collar about what it was judged at."""
    intent, bound_bps = order.intent, limits.max_price_deviation_bps
    worst = intent.price
    if worst is None:
        if bound_bps is None:
            return None
        about = intent.terms.stop_price or intent.reference_price
        if intent.terms.trail_bps or about <= 0:
            return None
        worst = about * (1 + (bound_bps if fill.side == "buy" else -bound_bps) / BPS)
    worse = fill.price > worst if fill.side == "buy" else fill.price < worst
    if not worse:
        return None
    return Refusal("FILL_PRICE_OFF", {"price": str(fill.price), "bound": str(worst), "order": fill.client_id})


def _look_at_fee(fill: OrderFilled, limits: Limits) -> Refusal | None:
    """In another currency than the symbol's its worth is not known here, and the books count it all the same."""
    base, _, quote = fill.symbol.partition("/")
    rate = {base: fill.price, quote: Decimal(1)}.get(fill.fee_currency)
    if rate is None or limits.max_fee_bps is None:
        return None
    fee, bound = abs(fill.fee * rate), fill.price * fill.amount * limits.max_fee_bps / BPS
    if fee <= bound:
        return None
    return Refusal("FEE_TOO_HIGH", {"fee": str(fee), "bound": str(bound), "order": fill.client_id})


def _look_at_position(fill: OrderFilled, order: Order, limits: Limits, held: Decimal) -> Refusal | None:
    """At the price that the order was judged at: a market that rose since is no breach."""
    bound = limits.max_position_notional
    price = order.intent.reference_price
    if fill.side == "sell" or bound is None or price <= ZERO or held * price <= bound * MARKET_SLACK:
        return None
    return Refusal("POSITION_OVER_LIMIT", {"held": str(held), "worth": str(held * price), "bound": str(bound)})
