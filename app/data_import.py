"""Importing files that others wrote: which format, which dataset, then whole or not at all."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import msgspec

from .storage.catalogue.database import connect
from .storage.catalogue.foreign import line_of, read_csv, read_parquet, unpacked
from .storage.catalogue.intake import convert, gather, offer_gathered, stage
from .storage.catalogue.layout import TRADE_SERIES, CatalogueFault, Dataset, WrongWord, make_dataset
from .storage.catalogue.writer import Merged, OnConflict, Writer

if TYPE_CHECKING:
    import duckdb

QUOTED = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "USD", "EUR", "GBP", "JPY", "TRY", "BTC", "ETH", "BNB")
"""Currencies that a symbol without a slash may end with, the first that fits."""
RECORDING_ROWS = 100_000
"""Trades of a recording that are held at a time."""

_NAMED = re.compile(r"(?P<venue>[a-z0-9]+)_(?P<symbol>[A-Z0-9]+-[A-Z0-9]+)_(?P<series>\d+[smhdwM])\.")
_DAY_FILE = re.compile(r"(?P<day>\d{8})_(?P<kind>trade|quote)\.zip")
_RECORDED = re.compile(r"(?P<symbol>[a-z0-9]+)_\d{8}(\.dat)?(\.gz)?")
_STEPS = {"second": "1s", "minute": "1m", "hour": "1h", "daily": "1d"}


class Asked(NamedTuple):
    """What the user says of the files; None is told by the file, if it can be."""

    venue: str | None = None
    symbol: str | None = None
    series: str | None = None
    columns: dict[str, str] = {}  # noqa: RUF012 - never changed
    unit: str | None = None
    on_conflict: OnConflict = "refuse"


class Imported(NamedTuple):
    file: str
    dataset: Dataset
    rows: int
    merged: Merged


class _Plan(NamedTuple):
    dataset: Dataset
    columns: dict[str, str]
    unit: str | None
    base_ns: int


def import_file(path: Path, root: Path, asked: Asked) -> Imported:
    """Into the catalogue at `root`.

    Raises:
        CatalogueFault: the file, a row or a value is not as expected, or rows differ from those there: nothing of the
            file is imported then.
    """
    if not path.is_file():
        raise WrongWord(f"expected a file, found none: {path}")
    recorded = _is_recording(path)
    plan = _plan(path, asked, recorded=recorded)
    connection = connect(root / ".spill")
    try:
        with Writer(connection, plan.dataset, root) as writer:
            parts = _recorded(connection, path, plan.dataset) if recorded else _files(connection, path, plan)
            rows = sum(gather(connection, count) for count in parts)
            merged = _merge(connection, writer, path, asked) if rows else Merged()
    finally:
        connection.close()
    return Imported(str(path), plan.dataset, rows, merged)


def _merge(connection: "duckdb.DuckDBPyConnection", writer: Writer, path: Path, asked: Asked) -> Merged:
    offer_gathered(connection)
    return writer.merge(path.name, asked.on_conflict)


def _plan(path: Path, asked: Asked, *, recorded: bool) -> _Plan:
    found = _DAY_FILE.fullmatch(path.name)
    if found and len(path.parts) > 3:
        return _day_plan(path, found, asked)
    named = _NAMED.match(path.name)
    facts = named.groupdict() if named else {}
    if recorded:
        spelled = _RECORDED.fullmatch(path.name)
        usdm = "usdm" in path.parent.name
        symbol = _spell(spelled["symbol"], perpetual=usdm) if spelled else ""
        facts = {"venue": "binanceusdm" if usdm else "binance", "symbol": symbol, "series": "trades"}
    venue = asked.venue or facts.get("venue")
    symbol = asked.symbol or (facts.get("symbol") or "").replace("-", "/")
    series = asked.series or facts.get("series")
    missing = [name for name, value in (("venue", venue), ("symbol", symbol), ("interval", series)) if not value]
    if missing or venue is None or series is None:
        raise WrongWord(f"{path.name} does not say its {', '.join(missing)}: name it with --{', --'.join(missing)}")
    return _Plan(make_dataset(venue, symbol, series), asked.columns, asked.unit, 0)


def _day_plan(path: Path, found: re.Match[str], asked: Asked) -> _Plan:
    """`…/crypto/coinbase/minute/btcusd/20161007_trade.zip`: no header, times in ms since that midnight."""
    market, venue, resolution, symbol = path.absolute().parts[-5:-1]
    if resolution not in _STEPS:
        raise CatalogueFault(f"{path}: expected a folder named {', '.join(_STEPS)} above it, found {resolution!r}")
    series = _STEPS[resolution] + ("-quotes" if found["kind"] == "quote" else "")
    spelled = asked.symbol or _spell(symbol, perpetual=market == "cryptofuture")
    dataset = make_dataset(asked.venue or venue, spelled, asked.series or series)
    day = datetime.strptime(found["day"], "%Y%m%d").replace(tzinfo=UTC)
    return _Plan(dataset, asked.columns, "ms", int(day.timestamp()) * 1_000_000_000)


def _files(connection: "duckdb.DuckDBPyConnection", path: Path, plan: _Plan) -> Iterator[int]:
    with unpacked(path) as files:
        for file in files:
            shown = path.name if file == path else f"{path.name}, {file.name}"
            if file.suffix == ".parquet":
                read_parquet(connection, file, plan.dataset, plan.columns)
                name_row = _row_namer(shown)
            else:
                read_csv(connection, file, plan.dataset, plan.columns)
                name_row = _line_namer(file, shown)
            yield convert(connection, plan.dataset, plan.unit, plan.base_ns, name_row)


def _row_namer(shown: str) -> Callable[[int], str]:
    return lambda row: f"{shown}, row {row}"


def _line_namer(file: Path, shown: str) -> Callable[[int], str]:
    return lambda row: f"{shown}, {line_of(file, row)}"


class _Frame(msgspec.Struct):
    """The trade and aggregated trade frames of Binance."""

    e: str = ""
    t: int | None = None
    a: int | None = None
    p: str = ""
    q: str = ""
    T: int = 0
    m: bool = False


class _Envelope(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_FRAME = msgspec.json.Decoder(_Frame)


def _is_recording(path: Path) -> bool:
    """Lines of a stamp, a blank and a JSON object."""
    if path.suffix in (".zip", ".parquet", ".csv"):
        return False
    try:
        with _open(path) as lines:
            return re.match(rb"\d{13,19} \{", lines.readline(200)) is not None
    except (OSError, EOFError, zlib.error):
        return False


def _recorded(connection: "duckdb.DuckDBPyConnection", path: Path, dataset: Dataset) -> Iterator[int]:
    """The trades of a recording of Binance's raw frames."""
    if dataset.series not in TRADE_SERIES:
        raise WrongWord(f"{path.name} is a recording of streams: expected --interval trades or aggtrades")
    stream = b"@trade" if dataset.series == "trades" else b"@aggTrade"
    rows: list[tuple[str | None, ...]] = []
    with _open(path) as lines:
        for number, line in enumerate(lines, 1):
            if stream in line[:80]:
                rows += _trades(line, f"{path.name}, line {number}")
    for start in range(0, len(rows), RECORDING_ROWS):
        stage(connection, dataset, rows[start : start + RECORDING_ROWS])
        yield convert(connection, dataset, "ms", 0, f"{path.name}, trade {{}}".format)


