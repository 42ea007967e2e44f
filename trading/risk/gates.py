"""Looks at what is asked, before there is an order: may anything leave, and can it be judged at all?"""

from decimal import Decimal

from ..messages import ZERO, OrderRequested
from ..rungs import FALLBACK_MODEL, Rung
from .view import Asked, Refusal, RiskView, asked_id, bound_of

NUMBER_MAX = Decimal(10**15)


def gate_standing(asked: Asked, view: RiskView) -> Refusal | None:
    """Feed, clock, venue, reconciliation, journal and halt: the ladder knows them, and `causes` names them."""
    if view.standing.rung < Rung.CANCEL_ONLY:
        return None
    causes = ", ".join(view.standing.causes)
    return Refusal("RUNG", {"rung": view.standing.rung.name, "reason": view.standing.reason, "causes": causes})


def gate_model(asked: Asked, view: RiskView) -> Refusal | None:
    model: str = getattr(asked, "model", "")
    if view.standing.rung == Rung.FALLBACK and model.partition("@")[0] not in ("", FALLBACK_MODEL):
        return Refusal("FALLBACK", {"model": model, "reason": view.standing.reason})
    return None


def gate_once(asked: Asked, view: RiskView) -> Refusal | None:
    if asked_id(asked) in view.exposure.books.used_signals:
        return Refusal("DUPLICATE_SIGNAL", {"signal_id": asked_id(asked)})
    return None


def gate_numbers(asked: Asked, view: RiskView) -> Refusal | None:
    """A number that is none is never compared: every comparison with it would say no, and let it through."""
    if isinstance(asked, OrderRequested):
        terms = asked.terms
        wanted = {"amount": asked.amount, "price": asked.price, "stop_price": terms.stop_price}
        wanted |= {"display_amount": terms.display_amount, "quote_amount": terms.quote_amount}
        if terms.quote_amount is not None and asked.amount == ZERO:
            del wanted["amount"]
        return next((bad for name, value in wanted.items() if (bad := _positive(name, value))), None)
    if not asked.target.is_finite() or asked.target > NUMBER_MAX:
        return _invalid("target", f"a number from 0 to {NUMBER_MAX:,}", asked.target)
    if asked.target < 0:  # spot: there is no selling what is not held
        return Refusal("NEGATIVE_TARGET", {"target": str(asked.target), "bound": "0", "from": "spot accounts"})
    return _positive("limit_price", asked.limit_price)


def _positive(name: str, value: Decimal | None) -> Refusal | None:
    if value is None or (value.is_finite() and 0 < value <= NUMBER_MAX):
        return None
    return _invalid(name, f"a number above 0 and at most {NUMBER_MAX:,}", value)


def _invalid(field: str, expected: str, found: object) -> Refusal:
    return Refusal("VALIDATION_FAILED", {"field": field, "expected": expected, "found": str(found)})


def gate_instrument(asked: Asked, view: RiskView) -> Refusal | None:
    return Refusal("INSTRUMENT_NOT_FOUND", {"symbol": asked.symbol}) if view.instrument is None else None


def gate_account(asked: Asked, view: RiskView) -> Refusal | None:
    return None if view.exposure.books.balances else Refusal("ACCOUNT_NOT_FOUND", {"balances": "0"})


def gate_market(asked: Asked, view: RiskView) -> Refusal | None:
    market, bound_s = view.market, view.limits.max_market_age_s
    if market is None or not (market.bid > 0 and market.ask > 0):
        return Refusal("NO_MARKET", {"symbol": asked.symbol})
    age_ns = view.now_ns - market.received_ns
    if bound_s is None or not 0 <= age_ns <= bound_s * 1_000_000_000:
        numbers = {"age_s": f"{age_ns / 1e9:.3f}", "bound_s": str(bound_s)}
        return Refusal("STALE_MARKET", {**numbers, "from": bound_of(view, asked, "max_market_age_s")})
    if market.bid >= market.ask:
        return Refusal("CROSSED_MARKET", {"bid": str(market.bid), "ask": str(market.ask)})
    return None


def gate_currency(asked: Asked, view: RiskView) -> Refusal | None:
    """Limits are of the account's currency: what cannot be told in it cannot be bounded."""
    return None if view.quote_rate else Refusal("NO_CONVERSION", {"symbol": asked.symbol})
