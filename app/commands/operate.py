"""The commands by which people steer trading: `pause`, `resume`, `halt`, `release`, `ladder`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from .common import FAILED, USED_WRONGLY, DataDirOption, JsonOption, explained, fail, find_data_dir

StrategyArgument = Annotated[str, typer.Argument(metavar="STRATEGY", help="Its name, as `tradigrade ladder` shows it.")]
SymbolOption = Annotated[str, typer.Option("--symbol", help="Only on this one, as BTC/USDT. Default: on all.")]


def add_operations(app: typer.Typer) -> None:
    """Make them commands of the front door."""
    for command in (pause, resume, halt, release, ladder):
        app.command()(command)


def pause(
    strategy: StrategyArgument,
    symbol: SymbolOption = "",
    reason: Annotated[str, typer.Option("--reason", help="Shown beside its rung.")] = "",
    data_dir: DataDirOption = None,
) -> None:
    """Let a strategy only shrink its positions, until resumed; over restarts too."""
    from ..operate import ask_risk
    from ..transports.control import PauseStrategy

    with answered():
        ask_risk(find_data_dir(data_dir), PauseStrategy(strategy, symbol, reason))


def resume(strategy: StrategyArgument, symbol: SymbolOption = "", data_dir: DataDirOption = None) -> None:
    """Let a strategy trade again that was paused, and start one again that was left down."""
    from ..operate import ask_risk
    from ..transports.control import ResumeStrategy

    with answered():
        ask_risk(find_data_dir(data_dir), ResumeStrategy(strategy, symbol))


def halt(
    reason: Annotated[str, typer.Argument(metavar="REASON", help="Why: it is shown until the release.")],
    data_dir: DataDirOption = None,
) -> None:
    """The kill switch: cancel all but protective stops, then let nothing leave until released. Also works when nothing
    runs: the next start is halted."""
    engage(find_data_dir(data_dir), reason)


def release(
    reason: Annotated[str, typer.Argument(metavar="REASON", help="Why it is safe again: it is kept in the history.")],
    data_dir: DataDirOption = None,
) -> None:
    """End a halt. Also works when nothing runs."""
    lift(find_data_dir(data_dir), reason)


def ladder(data_dir: DataDirOption = None, as_json: JsonOption = False) -> None:
    """Show where the system, the account, every symbol and every strategy stand, why and since when, the latest moves,
    and the latest alerts: what a person should look at.

    With --json one object: {standings: [{scope, rung, reason, since_ns}], moves: [{scope, before, after, reason,
    causes, at_ns}], alerts: [{code, detail, at_ns}], halt: {reason, by, at_ns} or null}; the latest move and alert
    first.
    """
    from ..operate import ask_risk, find_alerts, find_halt, ladder_json, show_ladder
    from ..transports.control import LadderAsked

    folder = find_data_dir(data_dir)
    with explained():
        answer, alerts = ask_risk(folder, LadderAsked()), find_alerts(folder)
    halted = find_halt(folder)
    if as_json:
        told = None if halted is None else {"reason": halted.reason, "by": halted.by, "at_ns": halted.at_ns}
        loud = [{"code": each.code, "detail": each.detail, "at_ns": each.at_ns} for each in alerts]
        sys.stdout.write(json.dumps({**ladder_json(answer), "alerts": loud, "halt": told}) + "\n")
    else:
        show_ladder(answer, halted, alerts)


def engage(data_dir: Path, reason: str, by: str = "") -> None:
    """Latch the halt, and say which one stands."""
    from ..operate import halt as latch

    with _latched():
        standing = latch(data_dir, reason, by)
    sys.stderr.write(f"halted by {standing.by}: {standing.reason}\n")


def lift(data_dir: Path, reason: str, by: str = "") -> None:
    """End the halt that stands."""
    from ..operate import release as unlatch

    with _latched():
        was_halted = unlatch(data_dir, reason, by)
    if not was_halted:
        raise fail("nothing is halted", FAILED)
    sys.stderr.write("released\n")


@contextmanager
def answered() -> Iterator[None]:
    """A no of risk is the user's to read, and no fault of the system."""
    from ..kernel.errors import ActorFailed

    with explained():
        try:
            yield
        except ActorFailed as fault:
            raise fail(str(fault), FAILED) from None


@contextmanager
def _latched() -> Iterator[None]:
    try:
        yield
    except ValueError as fault:
        raise fail(str(fault), USED_WRONGLY) from None
    except OSError as fault:
        raise fail(
            f"the halt cannot be written: {fault}; make room on the disk or give another --data-dir", FAILED
        ) from None
