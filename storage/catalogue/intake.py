"""Foreign rows into the columns of a dataset: every value is judged as text, and a bad one is named by file and row.

Readers give `RAW`: a temporary table of texts, one column for each of the dataset's, and `row`, counted from 1.
`convert` makes `INCOMING` of it, or refuses.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .database import one_row
from .layout import CatalogueFault, Dataset
from .tables import DECIMAL, NUMBER_WORDS
from .writer import INCOMING

if TYPE_CHECKING:
    import duckdb

RAW = "raw"
UNITS_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_BANDS = {"s": 10**11, "ms": 10**14, "us": 10**17, "ns": 10**20}
"""A stamp below it is in that unit: all of them read as years from 1973 (s: 1970) to 5138."""
FAULTS_TOLD = 5

_PLAIN = r"[+-]?(\d{1,20}(\.\d{0,18}0*)?|\.\d{1,18}0*)"
_SCIENTIFIC = r"[+-]?\d(\.\d{1,9})?[eE][+-]?0?\d"
_STAMP = r"\d{1,20}(\.\d{1,9}0*)?"
_OFFSET = r"([+-])(\d\d):?(\d\d)"
_SIDES = "case lower({0}) when 'buy' then 'buy' when 'sell' then 'sell' when 'b' then 'buy' when 's' then 'sell'"
_MAKER = " when 'true' then 'sell' when 'false' then 'buy' when '1' then 'sell' when '0' then 'buy' else {0} end"


def stage(connection: "duckdb.DuckDBPyConnection", dataset: Dataset, rows: Sequence[Sequence[str | None]]) -> None:
    """`RAW` of rows of texts in the order of the dataset's columns."""
    columns = {"row": np.arange(1, len(rows) + 1)} | {
        name: np.array(values, dtype=object)
        for name, values in zip(dataset.table.columns, zip(*rows, strict=True), strict=True)
    }
    connection.register("offered_rows", columns)
    names = ", ".join(f"{name}::varchar as {name}" for name in dataset.table.columns)
    connection.execute(f"create or replace temp table {RAW} as select row, {names} from offered_rows")
    connection.unregister("offered_rows")


def convert(
    connection: "duckdb.DuckDBPyConnection",
    dataset: Dataset,
    unit: str | None,
    base_ns: int = 0,
    name_row: Callable[[int], str] = "row {}".format,
) -> int:
    """`INCOMING` of `RAW`; how many rows. Times count from `base_ns`, in `unit`, told by size where it is None.

    Raises:
        CatalogueFault: rows are bad. The first are named with what was expected; nothing is left in `INCOMING`.
    """
    unit = unit or _find_unit(connection, dataset)
    table = dataset.table
    columns = [
        f"{_value(name, kind, unit, base_ns, time=name == table.time)} as {name}"
        for name, kind in table.columns.items()
    ]
    raw = ", ".join(f"trim({name}) as {name}" for name in table.columns)
    rows = f"select row, {', '.join(columns)} from (select row, {raw} from {RAW})"
    connection.execute(f"create or replace temp table converted as {rows}")
    _refuse_bad(connection, dataset, unit, name_row)
    connection.execute(f"drop table {RAW}")
    connection.execute("alter table converted drop column row")
    connection.execute(f"drop table if exists {INCOMING}")
    connection.execute(f"alter table converted rename to {INCOMING}")
    return int(one_row(connection, f"select count(*) from {INCOMING}")[0])


def gather(connection: "duckdb.DuckDBPyConnection", count: int) -> int:
    """Move `INCOMING`, of so many rows, to what was gathered before on this connection."""
    connection.execute(f"create temp table if not exists gathered as select * from {INCOMING} limit 0")
    connection.execute(f"insert into gathered select * from {INCOMING}")
    connection.execute(f"drop table {INCOMING}")
    return count


def offer_gathered(connection: "duckdb.DuckDBPyConnection") -> None:
    """All that was gathered is `INCOMING`, as one."""
    connection.execute(f"alter table gathered rename to {INCOMING}")


