"""The `tradigrade replay` command."""

import contextlib
import importlib.metadata
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from .common import FAILED, USED_WRONGLY, JsonOption, fail

if TYPE_CHECKING:
    from ..storage.capture_file import Capture

CapturesArgument = Annotated[
    list[Path],
    typer.Argument(metavar="CAPTURE...", exists=True, help="A capture, or a data directory: all of its last run."),
]


def replay(
    captures: CapturesArgument,
    until: Annotated[int | None, typer.Option(min=1, help="Stop before the event of this number.")] = None,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Show every message handled, and what led to each order.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a captured trader again, in memory, and check that it decides the same. Nothing is sent and nothing written.

    A data directory keeps captures of its traders in `captures`, one for each process, whatever ended it. Exit code 1
    where something came out differently: then its place is told.

    With --json one object a line for each capture: {capture, node, incarnation, program, started_ns, span_s, events,
    decisions, records, orders, fills, ended, fault}, where an order has {client_id, side, type, amount, symbol, price,
    strategy, at_ns, causes}.
    """
    from ..kernel.boundary import CaptureFault
    from ..replay_report import find_captures

    try:
        found = find_captures(captures)
    except CaptureFault as fault:
        raise fail(str(fault), USED_WRONGLY) from None
    try:
        same = [_replay_one(capture, until, verbose=verbose, as_json=as_json) for capture in found]
    except CaptureFault as fault:
        raise fail(str(fault), FAILED) from None
    raise typer.Exit(0 if all(same) else FAILED)


def _replay_one(capture: "Capture", until: int | None, *, verbose: bool, as_json: bool) -> bool:
    """Tell what it came to; True where every decision was as recorded."""
    from ..replay import Replay
    from ..replay_report import describe, handled_line, order_lines, summary_lines

    program = importlib.metadata.version("tradigrade")
    if capture.header.program != program:
        _tell([f"captured by version {capture.header.program}, replayed by {program}: it may decide otherwise"])
    made = Replay(capture, (lambda handled: _tell([handled_line(handled)])) if verbose else lambda _: None)
    with contextlib.redirect_stdout(sys.stderr):  # what a strategy prints is no part of the output
        same = made.run(until)
    told = describe(made, capture.path)
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        _tell([*summary_lines(told), *(order_lines(told) if verbose else ())])
    return same


def _tell(lines: Iterable[str]) -> None:
    console = Console(stderr=True, highlight=False)
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
