"""What the files and processes of a running system tell by themselves, whatever its actors say."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..exchanges.simulated.requestlog import PLACING
from ..kernel.disk import SystemDisk
from ..storage.journal_keys import NO_KEYS, Keys
from ..storage.journal_reader import read_journal
from ..trading.order_events import OrderIntended, OrderRejected

PROC = Path("/proc")


# -- orders -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Orders:
    """What was intended, what the venue was sent, and what is known not to have been."""

    intended: frozenset[str] = frozenset()
    placed: tuple[str, ...] = ()
    """Every order request that the venue saw, in order, doubles included."""
    ended: dict[str, str] = field(default_factory=dict)
    """Codes of the rejected, by id."""
    oldest_sequence: int = 0
    """Of the journal's records that are still there."""


def find_account(data_dir: Path) -> str:
    """The name of the account whose journal was written last; empty where there is none."""
    paths = [path for path in data_dir.glob("account-*.journal*") if path.is_file()]
    newest = max(paths, key=lambda path: path.stat().st_mtime_ns, default=None)
    return "" if newest is None else newest.name.removeprefix("account-").partition(".journal")[0]


def read_orders(data_dir: Path, account: str, keys: Keys = NO_KEYS) -> Orders:
    """As the journal and the venue's own log of requests have it now."""
    intended: set[str] = set()
    ended: dict[str, str] = {}
    oldest_sequence = 0
    placed = tuple(_placed(data_dir / "exchange"))  # first: what is sent meanwhile was intended meanwhile
    for sequence, record in read_journal(SystemDisk(), data_dir / f"account-{account}.journal", keys):
        oldest_sequence = oldest_sequence or sequence
        if isinstance(record, OrderIntended):
            intended.add(record.client_id)
        elif isinstance(record, OrderRejected):
            ended[record.client_id] = record.code
    return Orders(frozenset(intended), placed, ended, oldest_sequence)


class _Line(msgspec.Struct):
    method: str
    path: str
    params: dict[str, str]


_decode_line = msgspec.json.Decoder(_Line).decode


def _placed(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("requests.jsonl*"), key=_number, reverse=True):
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n") and (client_id := _placed_id(_decode_line(line))):
                    yield client_id


def _placed_id(line: _Line) -> str:
    """The id of the order that a request is to place; empty where it places none."""
    return line.params.get("newClientOrderId", "") if (line.method, line.path) in PLACING else ""


def _number(path: Path) -> int:
    """A rotated file's number."""
    last = path.suffix[1:]
    return int(last) if last.isdecimal() else 0


# -- processes --------------------------------------------------------------------------------------------------------


class Usage(NamedTuple):
    """What a process holds."""

    memory_mb: float
    threads: int
    files: int


class Process(NamedTuple):
    """A process of this host, which keeps its identity when its number is given to another."""

    pid: int
    started_ticks: int


def read_usage(pid: int) -> Usage | None:
    """None where that process is gone, or the host does not tell."""
    try:
        status = (PROC / str(pid) / "status").read_text()
        files = len(os.listdir(PROC / str(pid) / "fd"))  # noqa: PTH208 - names, not paths
    except OSError:
        return None
    values = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return Usage(int(values.get("VmRSS", "0 kB").split()[0]) / 1024, int(values["Threads"]), files)


def identify(pid: int) -> Process | None:
    """The living process of that number; a zombie is dead."""
    stat = _stat(pid)
    return None if stat is None or stat[0] == "Z" else Process(pid, int(stat[19]))


def children(pids: Iterable[int]) -> set[int]:
    """The living processes whose parent is one of `pids`."""
    parents = set(pids)
    found = (int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal()) if PROC.exists() else ()
    return {pid for pid in found if (stat := _stat(pid)) is not None and stat[0] != "Z" and int(stat[1]) in parents}


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from its state on."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
