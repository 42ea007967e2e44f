"""Pre-trade risk as pure checks: a signal and what is known go in, an order, a refusal or nothing comes out.

It fails closed: what is missing (no price, no balance, a stale market) refuses. Open, unknown and approved-but-unsent
orders count at their worst.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from .books import Books
from .instruments import Instrument
from .messages import PLAIN, ZERO, MarketDataUpdate, OrderType, Side, SignalGenerated, Terms
from .rungs import FALLBACK_MODEL, Rung, Standing

MARKET_SLACK = Decimal("1.01")
"""A market order is reserved at the touch plus one per cent."""


class Limits(NamedTuple):
    """Notionals are in quote currency."""

    max_order_notional: Decimal
    max_position_notional: Decimal
    max_orders_per_s: int
    max_price_deviation_bps: Decimal
    max_market_age_ns: int


class Draft(NamedTuple):
    """An order risk would allow."""

    symbol: str
    side: Side
    type: OrderType
    amount: Decimal
    price: Decimal | None
    reference: Decimal
    terms: Terms = PLAIN

    @property
    def worst_notional(self) -> Decimal:
        """What it may cost, in quote currency."""
        return self.amount * (self.price if self.price is not None else self.reference * MARKET_SLACK)


class Refusal(NamedTuple):
    code: str
    numbers: dict[str, str]


class RiskView(NamedTuple):
    """Everything a judgement is made on."""

    now_ns: int
    standing: Standing
    books: Books
    instrument: Instrument | None
    market: MarketDataUpdate | None
    reserved: tuple[Draft, ...]
    """Orders approved and not yet in the books."""
    orders_last_s: int


def judge(signal: SignalGenerated, view: RiskView, limits: Limits) -> Draft | Refusal | None:
    """The order that brings the strategy to its target, or why not; None where the target is already met as nearly as
    the venue's smallest order allows."""
    if refusal := _refuse_blind(signal, view, limits):
        return refusal
    assert view.instrument is not None
    assert view.market is not None
    draft = _draft(signal, view, view.instrument, view.market)
    if draft is None or not _above_minimum(draft, view.instrument):
        return None
    for check in CHECKS:
        if refusal := check(draft, view, limits):
            return refusal
    return draft


def _refuse_blind(signal: SignalGenerated, view: RiskView, limits: Limits) -> Refusal | None:
    """Refuse what cannot be judged at all."""
    market = view.market
    if view.standing.rung >= Rung.CANCEL_ONLY:
        return Refusal("RUNG", {"rung": view.standing.rung.name, "reason": view.standing.reason})
    if view.standing.rung == Rung.FALLBACK and signal.model.partition("@")[0] not in ("", FALLBACK_MODEL):
        return Refusal("FALLBACK", {"model": signal.model, "reason": view.standing.reason})
    if signal.signal_id in view.books.used_signals:
        return Refusal("DUPLICATE_SIGNAL", {"signal_id": signal.signal_id})
    if signal.target < 0:
        return Refusal("NEGATIVE_TARGET", {"target": str(signal.target)})  # spot: there is no selling what is not held
    if view.instrument is None:
        return Refusal("INSTRUMENT_NOT_FOUND", {"symbol": signal.symbol})
    if market is None or market.bid <= 0 or market.ask <= 0:
        return Refusal("NO_MARKET", {"symbol": signal.symbol})
    age_ns = view.now_ns - market.received_ns
    if not 0 <= age_ns <= limits.max_market_age_ns:
        return Refusal("STALE_MARKET", {"age_s": f"{age_ns / 1e9:.3f}", "bound_s": f"{limits.max_market_age_ns / 1e9}"})
    if market.bid >= market.ask:
        return Refusal("CROSSED_MARKET", {"bid": str(market.bid), "ask": str(market.ask)})
    return None


def _draft(signal: SignalGenerated, view: RiskView, instrument: Instrument, market: MarketDataUpdate) -> Draft | None:
    held = view.books.strategy_positions.get((signal.strategy, signal.symbol), ZERO)
    mine = [order for order in view.books.open_orders() if order.intent.strategy == signal.strategy]
    expected = sum((order.signed_remaining for order in mine if order.intent.symbol == signal.symbol), ZERO)
    wanted = signal.target - held - expected
    side: Side = "buy" if wanted > 0 else "sell"
    amount = instrument.round_amount(abs(wanted))
    if side == "sell":
        amount = min(amount, instrument.round_amount(max(held + min(expected, ZERO), ZERO)))
    if amount <= 0:
        return None
    price = None if signal.limit_price is None else instrument.round_price(signal.limit_price, side)
    return Draft(
        symbol=signal.symbol,
        side=side,
        type="market" if price is None else "limit",
        amount=min(amount, instrument.max_amount),
        price=price,
        reference=market.ask if side == "buy" else market.bid,
    )


