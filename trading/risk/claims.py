"""What an order may come to at its worst, from its approval until the venue says how it ended."""

from decimal import ROUND_UP, Context, Decimal
from typing import NamedTuple

from ..books import ADOPTED
from ..evidence import VenueOrder
from ..messages import PLAIN, ZERO, OrderType, Side, Terms
from ..order import Order
from ..rungs import is_protective
from .view import MARKET_SLACK, Draft, worst_cost

EXACT = Context(prec=60, rounding=ROUND_UP)
"""Sums of claims lose nothing: what is taken away again leaves what was there before."""
COST_STEP = Decimal("1e-10")


class Claim(NamedTuple):
    """What one order holds on to. `amount` is of the base currency, `cost` of the quote currency: what a buy may
    cost at most, and a sale bring at most."""

    strategy: str
    symbol: str
    side: Side
    amount: Decimal
    cost: Decimal
    resting: Decimal | None
    """The price at which it may rest at the venue."""
    protective: bool
    plain: bool
    """As a target makes them: market or limit, on plain terms."""

    @property
    def flows(self) -> tuple[str, Decimal, str, Decimal]:
        """The currency and amount that may come in, then those that may go out."""
        base, _, quote = self.symbol.partition("/")
        mine, paid = (base, self.amount), (quote, self.cost)
        return (*mine, *paid) if self.side == "buy" else (*paid, *mine)


def claim_order(order: Order) -> Claim | None:
    """Of an order in the books, UNKNOWN as any other; None once it is closed."""
    intent = order.intent
    if not order.open:
        return None
    return _claim(
        intent.strategy,
        intent.symbol,
        intent.side,
        intent.type,
        order.remaining,
        intent.price,
        intent.reference_price,
        intent.terms,
    )


def claim_draft(strategy: str, draft: Draft) -> Claim:
    """Of an approval on its way to become an order."""
    return _claim(
        strategy, draft.symbol, draft.side, draft.type, draft.amount, draft.price, draft.reference, draft.terms
    )


def claim_foreign(order: VenueOrder) -> Claim:
    """Of an order that somebody else placed on the account: what it may take is not free. One at the market's price
    is gone before anybody sees it; where it gives none its cost is not known, and counts as nothing."""
    price = order.price or order.stop_price or ZERO
    terms = Terms(stop_price=order.stop_price) if order.stop_price else PLAIN
    left = order.amount - order.filled
    claim = _claim(ADOPTED, order.symbol, order.side, order.type, left, order.price, price, terms)
    return claim._replace(plain=False)


def _claim(
    strategy: str,
    symbol: str,
    side: Side,
    kind: OrderType,
    amount: Decimal,
    price: Decimal | None,
    reference: Decimal,
    terms: Terms,
) -> Claim:
    cost = worst_cost(amount, price, reference, terms)
    if side == "sell":
        cost = max(cost, amount * reference * MARKET_SLACK)
    protective = is_protective(kind)
    plain = not protective and not (terms.reduce_only or terms.post_only or terms.display_amount or terms.quote_amount)
    return Claim(
        strategy,
        symbol,
        side,
        amount,
        EXACT.quantize(cost, COST_STEP),
        None if protective else price,
        protective,
        plain,
    )
