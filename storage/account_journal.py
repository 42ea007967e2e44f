"""The journal of one account: typed records over append-only files, with a snapshot so that none grows without end.

`NAME` holds the first records, `NAME.1`, `NAME.2` and so on those after each rotation; `NAME.snapshot` says what all
before the newest file came to. A rotation becomes true with the snapshot, which is written whole or not at all.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from threading import RLock

import msgspec

from ..kernel.disk import Disk
from ..trading.books import Books
from ..trading.books_image import BooksImage, restore, take
from ..trading.differences import DifferenceNoted
from ..trading.messages import (
    AccountReconciled,
    OrderApproved,
    OrderRefused,
    OrderRequested,
    RungChanged,
    SignalGenerated,
)
from ..trading.order_events import OrderEvent, OrderFilled
from ..trading.tally import RunStarted, RunTally
from .journal import Journal, JournalFault
from .unreadable import UNREADABLE

Record = (
    OrderEvent
    | SignalGenerated
    | OrderRequested
    | OrderApproved
    | OrderRefused
    | AccountReconciled
    | DifferenceNoted
    | RungChanged
    | RunStarted
)

ROTATE_AT_BYTES = 4 << 20
FILES_KEPT = 64
"""Older files are removed: they are for looking back, nothing is restored from them."""
FILLS_KEPT = 50
SNAPSHOT_VERSION = 1

_encode = msgspec.msgpack.Encoder(decimal_format="string").encode
_decode = msgspec.msgpack.Decoder(Record).decode


class _Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    generation: int
    sequence: int
    books: BooksImage
    tally: RunTally
    fills: tuple[OrderFilled, ...]


class AccountJournal:
    """Append is durable against `kill -9` when it returns, and on the disk after `sync`. Sequences never repeat.

    Safe to use from several threads. The journal folds what it holds: `books` and `tally` are there at once, however
    much was written in the past.
    """

    def __init__(self, disk: Disk, path: Path, rotate_at_bytes: int = ROTATE_AT_BYTES) -> None:
        self._disk = disk
        self._path = path
        self._rotate_at_bytes = rotate_at_bytes
        self._generation = 0
        self._lock = RLock()
        self._journal = Journal(disk, path)
        self._books = Books()
        self._tally = RunTally()
        self._fills: list[OrderFilled] = []
        self._appended: Callable[[], object] | None = None

    def exclusive(self) -> AbstractContextManager[object]:
        """Within it nobody else appends: `next_sequence` is the caller's."""
        return self._lock

    @property
    def next_sequence(self) -> int:
        return self._journal.sequence + 1

    @property
    def is_full(self) -> bool:
        """True where it is time to `rotate`."""
        return self._journal.size_bytes >= self._rotate_at_bytes

    @property
    def path(self) -> Path:
        """The newest file."""
        return self._journal.path

    @property
    def unsynced(self) -> bool:
        return self._journal.unsynced

    def open(self) -> int:
        """Open or recover; the bytes of a torn tail that were cut off."""
        with self._lock:
            return self._open()

    def _open(self) -> int:
        self.close()
        self._books, self._tally, self._fills, self._generation, sequence = Books(), RunTally(), [], 0, 0
        snapshot = self._read_snapshot()
        if snapshot is not None:
            self._books, self._tally, self._fills = restore(snapshot.books), snapshot.tally, list(snapshot.fills)
            self._generation, sequence = snapshot.generation, snapshot.sequence
        self._journal = Journal(self._disk, self._file(self._generation), base=sequence)
        self._journal.open()
        for record in self.replay():
            self._fold(record)
        return self._journal.recovered_bytes

    def append(self, record: Record) -> int:
        with self._lock:
            sequence = self._journal.append(_encode(record))
            self._fold(record)
            appended, self._appended = self._appended, None
        if appended is not None:
            appended()
        return sequence

    def at_append(self, call: Callable[[], object] | None) -> None:
        """Call once, at the next `append`, on the thread of whoever appends; None: nobody any more."""
        with self._lock:
            self._appended = call

    def books(self) -> Books:
        """The books as all records so far make them: a copy of the caller's own."""
        with self._lock:
            return restore(take(self._books))

    def tally(self) -> RunTally:
        with self._lock:
            return msgspec.structs.replace(self._tally)

    def fills(self) -> tuple[OrderFilled, ...]:
        """The latest fills, oldest first."""
        return tuple(self._fills)

    def rotate(self) -> None:
        """Write a snapshot and go on in a new file; after a `JournalFault`, in the old one."""
        with self._lock:
            self._rotate()

    def _rotate(self) -> None:
        old, generation = self._journal, self._generation + 1
        old.sync()  # what fails must fail before anything is changed
        new = self._empty_journal(generation, old.sequence)
        books, fills = take(self._books), tuple(self._fills)
        try:
            self._write_snapshot(_Snapshot(SNAPSHOT_VERSION, generation, old.sequence, books, self._tally, fills))
        except JournalFault:
            new.close()
            raise
        self._journal, self._generation = new, generation
        old.close()
        if generation >= FILES_KEPT:
            self._disk.remove(self._file(generation - FILES_KEPT))

    def _empty_journal(self, generation: int, base: int) -> Journal:
        path = self._file(generation)
        try:
            self._disk.remove(path)  # left by a rotation that was not finished
        except OSError as error:
            raise JournalFault(f"journal {path} cannot be removed: {error.strerror}") from error
        journal = Journal(self._disk, path, base=base)
        journal.open()
        return journal

    def sync(self) -> None:
        self._journal.sync()

    def replay(self) -> Iterator[Record]:
        """Every record of the newest file, oldest first. `JournalFault` for a record this program does not know."""
        for sequence, payload in self._journal.replay():
            try:
                yield _decode(payload)
            except UNREADABLE as error:
                raise JournalFault(
                    f"record {sequence} of {self._journal.path} is not of this version: {error}"
                ) from error

    def close(self) -> None:
        with self._lock:
            self._journal.close()

    def _fold(self, record: Record) -> None:
        self._tally.apply(record)
        if isinstance(record, OrderEvent):
            self._books.apply(record)
        if isinstance(record, OrderFilled):
            self._fills = [*self._fills[1 - FILLS_KEPT :], record]

    def _file(self, generation: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{generation}") if generation > 0 else self._path

    @property
    def _snapshot_file(self) -> Path:
        return self._path.with_name(f"{self._path.name}.snapshot")

    def _read_snapshot(self) -> _Snapshot | None:
        try:
            data = self._disk.read(self._snapshot_file)
        except FileNotFoundError:
            return None
        try:
            if int.from_bytes(data[:4]) != zlib.crc32(data[4:]):
                raise ValueError("its checksum does not match")
            snapshot = msgspec.msgpack.decode(data[4:], type=_Snapshot)
            if snapshot.version != SNAPSHOT_VERSION:
                raise ValueError(f"expected version {SNAPSHOT_VERSION}, found {snapshot.version}")
        except (*UNREADABLE, ValueError) as error:
            raise JournalFault(f"snapshot {self._snapshot_file} cannot be read: {error}; restore it") from error
        return snapshot

    def _write_snapshot(self, snapshot: _Snapshot) -> None:
        payload = _encode(snapshot)
        data = zlib.crc32(payload).to_bytes(4) + payload
        try:
            self._disk.replace(self._snapshot_file, data)
        except OSError as error:
            if not self._is_snapshot(data):
                raise JournalFault(f"snapshot {self._snapshot_file} cannot be written: {error.strerror}") from error

    def _is_snapshot(self, data: bytes) -> bool:
        """Whether a replacement that failed took place: then its name alone is not synced, and will be with the file
        that follows it. Where that cannot be known nothing more is written: `open` finds what is true."""
        try:
            return self._disk.read(self._snapshot_file) == data
        except FileNotFoundError:
            return False
        except OSError as error:
            self._journal.close()
            raise JournalFault(
                f"snapshot {self._snapshot_file} cannot be read: {error.strerror}; open again"
            ) from error
