"""Questions one may ask a node from outside, and their answers."""

from decimal import Decimal
from typing import Literal

from ..supervisors.reports import ActorReport, NodeReport, Report, SystemReport
from ..trading.candles import Candle
from ..trading.differences import DifferenceNoted
from ..trading.messages import AccountReconciled, Level
from ..trading.views import FillView, RungMove, StandingView

Action = Literal["kill", "hang", "crash", "slow", "disk-full", "disk-slow", "sync-fails", "clock", "heal"]


class StatusAsked(Report, frozen=True, gc=False):
    """Asks a launcher for `StatusAnswered`."""


class StatusAnswered(Report, frozen=True, gc=False):
    """The launcher's view of its processes, and every node's latest word on itself."""

    system: SystemReport
    nodes: tuple[NodeReport, ...]
    launcher: ActorReport
    """The launcher's own supervisor, whose children are the nodes."""


class StopAsked(Report, frozen=True, gc=False):
    """Asks a launcher to stop everything in order."""

    reason: str


class ChaosAsked(Report, frozen=True, gc=False):
    """Asks for a fault on purpose: of a node's `outside` actor for an actor of that node, of a launcher for a process.

    `kill` ends the target without a word, `crash` as if it had failed. `hang` holds it, and `slow` makes every message
    take `by_s` longer (a process is stopped and continued in turns of `by_s`), both until `for_s` is over.

    Of a node's own `outside`, for the node: `disk-full` and `sync-fails` let its writes or syncs fail, `disk-slow`
    makes each take `by_s` longer, `clock` sets its clock wrong by `by_s`, which may be negative; each until `for_s` is
    over.
    `heal` ends what still lasts, in the target; of a node's `outside` in all of that node.
    """

    action: Action
    path: str
    for_s: float | None = None
    by_s: float = 0.1


class PauseStrategy(Report, frozen=True, gc=False):
    """Asks a trader's risk to let a strategy only shrink its positions: on one symbol, or, where that is empty, on
    all. It stays so until resumed, over restarts too."""

    strategy: str
    symbol: str = ""
    reason: str = ""


class ResumeStrategy(Report, frozen=True, gc=False):
    """Ends a pause, on one symbol or on all."""

    strategy: str
    symbol: str = ""


class LadderAsked(Report, frozen=True, gc=False):
    """Asks a trader's risk for `LadderAnswered`."""


class LadderAnswered(Report, frozen=True, gc=False):
    """Every scope's standing, and the latest moves, newest first."""

    standings: tuple[StandingView, ...]
    moves: tuple[RungMove, ...]


class LimitView(Report, frozen=True, gc=False):
    """One limit. `used` and `headroom` are None where nothing is measured by it; `value` where it has no bound."""

    name: str
    scope: str
    unit: str
    text: str
    value: Decimal | None
    used: Decimal | None
    headroom: Decimal | None


class FeedAsked(Report, frozen=True, gc=False):
    """Asks a trader's feed for its `FeedView`."""


class ChartAsked(Report, frozen=True, gc=False):
    """Asks a trader's portfolio for `ChartAnswered`, from `since_ns` on."""

    symbol: str
    since_ns: int = 0


class ChartAnswered(Report, frozen=True, gc=False):
    """One symbol's market and our fills in it, oldest first; the last candle is still open. Levels are best first.
    `coarse` are of `COARSE` intervals each and reach further back; the last one lacks what is in the open candle."""

    symbol: str
    interval_ns: int
    candles: tuple[Candle, ...]
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    fills: tuple[FillView, ...]
    coarse: tuple[Candle, ...] = ()


class RiskAsked(Report, frozen=True, gc=False):
    """Asks a trader's risk for `RiskAnswered`."""


class RiskAnswered(Report, frozen=True, gc=False):
    """The limits in force, and how near the account is to them; `scales` by symbol where limits are smaller now."""

    version: str
    rules_version: str
    rules: tuple[str, ...]
    limits: tuple[LimitView, ...]
    scales: dict[str, Decimal]
    at_ns: int


