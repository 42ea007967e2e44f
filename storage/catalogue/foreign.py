"""Files that others wrote, CSV or Parquet, gzip or zip, as `RAW` texts. One file at a time, whatever its size."""

import csv
import gzip
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from .database import database_error, files_sql
from .intake import RAW
from .layout import CatalogueFault, Dataset, WrongWord
from .tables import TRADES, Table

if TYPE_CHECKING:
    import duckdb

NAMES = {
    "start_ns": "start_ns start_ms time time_ms timestamp open_time opentime date datetime unix start ts t",
    "at_ns": "at_ns time time_ms timestamp transact_time datetime date ts t",
    "trade_id": "trade_id id agg_trade_id a tid",
    "price": "price p",
    "size": "size qty quantity amount volume q",
    "side": "side taker_side is_buyer_maker isbuyermaker m",
    "open": "open o",
    "high": "high h",
    "low": "low l",
    "close": "close c",
    "volume": "volume vol v base_volume volume_base",
}
"""How columns are called in the world, in lower case, the likelier first."""
_ROW = re.compile(r"(?:CSV Error on Line|Line): ?(\d+)")


@contextmanager
def unpacked(path: Path) -> Iterator[list[Path]]:
    """The files of a zip, each in turn on disk until the end; else the file itself."""
    if path.suffix != ".zip":
        yield [path]
        return
    with TemporaryDirectory(prefix="tradigrade-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                yield [Path(archive.extract(name, folder)) for name in archive.namelist() if not name.endswith("/")]
        except zipfile.BadZipFile as error:
            raise CatalogueFault(f"{path}: expected a zip file, found none ({error})") from None


def read_parquet(
    connection: "duckdb.DuckDBPyConnection", path: Path, dataset: Dataset, mapping: dict[str, str]
) -> None:
    """`RAW` of it. Floats are read as their shortest decimal text."""
    source = f"read_parquet({files_sql([path])}, file_row_number = true)"
    try:
        names = [row[0] for row in connection.execute(f"describe select * from {source}").fetchall()]
    except database_error() as error:
        raise CatalogueFault(f"{path}: expected a Parquet file: {_first_line(error)}") from None
    chosen = choose_columns(dataset.table, [name for name in names if name != "file_row_number"], mapping, path)
    _select(connection, chosen, "file_row_number + 1", source)


def read_csv(connection: "duckdb.DuckDBPyConnection", path: Path, dataset: Dataset, mapping: dict[str, str]) -> None:
    """`RAW` of it, its delimiter and header found in its first line."""
    first = _first_text(path)
    delimiter = max(",;\t|", key=first.count)
    fields = next(csv.reader([first], delimiter=delimiter))
    has_header = not any(_is_number(field) for field in fields)
    names = [field.strip() for field in fields] if has_header else [f"#{i}" for i in range(1, len(fields) + 1)]
    if len({name.lower() for name in names}) != len(names):
        raise CatalogueFault(f"{path}: expected a header of different names, found {', '.join(names)}")
    mapping = mapping if has_header else _by_position(dataset.table, len(names), mapping, path)
    chosen = choose_columns(dataset.table, names, mapping, path)
    types = ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in names)
    source = (
        f"read_csv({files_sql([path])}, auto_detect = false, header = false, skip = {int(has_header)}, "
        f"delim = {_literal(delimiter)}, quote = '\"', columns = {{{types}}}, nullstr = '')"
    )
    try:
        _select(connection, chosen, "row_number() over ()", source)
    except database_error() as error:
        found = _ROW.search(str(error))
        place = f"line {found[1]}" if found else "the file"
        raise CatalogueFault(
            f"{path}, {place}: expected {len(names)} fields of UTF-8 text: {_first_line(error)}"
        ) from None


def line_of(path: Path, row: int) -> str:
    """Where a row of data stands in a CSV file, as a person counts lines."""
    count = -1 if not any(_is_number(field) for field in re.split(r"[,;\t|]", _first_text(path))) else 0
    with _open(path) as lines:
        for number, line in enumerate(lines, 1):
            count += bool(line.strip())
            if count == row:
                return f"line {number}"
    return f"row {row}"


def choose_columns(table: Table, names: list[str], mapping: dict[str, str], path: Path) -> dict[str, str | None]:
    """Which of the file's columns is which of ours; None for an optional one that is not there."""
    if lost := [name for name in mapping if name not in table.columns]:
        raise WrongWord(f"--columns: expected one of {', '.join(table.columns)}, found {lost[0]!r}")
    known = {name.lower(): name for name in names}
    chosen: dict[str, str | None] = {}
    for ours in table.columns:
        wanted = [mapping[ours].lower()] if ours in mapping else NAMES.get(ours, ours).split()
        chosen[ours] = next((known[name] for name in wanted if name in known), None)
        if chosen[ours] is None and (ours in mapping or ours not in table.optional):
            raise (WrongWord if ours in mapping else CatalogueFault)(
                f"{path}: expected a column for {ours} ({' or '.join(wanted)}), found {', '.join(names)}; "
                f"name it with --columns {ours}=NAME"
            )
    return chosen


def _by_position(table: Table, count: int, mapping: dict[str, str], path: Path) -> dict[str, str]:
    """Without a header columns are in our order, or named by number."""
    if mapping:
        return {ours: f"#{name.lstrip('#')}" for ours, name in mapping.items()}
    if table is TRADES or count < len(table.columns):
        raise CatalogueFault(
            f"{path} has no header: name its columns by number, as --columns "
            f"{','.join(f'{name}={i}' for i, name in enumerate(table.columns, 1))}"
        )
    return {name: f"#{i}" for i, name in enumerate(table.columns, 1)}


def _select(connection: "duckdb.DuckDBPyConnection", chosen: dict[str, str | None], row: str, source: str) -> None:
    columns = ", ".join(
        f"null::varchar as {ours}" if theirs is None else f"{_identifier(theirs)}::varchar as {ours}"
        for ours, theirs in chosen.items()
    )
    connection.execute(f"create or replace temp table {RAW} as select {row} as row, {columns} from {source}")


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace")
    return path.open(encoding="utf-8-sig", errors="replace")


def _first_text(path: Path) -> str:
    try:
        with _open(path) as opened:
            first = opened.readline(100_000).rstrip("\r\n")
    except (OSError, EOFError) as error:
        raise CatalogueFault(f"{path} cannot be read: {error}") from None
    if not first.strip():
        raise CatalogueFault(f"{path}: expected rows, found an empty first line")
    return first


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*[+-]?\.?\d[\d.eE+-]*\s*", text) is not None


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
