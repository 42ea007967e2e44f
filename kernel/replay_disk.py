"""The disk of a replay: in memory, and it answers as the captured one did."""

from pathlib import Path
from typing import Any
from zlib import crc32

from .boundary import ANSWER, OUTCOME, SYNC_FAILED, check_failure
from .disk import AppendFile, LockedFile
from .replay import Player


class ReplayDisk:
    """Files are as they were read then, and as they are written now; each write is checked against the one then."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.files: dict[Path, bytes] = {}
        self._folders: dict[Path, tuple[str, ...]] = {}

    def open(self, path: Path) -> AppendFile:
        self.answer(f"opening {path}")
        self.files.setdefault(path, b"")
        return _ReplayFile(self, path)

    def read(self, path: Path) -> bytes:
        found = self.answer(f"reading {path}")
        if len(found) == 1:
            self.files[path] = found[0]
        return self.files[path]

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        self.done(data, f"replacing {path}")
        self.files[path] = data

    def remove(self, path: Path) -> None:
        self.done(path.name.encode(), f"removing {path}")
        self.files.pop(path, None)

    def names(self, folder: Path) -> tuple[str, ...]:
        found = self.answer(f"listing {folder}")
        if found:
            self._folders[folder] = tuple(found[0])
        return self._folders[folder]

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        self.answer(f"locking {path}")
        return _ReplayLock(self, path)

    # -- for its files ------------------------------------------------------------------------------------------------

    def answer(self, what: str) -> list[Any]:
        """What the disk said then; raises what it raised."""
        return check_failure(self.player.answer(ANSWER, what))

    def done(self, data: bytes, what: str) -> list[Any]:
        """Check a write; raises what it raised then."""
        self.player.effect(crc32(data), what)
        return check_failure(self.player.outcome(OUTCOME) or [OUTCOME])


class _ReplayFile:
    def __init__(self, disk: ReplayDisk, path: Path) -> None:
        self._disk = disk
        self._path = path

    def read(self) -> bytes:
        return self._disk.read(self._path)

    def append(self, data: bytes) -> int:
        outcome = self._disk.done(data, f"appending {len(data)} bytes to {self._path}")
        taken: int = outcome[0] if outcome else len(data)
        self._disk.files[self._path] += data[:taken]
        return taken

    def truncate(self, size_bytes: int) -> None:
        self._disk.player.effect(size_bytes, f"cutting {self._path} at {size_bytes} bytes")
        check_failure(self._disk.player.outcome(OUTCOME) or [OUTCOME])
        self._disk.files[self._path] = self._disk.files[self._path][:size_bytes]

    def sync(self) -> None:
        check_failure(self._disk.player.outcome(SYNC_FAILED) or [SYNC_FAILED])

    def close(self) -> None:
        """Nothing is open."""


class _ReplayLock:
    def __init__(self, disk: ReplayDisk, path: Path) -> None:
        self._disk = disk
        self._path = path

    def held(self) -> bool:
        return bool(self._disk.answer(f"looking whether {self._path} is held")[0])

    def read(self) -> bytes:
        return self._disk.read(self._path)

    def write(self, data: bytes) -> None:
        self._disk.done(data, f"writing {self._path}")
        self._disk.files[self._path] = data

    def release(self) -> None:
        """Nothing is locked."""
