"""A journal that stays small: generations of one snapshot and the records since, of which only the newest is kept."""

import re
from pathlib import Path

from ..kernel.disk import Disk
from .journal import Journal, JournalFault

ROTATE_AT_BYTES = 16 << 20

_SNAPSHOT = re.compile(r"snapshot-([0-9]+)")


class SnapshotLog:
    """`snapshot-N` is what all records up to generation N made; `records-N` are those after it."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder
        self._generation = 0
        self._journal = Journal(disk, folder / "records-0.log")

    def load(self) -> tuple[bytes | None, list[bytes]]:
        """The newest snapshot, None in a fresh folder, and the records after it. Appending goes on from here."""
        try:
            names = self._disk.names(self._folder)
        except OSError as error:
            raise JournalFault(f"folder {self._folder} cannot be read: {error.strerror}; make it readable") from error
        snapshots = [int(found[1]) for name in names if (found := _SNAPSHOT.fullmatch(name))]
        self._generation = max(snapshots, default=0)
        for old in range(max(0, self._generation - 2), self._generation):  # left by a crash within a rotation
            self._remove(old)
        self._journal = Journal(self._disk, self._records(self._generation))
        self._journal.open()
        snapshot = self._snapshot(self._generation)
        return self._disk.read(snapshot) if snapshots else None, [payload for _, payload in self._journal.replay()]

    def append(self, payload: bytes) -> None:
        """Durable against `kill -9` when it returns."""
        self._journal.append(payload)
        self.size_bytes += len(payload)

    size_bytes = 0
    """Bytes appended since the last rotation in this process."""

    def rotate(self, snapshot: bytes) -> None:
        """Begin a new generation from `snapshot`, which must hold everything appended so far.

        After a `JournalFault` it is closed: `load` finds what is true.
        """
        after = self._generation + 1
        self._journal.close()  # first: nothing may follow the snapshot in the old records
        self._disk.remove(self._records(after))
        try:
            self._disk.replace(self._snapshot(after), snapshot)
        except OSError as error:
            raise JournalFault(f"snapshot {self._snapshot(after)} cannot be written: {error.strerror}") from error
        self._journal = Journal(self._disk, self._records(after))
        self._journal.open()
        before, self._generation, self.size_bytes = self._generation, after, 0
        self._remove(before)

    def _remove(self, generation: int) -> None:
        self._disk.remove(self._records(generation))
        self._disk.remove(self._snapshot(generation))

    def sync(self) -> None:
        self._journal.sync()

    def close(self) -> None:
        self._journal.close()

    def _snapshot(self, generation: int) -> Path:
        return self._folder / f"snapshot-{generation}"

    def _records(self, generation: int) -> Path:
        return self._folder / f"records-{generation}.log"
