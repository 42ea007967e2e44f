"""Market data on disk: `data list|inspect|verify|repair|export|import|download|quality`."""

import typer

from .common import FAILED, DataDirOption, JsonOption, fail
from .data_download import download
from .data_files import export_rows, import_files
from .data_quality import quality
from .data_repair import repair
from .data_words import (
    IntervalOption,
    LinesOption,
    SymbolOption,
    VenueOption,
    choose,
    reported,
    root_of,
    write_lines,
)

data_app = typer.Typer(
    help="Download, import, list, check and export market data: bars, quotes and trades, exact, on this machine.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

data_app.command("download", epilog="Example: tradigrade data download --venue kraken --symbols BTC/USD --since 30d")(
    download
)
data_app.command(
    "import", epilog="Example: tradigrade data import BTC-1m.csv --venue kraken --symbol BTC/USD --interval 1m"
)(import_files)


@data_app.command("list", epilog="Example: tradigrade data list --venue kraken")
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
    root = root_of(data_dir)
    with reported():
        for dataset in choose(find_datasets(root), venue, symbol, interval):
            try:
                rows.append(describe(Manifest(dataset, root)))
            except CatalogueFault as fault:
                faults.append(str(fault))
    if as_json:
        write_lines(rows)
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
    from ..storage.catalogue.layout import find_datasets
    from ..storage.catalogue.manifest import Manifest
    from ..storage.catalogue.query import inspect

    root = root_of(data_dir)
    with reported():
        chosen = choose(find_datasets(root), venue, symbol, interval)
        if not chosen:
            raise fail(f"nothing is in {root} yet: tradigrade data download, or data import", FAILED)
        for dataset in chosen:
            connection = connect(root / ".spill")
            facts = inspect(connection, Manifest(dataset, root))
            connection.close()
            if as_json:
                write_lines([facts])
            else:
                show_inspection(facts)


@data_app.command("verify", epilog="Example: tradigrade data verify --json")
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

    root = root_of(data_dir)
    with reported():
        chosen = choose(find_datasets(root), venue, symbol, interval)
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
        write_lines([{"sound": sound, "datasets": datasets, "strangers": [bad._asdict() for bad in lost]}])
    raise typer.Exit(0 if sound else FAILED)


data_app.command("repair", epilog="Example: tradigrade data repair --venue kraken --symbol BTC/USD")(repair)
data_app.command(
    "export",
    epilog="Example: tradigrade data export btc.csv --symbol BTC/USDT --interval 1m --to 1h --since 2024-01-01",
)(export_rows)
data_app.command("quality", epilog="Example: tradigrade data quality --json")(quality)
