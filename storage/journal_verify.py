"""Looks through all files of an account's journal: what is damaged, where, and what is still good."""

from pathlib import Path

import msgspec

from ..kernel.disk import Disk
from ..trading.books import Books
from ..trading.books_image import restore, take
from ..trading.order_events import OrderEvent
from ..trading.tally import RunTally
from .account_journal import Record, account_name, read_snapshot
from .journal_files import packed_or_rotated
from .journal_format import NO_KEY, JournalDamaged, JournalFault
from .journal_keys import KeyFault, Keys
from .journal_reader import Segment, find_break, segments
from .journal_snapshot import Snapped, SnapshotFile

EQUAL, DIFFERENT = "equal to the snapshot", "different from the snapshot"


class FileReport(msgspec.Struct, frozen=True):
    """`good` records, from `first` to `last`, up to byte `good_bytes`; `key` is the id of its key, if it has one."""

    file: str
    version: int
    generation: int
    key: str
    first: int
    last: int
    good: int
    bytes: int
    good_bytes: int


class DamageReport(msgspec.Struct, frozen=True):
    file: str
    byte: int
    record: int
    found: str


class Report(msgspec.Struct, frozen=True):
    """`folded`: what the records come to, beside the snapshot: equal, different, or why they cannot be compared."""

    account: str
    files: tuple[FileReport, ...]
    records: int
    damage: tuple[DamageReport, ...]
    snapshot: str
    folded: str

    @property
    def sound(self) -> bool:
        return not self.damage and self.folded != DIFFERENT


def verify(disk: Disk, path: Path, keys: Keys) -> Report:
    """Read every record that is there. `KeyFault` where a key is missing; nothing else stops it. Changes nothing."""
    return _Verifier(disk, path, keys).report()


class _Verifier:
    def __init__(self, disk: Disk, path: Path, keys: Keys) -> None:
        self._disk = disk
        self._path = path
        self._keys = keys
        self._damage: list[DamageReport] = []
        self._books, self._tally = Books(), RunTally()
        self._whole_to = 0
        """The last sequence up to which every record from the very first one on was folded."""
        self._snapshot_name = SnapshotFile(disk, path, keys).path.name
        self._snapped = self._read_snapshot()
        self._folded = "there is no snapshot yet" if self._snapped is None else "not compared: records are missing"

    def report(self) -> Report:
        files: list[FileReport] = []
        before: Segment | None = None
        for segment in segments(self._disk, self._path, self._note):
            before = segment if self._look(before, segment) else None
            key = "" if segment.key_id == NO_KEY else segment.key_id.hex()
            last, end = segment.link.sequence, segment.link.end
            counted = (segment.first, last, last - segment.first + 1, len(segment.data), end)
            files.append(FileReport(segment.path.name, segment.version, segment.generation, key, *counted))
        self._compare()
        name, good = account_name(self._path), sum(each.good for each in files)
        snapshot = "" if self._snapped is None else self._snapshot_name
        return Report(name, tuple(files), good, tuple(self._damage), snapshot, self._folded)

    def _look(self, before: Segment | None, segment: Segment) -> bool:
        """Whether the next file can be held against this one."""
        if missing := find_break(before, segment, self._path):
            self._note(missing)
        try:
            self._check_snapshot(segment)
            for sequence, record in segment.records(self._keys):
                self._fold(sequence, record)
            self._check_end(segment)
        except KeyFault:
            raise
        except JournalFault as fault:
            self._note(fault, segment)
            return False
        return True

    def _check_snapshot(self, segment: Segment) -> None:
        snapped, start = self._snapped, segment.start
        if snapped is None or start is None or segment.generation != snapped.generation:
            return
        if (start.base, start.before) != (snapped.sequence, snapped.hash):
            raise JournalDamaged(segment.path, 0, segment.first, "it does not go on from the snapshot")

    def _check_end(self, segment: Segment) -> None:
        """A torn tail is of the newest file only: opening cuts it."""
        older = self._snapped is not None and segment.generation < self._snapped.generation
        if older and segment.link.end != len(segment.data):
            found = "what stands there is no record"
            raise JournalDamaged(segment.path, segment.link.end, segment.link.sequence + 1, found)

    def _fold(self, sequence: int, record: Record) -> None:
        if sequence == self._whole_to + 1:
            self._compare()
            self._whole_to = sequence
            self._tally.apply(record)
            if isinstance(record, OrderEvent):
                self._books.apply(record)

    def _compare(self) -> None:
        """Where the folded records are just those that the snapshot sums up."""
        if self._snapped is None or self._whole_to != self._snapped.sequence:
            return
        snapshot = read_snapshot(self._snapped, self._path)
        same = take(self._books) == take(restore(snapshot.books)) and self._tally == snapshot.tally
        self._folded = EQUAL if same else DIFFERENT

    def _read_snapshot(self) -> Snapped | None:
        try:
            snapped = SnapshotFile(self._disk, self._path, self._keys).read()
            if snapped is not None:
                read_snapshot(snapped, self._path)
            elif packed_or_rotated(self._disk, self._path):
                raise JournalFault("it is lost; restore it")
        except KeyFault:
            raise
        except JournalFault as fault:
            self._damage.append(DamageReport(self._snapshot_name, 0, 0, str(fault)))
            return None
        return snapped

    def _note(self, fault: JournalFault, segment: Segment | None = None) -> None:
        if isinstance(fault, JournalDamaged):
            self._damage.append(DamageReport(fault.path.name, fault.byte, fault.record, fault.found))
        elif segment is not None:
            name, link = segment.path.name, segment.link
            self._damage.append(DamageReport(name, link.end, link.sequence + 1, str(fault)))
