"""DuckDB in memory, held to a bounded amount of it; it reads and writes the Parquet files."""

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .layout import CatalogueFault

if TYPE_CHECKING:
    import duckdb

MEMORY_MB = 512
"""What DuckDB may hold; more spills into files."""
_NUMBERS = itertools.count()


class _Never(Exception):
    """Nobody raises it."""


def connect(spill: Path) -> "duckdb.DuckDBPyConnection":
    """A fresh database. A folder of its own, named after `spill`, is made when it is needed, and removed.

    Raises:
        CatalogueFault: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise CatalogueFault(
            "market data on disk needs DuckDB, which is not installed: pip install 'tradigrade[data]'"
        ) from None
    config: dict[str, Any] = {
        "memory_limit": f"{MEMORY_MB}MB",
        "temp_directory": f"{spill}-{os.getpid()}-{next(_NUMBERS)}",
        "threads": 2,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    spill.parent.mkdir(parents=True, exist_ok=True)
    return duckdb.connect(":memory:", config=config)


def database_error() -> type[Exception]:
    """What everything raises that goes wrong in there; where it is not installed, what nothing raises."""
    try:
        import duckdb
    except ImportError:
        return _Never
    return duckdb.Error


def one_row(connection: "duckdb.DuckDBPyConnection", sql: str) -> tuple[Any, ...]:
    """Of a question that has one answer. The connection is free for others afterwards."""
    rows = connection.execute(sql).fetchall()
    assert len(rows) == 1, f"one row was to be had, found {len(rows)}"
    return tuple(rows[0])


def files_sql(paths: list[Path]) -> str:
    """A list of files as SQL."""
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"
