"""Checks of what the order does to the account: everything that may still fill counts at its worst."""

from decimal import Decimal

from ..messages import ZERO
from ..rungs import Rung, shrinks
from .budgets import Bound
from .view import MARKET_SLACK, Asked, Draft, Refusal, RiskView, bound_of


def check_notional(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    """Not of what shrinks a position: one that grew past the bound, or was bought before that shrank, could never be
    closed, nor protected."""
    if _shrinks(draft, asked, view):
        return None
    name, bound = "max_order_notional", view.limits.max_order_notional
    if bound is not None:
        bound *= view.scale / (2 if view.standing.rung == Rung.FALLBACK else 1)
    return _over("NOTIONAL_EXCEEDS_MAX_PER_ORDER", "notional", _worst(draft, view), bound, name, asked, view)


def check_balance(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    base, _, quote = draft.symbol.partition("/")
    currency, needed = (quote, draft.worst_notional) if draft.side == "buy" else (base, draft.amount)
    free = view.exposure.free(currency)
    if needed <= free:
        return None
    numbers = {"needed": str(needed), "free": str(free), "currency": currency, "from": "balance less open orders"}
    return Refusal("NOTIONAL_EXCEEDS_FREE_BALANCE", numbers)


def check_position(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    if not _adds(draft, view):
        return None
    name, bound = "max_position_notional", view.limits.max_position_notional
    if bound is not None:
        bound *= view.scale
    return _over("POSITION_LIMIT", "worst", _worst_position(draft, view), bound, name, asked, view)


def check_concentration(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    name, bound = "max_concentration", view.limits.max_concentration
    if bound is None or not _adds(draft, view):
        return None
    if isinstance(equity := _equity(view, asked), Refusal):
        return equity
    return _over("CONCENTRATION_LIMIT", "worst", _worst_position(draft, view), bound * equity, name, asked, view)


def check_exposure(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    """Gross, net and leverage of the whole account, and the share of all accounts' that it was granted."""
    limits, grant = view.limits, view.grant
    bounded = (limits.max_gross_notional, limits.max_net_notional, limits.max_leverage)
    if draft.side == "sell" or (grant is None and bounded == (None, None, None)):
        return None
    if base := view.exposure.unmarked():
        return Refusal("NO_PRICE", {"currency": base, "needed_for": "gross exposure"})
    own, own_long = view.exposure.worth(draft.symbol.partition("/")[0])
    worst = _worst_position(draft, view)
    gross = view.exposure.gross - own + max(worst, own)
    net = max(view.exposure.long - own_long + max(worst, own_long), -view.exposure.short)
    return (
        _over("GROSS_EXPOSURE_LIMIT", "gross", gross, limits.max_gross_notional, "max_gross_notional", asked, view)
        or _over("NET_EXPOSURE_LIMIT", "net", net, limits.max_net_notional, "max_net_notional", asked, view)
        or _check_leverage(gross, asked, view)
        or _check_grant("BUDGET_EXCEEDED", "gross", gross, view.grant and view.grant.gross, view)
        or _check_grant("LOSS_BUDGET_EXCEEDED", "lost", view.lost, view.grant and view.grant.loss, view)
    )


def _check_leverage(gross: Decimal, asked: Asked, view: RiskView) -> Refusal | None:
    bound = view.limits.max_leverage
    if bound is None:
        return None
    if isinstance(equity := _equity(view, asked), Refusal):
        return equity
    return _over("LEVERAGE_LIMIT", "gross", gross, bound * equity, "max_leverage", asked, view)


def _check_grant(code: str, what: str, value: Decimal, share: Bound | None, view: RiskView) -> Refusal | None:
    if share is None:
        return None
    bound, words = share.at(view.now_ns)
    return None if value <= bound else Refusal(code, {what: str(value), "bound": str(bound), "from": words})


def check_strategy(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    """The strategy's capital budget, as an amount and as a fraction of the equity."""
    limits = view.limits
    if draft.side == "sell" or (limits.max_strategy_notional is None and limits.max_strategy_fraction is None):
        return None
    held = view.exposure.strategy_notional(asked.strategy)
    if held is None:
        return Refusal("NO_PRICE", {"strategy": asked.strategy, "needed_for": "its capital budget"})
    worst, name = held + _worst(draft, view), "max_strategy_notional"
    if refusal := _over("STRATEGY_BUDGET", "worst", worst, limits.max_strategy_notional, name, asked, view):
        return refusal
    if limits.max_strategy_fraction is None:
        return None
    if isinstance(equity := _equity(view, asked), Refusal):
        return equity
    bound = limits.max_strategy_fraction * equity
    return _over("STRATEGY_BUDGET", "worst", worst, bound, "max_strategy_fraction", asked, view)


def check_counts(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    """Open orders; what shrinks a position is let through, for it makes the account safer."""
    counts, limits = view.exposure.counts, view.limits
    if _shrinks(draft, asked, view):
        return None
    for name, count in (
        ("max_open_orders", counts.all),
        ("max_symbol_orders", counts.of_symbol[draft.symbol]),
        ("max_strategy_orders", counts.of_strategy[asked.strategy]),
    ):
        bound = getattr(limits, name)
        if bound is not None and count >= bound:
            return Refusal(
                "TOO_MANY_OPEN_ORDERS", {"open": str(count), "bound": str(bound), "from": bound_of(view, asked, name)}
            )
    return None


def check_rate(draft: Draft, asked: Asked, view: RiskView) -> Refusal | None:
    """Of submissions; cancels never pass through risk, and what shrinks positions, all of them at once when the system
    stops, waits for nothing."""
    if _shrinks(draft, asked, view):
        return None
    for name, count in (
        ("max_orders_per_s", view.orders_last_s),
        ("max_strategy_orders_per_s", view.strategy_orders_last_s),
    ):
        bound = getattr(view.limits, name)
        if bound is not None and count >= bound:
            numbers = {"last_s": str(count), "bound": str(bound), "from": bound_of(view, asked, name)}
            return Refusal("RATE_LIMIT_EXCEEDED", numbers)
    return None


def _shrinks(draft: Draft, asked: Asked, view: RiskView) -> bool:
    return shrinks(draft.side, draft.amount, view.exposure.held(asked.strategy, draft.symbol))


def _worst(draft: Draft, view: RiskView) -> Decimal:
    """The order at its worst, in the account's currency."""
    assert view.quote_rate is not None
    return draft.worst_notional * view.quote_rate


def _worst_position(draft: Draft, view: RiskView) -> Decimal:
    """Everything that is held and may still come of the currency that is gained, by this order too: the base currency
    at the touch, or, by a sale, the quote currency."""
    assert view.quote_rate is not None
    base, _, quote = draft.symbol.partition("/")
    if draft.side == "sell":
        brings = max(draft.worst_notional, draft.amount * draft.reference * MARKET_SLACK)
        return view.exposure.worst_held(quote, brings) * view.quote_rate
    return view.exposure.worst_held(base, draft.amount) * draft.reference * view.quote_rate


def _adds(draft: Draft, view: RiskView) -> bool:
    """Whether it adds to a position: a sale does where what it is paid in is one."""
    return draft.side == "buy" or draft.symbol.partition("/")[2] in view.exposure.marks


def _equity(view: RiskView, asked: Asked) -> Decimal | Refusal:
    """It is computed beside: one that is too old, or none, bounds nothing."""
    bound_s, equity = view.limits.max_equity_age_s, view.equity
    if equity is None:
        return Refusal("EQUITY_UNKNOWN", {"equity": "none"})
    age_ns = view.now_ns - equity.at_ns
    if bound_s is None or not 0 <= age_ns <= bound_s * 1_000_000_000:
        numbers = {"age_s": f"{age_ns / 1e9:.3f}", "bound_s": str(bound_s)}
        return Refusal("EQUITY_STALE", {**numbers, "from": bound_of(view, asked, "max_equity_age_s")})
    return max(equity.value, ZERO)


def _over(
    code: str, what: str, value: Decimal, bound: Decimal | None, name: str, asked: Asked, view: RiskView
) -> Refusal | None:
    if bound is None or value <= bound:
        return None
    return Refusal(code, {what: str(value), "bound": str(bound), "from": bound_of(view, asked, name)})
