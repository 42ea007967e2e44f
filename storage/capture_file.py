"""A capture on the disk: what a node was, then every event, compressed; whole up to the last block after `kill -9`.

The file is a journal (CRC, sequence, torn tail). Its first record is the header; each one after it is a piece of one
deflate stream, flushed at its end, that holds one MessagePack array of events. No piece refers to one before it, so
that one which somebody waits for may go in between as it is: a stored block (RFC 1951, section 3.2.4).
"""

import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..kernel.boundary import CaptureFault, Event
from ..kernel.disk import Disk
from .journal import Journal, JournalFault
from .unreadable import UNREADABLE

FORMAT = "tradigrade capture"
VERSION = 1
SUFFIX = ".capture"
FOLDER = "captures"
LEVEL = 1
"""Of compression: it runs beside trading."""
_STORED = struct.Struct("<BHH")
STORED_MAX_BYTES = 0xFFFF


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is needed to make the node again: its run as JSON, secrets masked, and the seed of its randomness."""

    node: str
    incarnation: int
    run: str
    program: str
    seed: str
    started_ns: int
    format: str = FORMAT
    version: int = VERSION


class Capture(NamedTuple):
    path: Path
    header: Header
    events: Iterator[Event]


class CaptureFile:
    """A `Sink` into one new file of at most `limit_bytes`."""

    def __init__(self, disk: Disk, path: Path, header: Header, limit_bytes: int) -> None:
        """`CaptureFault` where the disk refuses."""
        self._journal = Journal(disk, path)
        self._limit_bytes = limit_bytes
        self._over = False
        self._deflate = zlib.compressobj(LEVEL)
        self._begin = self._deflate.flush(zlib.Z_FULL_FLUSH)
        """Of the stream: its header, which stands before the first piece."""
        self._encode = msgspec.msgpack.Encoder().encode
        try:
            self._journal.open()
            self._journal.append(msgspec.json.encode(header))
        except JournalFault as fault:
            raise CaptureFault(str(fault)) from fault

    def write(self, events: list[Event], *, urgent: bool = False) -> None:
        """Past the bound it refuses once: what comes after that is the end. What is urgent is not compressed, which
        takes ten times as long as to write it."""
        if self._journal.size_bytes >= self._limit_bytes and not self._over:
            self._over = True
            raise CaptureFault(f"its bound of {self._limit_bytes} bytes is reached")
        data = self._encode(events)
        piece = _store(data) if urgent and len(data) <= STORED_MAX_BYTES else self._compress(data)
        try:
            self._journal.append(self._begin + piece)
        except JournalFault as fault:
            raise CaptureFault(str(fault)) from fault
        self._begin = b""

    def _compress(self, data: bytes) -> bytes:
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_FULL_FLUSH)

    def close(self) -> None:
        try:
            self._journal.close()
        except JournalFault as fault:
            raise CaptureFault(str(fault)) from fault


def _store(data: bytes) -> bytes:
    return _STORED.pack(0, len(data), len(data) ^ 0xFFFF) + data


def read_capture(disk: Disk, path: Path) -> Capture:
    """The capture at `path`, its events read as they are asked for. `CaptureFault` where it is none, or another's."""
    try:
        records = Journal(disk, path).replay()
        _, first = next(records)
        header = msgspec.json.decode(first, type=Header)
    except (OSError, JournalFault, StopIteration, *UNREADABLE) as error:
        raise CaptureFault(f"{path} is no capture: {error or 'it is empty'}") from error
    if (header.format, header.version) != (FORMAT, VERSION):
        found = f"{header.format} {header.version} of program {header.program}"
        raise CaptureFault(f"{path}: expected {FORMAT} {VERSION}, found {found}; replay it with that program")
    return Capture(path, header, _events(records, path))


def _events(records: Iterator[tuple[int, bytes]], path: Path) -> Iterator[Event]:
    inflate, decode = zlib.decompressobj(), msgspec.msgpack.Decoder(list[int | list]).decode  # type: ignore[type-arg]
    try:
        for _, data in records:
            yield from decode(inflate.decompress(data))
    except (zlib.error, JournalFault, *UNREADABLE) as error:
        raise CaptureFault(f"{path} is damaged: {error}") from error


def file_name(header: Header, run_id: str) -> str:
    """Sorts by time, to the millisecond."""
    second, ms = divmod(header.started_ns // 1_000_000, 1_000)
    at = f"{datetime.fromtimestamp(second, UTC):%Y%m%dT%H%M%S}{ms:03d}"
    return f"{at}-{header.node}-{header.incarnation}-{run_id}{SUFFIX}"


def make_room(folder: Path, limit_bytes: int) -> None:
    """Remove the oldest captures until they take at most `limit_bytes`. `CaptureFault` where that cannot be."""
    try:
        _remove_oldest(folder, limit_bytes)
    except OSError as error:
        raise CaptureFault(f"no room can be made in {folder}: {error}; look at what is in it") from error


def _remove_oldest(folder: Path, limit_bytes: int) -> None:
    files = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    taken = 0
    for path in files:
        taken += path.stat().st_size
        if taken > limit_bytes:
            path.unlink(missing_ok=True)
