"""The messages of trading: frozen facts and commands, in one wire form.

Prices, sizes and money are `Decimal`; features are float64; times are int nanoseconds UTC.
A field that may be absent is `None`, never a magic number.
"""

from decimal import Decimal
from typing import Literal, get_args

import msgspec

Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop_loss", "stop_loss_limit", "take_profit", "take_profit_limit"]
"""The last four are protective: they wait at the venue until the market reaches them."""
ORDER_TYPES: tuple[OrderType, ...] = get_args(OrderType)
Level = tuple[Decimal, Decimal]  # price, size

ZERO = Decimal(0)


class Message(msgspec.Struct, frozen=True, gc=False, tag_field="t", tag=True, forbid_unknown_fields=True):
    """Base of every message of trading: immutable, tagged with its own name, strict when decoded."""


TimeInForce = Literal["gtc", "ioc", "fok", "gtd"]


class Terms(Message, frozen=True, gc=False, omit_defaults=True):
    """How an order behaves, beyond its side, type, amount and price."""

    time_in_force: TimeInForce = "gtc"
    expires_ns: int = 0
    """When a `gtd` order ends."""
    stop_price: Decimal | None = None
    """Where an order that waits for the market is set off."""
    trail_bps: int = 0
    """Above 0: the stop price follows the best price since at this distance, and never goes back."""
    post_only: bool = False
    """Refused by the venue where it would take liquidity."""
    reduce_only: bool = False
    """Only ever shrinks the strategy's position."""
    display_amount: Decimal | None = None
    """Of an iceberg: what others see of it."""
    quote_amount: Decimal | None = None
    """Of a market order: what to spend or to receive, in quote currency; its `amount` is then the most it may fill."""


PLAIN = Terms()


# -- market -----------------------------------------------------------------------------------------------------------


class MarketDataUpdate(Message, frozen=True, gc=False):
    """One market event and the best bid and ask as they stand after it.

    `trade` carries price, size and the aggressor's side; `book` carries the best levels of each side, best first.
    `sequence` is the venue's own number (trade id or book update id).
    """

    symbol: str
    kind: Literal["trade", "quote", "book"]
    venue_ns: int
    received_ns: int
    sequence: int
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal
    price: Decimal = ZERO
    size: Decimal = ZERO
    aggressor: Side | None = None
    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


class FeedChanged(Message, frozen=True, gc=False):
    """A feed of a symbol became live, or stopped being trustworthy, and why."""

    symbol: str
    live: bool
    reason: str
    at_ns: int


class DataQuality(Message, frozen=True, gc=False):
    """How far one symbol's market data can be trusted: 1 is fully, 0 not at all. `reasons` are names of
    `trading/quality.py`, the worst first."""

    symbol: str
    score: float
    reasons: tuple[str, ...]
    detail: str
    at_ns: int


class ReferencePrice(Message, frozen=True, gc=False):
    """A symbol's best bid and ask at another venue: to be compared with, never to be traded on."""

    symbol: str
    venue: str
    bid: Decimal
    ask: Decimal
    received_ns: int


class SymbolStatus(Message, frozen=True, gc=False):
    """Whether a venue trades a symbol: `online`; `halted`, for now; `gone`, for good. `detail` is the venue's word."""

    symbol: str
    state: Literal["online", "halted", "gone"]
    detail: str
    at_ns: int


class BarClosed(Message, frozen=True, gc=False):
    """One bar of session time, of trades in [start_ns, end_ns); a bar without trades repeats the last close."""

    symbol: str
    start_ns: int
    end_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    trades: int


# -- learning ---------------------------------------------------------------------------------------------------------


class SampleTaken(Message, frozen=True, gc=False):
    """What a model saw at the close of a bar; its label follows from the closes of later bars."""

    symbol: str
    bar_ns: int
    close: float
    features: tuple[float, ...]


class ModelPublished(Message, frozen=True, gc=False):
    """A model's weights are on disk, complete and checksummed, and may be served."""

    symbol: str
    kind: str
    version: str
    path: str
    sha256: str
    trained_bars: int
    log_loss: float


class Prediction(Message, frozen=True, gc=False):
    """Probability, calibrated by the model, that the price is higher `horizon_s` later."""

    symbol: str
    probability_up: float
    horizon_s: float
    model: str
    bar_ns: int
    features: tuple[float, ...] = ()


# -- decisions --------------------------------------------------------------------------------------------------------


class SignalGenerated(Message, frozen=True, gc=False):
    """A strategy wants to hold `target` (signed amount of the base currency) of a symbol.

    `limit_price` None asks for a market order. `cause` names the market event or bar that led here.
    """

    signal_id: str
    strategy: str
    symbol: str
    target: Decimal
    limit_price: Decimal | None
    created_ns: int
    cause: str
    model: str = ""
    probability_up: float | None = None
    horizon_s: float | None = None
    features: tuple[float, ...] = ()


class OrderRequested(Message, frozen=True, gc=False, omit_defaults=True):
    """A strategy or a person wants exactly this order. `request_id` is what a signal's id is to a target: it yields one
    intent, ever, however often it is said. `cause` names what led here."""

    request_id: str
    strategy: str
    symbol: str
    side: Side
    type: OrderType
    amount: Decimal
    price: Decimal | None
    created_ns: int
    cause: str
    terms: Terms = PLAIN


class OrderApproved(Message, frozen=True, gc=False, omit_defaults=True):
    """Risk allows exactly this order, once, until `expires_ns`, as judged by this incarnation of risk."""

    approval_id: str
    risk_incarnation: str
    signal_id: str
    strategy: str
    symbol: str
    side: Side
    type: OrderType
    amount: Decimal
    price: Decimal | None
    reference_price: Decimal
    judged_ns: int
    expires_ns: int
    judged_on: str
    terms: Terms = PLAIN


class OrderRefused(Message, frozen=True, gc=False):
    """Risk, or the executor guarding an approval, refuses; `numbers` are what the decision compared."""

    signal_id: str
    strategy: str
    symbol: str
    code: str
    numbers: dict[str, str]
    at_ns: int


# -- the state of the system ------------------------------------------------------------------------------------------


class AccountReconciled(Message, frozen=True, gc=False):
    """The books were compared with the venue's own; `differences` is empty where they are equal."""

    equal: bool
    differences: tuple[str, ...]
    open_orders: int
    unknown_orders: int
    at_ns: int


class LearnerState(Message, frozen=True, gc=False):
    """Whether the learner is heard of."""

    heard: bool
    reason: str


class RungChanged(Message, frozen=True, gc=False, omit_defaults=True):
    """Where a scope stands: the lowest rung of its own causes and of all above it. `previous` is another rung where it
    moved."""

    scope: str
    rung: str
    reason: str
    at_ns: int
    previous: str = ""
    causes: tuple[str, ...] = ()
    since_ns: int = 0


class CauseNoted(Message, frozen=True, gc=False):
    """Something that moves the ladder holds in a scope, or is gone; `cause` is one of `trading/causes.py`. Whoever
    notes one notes it again when states are asked for."""

    scope: str
    cause: str
    holds: bool
    detail: str = ""


class RungAsked(Message, frozen=True, gc=False):
    """A newcomer asks risk to say again where these scopes of the ladder stand."""

    scopes: tuple[str, ...]


class AccountBegan(Message, frozen=True, gc=False):
    """An executor began its life with the books of the journal."""


class StateAsked(Message, frozen=True, gc=False):
    """A newcomer asks everybody to publish their state again."""


class RiskAlert(Message, frozen=True, gc=False):
    code: str
    detail: str
    at_ns: int
