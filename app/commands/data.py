"""Market data on disk: `data list|inspect|verify|export|import|download`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import FAILED, USED_WRONGLY, DataDirOption, JsonOption, fail, find_data_dir
from .data_download import download
from .data_quality import quality

if TYPE_CHECKING:
    from ..storage.catalogue.manifest import Manifest
    from ..storage.catalogue.query import Format

data_app = typer.Typer(
    help="Download, import, list, check and export market data: bars, quotes and trades, exact, on this machine.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

VenueOption = Annotated[str | None, typer.Option("--venue", help="Only of this one, as binance.")]
SymbolOption = Annotated[str | None, typer.Option("--symbol", help="Only of this one, as BTC/USDT.")]
IntervalOption = Annotated[
    str | None, typer.Option("--interval", help="Only these: 1s, 1m, 1h, 1d, …, trades, aggtrades, or 1m-quotes.")
]
SinceOption = Annotated[str | None, typer.Option("--since", help="From then on: 2024-01-01, or 30d ago. UTC.")]
UntilOption = Annotated[str | None, typer.Option("--until", help="Before then; as --since.")]
LinesOption = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, and nothing else there.")]

FORMS: "dict[str, Format]" = {".csv": "csv", ".gz": "csv", ".parquet": "parquet", ".jsonl": "jsonl"}
"""By how a file's name ends."""


@contextmanager
def reported() -> Iterator[None]:
    """What goes wrong with the catalogue, in one sentence; a full disk and the like too."""
    from ..storage.catalogue.database import database_error
    from ..storage.catalogue.layout import CatalogueFault

    try:
        yield
    except CatalogueFault as fault:
        raise fail(str(fault), FAILED) from None
    except (OSError, database_error()) as fault:
        raise fail(str(fault).partition("\n")[0], FAILED) from None


@data_app.command("list")
def data_list(
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    interval: IntervalOption = None,
    data_dir: DataDirOption = None,
    as_json: LinesOption = False,
) -> None:
    """List what is there: from when to when, how many rows, and how many bars are missing in between.

    One whose record is damaged is named, with exit code 1; the others are listed all the same.

    With --json a line each: {venue, symbol, series, from_ns, to_ns, rows, missing, files, bytes}; `missing` is null for
    trades.
    """
    from ..data_tables import show_datasets
    from ..storage.catalogue.layout import CatalogueFault, find_datasets
    from ..storage.catalogue.manifest import Manifest
    from ..storage.catalogue.query import describe

    rows, faults = [], []
    root = _root(data_dir)
    with reported():
        for dataset in find_datasets(root):
            try:
                if _is_of(dataset, venue, symbol, interval):
                    rows.append(describe(Manifest(dataset, root)))
            except CatalogueFault as fault:
                faults.append(str(fault))
    if as_json:
        _write_lines(rows)
    else:
        show_datasets(rows)
    if faults:
        raise fail("; ".join(faults), FAILED)


@data_app.command("inspect", epilog="Example: tradigrade data inspect --symbol BTC/USDT --interval 1m")
def data_inspect(
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    interval: IntervalOption = None,
    data_dir: DataDirOption = None,
    as_json: LinesOption = False,
) -> None:
    """Show figures of what is there: ranges, first and last rows, largest moves and gaps, bars without volume.

    With --json a line each: that of `list`, and {NAME_min, NAME_max, zero_volume, first, last, largest_moves, gaps,
    largest_gaps: [{start_ns, end_ns, bars, checked}]}; amounts are exact decimal texts, moves are fractions. A gap is
    `checked` when the venue was asked and has nothing there.
    """
    from ..data_tables import show_inspection
    from ..storage.catalogue.database import connect
    from ..storage.catalogue.query import inspect

    with reported():
        for manifest in _found(data_dir, venue, symbol, interval, must=True):
            connection = connect(_root(data_dir) / ".spill")
            facts = inspect(connection, manifest)
            connection.close()
            if as_json:
                _write_lines([facts])
            else:
                show_inspection(facts)


