"""Bars of one symbol from a CSV file, plain or gzip: `time_ms,open,high,low,close,volume`, oldest first."""

import csv
import gzip
import io
import math
import re
from pathlib import Path

from ...trading.paper_listing import LISTING
from .bar_path import PriceBar

COLUMNS = ["time_ms", "open", "high", "low", "close", "volume"]
_PAIR = re.compile(r"([A-Z0-9]{1,20})[-_]?(USDT|USD)(?![A-Z0-9])")


class BarFileFault(Exception):
    """The file cannot be traded on. Its text is one sentence: file, line, what was expected and what found."""


def is_bar_file(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(".csv")


def symbol_of(path: Path) -> str:
    """From the file's name: `binance_BTC-USDT_1h.csv` is of BTC/USDT, and so is `BTCUSD.csv`.

    Raises BarFileFault where it names none of the paper venue's.
    """
    found = _PAIR.search(path.name)
    symbol = f"{found[1]}/USDT" if found else ""
    if symbol not in LISTING:
        raise BarFileFault(f"{path}: expected a name with a pair of the paper venue in it, such as BTC-USDT_1h.csv")
    return symbol


def read_bars(path: Path) -> list[PriceBar]:
    """Every bar. Raises BarFileFault for a file that is unreadable, has a bad line or fewer than two bars."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BarFileFault(f"{path}: expected a readable file of bars, found {error}") from error
    rows = csv.reader(io.StringIO(text))
    if (header := next(rows, [])) != COLUMNS:
        raise BarFileFault(f"{path}, line 1: expected {','.join(COLUMNS)}, found {','.join(header)[:80]}")
    bars: list[PriceBar] = []
    for number, row in enumerate(rows, start=2):
        bars.append(_bar(path, number, row, bars[-1].start_ms if bars else -1))
    if len(bars) < 2:
        raise BarFileFault(f"{path}: expected at least two bars, found {len(bars)}")
    return bars


def _bar(path: Path, number: int, row: list[str], after_ms: int) -> PriceBar:
    try:
        bar = PriceBar(int(row[0]), *map(float, row[1:6]))
    except (ValueError, TypeError, IndexError):
        raise BarFileFault(f"{path}, line {number}: expected six numbers, found {','.join(row)[:80]}") from None
    prices = (bar.open, bar.high, bar.low, bar.close)
    sound = all(map(math.isfinite, prices)) and bar.low > 0 and bar.low <= min(prices) and bar.high >= max(prices)
    if not sound or not 0 <= bar.volume < math.inf:
        raise BarFileFault(f"{path}, line {number}: expected prices between low and high, found {','.join(row)[:80]}")
    if bar.start_ms <= after_ms:
        raise BarFileFault(f"{path}, line {number}: expected a bar later than the one before, found {row[0]}")
    return bar
