"""Checks of the order by itself: would a venue take it, and does it mean what it says?"""

from decimal import Decimal

from ..instruments import Instrument
from ..messages import ZERO, OrderRequested
from ..rungs import Rung, is_protective, shrinks
from .compliance import decide
from .view import MARKET_SLACK, Asked, Draft, Refusal, RiskView, bound_of

BPS = Decimal(10_000)
MARKET_TYPES = ("market", "stop_loss", "take_profit")
"""Filled at whatever the market gives."""


def check_reduce_only(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    if not draft.terms.reduce_only:
        return None
    left = _reducible(draft, asked, view)
    numbers = {"side": draft.side, "amount": str(draft.amount), "held": str(left)}
    if left == ZERO:
        return Refusal("POSITION_NOT_FOUND", numbers)
    return None if shrinks(draft.side, draft.amount, left) else Refusal("REDUCE_ONLY_WOULD_INCREASE_POSITION", numbers)


def check_rung(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    """What protects a position shrinks it, and may leave."""
    if view.standing.rung != Rung.REDUCING:
        return None
    left = _reducible(draft, asked, view)
    if shrinks(draft.side, draft.amount, left):
        return None
    numbers = {"side": draft.side, "amount": str(draft.amount), "held": str(left), "reason": view.standing.reason}
    return Refusal("REDUCING", numbers)


def _reducible(draft: Draft, asked: Asked, view: RiskView) -> Decimal:
    """What the strategy holds and its own resting orders do not close already."""
    own, held = (asked.strategy, draft.symbol), view.exposure.held(asked.strategy, draft.symbol)
    return max(held - view.exposure.selling[own], ZERO) if held > 0 else min(held + view.exposure.buying[own], ZERO)


def check_shape(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    """The parts of an order that its type needs are there, and no others."""
    terms, limited = draft.terms, draft.type not in MARKET_TYPES
    if limited != (draft.price is not None):
        return _invalid("price", "one" if limited else "none", draft.type)
    if is_protective(draft.type) != (terms.stop_price is not None or terms.trail_bps > 0):
        return _invalid("stop_price", "one, or a trail" if is_protective(draft.type) else "none", draft.type)
    if not 0 <= terms.trail_bps < BPS:
        return _invalid("trail_bps", "from 0 to below 10000", terms.trail_bps)
    if terms.quote_amount is not None and draft.type != "market":
        return Refusal("UNSUPPORTED_QUOTE_AMOUNT", {"type": draft.type, "expected": "market"})
    if terms.display_amount is not None and not (limited and terms.display_amount <= draft.amount):
        return _invalid("display_amount", "at most the amount, of a limit order", terms.display_amount)
    if terms.post_only and (not limited or terms.time_in_force in ("ioc", "fok")):
        return Refusal("UNSUPPORTED_POST_ONLY", {"type": draft.type, "time_in_force": terms.time_in_force})
    return None


def _invalid(field: str, expected: str, found: object) -> Refusal:
    return Refusal("VALIDATION_FAILED", {"field": field, "expected": expected, "found": str(found)})


def check_precision(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    if not isinstance(asked, OrderRequested):  # a target's order is made on the steps
        return None
    instrument, terms = _instrument(view), draft.terms
    for name, price in (("price", draft.price), ("stop_price", terms.stop_price)):
        if price is not None and price % instrument.tick_size:
            return Refusal(
                "PRICE_PRECISION", {name: str(price), "step": str(instrument.tick_size), "from": "the venue"}
            )
    for name, amount in (("amount", draft.amount), ("display_amount", terms.display_amount)):
        if amount is not None and amount % instrument.step_size:
            numbers = {name: str(amount), "step": str(instrument.step_size), "from": "the venue"}
            return Refusal("QUANTITY_PRECISION", numbers)
    return None


def check_quantity(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    instrument = _instrument(view)
    if draft.amount < instrument.min_amount:
        return _size("QUANTITY_BELOW_MINIMUM", "amount", draft.amount, instrument.min_amount)
    if draft.amount > instrument.max_amount:
        return _size("QUANTITY_EXCEEDS_MAXIMUM", "amount", draft.amount, instrument.max_amount)
    if draft.terms.quote_amount is not None:
        least = draft.terms.quote_amount
    else:
        least = draft.amount * (draft.price or draft.terms.stop_price or draft.reference)
    if least < instrument.min_notional:
        return _size("NOTIONAL_BELOW_MINIMUM", "notional", least, instrument.min_notional)
    return None


def _size(code: str, name: str, value: Decimal, bound: Decimal) -> Refusal:
    return Refusal(code, {name: str(value), "bound": str(bound), "from": "the venue"})


def check_expiry(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    terms = draft.terms
    if terms.time_in_force != "gtd":
        return None if terms.expires_ns == 0 else _invalid("expires_ns", "0 but for gtd", terms.expires_ns)
    if terms.expires_ns == 0:
        return Refusal("MISSING_EXPIRE_TIME", {"time_in_force": "gtd"})
    if terms.expires_ns <= view.now_ns:
        return Refusal("EXPIRE_TIME_IN_PAST", {"expires_ns": str(terms.expires_ns), "now_ns": str(view.now_ns)})
    return None


def check_price(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    """The collar: about the touch, or, where the order waits for one, about its stop. What only rests may lie further
    off where it was asked for as it is."""
    if draft.price is None:
        return None
    about = draft.terms.stop_price or draft.reference
    away = (draft.price - about) / about * BPS
    rests = isinstance(asked, OrderRequested) and (away < 0) == (draft.side == "buy")
    name = "max_resting_deviation_bps" if rests else "max_price_deviation_bps"
    bound = getattr(view.limits, name)
    if bound is None or abs(away) <= bound:
        return None
    numbers = {"price": str(draft.price), "touch": str(about), "deviation_bps": f"{abs(away):.1f}"}
    return Refusal("PRICE_OFF_MARKET", {**numbers, "bound": str(bound), "from": bound_of(view, asked, name)})


def check_stop(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    """A stop that the market is past already would be set off at once."""
    stop = draft.terms.stop_price
    if stop is None or draft.terms.trail_bps:
        return None
    above = (draft.side == "buy") == draft.type.startswith("stop")
    if (stop > draft.reference) if above else (stop < draft.reference):
        return None
    return Refusal("STOP_PRICE_REACHED", {"stop_price": str(stop), "touch": str(draft.reference), "type": draft.type})


def check_post_only(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    if draft.terms.post_only and draft.price is not None and _crosses(draft, draft.price, draft.reference):
        return Refusal("POST_ONLY_WOULD_TAKE", {"price": str(draft.price), "touch": str(draft.reference)})
    return None


def check_self_trade(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    """Against what of ours may rest on the other side: a market order reaches it at the touch, or, where it is larger
    than that, as far as its slack goes."""
    if is_protective(draft.type):
        return None
    resting = view.exposure.best_resting(draft.symbol, "sell" if draft.side == "buy" else "buy")
    if resting is None or not _crosses(draft, _reach(draft, view), resting):
        return None
    return Refusal("SELF_TRADE", {"price": str(_reach(draft, view)), "resting": str(resting)})


def _reach(draft: Draft, view: RiskView) -> Decimal:
    if draft.price is not None:
        return draft.price
    assert view.market is not None
    buys = draft.side == "buy"
    if draft.amount <= (view.market.ask_size if buys else view.market.bid_size):
        return draft.reference
    return draft.reference * MARKET_SLACK if buys else draft.reference / MARKET_SLACK


def _crosses(draft: Draft, price: Decimal, other: Decimal) -> bool:
    return price >= other if draft.side == "buy" else price <= other


def check_compliance(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    if view.rules is None or not view.rules.rules:
        return None
    rule = decide(view.rules, asked.strategy, draft.symbol, draft.side, view.now_ns)
    return None if rule is None else Refusal("RESTRICTED", {"rule": rule, "rules": view.rules.version})


def _instrument(view: RiskView) -> Instrument:
    assert view.instrument is not None
    return view.instrument