@data_app.command("verify")
def data_verify(
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    interval: IntervalOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read every file and row and say what is damaged, where: exit code 1 where something is.

    Finds files that are missing, altered or put there by others, rows that are double, out of order, out of their day
    or impossible (high below low, a price of zero). Gaps are told, and are no damage. Changes nothing.

    With --json one object: {sound, datasets: [{venue, symbol, series, files, rows, gaps, missing, damage: [{file, row,
    found}]}], strangers: [{file, row, found}]}; `row` counts from 1 and is 0 where it is the file.
    """
    from ..data_tables import show_verdict
    from ..storage.catalogue.database import connect
    from ..storage.catalogue.layout import find_datasets
    from ..storage.catalogue.verify import strangers, verify

    root = _root(data_dir)
    with reported():
        chosen = [each for each in find_datasets(root) if _is_of(each, venue, symbol, interval)]
        connection = connect(root / ".spill")
        reports = [verify(connection, dataset, root) for dataset in chosen]
        lost = strangers(root) if venue is symbol is interval is None else []
    if not as_json:
        show_verdict(reports, lost)
    sound = not lost and not any(report.damage for report in reports)
    if as_json:
        datasets = [
            each.dataset._asdict()
            | {"files": each.files, "rows": each.rows, "gaps": len(each.gaps)}
            | {"missing": sum(gap.bars for gap in each.gaps), "damage": [bad._asdict() for bad in each.damage]}
            for each in reports
        ]
        _write_lines([{"sound": sound, "datasets": datasets, "strangers": [bad._asdict() for bad in lost]}])
    raise typer.Exit(0 if sound else FAILED)


@data_app.command(
    "export",
    epilog="Example: tradigrade data export btc.csv --symbol BTC/USDT --interval 1m --to 1h --since 2024-01-01",
)
def data_export(
    file: Annotated[Path, typer.Argument(help="Its ending says the form: .csv, .csv.gz, .parquet or .jsonl.")],
    symbol: Annotated[str, typer.Option("--symbol", help="As BTC/USDT.")],
    interval: Annotated[str, typer.Option("--interval", help="What is there: 1m, trades, 1m-quotes, ….")],
    venue: VenueOption = None,
    to: Annotated[str | None, typer.Option("--to", help="Make bars of this coarser interval, exactly.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    ms: Annotated[bool, typer.Option("--ms", help="Times in ms: bars that `tradigrade up --replay` takes.")] = False,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write rows to a file, or as bars of a coarser interval. Amounts are exact; times are ns since 1970.

    A coarse bar that is not wholly within --since and --until is left out. An existing file is not overwritten. With
    --json one object: {file, rows}.
    """
    from ..storage.catalogue.database import connect
    from ..storage.catalogue.intervals import parse_interval
    from ..storage.catalogue.query import FOREVER_NS, export, rows_sql

    form = FORMS.get(file.suffix)
    if form is None or file.exists():
        expected = "an ending of .csv, .csv.gz, .parquet or .jsonl" if form is None else "a file that is not there yet"
        raise fail(f"expected {expected}, found {file}", USED_WRONGLY)
    span = (read_time("--since", since, 0), read_time("--until", until, FOREVER_NS))
    try:
        coarser = None if to is None else parse_interval(to)
    except ValueError as fault:
        raise fail(f"--to: {fault}", USED_WRONGLY) from None
    with reported():
        found = _found(data_dir, venue, symbol, interval, must=True)
        if len(found) > 1:
            venues = ", ".join(manifest.dataset.venue for manifest in found)
            raise fail(f"{symbol} {interval} is there of {venues}: choose one with --venue", USED_WRONGLY)
        connection = connect(_root(data_dir) / ".spill")
        rows = export(connection, rows_sql(found[0], *span, coarser), file, form, ms=ms)
    if as_json:
        _write_lines([{"file": str(file), "rows": rows}])
    else:
        sys.stderr.write(f"{rows:,} rows in {file}\n")


@data_app.command(
    "import", epilog="Example: tradigrade data import BTC-1m.csv --venue kraken --symbol BTC/USD --interval 1m"
)
def data_import(
    files: Annotated[list[Path], typer.Argument(help="CSV (also .gz, .zip), Parquet, or recorded Binance frames.")],
    venue: Annotated[str | None, typer.Option("--venue", help="Where it is from, as binance.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="As BTC/USDT.")] = None,
    interval: Annotated[str | None, typer.Option("--interval", help="1m, 1h, …, trades, aggtrades, 1m-quotes.")] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", help="Which is which: start_ns=Date,open=Open; by number without header.")
    ] = None,
    time_unit: Annotated[
        str | None, typer.Option("--time-unit", help="s, ms, us or ns. Default: told by size.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take the file's rows where others are there.")] = False,
    data_dir: DataDirOption = None,
    as_json: LinesOption = False,
) -> None:
    """Take files in, each whole or not at all. Rows that are there are not doubled; rows that differ are refused.

    The first bad rows are named by line, with what was expected. Times are UTC, as numbers since 1970 or as
    2024-01-31T12:00:00. Venue, symbol and interval may be in the file's name, as binance_BTC-USDT_1h.csv.gz, or in its
    folders, as coinbase/minute/btcusd/20161007_trade.zip (times in ms since that midnight).

    With --json a line each: {file, venue, symbol, series, rows, added, same, replaced}.
    """
    from ..data_import import Asked, import_file
    from ..data_tables import show_imported

    if time_unit not in (None, "s", "ms", "us", "ns"):
        raise fail(f"--time-unit: expected s, ms, us or ns, found {time_unit!r}", USED_WRONGLY)
    conflict = "replace" if replace else "refuse"
    asked = Asked(venue, symbol, interval, _read_columns(columns), time_unit, conflict)  # type: ignore[arg-type]
    with reported():
        for file in files:
            done = import_file(file, _root(data_dir), asked)
            if as_json:
                counts = {"added": done.merged.added, "same": done.merged.same, "replaced": done.merged.conflicts}
                _write_lines([{"file": done.file, **done.dataset._asdict(), "rows": done.rows, **counts}])
            else:
                show_imported(done)


data_app.command("quality")(quality)
data_app.command("download", epilog="Example: tradigrade data download --venue kraken --symbols BTC/USD --since 30d")(
    download
)


def read_time(option: str, text: str | None, default_ns: int) -> int:
    from ..history import parse_since
    from ..kernel.clock import SystemClock

    try:
        return default_ns if text is None else parse_since(text, SystemClock().now_ns())
    except ValueError as fault:
        raise fail(str(fault).replace("--since", option), USED_WRONGLY) from None


def _read_columns(text: str | None) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair]
    if any(not ours or not theirs for ours, _, theirs in pairs):
        raise fail(f"--columns: expected OURS=THEIRS,OURS=THEIRS, found {text!r}", USED_WRONGLY)
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}


def _root(data_dir: Path | None) -> Path:
    return find_data_dir(data_dir) / "catalogue"


def _is_of(dataset: Any, venue: str | None, symbol: str | None, interval: str | None) -> bool:
    wanted = ((venue, dataset.venue), (symbol, dataset.symbol), (interval, dataset.series))
    return all(asked in (None, found) for asked, found in wanted)


def _found(
    data_dir: Path | None, venue: str | None, symbol: str | None, interval: str | None, *, must: bool = False
) -> "list[Manifest]":
    from ..storage.catalogue.layout import find_datasets
    from ..storage.catalogue.manifest import Manifest

    root = _root(data_dir)
    chosen = [each for each in find_datasets(root) if _is_of(each, venue, symbol, interval)]
    if must and not chosen:
        raise fail(f"nothing like that is in {root}: `tradigrade data list` says what is", FAILED)
    return [Manifest(dataset, root) for dataset in chosen]


def _write_lines(rows: list[dict[str, Any]]) -> None:
    sys.stdout.write("".join(json.dumps(row) + "\n" for row in rows))
