"""What the trader shows the outside, whole and at once: a reader needs no history to understand it."""

from decimal import Decimal

from .messages import Message, OrderType, RiskAlert, Side

Curve = tuple[tuple[int, float], ...]  # (time_ns, value), oldest first, bounded


class SymbolView(Message, frozen=True, gc=False):
    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal
    live: bool
    age_s: float
    rung: str
    position: Decimal
    updates: int


class OrderView(Message, frozen=True, gc=False):
    client_id: str
    strategy: str
    symbol: str
    side: Side
    type: OrderType
    amount: Decimal
    price: Decimal | None
    filled: Decimal
    state: str
    at_ns: int


class FillView(Message, frozen=True, gc=False):
    client_id: str
    symbol: str
    side: Side
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    at_ns: int


class RefusalView(Message, frozen=True, gc=False):
    strategy: str
    symbol: str
    code: str
    numbers: dict[str, str]
    at_ns: int


class LearningView(Message, frozen=True, gc=False):
    """The models of one symbol; `losses` are recent mean log-losses (0.693 is a coin), `curve` the champion's."""

    symbol: str
    champion: str
    version: str
    learned_bars: int
    losses: dict[str, float]
    probability_up: float | None
    curve: Curve


class StandingView(Message, frozen=True, gc=False):
    """Where a scope of the ladder stands, why and since when."""

    scope: str
    rung: str
    reason: str
    since_ns: int


class RungMove(Message, frozen=True, gc=False):
    """A scope of the ladder went from one rung to another."""

    scope: str
    before: str
    after: str
    reason: str
    causes: tuple[str, ...]
    at_ns: int


class RepairView(Message, frozen=True, gc=False):
    """How often one kind of fault of a feed was repaired, and how long that took from its detection."""

    kind: str
    count: int
    p50_s: float
    max_s: float
    last_s: float


class FeedSymbolView(Message, frozen=True, gc=False):
    """One symbol of a feed. Intervals and ages are in seconds; what is not known is None."""

    symbol: str
    live: bool
    reason: str
    score: float
    reasons: tuple[str, ...]
    silent_s: float
    usual_s: float | None
    lag_s: float | None
    """How much later than its own time an event usually comes, by both clocks."""
    updates: int
    late: int
    """Of them told so late that quotes and books could be conflated."""
    gaps: int
    trade_gaps: int
    trades_missed: int
    repairs: int
    quarantined: dict[str, int]
    deviation_bps: float | None
    trades_refilled: int = 0
    """Told by the venue on request."""


class FeedView(Message, frozen=True, gc=False):
    """One feed: its connection, and what it knows of its data."""

    path: str
    venue: str
    reference: bool
    connected: bool
    connections: int
    age_s: float
    """Of the oldest data lately, from the socket to those who hear of it."""
    malformed: int
    foreign: int
    symbols: tuple[FeedSymbolView, ...]
    repairs: tuple[RepairView, ...]


class TradingSnapshot(Message, frozen=True, gc=False, omit_defaults=True):
    """Everything at `at_ns`; with `since_ns`, of its lists only what is new or changed since the whole snapshot of that
    time, and of its curves the newest points."""

    at_ns: int
    rung: str
    rung_reason: str
    reconciled: bool
    currency: str
    balances: dict[str, Decimal]
    equity: Decimal
    profit: Decimal
    symbols: tuple[SymbolView, ...]
    orders: tuple[OrderView, ...]
    """Open orders first, then the most recent closed ones; at most 50."""
    fills: tuple[FillView, ...]
    refusals: tuple[RefusalView, ...]
    learning: tuple[LearningView, ...]
    equity_curve: Curve
    counters: dict[str, int]
    standings: tuple[StandingView, ...] = ()
    """System and account first, then symbols and strategies."""
    moves: tuple[RungMove, ...] = ()
    """Newest first; at most 50."""
    since_ns: int = 0
    alerts: tuple[RiskAlert, ...] = ()
    """Newest first; at most 50."""
