"""`tradigrade data download`: history of any venue into the catalogue."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import FAILED, USED_WRONGLY, DataDirOption, explained, fail, find_data_dir

if TYPE_CHECKING:
    from ..data_download import Outcome
    from ..data_download import Progress as Told

INTERRUPTED = 130


def download(
    venue: Annotated[str, typer.Option("--venue", help="Any of ccxt, as binance; local: that of the running system.")],
    symbols: Annotated[str, typer.Option("--symbols", "--symbol", help="Comma-separated, as BTC/USDT,ETH/USDT.")],
    interval: Annotated[str, typer.Option("--interval", help="1m, 1h, …, or trades.")] = "1m",
    since: Annotated[str, typer.Option("--since", help="From then on: 2024-01-01, or 30d ago. UTC.")] = "1d",
    until: Annotated[str | None, typer.Option("--until", help="Before then. Default: what is finished now.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Ask for all of it again, and take what differs.")] = False,
    data_dir: DataDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, one a symbol.")] = False,
) -> None:
    """Download bars or trades, from where the last download ended, and say which bars are missing.

    It may be interrupted at any time; the same command goes on. Only what is finished is stored, and only what is not
    there is asked for. Rate limits are kept, and what the venue says about them. A gap is believed when two answers of
    the venue agree on it, and is not asked for again. Venues that give trades in aggregates fill `aggtrades`.

    With --json a line each: {venue, symbol, series, added, same, differing, requests, gaps: [{start_ns, end_ns, bars,
    checked}], withheld: [[start_ns, end_ns]], fault}. Exit code 1 where a symbol was not finished, 130 on Ctrl-C.
    """
    from .data_words import read_span, reported

    span = read_span(since, until)
    names = list(dict.fromkeys(name.strip() for name in symbols.split(",") if name.strip()))
    if not names:
        raise fail(f"--symbols: expected symbols as BTC/USDT,ETH/USDT, found {symbols!r}", USED_WRONGLY)
    try:
        with reported(), explained(), _watched(show=not as_json) as tell:
            run = _run(venue, names, interval, span, find_data_dir(data_dir), tell, replace=replace)
            outcomes = asyncio.run(run)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what was had is stored, and the same command goes on from there\n")
        raise typer.Exit(INTERRUPTED) from None
    _report(outcomes, as_json=as_json)
    raise typer.Exit(FAILED if any(outcome.fault for outcome in outcomes) else 0)


async def _run(
    venue: str,
    symbols: list[str],
    interval: str,
    span: tuple[int, int],
    data_dir: Path,
    tell: "Callable[[Told], object]",
    *,
    replace: bool,
) -> "list[Outcome]":
    from ..data_download import Download, Wanted
    from ..data_venues import open_history
    from ..exchanges.history import HistoryRefused, NotServed, RetryLater
    from ..storage.catalogue.database import connect
    from ..storage.catalogue.layout import TRADE_SERIES, CatalogueFault, WrongWord, make_dataset

    root = data_dir / "catalogue"
    connect(root / ".spill").close()  # without DuckDB nothing is asked for
    try:
        port = await open_history(venue, data_dir)
        try:
            for symbol in symbols:
                port.check(symbol, None if interval in TRADE_SERIES else interval)
            datasets = [make_dataset(venue, symbol, port.series(interval)) for symbol in symbols]
            settled_ns = await port.settled_ns()
            if span[0] >= settled_ns:
                raise WrongWord("--since: expected a time of which the venue knows all, found one after that")
            wanted = Wanted(span[0], min(span[1], settled_ns), replace=replace)
            return await Download(port, root, tell).run(datasets, wanted)
        finally:
            await port.close()
    except NotServed as fault:
        raise WrongWord(f"{venue}: {fault}") from None
    except (HistoryRefused, RetryLater) as fault:
        raise CatalogueFault(f"{venue}: {fault}") from None


@contextmanager
def _watched(*, show: bool) -> "Iterator[Callable[[Told], object]]":
    """A bar for each symbol on a terminal, else a line now and then."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    if not (show and console.is_terminal):
        yield _lines() if show else lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[rows]:,} rows {task.fields[note]}"), console=console) as bars:
        tasks: dict[str, Any] = {}

        def tell(progress: "Told") -> None:
            if progress.symbol not in tasks:
                tasks[progress.symbol] = bars.add_task(progress.symbol, total=1.0, rows=0, note="")
            task = tasks[progress.symbol]
            bars.update(task, completed=progress.share, rows=progress.rows, note=progress.note)

        yield tell


def _lines() -> "Callable[[Told], object]":
    """Where nobody watches: a line at every tenth of a symbol, and for every wait."""
    told: dict[str, int] = {}

    def tell(progress: "Told") -> None:
        tenth = int(progress.share * 10)
        if progress.note or tenth > told.get(progress.symbol, -1):
            told[progress.symbol] = tenth
            line = f"{progress.symbol} {progress.share:.0%} {progress.rows:,} rows {progress.note}"
            sys.stderr.write(line.rstrip() + "\n")

    return tell


def _report(outcomes: "list[Outcome]", *, as_json: bool) -> None:
    from ..data_tables import show_outcome

    for outcome in outcomes:
        if not as_json:
            show_outcome(outcome)
            continue
        counts = {"added": outcome.merged.added, "same": outcome.merged.same, "differing": outcome.merged.conflicts}
        found = {"requests": outcome.requests, "gaps": [gap._asdict() for gap in outcome.gaps]}
        rest = {"withheld": outcome.withheld, "fault": outcome.fault or None}
        sys.stdout.write(json.dumps({**outcome.dataset._asdict(), **counts, **found, **rest}) + "\n")