def _value(name: str, kind: str, unit: str, base_ns: int, *, time: bool) -> str:
    if time:
        count = f"try_cast(try_cast({name} as decimal(38,9)) * {UNITS_NS[unit]} as decimal(38,9))"
        text = _iso_time(name)
        whole = f"case when {count} % 1 = 0 then try_cast({count} as bigint) + {base_ns} end"
        return f"case when regexp_full_match({name}, '{_STAMP}') then {whole} else {text} end"
    if kind == DECIMAL:
        exact = f"regexp_full_match({name}, '{_PLAIN}') or regexp_full_match({name}, '{_SCIENTIFIC}')"
        return f"case when {exact} then try_cast({name} as {DECIMAL}) end"
    return (_SIDES + _MAKER).format(name) if name == "side" else name


def _iso_time(name: str) -> str:
    """Of a text as 2024-01-31T12:00:00.5+02:00; without an offset it is UTC."""
    local = f"epoch_ns(try_cast(regexp_replace({name}, '(Z|{_OFFSET})$', '') as timestamp_ns))"
    sign, hours, minutes = (f"regexp_extract({name}, '{_OFFSET}$', {group})" for group in (1, 2, 3))
    seconds = f"({hours}::bigint * 3600 + {minutes}::bigint * 60) * if({sign} = '-', -1, 1)"
    return f"{local} - if({sign} = '', 0, {seconds}) * {UNITS_NS['s']}"


def _find_unit(connection: "duckdb.DuckDBPyConnection", dataset: Dataset) -> str:
    time = dataset.table.time
    stamps = f"select try_cast(trim({time}) as decimal(38,9)) as stamp from {RAW}"
    low, high = one_row(connection, f"select min(stamp), max(stamp) from ({stamps})")
    if low is None:
        return "ns"  # of texts, which need none
    units = [next((unit for unit, below in _BANDS.items() if stamp < below), "ns") for stamp in (low, high)]
    if units[0] != units[1]:
        raise CatalogueFault(
            f"expected times of one unit, found {low.normalize():f} and {high.normalize():f}: name it with --time-unit"
        )
    return units[0]


def _refuse_bad(
    connection: "duckdb.DuckDBPyConnection", dataset: Dataset, unit: str, name_row: Callable[[int], str]
) -> None:
    cases = "".join(f" when {broken} then '{words}'" for broken, words in judgements(dataset, unit))
    faults = f"select c.row, case{cases} end as words from converted c"
    connection.execute(f"create or replace temp table faults as select * from ({faults}) where words is not null")
    found = connection.execute(
        f"select f.row, f.words, {_shown(dataset)} from faults f join {RAW} r on r.row = f.row "
        f"order by f.row limit {FAULTS_TOLD}"
    ).fetchall()
    if not found:
        return
    (count,) = one_row(connection, "select count(*) from faults")
    told = "; ".join(f"{name_row(row)}: expected {words}, found {shown:.200}" for row, words, shown in found)
    more = f"; {count - len(found):,} more" if count > len(found) else ""
    raise CatalogueFault(f"{told}{more}. Nothing was imported")


def judgements(dataset: Dataset, unit: str = "ns") -> list[tuple[str, str]]:
    """SQL that is true for a bad row, and what was expected, the first one that applies to be told."""
    table, step = dataset.table, dataset.interval
    wanted = [name for name in table.columns if name not in table.optional]
    missing = [
        (f"{name} is null", _expected(name, table.columns[name], unit, time=name == table.time)) for name in wanted
    ]
    off_grid = []
    if step is not None:
        off_grid = [(f"{table.time} != {step.floor_sql(table.time)}", f"{table.time} on the grid of {step.name}")]
    range_law = (f"{table.time} < 0", f"{table.time} from 1970 on")
    return [*missing, range_law, *off_grid, *((law.broken, _text(law.words)) for law in table.laws)]


def _expected(name: str, kind: str, unit: str, *, time: bool) -> str:
    if time:
        return f"{name} in {unit} since 1970, or as 2026-01-31T12:00:00"
    return f"{name} as {NUMBER_WORDS}" if kind == DECIMAL else f"a {name}"


def _text(words: str) -> str:
    return words.replace("'", "''")


def _shown(dataset: Dataset) -> str:
    columns = list(dataset.table.columns)
    return " || ', ' || ".join(f"'{name} ' || coalesce(r.{name}, 'nothing')" for name in columns)
