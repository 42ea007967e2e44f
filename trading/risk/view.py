"""What a judgement is made on, and what it comes to."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from ..instruments import Instrument
from ..limit_book import LimitBook
from ..limits import Limits
from ..messages import PLAIN, ZERO, MarketDataUpdate, OrderRequested, OrderType, Side, SignalGenerated, Terms
from ..rungs import Standing

if TYPE_CHECKING:
    from .budgets import Grant
    from .compliance import RuleBook
    from .exposure import Exposure

MARKET_SLACK = Decimal("1.01")
"""A market order is reserved at the touch plus one per cent."""

ONE = Decimal(1)

Asked = SignalGenerated | OrderRequested
"""What risk judges: a target to be brought about, or exactly this order."""


def asked_id(asked: Asked) -> str:
    """The id that yields one intent, ever."""
    return asked.signal_id if isinstance(asked, SignalGenerated) else asked.request_id


def worst_cost(amount: Decimal, price: Decimal | None, reference: Decimal, terms: Terms) -> Decimal:
    """What a buy may cost at most in quote currency; one that waits for a stop is filled from there on, and one that
    trails the market from as far above as it trails."""
    if price is not None:
        return amount * price
    stop = terms.stop_price
    cost = amount * (reference if stop is None or stop < reference else stop) * MARKET_SLACK
    cost += cost * terms.trail_bps / 10_000
    return cost if terms.quote_amount is None else min(cost, terms.quote_amount)


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
        return worst_cost(self.amount, self.price, self.reference, self.terms)


class Refusal(NamedTuple):
    """`numbers` are what was compared: the value, the `bound`, and `from` where that comes."""

    code: str
    numbers: dict[str, str]


class Measured(NamedTuple):
    """A figure that was computed beside, and when."""

    value: Decimal
    at_ns: int


class RiskView(NamedTuple):
    """Everything a judgement is made on."""

    now_ns: int
    standing: Standing
    exposure: "Exposure"
    instrument: Instrument | None
    market: MarketDataUpdate | None
    book: LimitBook
    limits: Limits
    """Of this strategy on this symbol."""
    equity: Measured | None
    quote_rate: Decimal | None = ONE
    """The account's currency for one of the symbol's quote currency; None where it cannot be told."""
    scale: Decimal = ONE
    """By which limits of orders and positions are smaller now."""
    orders_last_s: int = 0
    strategy_orders_last_s: int = 0
    rules: "RuleBook | None" = None
    grant: "Grant | None" = None
    lost: Decimal = ZERO
    """Of the equity that the day began with."""


def bound_of(view: RiskView, asked: Asked, name: str) -> str:
    """Where the value of a limit comes from, for a refusal."""
    scaled = "" if view.scale == ONE else f", scaled by {view.scale:.2f}"
    return view.book.source(name, asked.strategy, asked.symbol) + scaled


Gate = Callable[[Asked, RiskView], Refusal | None]
"""Looks at what is asked before there is an order."""
Check = Callable[[Draft, Asked, RiskView], Refusal | None]
