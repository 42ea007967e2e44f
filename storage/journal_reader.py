"""Reads the journal of an account from its files: all there are, oldest first, beside whoever writes them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..kernel.disk import Disk
from .account_journal import Record, account_name, decode_record
from .journal import read_records
from .journal_files import PACKED, generations, read_file
from .journal_format import (
    HEADER,
    NO_HASH,
    NO_KEY,
    RECORD,
    JournalDamaged,
    JournalFault,
    Link,
    Start,
    begin,
    hash_of,
    is_torn_header,
    read_start,
    scan,
)
from .journal_keys import NO_KEYS, KeyFault, Keys
from .journal_snapshot import SnapshotFile

__all__ = ["Keys", "Segment", "find_break", "read_journal", "segments"]


@dataclass
class Segment:
    """One file. `link` moves on while `records` are read: it says how far the file is good."""

    generation: int
    path: Path
    data: bytes
    start: Start | None
    link: Link
    first: int
    """The sequence its first record has or is to have."""
    follows: bool = True
    """False where the file before it was removed while others were read: nothing can be said of how they join."""

    @property
    def version(self) -> int:
        return 1 if self.start is None else 2

    @property
    def packed(self) -> bool:
        return self.path.suffix == PACKED

    @property
    def key_id(self) -> bytes:
        return NO_KEY if self.start is None else self.start.key_id

    def records(self, keys: Keys) -> Iterator[tuple[int, Record]]:
        """`JournalFault` with the place where it is damaged, or where it says what this program does not know."""
        keys.check(self.key_id, self.path)
        for link, payload in read_records(self.data, self.path, self.start, self.link, keys):
            record = decode_record(link.sequence, payload, self.path)
            self.link = link
            yield link.sequence, record

    def links(self) -> Iterator[Link]:
        """After each record, none of which is decrypted or decoded: its checksum and its hash are right."""
        return (found.link for found in scan(self.data, self.path, self.link, self.version))

    def end_hash(self) -> bytes:
        """What the header of the next file is to name, once all is read."""
        return self.link.hash if self.start is not None else hash_of(self.data[: self.link.end])


def read_journal(
    disk: Disk, path: Path, keys: Keys = NO_KEYS, damaged: Callable[[JournalDamaged], object] | None = None
) -> Iterator[tuple[int, Record]]:
    """Every record that the files still hold, with its sequence, oldest first; nothing where there is no journal.

    `path` is that of the account's first file. Nothing is changed: a torn tail at the end of the newest file is passed
    over. One file at a time is in memory. `JournalFault`, with the place, where a file is damaged or missing, where its
    key is, or where it is of no version that this program reads. Where `damaged` is given it hears of damage instead,
    and reading goes on with the next file.
    """
    tell, before = _refuse if damaged is None else damaged, None
    for segment in segments(disk, path, tell):
        if missing := find_break(before, segment, path):
            tell(missing)
        before = None  # of a file that is not good to its end nothing more can be said
        try:
            yield from segment.records(keys)
            before = segment
        except JournalDamaged as fault:
            tell(fault)


def _refuse(fault: JournalDamaged) -> None:
    raise fault


def segments(disk: Disk, path: Path, damaged: Callable[[JournalDamaged], object]) -> Iterator[Segment]:
    """The files, oldest first, not read yet; those of a rotation that was undone are left out. `damaged` hears of one
    that cannot be opened."""
    newest, found, follows = _newest(disk, path), generations(disk, path), True
    for generation in found:
        if newest is not None and generation > newest:
            return
        try:
            segment = open_segment(disk, path, generation, last=generation == (found[-1] if newest is None else newest))
        except JournalDamaged as fault:
            damaged(fault)
            continue
        if segment is not None:
            segment.follows = follows
            yield segment
        follows = segment is not None


def check_newest(disk: Disk, path: Path, keys: Keys) -> None:
    """`KeyFault` where what an account starts from cannot be decrypted. What else is wrong with it is not told here."""
    try:
        snapped = SnapshotFile(disk, path, keys).find()
        if snapped is not None:
            keys.check(snapped.key_id, path)
        newest = open_segment(disk, path, 0 if snapped is None else snapped.generation, last=True)
        if newest is not None:
            keys.check(newest.key_id, newest.path)
    except KeyFault:
        raise
    except (JournalFault, OSError):
        return  # whoever opens it says what is wrong


def _newest(disk: Disk, path: Path) -> int | None:
    """The generation of the newest file as the snapshot says; None where it does not, and where it is lost."""
    try:
        snapped = SnapshotFile(disk, path, NO_KEYS).find()
    except JournalFault:
        return None
    if snapped is None:
        return 0 if path.name in disk.names(path.parent) else None
    return snapped.generation


def open_segment(disk: Disk, path: Path, generation: int, *, last: bool = False) -> Segment | None:
    """Before its first record. None for a file that was removed meanwhile, or is the last and was only begun."""
    read = read_file(disk, path, generation)
    if read is None:
        return None
    file, data = read
    if is_torn_header(data):
        if last:
            return None
        raise JournalDamaged(file, 0, 0, "a file goes on from it, and its beginning is lost")
    start = read_start(data, file)
    if start is not None:
        return Segment(generation, file, data, start, begin(start, 0), start.base + 1)
    first = RECORD.unpack_from(data, HEADER.size)[2] if len(data) >= HEADER.size + RECORD.size else 0
    return Segment(generation, file, data, None, begin(None, first - 1), first) if first else None


def find_break(before: Segment | None, segment: Segment, path: Path) -> JournalDamaged | None:
    """What is missing between two files, or is not what it was; `before` is all read."""
    start = segment.start
    if start is not None and (start.account, start.generation) != (account_name(path), segment.generation):
        found = f"it is file {start.generation} of account {start.account}"
        return JournalDamaged(segment.path, 0, segment.first, found)
    if before is None or not segment.follows:
        return None
    end, last = before.link.end, before.link.sequence
    if segment.generation != before.generation + 1 or segment.first != last + 1:
        found = f"the next record that is there is {segment.first}, in {segment.path.name}"
        return JournalDamaged(before.path, end, last + 1, found)
    unlinked = before.start is None and start is not None and start.before == NO_HASH  # an old snapshot has no hash
    if start is not None and not unlinked and start.before != before.end_hash():
        return JournalDamaged(before.path, end, last, f"it is not what {segment.path.name} goes on from")
    return None
