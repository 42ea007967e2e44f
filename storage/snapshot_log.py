"""A journal that stays small: generations of one snapshot and the records since, of which only the newest is kept."""

import os
from pathlib import Path

from .journal import Journal, JournalFault

ROTATE_AT_BYTES = 16 << 20


class SnapshotLog:
    """`snapshot-N` is what all records up to generation N made; `records-N` are those after it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._generation = 0
        self._journal = Journal(folder / "records-0.log")

    def load(self) -> tuple[bytes | None, list[bytes]]:
        """The newest snapshot, None in a fresh folder, and the records after it. Appending goes on from here."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalFault(f"folder {self._folder} cannot be made: {error.strerror}; make it writable") from error
        snapshots = [int(path.name.removeprefix("snapshot-")) for path in self._folder.glob("snapshot-*[0-9]")]
        self._generation = max(snapshots, default=0)
        for old in range(max(0, self._generation - 2), self._generation):  # left by a crash within a rotation
            self._remove(old)
        self._journal = Journal(self._records(self._generation))
        self._journal.open()
        snapshot = self._snapshot(self._generation)
        return snapshot.read_bytes() if snapshots else None, [payload for _, payload in self._journal.replay()]

    def append(self, payload: bytes) -> None:
        """Durable against `kill -9` when it returns."""
        self._journal.append(payload)
        self.size_bytes += len(payload)

    size_bytes = 0
    """Bytes appended since the last rotation in this process."""

    def rotate(self, snapshot: bytes) -> None:
        """Begin a new generation from `snapshot`, which must hold everything appended so far."""
        after = self._generation + 1
        temporary = self._snapshot(after).with_suffix(".tmp")
        with temporary.open("wb") as file:
            file.write(snapshot)
            file.flush()
            os.fsync(file.fileno())
        self._records(after).unlink(missing_ok=True)
        temporary.rename(self._snapshot(after))
        self._journal.close()
        self._journal = Journal(self._records(after))
        self._journal.open()
        before, self._generation, self.size_bytes = self._generation, after, 0
        self._remove(before)

    def _remove(self, generation: int) -> None:
        self._records(generation).unlink(missing_ok=True)
        self._snapshot(generation).unlink(missing_ok=True)

    def sync(self) -> None:
        self._journal.sync()

    def close(self) -> None:
        self._journal.close()

    def _snapshot(self, generation: int) -> Path:
        return self._folder / f"snapshot-{generation}"

    def _records(self, generation: int) -> Path:
        return self._folder / f"records-{generation}.log"