def _trades(line: bytes, place: str) -> Iterator[tuple[str | None, ...]]:
    try:
        frame = _FRAME.decode(_ENVELOPE.decode(line.partition(b" ")[2]).data)
    except msgspec.MsgspecError as error:
        raise CatalogueFault(f"{place}: expected a frame of Binance, found {line[:80]!r} ({error})") from None
    if frame.p.strip("0.") and frame.q.strip("0."):  # futures tell of fills without a trade, with a price of 0
        trade_id = frame.t if frame.t is not None else frame.a
        yield str(frame.T), str(trade_id), frame.p, frame.q, "sell" if frame.m else "buy"


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as opened:
        magic = opened.read(2)
    return gzip.open(path, "rb") if magic == b"\x1f\x8b" else path.open("rb")  # type: ignore[return-value]


def _spell(symbol: str, *, perpetual: bool) -> str:
    """`btcusdt` as ccxt spells it; a perpetual future names what it settles in."""
    text = symbol.upper()
    quote = next((each for each in QUOTED if text.endswith(each) and text != each), None)
    if quote is None:
        raise WrongWord(f"expected a symbol that ends with one of {', '.join(QUOTED)}, found {symbol}: --symbol")
    base = text.removesuffix(quote)
    if not perpetual:
        return f"{base}/{quote}"
    return f"{base}/{quote}:{base if quote == 'USD' else quote}"