def _above_minimum(draft: Draft, instrument: Instrument) -> bool:
    price = draft.price if draft.price is not None else draft.reference
    return draft.amount >= instrument.min_amount and draft.amount * price >= instrument.min_notional


def _check_rung(draft: Draft, view: RiskView, limits: Limits) -> Refusal | None:  # noqa: ARG001
    if view.standing.rung == Rung.REDUCING and draft.side == "buy":  # a sale is never drafted over what is held
        return Refusal("REDUCING", {"side": draft.side, "reason": view.standing.reason})
    return None


def _check_price(draft: Draft, view: RiskView, limits: Limits) -> Refusal | None:  # noqa: ARG001
    if draft.price is None:
        return None
    deviation_bps = abs(draft.price - draft.reference) / draft.reference * 10_000
    if deviation_bps > limits.max_price_deviation_bps:
        return Refusal(
            "PRICE_OFF_MARKET",
            {"price": str(draft.price), "touch": str(draft.reference), "deviation_bps": f"{deviation_bps:.1f}"},
        )
    return None


def _check_notional(draft: Draft, view: RiskView, limits: Limits) -> Refusal | None:
    bound = limits.max_order_notional / (2 if view.standing.rung == Rung.FALLBACK else 1)
    if draft.worst_notional > bound:
        return Refusal("NOTIONAL_EXCEEDS_MAXIMUM", {"notional": str(draft.worst_notional), "bound": str(bound)})
    return None


def _check_position(draft: Draft, view: RiskView, limits: Limits) -> Refusal | None:
    if draft.side == "sell":
        return None
    base = draft.symbol.partition("/")[0]
    buying = sum((order.amount for order in _pending(view, draft.symbol, "buy")), ZERO)
    worst = (view.books.balances.get(base, ZERO) + buying + draft.amount) * draft.reference
    if worst > limits.max_position_notional:
        return Refusal("POSITION_LIMIT", {"worst": str(worst), "bound": str(limits.max_position_notional)})
    return None


def _check_balance(draft: Draft, view: RiskView, limits: Limits) -> Refusal | None:  # noqa: ARG001
    base, _, quote = draft.symbol.partition("/")
    if draft.side == "buy":
        pending = [order for order in _pending(view, None, "buy") if order.symbol.endswith(f"/{quote}")]
        free = view.books.balances.get(quote, ZERO) - sum((order.worst_notional for order in pending), ZERO)
        needed = draft.worst_notional
    else:
        pending = [order for order in _pending(view, None, "sell") if order.symbol.startswith(f"{base}/")]
        free = view.books.balances.get(base, ZERO) - sum((order.amount for order in pending), ZERO)
        needed = draft.amount
    if needed > free:
        currency = quote if draft.side == "buy" else base
        return Refusal("FREE_BALANCE", {"needed": str(needed), "free": str(free), "currency": currency})
    return None


def _check_rate(draft: Draft, view: RiskView, limits: Limits) -> Refusal | None:  # noqa: ARG001
    if view.orders_last_s >= limits.max_orders_per_s:
        return Refusal("ORDER_RATE", {"last_s": str(view.orders_last_s), "bound": str(limits.max_orders_per_s)})
    return None


def _pending(view: RiskView, symbol: str | None, side: Side) -> Iterable[Draft]:
    """Everything that may still fill: open and unknown orders, and approvals on their way."""
    for order in view.books.open_orders():
        intent = order.intent
        if intent.side == side and symbol in (None, intent.symbol):
            yield Draft(intent.symbol, side, intent.type, order.remaining, intent.price, intent.reference_price)
    for draft in view.reserved:
        if draft.side == side and symbol in (None, draft.symbol):
            yield draft


CHECKS: tuple[Callable[[Draft, RiskView, Limits], Refusal | None], ...] = (
    _check_rung,
    _check_price,
    _check_notional,
    _check_position,
    _check_balance,
    _check_rate,
)
"""In order; the first refusal counts."""
