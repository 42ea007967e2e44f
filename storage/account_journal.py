"""The journal of one account: typed records over append-only files, with a snapshot so that none grows without end.

`NAME` holds the first records, `NAME.1`, `NAME.2` and so on those after each rotation; `NAME.snapshot` says what all
before the newest file came to. A rotation becomes true with the snapshot, which is written whole or not at all. Each
file names the last hash of the one before. Older files are the archive's (`journal_archive.py`): for looking back.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from threading import RLock
from typing import TypeVar

import msgspec

from ..kernel.disk import Disk
from ..trading.books import Books
from ..trading.books_image import BooksImage, restore, take
from ..trading.differences import DifferenceNoted
from ..trading.group_events import GroupEvent
from ..trading.group_fold import fold as fold_groups
from ..trading.limits import LimitChanged
from ..trading.messages import (
    AccountReconciled,
    OrderApproved,
    OrderRefused,
    OrderRequested,
    RungChanged,
    SignalGenerated,
)
from ..trading.order_events import OrderEvent, OrderFilled
from ..trading.order_groups import Groups
from ..trading.tally import RunStarted, RunTally
from .journal import Journal, JournalFault
from .journal_files import file_path, packed_or_rotated
from .journal_format import NO_HASH, Start
from .journal_keys import NO_KEYS, Keys
from .journal_snapshot import Snapped, SnapshotFile, SnapshotLost
from .unreadable import UNREADABLE

Record = (
    OrderEvent
    | SignalGenerated
    | OrderRequested
    | OrderApproved
    | OrderRefused
    | AccountReconciled
    | DifferenceNoted
    | LimitChanged
    | GroupEvent
    | RungChanged
    | RunStarted
)

ROTATE_AT_BYTES = 4 << 20
FILLS_KEPT = 50
SNAPSHOT_VERSION = 2
SNAPSHOT_VERSIONS = (1, 2)
"""Those that are still read."""

Found = TypeVar("Found")

_encode = msgspec.msgpack.Encoder(decimal_format="string").encode
_decode = msgspec.msgpack.Decoder(Record).decode


class RecordFault(Exception):
    """A record was made of values that its type does not have: a fault of who made it, and none of the disk."""


def decode_record(sequence: int, payload: bytes, path: Path) -> Record:
    """`JournalFault` for a record this program does not know."""
    try:
        record: Record = _decode(payload)
    except UNREADABLE as error:
        raise JournalFault(f"record {sequence} of {path} is not of this version: {error}") from error
    return record


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    generation: int
    sequence: int
    books: BooksImage
    tally: RunTally
    fills: tuple[OrderFilled, ...]
    groups: Groups = msgspec.field(default_factory=Groups)


class AccountJournal:
    """Append is durable against `kill -9` when it returns, and on the disk after `sync`. Sequences never repeat.

    Safe to use from several threads. The journal folds what it holds: `books` and `tally` are there at once, however
    much was written in the past.
    """

    def __init__(self, disk: Disk, path: Path, rotate_at_bytes: int = ROTATE_AT_BYTES, keys: Keys = NO_KEYS) -> None:
        """`keys`: new files are encrypted with the newest of them."""
        self._disk = disk
        self._keys = keys
        self._snapshot_file = SnapshotFile(disk, path, keys)
        self._path = path
        self._rotate_at_bytes = rotate_at_bytes
        self._generation = 0
        self._lock = RLock()
        self._journal = Journal(disk, path)
        self._books = Books()
        self._tally = RunTally()
        self._fills: list[OrderFilled] = []
        self._groups = Groups()
        self._appended: Callable[[], object] | None = None
        self._synced = 0

    def exclusive(self) -> AbstractContextManager[object]:
        """Within it nobody else appends: `next_sequence` is the caller's."""
        return self._lock

    @property
    def next_sequence(self) -> int:
        return self._journal.sequence + 1

    @property
    def is_full(self) -> bool:
        """True where it is time to `rotate`: also away from version 1, and from a key that is not the newest."""
        journal = self._journal
        old = journal.version == 1 or journal.key_id != self._keys.newest
        return old or journal.size_bytes >= self._rotate_at_bytes

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
        self._books, self._tally, self._fills, self._groups, self._generation = Books(), RunTally(), [], Groups(), 0
        snapped = self._snapshot_file.read()
        if snapped is not None:
            snapshot = read_snapshot(snapped, self._snapshot_file.path)
            self._books, self._tally, self._fills = restore(snapshot.books), snapshot.tally, list(snapshot.fills)
            self._groups = snapshot.groups
            self._generation = snapped.generation
        elif packed_or_rotated(self._disk, self._path):
            raise JournalFault(f"{self._snapshot_file.path} is lost, and the files after it go on from it; restore it")
        self._journal = self._file_after(snapped)
        self._journal.open(self._see)
        return self._journal.recovered_bytes

    def _see(self, sequence: int, payload: bytes) -> None:
        self._fold(decode_record(sequence, payload, self._journal.path))

    def _file_after(self, snapped: Snapped | None) -> Journal:
        """The file that goes on from a snapshot."""
        generation, base, before = snapped[:3] if snapped else (0, 0, NO_HASH)
        start = Start(account_name(self._path), generation, base, self._keys.newest, before)
        return Journal(self._disk, file_path(self._path, generation), base, start, self._keys)

    def append(self, record: Record) -> int:
        """`RecordFault`, and nothing is written, for one that could not be read again: a journal that holds it would
        never open."""
        payload = _encode(record)
        try:
            read = _decode(payload)
        except UNREADABLE as error:
            raise RecordFault(
                f"{type(record).__name__} is not what its type says: {error}; found {record!r}"
            ) from error
        with self._lock:
            sequence = self._journal.append(payload)
            self._fold(read)
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

    def groups(self) -> Groups:
        """The order groups as all records so far make them: a copy of the caller's own."""
        with self._lock:
            return self._groups.copy()

    def look_at_groups(self, look: Callable[[Groups], Found]) -> Found:
        """What `look` finds in the order groups of all records so far; it must change nothing."""
        with self._lock:
            return look(self._groups)

    def fills(self) -> tuple[OrderFilled, ...]:
        """The latest fills, oldest first."""
        return tuple(self._fills)

    def rotate(self) -> None:
        """Write a snapshot and go on in a new file; after a `JournalFault`, in the old one."""
        with self._lock:
            self._rotate()

    def _rotate(self) -> None:
        old, key = self._journal, self._keys.newest
        old.sync()  # what fails must fail before anything is changed
        generation, sequence, digest = self._generation + 1, old.sequence, old.hash()
        books, fills = take(self._books), tuple(self._fills)
        content = Snapshot(SNAPSHOT_VERSION, generation, sequence, books, self._tally, fills, self._groups)
        snapped = Snapped(generation, sequence, digest, _encode(content), key)
        new = self._file_after(snapped)
        self._make_empty(new)
        try:
            self._snapshot_file.write(snapped)
        except JournalFault as fault:
            new.close()
            if isinstance(fault, SnapshotLost):
                old.close()
            raise
        self._journal, self._generation, self._synced = new, generation, sequence
        old.close()

    def _make_empty(self, journal: Journal) -> None:
        try:
            self._disk.remove(journal.path)  # left by a rotation that was not finished
        except OSError as error:
            raise JournalFault(f"journal {journal.path} cannot be removed: {error.strerror}") from error
        journal.open()

    def sync(self) -> None:
        journal, sequence = self._journal, self._journal.sequence
        journal.sync()
        self._synced = max(self._synced, sequence)

    def is_synced(self, sequence: int) -> bool:
        """Whether this record is on the disk itself, and survives a loss of power."""
        return sequence <= self._synced

    def replay(self) -> Iterator[Record]:
        """Every record of the newest file, oldest first. `JournalFault` for a record this program does not know."""
        for sequence, payload in self._journal.replay():
            yield decode_record(sequence, payload, self._journal.path)

    def close(self) -> None:
        with self._lock:
            self._journal.close()

    def _fold(self, record: Record) -> None:
        self._tally.apply(record)
        fold_groups(self._groups, record)
        if isinstance(record, OrderEvent):
            self._books.apply(record)
        if isinstance(record, OrderFilled):
            self._fills = [*self._fills[1 - FILLS_KEPT :], record]


def read_snapshot(snapped: Snapped, path: Path) -> Snapshot:
    """Its content. `JournalFault` where it is of no version that this program reads."""
    try:
        snapshot = msgspec.msgpack.decode(snapped.content, type=Snapshot)
        if snapshot.version not in SNAPSHOT_VERSIONS:
            raise ValueError(f"expected a version of {SNAPSHOT_VERSIONS}, found {snapshot.version}")
    except (*UNREADABLE, ValueError) as error:
        raise JournalFault(f"snapshot {path} cannot be read: {error}; restore it") from error
    return snapshot


def account_name(path: Path) -> str:
    """As the headers of its files have it."""
    return path.name.removeprefix("account-").removesuffix(".journal")[:16]
