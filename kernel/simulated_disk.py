"""The disk of one simulated host, in memory: what was written, and what of it a power loss leaves.

Processes see it by `view`, and die by `kill`; the host by `power_loss`. Which bytes a fault takes is drawn from the
given source of randomness: the same seed, the same losses.
"""

import errno
import os
from pathlib import Path
from random import Random

from .disk import AppendFile, Disk, LockedFile
from .simulated_volume import Inode, Volume, disk_error


class SimulatedDisk(Volume):
    """A `Disk` itself too, for who looks at it from outside of all processes."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._processes: dict[str, _Process] = {}

    def view(self, owner: str) -> Disk:
        """The disk as one process sees it. After `kill(owner)` a view, and all opened by it, only raises `EBADF`; the
        owner's next process takes a new one."""
        return _View(self, self._processes.setdefault(owner, _Process()))

    def kill(self, owner: str) -> None:
        """End the process as `kill -9` does: its locks are free, what it wrote is there."""
        self._processes.pop(owner, _Process()).alive = False

    def power_loss(self) -> None:
        """Every process dies, and what was not synced is torn, lost, undone, or by luck there."""
        for owner in list(self._processes):
            self.kill(owner)
        self.lose_unsynced()

    def open(self, path: Path) -> AppendFile:
        return self.view("").open(path)

    def read(self, path: Path) -> bytes:
        return self.view("").read(path)

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        self.view("").replace(path, data, sync=sync)

    def remove(self, path: Path) -> None:
        self.view("").remove(path)

    def names(self, folder: Path) -> tuple[str, ...]:
        return self.view("").names(folder)

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        return self.view("").lock(path, steal=steal)


class _Process:
    """Shared by all that a process has opened."""

    __slots__ = ("alive",)

    def __init__(self) -> None:
        self.alive = True


class _View:
    def __init__(self, disk: Volume, process: _Process) -> None:
        self._disk = disk
        self._process = process

    def open(self, path: Path) -> AppendFile:
        return _AppendFile(self._living(), self._process, path)

    def read(self, path: Path) -> bytes:
        inode = self._living().at(path)
        if inode is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return bytes(inode.data)

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        disk = self._living()
        disk.room_for_all(len(data))
        synced = sync and disk.may_sync()
        disk.name(path, Inode(data, whole=True))
        if synced:
            disk.sync_names(path.parent)

    def remove(self, path: Path) -> None:
        disk = self._living()
        if disk.at(path) is not None:
            disk.name(path, None)

    def names(self, folder: Path) -> tuple[str, ...]:
        return tuple(path.name for path in self._living().files_in(folder))

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        disk = self._living()
        if steal:
            disk.name(path, Inode(bytes(disk.made(path).data), whole=True))
            disk.sync_name(path)
        return _LockedFile(disk, self._process, path)

    def _living(self) -> Volume:
        if not self._process.alive:
            raise disk_error(errno.EBADF)
        return self._disk


class _Handle:
    """Something a process has open; after its `close`, or the end of the process, every use is `EBADF`."""

    def __init__(self, disk: Volume, process: _Process, path: Path) -> None:
        self._disk = disk
        self._process = process
        self._path = path
        self._closed = False
        self._at = disk.made(path)

    @property
    def living(self) -> bool:
        return self._process.alive and not self._closed

    def read(self) -> bytes:
        return bytes(self._inode.data)

    def close(self) -> None:
        self._closed = True

    @property
    def _inode(self) -> Inode:
        if self._closed or not self._process.alive:
            raise disk_error(errno.EBADF)
        return self._at

    def _sync(self, inode: Inode) -> None:
        if self._disk.may_sync():
            inode.sync()
            if self._disk.at(self._path) is inode:
                self._disk.sync_name(self._path)


class _AppendFile(_Handle):
    def append(self, data: bytes) -> int:
        inode, disk = self._inode, self._disk
        if disk.full or disk.capacity_bytes is not None:
            data = data[: disk.room(len(data))]
        inode.data += data
        return len(data)

    def truncate(self, size_bytes: int) -> None:
        inode = self._inode
        self._disk.check_truncate()
        inode.cut(size_bytes)

    def sync(self) -> None:
        self._sync(self._inode)


class _LockedFile(_Handle):
    def __init__(self, disk: Volume, process: _Process, path: Path) -> None:
        super().__init__(disk, process, path)
        if self._at.holder is not None and self._at.holder.living:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
        self._at.holder = self
        self._at.whole = True

    def held(self) -> bool:
        return self.living and self._disk.at(self._path) is self._at

    def write(self, data: bytes) -> None:
        inode = self._inode
        self._disk.room_for_all(len(data) - len(inode.data))
        inode.cut(0)
        inode.data += data
        self._sync(inode)

    def release(self) -> None:
        self.close()
