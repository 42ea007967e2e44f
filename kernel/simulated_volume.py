"""What a simulated disk holds: files in memory, which of their bytes and names a power loss leaves, and faults."""

import errno
import os
from collections import Counter
from pathlib import Path
from random import Random
from typing import Protocol


class Holder(Protocol):
    """Whoever has locked a file."""

    @property
    def living(self) -> bool: ...


class Inode:
    """A file without its name."""

    __slots__ = ("before", "data", "holder", "synced_bytes", "whole")

    def __init__(self, data: bytes = b"", *, whole: bool = False) -> None:
        self.data = bytearray(data)
        self.synced_bytes = len(data) if whole else 0
        """So much at its beginning is safe."""
        self.before = b""
        """What the disk still has after that: of before an unsynced cut or overwriting."""
        self.whole = whole
        """True where a power loss leaves it old or new, never torn."""
        self.holder: Holder | None = None

    def cut(self, size_bytes: int) -> None:
        if size_bytes < self.synced_bytes:
            self.before = bytes(self.data[size_bytes : self.synced_bytes]) + self.before
            self.synced_bytes = size_bytes
        del self.data[size_bytes:]

    def sync(self) -> None:
        self.synced_bytes, self.before = len(self.data), b""

    def lose_power(self, random: Random, fired: Counter[str]) -> None:
        unsynced_bytes = len(self.data) - self.synced_bytes
        if self.before and random.random() < 0.5:
            self.data[self.synced_bytes :] = self.before
            fired["undone"] += 1
        elif unsynced_bytes and not self.whole:
            kept_bytes = random.randrange(unsynced_bytes + 1) if random.random() < 0.5 else 0
            del self.data[self.synced_bytes + kept_bytes :]
            if kept_bytes < unsynced_bytes:
                fired["torn" if kept_bytes else "lost"] += 1
        self.sync()


class Volume:
    """Files by their paths. Faults are switches, all off at first."""

    def __init__(self, random: Random) -> None:
        self.full = False
        """Appends take a part or nothing, whatever else needs more room raises `ENOSPC`."""
        self.capacity_bytes: int | None = None
        """With so much in all files it is full."""
        self.sync_fails = False
        """What syncs raises `EIO`; a later sync that succeeds makes up for it."""
        self.loses_sync = False
        """What syncs returns, and has synced nothing."""
        self.truncate_fails = False
        """What cuts a file raises `EIO`, and has cut nothing."""
        self.fired: Counter[str] = Counter()
        """How often a fault took effect: `full`, `sync_fails`, `loses_sync`, `truncate_fails`, and at a power loss, by
        file, `torn`, `lost` (the whole tail) and `undone` (a file made, replaced, removed, cut or overwritten)."""
        self._random = random
        self._files: dict[Path, Inode] = {}
        self._unsynced_names: dict[Path, Inode | None] = {}
        """What a power loss may bring back under a path."""

    def contents(self) -> dict[Path, bytes]:
        """All files as they are read now."""
        return {path: bytes(inode.data) for path, inode in sorted(self._files.items())}

    def lose_unsynced(self) -> None:
        """What was not synced is torn, lost, undone, or by luck there."""
        for path, before in self._unsynced_names.items():
            if self._chance("undone"):
                self._put(path, before)
        self._unsynced_names.clear()
        for inode in self._files.values():
            inode.lose_power(self._random, self.fired)

    def at(self, path: Path) -> Inode | None:
        return self._files.get(path)

    def files_in(self, folder: Path) -> list[Path]:
        return sorted(path for path in self._files if path.parent == folder)

    def name(self, path: Path, inode: Inode | None) -> None:
        """Put another file, or none, under a path; not synced."""
        self._unsynced_names.setdefault(path, self._files.get(path))
        self._put(path, inode)

    def made(self, path: Path) -> Inode:
        """The file at a path; an empty one where there is none."""
        if path not in self._files:
            self.name(path, Inode())
        return self._files[path]

    def room(self, needed_bytes: int) -> int:
        """How many of so many bytes can be taken; `ENOSPC` where none can."""
        room = needed_bytes
        if self.full:
            room = self._random.randrange(needed_bytes) if needed_bytes > 1 and self._random.random() < 0.5 else 0
        elif self.capacity_bytes is not None:
            used_bytes = sum(len(inode.data) for inode in self._files.values())
            room = max(0, min(needed_bytes, self.capacity_bytes - used_bytes))
        if room < needed_bytes:
            self.fired["full"] += 1
        if room == 0 < needed_bytes:
            raise disk_error(errno.ENOSPC)
        return room

    def room_for_all(self, needed_bytes: int) -> None:
        if needed_bytes > 0 and self.room(needed_bytes) < needed_bytes:
            raise disk_error(errno.ENOSPC)

    def may_sync(self) -> bool:
        """False where the sync is to do nothing; raises where it is to fail."""
        if self.sync_fails:
            self.fired["sync_fails"] += 1
            raise disk_error(errno.EIO)
        if self.loses_sync:
            self.fired["loses_sync"] += 1
        return not self.loses_sync

    def check_truncate(self) -> None:
        if self.truncate_fails:
            self.fired["truncate_fails"] += 1
            raise disk_error(errno.EIO)

    def sync_name(self, path: Path) -> None:
        self._unsynced_names.pop(path, None)

    def sync_names(self, folder: Path) -> None:
        for path in [path for path in self._unsynced_names if path.parent == folder]:
            self.sync_name(path)

    def _put(self, path: Path, inode: Inode | None) -> None:
        if inode is None:
            self._files.pop(path, None)
        else:
            self._files[path] = inode

    def _chance(self, fault: str) -> bool:
        if self._random.random() < 0.5:
            return False
        self.fired[fault] += 1
        return True


def disk_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
