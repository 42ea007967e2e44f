"""What was used of a venue's limits in their intervals, in memory or in a file that all processes of a host share."""

import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from platformdirs import user_runtime_dir

WEIGHT, ORDERS = "REQUEST_WEIGHT", "ORDERS"
PAUSE, ORDERS_PAUSE = "PAUSE", "ORDERS_PAUSE"
PAUSES = (PAUSE, ORDERS_PAUSE)
"""No limits: rows that say until when the venue refuses all requests, or orders alone; `limit` is for how many seconds
it was told."""
KINDS = (WEIGHT, ORDERS, "RAW_REQUESTS", "CONNECTIONS", *PAUSES)
Key = tuple[str, int]
"""The kind of a limit, and its interval in seconds."""

SHARED_NAME = "venue-limits"
"""The file of a running system, in its folder of sockets."""

_ROW = struct.Struct("<BxxxIQQQ")  # kind + 1 (0: free), interval, limit, used, end of the interval
ROWS = 32
_MAGIC = b"tdglimits1\0\0\0\0\0\0"
_FIRST = len(_MAGIC)


class Window(NamedTuple):
    """What was used of one limit in the interval that ends at `ends_ns`, UTC."""

    limit: int
    used: int
    ends_ns: int


class Windows(Protocol):
    def get(self, key: Key) -> Window | None: ...

    def put(self, key: Key, window: Window) -> None: ...

    def __iter__(self) -> Iterator[Key]: ...


class OwnWindows:
    """Nobody else's."""

    def __init__(self) -> None:
        self._windows: dict[Key, Window] = {}

    def get(self, key: Key) -> Window | None:
        return self._windows.get(key)

    def put(self, key: Key, window: Window) -> None:
        self._windows[key] = window

    def __iter__(self) -> Iterator[Key]:
        return iter(tuple(self._windows))


class SharedWindows:
    """A small file, mapped by every process that asks the same venue from the same address with the same key.

    Nobody ever waits for another: there is no lock, which a stopped process could hold. Two that count in the same
    microsecond may count one request for two; the venue's own count, in the next answer, puts that right. A row that
    makes no sense counts as free. Raises OSError where the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        size = len(_MAGIC) + ROWS * _ROW.size
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size < size:
                os.ftruncate(descriptor, size)
            self._map = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        if self._map[: len(_MAGIC)] != _MAGIC:
            self._map[:] = _MAGIC + bytes(size - len(_MAGIC))
        self._rows: dict[Key, int] = {}
        self._free = _FIRST
        """The first row that is free, as far as was looked."""

    def get(self, key: Key) -> Window | None:
        row = self._find(key)
        if row is None:
            return None
        window = Window(*_ROW.unpack_from(self._map, row)[2:])
        return window if window.limit else None

    def put(self, key: Key, window: Window) -> None:
        """Where all rows are taken, nothing: a venue has fewer limits."""
        row = self._find(key)
        if row is None:
            row = self._free
        if row < len(self._map) and key[0] in KINDS:
            _ROW.pack_into(self._map, row, KINDS.index(key[0]) + 1, key[1], *window)

    def __iter__(self) -> Iterator[Key]:
        self._look()
        return iter(tuple(self._rows))

    def _find(self, key: Key) -> int | None:
        """Where its row is. Two processes may have taken one free row in the same instant: what is known is checked."""
        row = self._rows.get(key)
        if row is None or self._key_at(row) != key:
            self._rows, self._free = {}, _FIRST
            self._look()
            row = self._rows.get(key)
        return row

    def _look(self) -> None:
        """Find the rows that were added meanwhile: they are filled in order, and stay."""
        while (row := self._free) < len(self._map) and (key := self._key_at(row)) is not None:
            self._rows.setdefault(key, row)
            self._free += _ROW.size

    def _key_at(self, row: int) -> Key | None:
        """None where it is free."""
        kind, interval_s, *_ = _ROW.unpack_from(self._map, row)
        return (KINDS[kind - 1], interval_s) if 0 < kind <= len(KINDS) and interval_s else None


def machine_windows(venue: str) -> SharedWindows:
    """Of what the venue lets this machine ask: one for all that this user runs here. Raises OSError."""
    return SharedWindows(Path(user_runtime_dir("tradigrade")) / f"limits-{venue}")
