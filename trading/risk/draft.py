"""From what is wanted to the order that would bring it about."""

from decimal import Decimal

from ..instruments import Instrument
from ..messages import ZERO, MarketDataUpdate, OrderRequested, Side, SignalGenerated
from .view import ONE, Draft, RiskView

BPS = Decimal(10_000)
LOWEST = Decimal("0.01")
"""Of the touch: no price is taken for lower, however wide the collar is."""


def draft_target(
    signal: SignalGenerated, view: RiskView, instrument: Instrument, market: MarketDataUpdate
) -> Draft | None:
    """The order that brings the strategy to its target; None where the target is already met as nearly as the venue's
    smallest order allows."""
    held = view.exposure.held(signal.strategy, signal.symbol)
    expected = view.exposure.expected[signal.strategy, signal.symbol]
    wanted = signal.target - held - expected
    side: Side = "buy" if wanted > 0 else "sell"
    amount = instrument.round_amount(abs(wanted))
    if side == "sell":
        amount = min(amount, instrument.round_amount(max(held + min(expected, ZERO), ZERO)))
    if amount <= 0:
        return None
    price = None if signal.limit_price is None else instrument.round_price(signal.limit_price, side)
    made = Draft(
        symbol=signal.symbol,
        side=side,
        type="market" if price is None else "limit",
        amount=min(amount, instrument.max_amount),
        price=price,
        reference=market.ask if side == "buy" else market.bid,
    )
    return made if _above_minimum(made, instrument) else None


def draft_request(request: OrderRequested, view: RiskView, instrument: Instrument, market: MarketDataUpdate) -> Draft:
    """The order exactly as it was asked for; one for a sum of money with the most that this may buy or sell."""
    reference = market.ask if request.side == "buy" else market.bid
    amount, quote_amount = request.amount, request.terms.quote_amount
    if quote_amount is not None:
        lowest = reference * max(ONE - (view.limits.max_price_deviation_bps or ZERO) / BPS, LOWEST)
        most = quote_amount / lowest
        amount = max(amount, instrument.round_amount(most) + instrument.step_size)
    return Draft(request.symbol, request.side, request.type, amount, request.price, reference, request.terms)


def _above_minimum(draft: Draft, instrument: Instrument) -> bool:
    price = draft.price if draft.price is not None else draft.reference
    return draft.amount >= instrument.min_amount and draft.amount * price >= instrument.min_notional
