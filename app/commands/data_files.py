"""`tradigrade data export` and `import`: market data to files and from them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import FAILED, USED_WRONGLY, DataDirOption, JsonOption, fail
from .data_words import (
    LinesOption,
    SinceOption,
    UntilOption,
    VenueOption,
    choose,
    read_span,
    reported,
    root_of,
    write_lines,
)

if TYPE_CHECKING:
    from ..storage.catalogue.query import Format

FORMS: "dict[str, Format]" = {".csv": "csv", ".gz": "csv", ".parquet": "parquet", ".jsonl": "jsonl"}
"""By how a file's name ends."""


def export_rows(
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
    from ..storage.catalogue.layout import find_datasets
    from ..storage.catalogue.manifest import Manifest
    from ..storage.catalogue.query import export, rows_sql

    form = FORMS.get(file.suffix)
    if form is None or file.exists() or not file.absolute().parent.is_dir():
        raise fail(f"expected {_wanted_of(file)}, found {file}", USED_WRONGLY)
    span = read_span(since, until)
    try:
        coarser = None if to is None else parse_interval(to)
    except ValueError as fault:
        raise fail(f"--to: {fault}", USED_WRONGLY) from None
    with reported():
        root = root_of(data_dir)
        found = choose(find_datasets(root), venue, symbol, interval)
        if not found:
            raise fail(f"nothing is in {root} yet: tradigrade data download, or data import", FAILED)
        if len(found) > 1:
            venues = ", ".join(dataset.venue for dataset in found)
            raise fail(f"{symbol} {interval} is there of {venues}: choose one with --venue", USED_WRONGLY)
        connection = connect(root / ".spill")
        rows = export(connection, rows_sql(Manifest(found[0], root), *span, coarser), file, form, ms=ms)
    if as_json:
        write_lines([{"file": str(file), "rows": rows}])
    else:
        sys.stderr.write(f"{rows:,} rows in {file}\n")


def import_files(
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
            done = import_file(file, root_of(data_dir), asked)
            if as_json:
                counts = {"added": done.merged.added, "same": done.merged.same, "replaced": done.merged.conflicts}
                write_lines([{"file": done.file, **done.dataset._asdict(), "rows": done.rows, **counts}])
            else:
                show_imported(done)


def _wanted_of(file: Path) -> str:
    if file.suffix not in FORMS:
        return "an ending of .csv, .csv.gz, .parquet or .jsonl"
    return "a file that is not there yet" if file.exists() else "a folder that is there"


def _read_columns(text: str | None) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair]
    if any(not ours or not theirs for ours, _, theirs in pairs):
        raise fail(f"--columns: expected OURS=THEIRS,OURS=THEIRS, found {text!r}", USED_WRONGLY)
    return {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
