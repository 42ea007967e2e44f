"""What `tradigrade data` shows to people. Times are UTC."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from .data_download import Outcome
from .data_import import Imported
from .storage.catalogue.query import Gap
from .storage.catalogue.repair import Repaired, SetAside
from .storage.catalogue.verify import Damage, Report

GAPS_TOLD = 10


def _console() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def time_text(at_ns: int | None) -> str:
    """To the second, or finer where there is more."""
    if at_ns is None:
        return "-"
    day = datetime.fromtimestamp(at_ns // 1_000_000_000, UTC)
    rest = f"{at_ns % 1_000_000_000:09d}".rstrip("0")
    return f"{day:%Y-%m-%d %H:%M:%S}" + (f".{rest}" if rest else "")


def show_datasets(rows: list[dict[str, Any]]) -> None:
    if not rows:
        _console().print("nothing is there yet: tradigrade data download, or data import")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("venue", "symbol", "interval", "from", "to"):
        table.add_column(name, no_wrap=True)
    for name in ("rows", "missing", "size"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        missing = "-" if row["missing"] is None else f"{row['missing']:,}"
        span = (time_text(row["from_ns"])[:10], time_text(row["to_ns"])[:10])
        size = f"{row['bytes'] / 1e6:,.2f} MB"
        table.add_row(row["venue"], row["symbol"], row["series"], *span, f"{row['rows']:,}", missing, size)
    _console().print(table)


def show_inspection(facts: dict[str, Any]) -> None:
    console = _console()
    show_datasets([facts])
    if not facts["rows"]:
        return
    for name, value in facts.items():
        if name.endswith("_min"):
            console.print(f"  {name.removesuffix('_min')}: {value} to {facts[name[:-3] + 'max']}", markup=False)
    console.print(f"  without volume: {facts['zero_volume']:,}; gaps: {facts['gaps']:,}")
    for title in ("first", "last"):
        for row in facts[title]:
            at_ns, *rest = row.values()
            console.print(f"  {title}: {time_text(at_ns)}  {'  '.join(map(str, rest))}", markup=False)
    for row in facts["largest_moves"]:
        at_ns, move = row.values()
        console.print(f"  largest move: {time_text(at_ns)}  {move:+.4%}")
    for gap in facts["largest_gaps"]:
        console.print(f"  gap: {_gap_text(Gap(**gap))}")


def show_verdict(reports: list[Report], lost: list[Damage]) -> None:
    console = _console()
    for report in reports:
        missing = sum(gap.bars for gap in report.gaps)
        holes = f", {len(report.gaps):,} gaps of {missing:,} bars" if report.gaps else ""
        console.print(f"  {report.dataset}: {report.files:,} files, {report.rows:,} rows{holes}", markup=False)
    damage = [bad for report in reports for bad in report.damage] + lost
    for bad in damage:
        place = f", row {bad.row}" if bad.row else ""
        console.print(f"  {bad.file}{place}: {bad.found}", style="red", markup=False)
    damaged = "damaged: `tradigrade data repair` sets it aside and says how it comes back"
    console.print(damaged if damage else "sound" if reports else "nothing is there to verify")


def show_repairs(repairs: list[tuple[Repaired, list[str]]], lost: list[SetAside], faults: list[str]) -> None:
    console = _console()
    for done, again in repairs:
        adopted = f", {done.adopted:,} adopted whose line was lost" if done.adopted else ""
        console.print(f"{done.dataset}: {done.kept:,} files as they were{adopted}", markup=False)
        _show_set_aside(console, done.set_aside)
        for gone in done.lost:
            rows = f"{gone.rows:,} rows" if gone.rows else "rows that nobody counted"
            console.print(f"  lost: {time_text(gone.start_ns)} to {time_text(gone.end_ns)}, {rows}", markup=False)
        for command in again:
            console.print(f"  to get it back: {command}", markup=False)
        if done.lost and not again:
            console.print("  to get it back: import its files again")
    if lost:
        console.print("files of no dataset:")
        _show_set_aside(console, lost)
    for fault in faults:
        console.print(f"not repaired: {fault}", style="red", markup=False)
    if not (repairs or lost or faults):
        console.print("nothing is damaged")


def _show_set_aside(console: Console, moved: list[SetAside]) -> None:
    for each in moved:
        console.print(f"  set aside: {each.file}: {each.found}\n    now {each.to}", markup=False)


def show_imported(done: Imported) -> None:
    merged = done.merged
    told = f"{merged.added:,} new rows, {merged.same:,} there already"
    replaced = f", {merged.conflicts:,} replaced" if merged.conflicts else ""
    _console().print(f"{done.file}: {done.dataset}: {told}{replaced}", markup=False)


def show_outcome(outcome: Outcome) -> None:
    """The gap report of one download."""
    console, merged = _console(), outcome.merged
    kept = f", {merged.conflicts:,} that differ from those there" if merged.conflicts else ""
    console.print(f"{outcome.dataset}: {merged.added:,} new rows, {outcome.requests:,} requests{kept}", markup=False)
    for gap in sorted(outcome.gaps, key=lambda each: -each.bars)[:GAPS_TOLD]:
        console.print(f"  gap: {_gap_text(gap)}")
    if len(outcome.gaps) > GAPS_TOLD:
        console.print(f"  and {len(outcome.gaps) - GAPS_TOLD:,} more gaps: --json lists all")
    for start_ns, end_ns in outcome.withheld if outcome.dataset.interval is None else ():
        console.print(f"  not given by the venue: {time_text(start_ns)} to {time_text(end_ns)}")
    if outcome.fault:
        console.print(f"  not finished: {outcome.fault}; the same command goes on from here", style="red", markup=False)


def _gap_text(gap: Gap) -> str:
    why = "the venue has none" if gap.checked else "not there, and not proven that the venue has none"
    return f"{time_text(gap.start_ns)} to {time_text(gap.end_ns)}, {gap.bars:,} missing: {why}"
