"""`tradigrade data quality`: how far the running system's market data is to be trusted, and what was repaired."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from .common import DataDirOption, explained, find_data_dir

if TYPE_CHECKING:
    from rich.table import Table

    from ..trading.views import FeedView

COLUMNS = ("symbol", "feed", "*score", "*silent", "*usually", "*repairs", "state")
REPAIRS = ("repair", "feed", "*count", "*median", "*longest", "*last")


def quality(
    data_dir: DataDirOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, one a feed.")] = False,
) -> None:
    """Show every symbol's score, from 0 to 1, and how long each kind of fault took to repair.

    The time to repair is from a fault's detection to data that is right again. Exit code 3 where nothing runs.

    With --json a line each: {path, venue, reference, connected, connections, symbols: [{symbol, live, reason, score,
    reasons, silent_s, usual_s, deviation_bps, …}], repairs: [{kind, count, p50_s, max_s, last_s}]}.
    """
    import msgspec

    from ..operate import ask_feeds

    with explained():
        feeds = ask_feeds(find_data_dir(data_dir))
    if as_json:
        sys.stdout.writelines(msgspec.json.encode(feed).decode() + "\n" for feed in feeds)
    else:
        _show(feeds)


def _show(feeds: "tuple[FeedView, ...]") -> None:
    from rich.console import Console
    from rich.markup import escape

    symbols, repairs = _table(COLUMNS), _table(REPAIRS)
    for feed in feeds:
        name = f"{feed.path.rpartition('/')[2]}{' (reference)' if feed.reference else ''}"
        for each in feed.symbols:
            usual = "-" if each.usual_s is None else f"{each.usual_s:.2f} s"
            state = (", ".join(each.reasons) or "live") if each.live else each.reason
            times = (f"{each.silent_s:.2f} s", usual)
            symbols.add_row(each.symbol, name, f"{each.score:.2f}", *times, str(each.repairs), escape(state))
        for repair in feed.repairs:
            took = (f"{value:.3f} s" for value in (repair.p50_s, repair.max_s, repair.last_s))
            repairs.add_row(repair.kind, name, str(repair.count), *took)
    screen = Console(highlight=False)
    screen.print(symbols)
    screen.print(repairs if repairs.row_count else "nothing had to be repaired")


def _table(names: tuple[str, ...]) -> "Table":
    """With a star: to the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name.lstrip("*"), justify="right" if name.startswith("*") else "left", no_wrap=name != "state")
    return table
