"""The books as a journal's snapshot has them: for who reads beside the one that writes."""

from pathlib import Path

import msgspec

from ..kernel.disk import Disk
from ..trading.books import Books
from ..trading.books_image import restore
from .account_journal import Snapshot
from .journal_format import JournalFault
from .journal_keys import NO_KEYS, Keys
from .journal_snapshot import SnapshotFile
from .unreadable import UNREADABLE


def read_snapshot_books(disk: Disk, path: Path, keys: Keys = NO_KEYS) -> tuple[int, Books] | None:
    """What all records up to a sequence came to, older ones that are no longer there too; None where nothing was
    rotated yet. `JournalFault` where the snapshot cannot be read. `path` is that of the account's first file."""
    file = SnapshotFile(disk, path, keys)
    snapped = file.read()
    if snapped is None:
        return None
    try:
        snapshot = msgspec.msgpack.decode(snapped.content, type=Snapshot)
    except UNREADABLE as error:
        raise JournalFault(f"snapshot {file.path} is not of this version: {error}") from error
    return snapped.sequence, restore(snapshot.books)