class SetLimit(Report, frozen=True, gc=False):
    """Asks a trader's risk to change a limit: of the account, or, where one is given, for a symbol or a strategy.
    `value` empty ends the bound, or the override."""

    name: str
    value: str
    symbol: str
    strategy: str
    reason: str
    by: str


class LimitSet(Report, frozen=True, gc=False):
    """It is in force, and stays over restarts."""

    name: str
    scope: str
    before: str
    after: str
    version: str


class ReconciliationAsked(Report, frozen=True, gc=False):
    """Asks a trader's executor for `ReconciliationAnswered`."""


class ReconciliationAnswered(Report, frozen=True, gc=False):
    """How books and venue compare: what differs, who else has orders on the account, and what was found before."""

    verdict: AccountReconciled
    standing: tuple[str, ...]
    foreign: tuple[str, ...]
    latest: tuple[DifferenceNoted, ...]
    """Newest first."""


class AcceptBalance(Report, frozen=True, gc=False):
    """A person's word that the venue's balance of a currency is right, and the books are not: it becomes theirs."""

    currency: str
    reason: str
    by: str


class Acknowledged(Report, frozen=True, gc=False):
    """It is done, or will be; where that means something, to which incarnation and when."""

    incarnation: int = 0
    at_ns: int = 0
    """On the monotonic clock, which all processes of a host share."""


class Failed(Report, frozen=True, gc=False):
    """The question could not be answered; the reason says why."""

    reason: str


class TradingAsked(Report, frozen=True, gc=False):
    """Asks a trader's portfolio for its `TradingSnapshot` as of now."""


class VenueFaultAsked(Report, frozen=True, gc=False):
    """Asks the simulated venue for a fault: `times` times, or for `for_s` where that is given; `times` 0 ends it."""

    fault: str
    """One of the venue's own names of faults."""
    times: int = 1
    for_s: float | None = None


class TransferAsked(Report, frozen=True, gc=False):
    """Asks the simulated venue to deposit, or with an amount below zero to withdraw of what is free, as its account's
    owner would there."""

    currency: str
    amount: Decimal


class VenueBooksAsked(Report, frozen=True, gc=False):
    """Asks the simulated venue for `VenueBooks`."""


class VenueBooks(Report, frozen=True, gc=False):
    """What the simulated venue holds itself. `faults`: all that it knows, with how often they are to come."""

    balances: dict[str, Decimal]
    """By currency, free and locked together; none that is zero."""
    open_orders: int
    faults: dict[str, int]


class ChaosStep(Report, frozen=True, gc=False):
    """One fault of a chaos run and what became of it; milliseconds count from the moment that it was put in."""

    number: int
    kind: str
    target: str
    what: str
    """In words, with its parameters."""
    at_ns: int
    """UTC."""
    verdict: Literal["open", "recovered", "not recovered", "refused"] = "open"
    noticed_ms: float | None = None
    """When something was first seen to differ; None where nothing was."""
    recovered_ms: float | None = None
    """When target and trading worked again."""
    rung: str = ""
    """The lowest that was seen meanwhile."""
    text: str = ""


class ChaosTimes(Report, frozen=True, gc=False):
    """Milliseconds from fault to working again, over all of one kind that recovered."""

    kind: str
    count: int
    recovered: int
    p50_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None


class Invariant(Report, frozen=True, gc=False):
    """Something that must hold whatever happens; `holds` is None while, or where, it cannot be told."""

    name: str
    holds: bool | None
    text: str


class ChaosProgress(Report, frozen=True, gc=False):
    """A chaos run as it stands, whole and at once: told to the console again and again."""

    seed: int
    minutes: float
    started_ns: int
    """UTC."""
    state: Literal["running", "healing", "finished"]
    planned: int
    steps: tuple[ChaosStep, ...]
    """The newest last; at most 200."""
    times: tuple[ChaosTimes, ...]
    invariants: tuple[Invariant, ...]
