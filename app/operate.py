"""What people do to trading, running or not: pause, resume, halt, release, and look at the ladder."""

import asyncio
import getpass
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .kernel.clock import SystemClock
from .kernel.disk import SystemDisk
from .status import connect
from .storage.halt import HALT_NAME, Halt, HaltLatch
from .trading.messages import RiskAlert
from .trading.views import FeedView
from .transports.control import (
    AcceptBalance,
    FeedAsked,
    LadderAnswered,
    LadderAsked,
    PauseStrategy,
    ReconciliationAnswered,
    ReconciliationAsked,
    ResumeStrategy,
    RiskAsked,
    SetLimit,
    TradingAsked,
    TransferAsked,
)

RISK = "trader/trading/account/risk"
EXECUTOR = "trader/trading/account/executor"
VENUE = "exchange/venue"
PORTFOLIO = "trader/portfolio"
FEEDS = "trader/feeds"
MOVES_SHOWN = 20
ALERTS_SHOWN = 20


def halt(data_dir: Path, reason: str, by: str = "") -> Halt:
    """Latch the halt of this data directory, whether or not anything runs; the halt that stands then. `ValueError`
    without a reason, `OSError` where the disk refuses."""
    if not reason.strip():
        raise ValueError("a halt needs a reason")
    return _latch(data_dir).halt(reason, by or getpass.getuser(), SystemClock().now_ns())


def release(data_dir: Path, reason: str, by: str = "") -> bool:
    """End the halt; False where there is none. `ValueError` without a reason, `OSError` where the disk refuses."""
    return _latch(data_dir).release(reason, by or getpass.getuser(), SystemClock().now_ns())


def find_halt(data_dir: Path) -> Halt | None:
    return _latch(data_dir).read()


def _latch(data_dir: Path) -> HaltLatch:
    return HaltLatch(SystemDisk(), data_dir / HALT_NAME)


def ask_risk(data_dir: Path, question: PauseStrategy | ResumeStrategy | LadderAsked | RiskAsked | SetLimit) -> Any:
    """The answer of the running trader's risk. Raises `NothingRuns`, and `ActorFailed` with its reason for a no."""

    async def ask() -> Any:
        async with connect(data_dir) as link:
            return await link.ask(question, RISK)

    return asyncio.run(ask())


def ask_executor(data_dir: Path, question: ReconciliationAsked | AcceptBalance) -> Any:
    """As `ask_risk`, of the running trader's executor."""

    async def ask() -> Any:
        async with connect(data_dir) as link:
            return await link.ask(question, EXECUTOR)

    return asyncio.run(ask())


def ask_feeds(data_dir: Path) -> tuple[FeedView, ...]:
    """What each of the running trader's feeds knows of its data. Raises `NothingRuns`, and `KernelError` where one does
    not tell."""

    async def ask() -> tuple[FeedView, ...]:
        async with connect(data_dir) as link:
            actors = (actor.path for node in (await link.status()).nodes for actor in node.actors)
            feeds = sorted(path for path in actors if path.startswith(f"{FEEDS}/"))
            return tuple([await link.ask(FeedAsked(), path) for path in feeds])

    return asyncio.run(ask())


def find_alerts(data_dir: Path) -> tuple[RiskAlert, ...]:
    """The running trader's latest, newest first. Raises `NothingRuns`, and `KernelError` where it does not tell."""

    async def ask() -> Any:
        async with connect(data_dir) as link:
            return await link.ask(TradingAsked(), PORTFOLIO)

    alerts: tuple[RiskAlert, ...] = asyncio.run(ask()).alerts
    return alerts


def transfer(data_dir: Path, currency: str, amount: Decimal) -> None:
    """Deposit at the paper exchange, or with an amount below zero withdraw. Raises `NothingRuns`, and `ActorFailed`
    with the venue's reason for a no."""

    async def ask() -> None:
        async with connect(data_dir) as link:
            await link.ask(TransferAsked(currency, amount), VENUE)

    asyncio.run(ask())


def ladder_json(answer: LadderAnswered) -> dict[str, Any]:
    """`{standings: [{scope, rung, reason, since_ns}], moves: [{scope, before, after, reason, causes, at_ns}]}`."""
    return {
        "standings": [_fields(each) for each in answer.standings],
        "moves": [_fields(each) for each in answer.moves],
    }


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(struct)


def show_ladder(answer: LadderAnswered, halted: Halt | None, alerts: Sequence[RiskAlert]) -> None:
    """For people: the halt that stands, every scope, the latest moves and alerts, newest first."""
    screen, now_ns = Console(highlight=False), SystemClock().now_ns()
    if halted is not None:
        since = f", {_age(now_ns - halted.at_ns)} ago" if halted.at_ns else ""
        screen.print(f"HALTED by {halted.by}{since}: {halted.reason}", style="bold red", markup=False)
    standings = Table("scope", "rung", "for", "reason")
    for each in answer.standings:
        standings.add_row(escape(each.scope), each.rung, _age(now_ns - each.since_ns), escape(each.reason))
    moves = Table("ago", "scope", "from", "to", "reason")
    for move in answer.moves[:MOVES_SHOWN]:
        moves.add_row(_age(now_ns - move.at_ns), escape(move.scope), move.before, move.after, escape(move.reason))
    told = Table("ago", "alert", "what")
    for alert in alerts[:ALERTS_SHOWN]:
        told.add_row(_age(now_ns - alert.at_ns), alert.code, escape(alert.detail))
    for table in (standings, moves, told):
        if table.row_count:
            screen.print(table)


def _age(elapsed_ns: int) -> str:
    seconds = max(elapsed_ns, 0) // 1_000_000_000
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


def reconciliation_json(answer: ReconciliationAnswered) -> dict[str, Any]:
    """As documented at `tradigrade reconcile --help`."""
    return {
        "equal": answer.verdict.equal,
        "unknown_orders": answer.verdict.unknown_orders,
        "standing": list(answer.verdict.differences),
        "foreign": list(answer.foreign),
        "latest": [_fields(each) for each in answer.latest],
    }


def show_reconciliation(answer: ReconciliationAnswered) -> None:
    """For people: the verdict, what stands, then what was found before."""
    screen, now_ns = Console(highlight=False), SystemClock().now_ns()
    verdict = answer.verdict
    doubt = f", {verdict.unknown_orders} orders in doubt" if verdict.unknown_orders else ""
    screen.print(f"books and venue are {'equal' if verdict.equal else 'NOT equal'}{doubt}")
    for words in (*verdict.differences, *answer.foreign):
        screen.print(f"  {words}", markup=False)
    latest = Table("ago", "what", "subject", "books", "venue", "how it ended")
    for each in answer.latest:
        ended = each.resolution or "stood then"
        cells = (each.kind, each.subject, each.books, each.venue, ended)
        latest.add_row(_age(now_ns - each.at_ns), *map(escape, cells))
    if answer.latest:
        screen.print(latest)
