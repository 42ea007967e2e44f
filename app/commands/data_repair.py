"""`tradigrade data repair`: sets damaged files aside, and says how what was lost comes back."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from .common import FAILED, DataDirOption, JsonOption
from .data_words import IntervalOption, SymbolOption, VenueOption, choose, reported, root_of, write_lines

if TYPE_CHECKING:
    from ..storage.catalogue.layout import Dataset
    from ..storage.catalogue.repair import Lost, Repaired


def repair(
    venue: VenueOption = None,
    symbol: SymbolOption = None,
    interval: IntervalOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set damaged files aside, write manifests anew from what is sound, and say what is missing and how to get it back.

    Nothing is deleted: what `verify` finds damaged goes to `catalogue-quarantine` beside the catalogue. The next
    download asks for what was lost; what came from files has to be imported again. What is sound is not touched, so a
    second repair does nothing. Exit code 1 where something could not be repaired.

    With --json one object: {datasets: [{venue, symbol, series, kept, adopted, set_aside: [{file, to, found}], lost:
    [{start_ns, end_ns, rows, source}], again: [command]}], strangers: [{file, to, found}], faults: [sentence]};
    `adopted` files had no line in the manifest any more, and prove themselves.
    """
    from ..data_tables import show_repairs
    from ..storage.catalogue.database import connect
    from ..storage.catalogue.layout import CatalogueFault
    from ..storage.catalogue.repair import homes, set_strangers_aside
    from ..storage.catalogue.repair import repair as repair_one

    root = root_of(data_dir)
    repairs: list[Repaired] = []
    faults: list[str] = []
    with reported():
        chosen = choose(homes(root), venue, symbol, interval)
        connection = connect(root / ".spill")
        for dataset in chosen:
            try:
                done = repair_one(connection, dataset, root)
            except CatalogueFault as fault:
                faults.append(str(fault))
            else:
                repairs += [] if done is None else [done]
        lost = set_strangers_aside(root) if venue is symbol is interval is None and not faults else []
    if as_json:
        facts = {"strangers": [each._asdict() for each in lost], "faults": faults}
        write_lines([{"datasets": [_facts(each) for each in repairs], **facts}])
    else:
        show_repairs([(each, again(each.dataset, each.lost)) for each in repairs], lost, faults)
    raise typer.Exit(FAILED if faults else 0)


def again(dataset: "Dataset", lost: "list[Lost]") -> list[str]:
    """The commands that bring it back."""
    from ..storage.catalogue.layout import TRADE_SERIES
    from ..storage.catalogue.ranges import union
    from ..storage.catalogue.tables import QUOTES

    files = dict.fromkeys(each.source for each in lost if each.source not in ("", "download", "repair"))
    words = f"--venue {dataset.venue} --symbol {dataset.symbol} --interval {dataset.series}"
    imports = [f"tradigrade data import {name} {words}" for name in files]
    asked = [(each.start_ns, each.end_ns) for each in lost if each.source not in files]
    interval = "trades" if dataset.series in TRADE_SERIES else dataset.series
    words = f"--venue {dataset.venue} --symbols {dataset.symbol} --interval {interval}"
    spans = [] if dataset.table is QUOTES else union(asked)
    return imports + [
        f"tradigrade data download {words} --since {_day(start)} --until {_day(end)}" for start, end in spans
    ]


def _day(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns // 1_000_000_000, UTC):%Y-%m-%d}"


def _facts(done: "Repaired") -> dict[str, Any]:
    told: dict[str, Any] = {"set_aside": [each._asdict() for each in done.set_aside]}
    told |= {"lost": [each._asdict() for each in done.lost], "again": again(done.dataset, done.lost)}
    return {**done.dataset._asdict(), "kept": done.kept, "adopted": done.adopted, **told}
