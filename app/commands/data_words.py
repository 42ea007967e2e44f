"""What the commands on market data share: options, what a user's words mean, what goes wrong in one sentence."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import FAILED, USED_WRONGLY, fail, find_data_dir

if TYPE_CHECKING:
    from ..storage.catalogue.layout import Dataset

VenueOption = Annotated[str | None, typer.Option("--venue", help="Only of this one, as binance.")]
SymbolOption = Annotated[str | None, typer.Option("--symbol", help="Only of this one, as BTC/USDT.")]
IntervalOption = Annotated[
    str | None, typer.Option("--interval", help="Only these: 1s, 1m, 1h, 1d, …, trades, aggtrades, or 1m-quotes.")
]
SinceOption = Annotated[str | None, typer.Option("--since", help="From then on: 2024-01-01, or 30d ago. UTC.")]
UntilOption = Annotated[str | None, typer.Option("--until", help="Before then; as --since.")]
LinesOption = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, and nothing else there.")]


@contextmanager
def reported() -> Iterator[None]:
    """What goes wrong with the catalogue, in one sentence; a full disk and the like too."""
    from ..storage.catalogue.database import database_error
    from ..storage.catalogue.layout import CatalogueFault, WrongWord

    try:
        yield
    except CatalogueFault as fault:
        raise fail(str(fault), USED_WRONGLY if isinstance(fault, WrongWord) else FAILED) from None
    except (OSError, database_error()) as fault:
        raise fail(str(fault).partition("\n")[0], FAILED) from None


def root_of(data_dir: Path | None) -> Path:
    return find_data_dir(data_dir) / "catalogue"


def choose(datasets: "list[Dataset]", venue: str | None, symbol: str | None, interval: str | None) -> "list[Dataset]":
    """Those of that venue, symbol and interval; where there are none but others, the word that is wrong ends the
    command."""
    from ..config.nearest import expected

    left = datasets
    for option, asked, part in (("--venue", venue, 0), ("--symbol", symbol, 1), ("--interval", interval, 2)):
        known = dict.fromkeys(each[part] for each in left)
        if asked is None or not known:
            continue
        if asked not in known:
            raise fail(f"{option}: {expected(asked, known)} (see `tradigrade data list`)", USED_WRONGLY)
        left = [each for each in left if each[part] == asked]
    return left


def read_span(since: str | None, until: str | None) -> tuple[int, int]:
    """In nanoseconds; from 1970 on, and for ever, where nothing is said."""
    from ..storage.catalogue.query import FOREVER_NS

    span = (max(_read_time("--since", since, 0), 0), min(_read_time("--until", until, FOREVER_NS), FOREVER_NS))
    if span[0] >= span[1]:
        raise fail(f"expected --since before --until, found {since or '1970-01-01'} and {until or 'now'}", USED_WRONGLY)
    return span


def _read_time(option: str, text: str | None, default_ns: int) -> int:
    from ..history import parse_since
    from ..kernel.clock import SystemClock

    try:
        return default_ns if text is None else parse_since(text, SystemClock().now_ns())
    except ValueError as fault:
        raise fail(str(fault).replace("--since", option), USED_WRONGLY) from None


def write_lines(rows: list[dict[str, Any]]) -> None:
    sys.stdout.write("".join(json.dumps(row) + "\n" for row in rows))
