"""Real disk and real clock with faults that are switched on and off while they are used.

Every node runs on them: without a fault they cost one more call, which is a small part of what they stand before.
"""

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

from .clock import Clock
from .disk import AppendFile, Disk, LockedFile

REST_BYTES = 64
"""What a disk that is made full still takes: its next write is a short one, as on a real disk."""


class FaultyDisk:
    """A disk that can be full, slow, or unable to sync or to cut; it raises `OSError` as the host's own does. Reading
    works.

    The switches may be set from any thread; they hold from the next call on.
    """

    def __init__(self, disk: Disk, sleep: Callable[[float], None] = time.sleep) -> None:
        self._disk = disk
        self._sleep = sleep
        self._rest_bytes: int | None = None
        self.sync_fails = False
        """Every sync is `EIO`: what was written may or may not survive a power loss."""
        self.truncate_fails = False
        """Every cut is `EIO`, and cuts nothing."""
        self.slow_s = 0.0
        """How much longer every write and every sync takes."""

    @property
    def full(self) -> bool:
        """Every write is `ENOSPC`, after a short one."""
        return self._rest_bytes is not None

    @full.setter
    def full(self, full: bool) -> None:
        self._rest_bytes = REST_BYTES if full else None

    def heal(self) -> None:
        """End all faults."""
        self.full, self.sync_fails, self.truncate_fails, self.slow_s = False, False, False, 0.0

    # -- the disk -----------------------------------------------------------------------------------------------------

    def open(self, path: Path) -> AppendFile:
        return _FaultyFile(self._disk.open(path), path, self)

    def read(self, path: Path) -> bytes:
        return self._disk.read(path)

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        self.write_whole(path, sync=sync)
        self._disk.replace(path, data, sync=sync)

    def remove(self, path: Path) -> None:
        self._disk.remove(path)

    def names(self, folder: Path) -> tuple[str, ...]:
        return self._disk.names(folder)

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        return _FaultyLock(self._disk.lock(path, steal=steal), path, self)

    # -- for its files ------------------------------------------------------------------------------------------------

    def room(self, path: Path, size_bytes: int) -> int:
        """How many of `size_bytes` a write may take now; `ENOSPC` where there is room for none."""
        if self.slow_s:
            self._sleep(self.slow_s)
        rest_bytes = self._rest_bytes
        if rest_bytes is None:
            return size_bytes
        if rest_bytes == 0 and size_bytes:
            raise _fault(errno.ENOSPC, path)
        taken = min(rest_bytes, size_bytes)
        self._rest_bytes = rest_bytes - taken
        return taken

    def before_sync(self, path: Path) -> None:
        if self.slow_s:
            self._sleep(self.slow_s)
        if self.sync_fails:
            raise _fault(errno.EIO, path)

    def write_whole(self, path: Path, *, sync: bool) -> None:
        """Room for a whole new content, which is never written short."""
        if self.slow_s:
            self._sleep(self.slow_s)
        if self.full:
            raise _fault(errno.ENOSPC, path)
        if sync and self.sync_fails:
            raise _fault(errno.EIO, path)


class _FaultyFile:
    def __init__(self, file: AppendFile, path: Path, disk: FaultyDisk) -> None:
        self._file = file
        self._path = path
        self._disk = disk
        self.read = file.read
        self.close = file.close

    def append(self, data: bytes) -> int:
        taken = self._disk.room(self._path, len(data))
        return self._file.append(data if taken == len(data) else data[:taken])

    def truncate(self, size_bytes: int) -> None:
        if self._disk.truncate_fails:
            raise _fault(errno.EIO, self._path)
        self._file.truncate(size_bytes)

    def sync(self) -> None:
        self._disk.before_sync(self._path)
        self._file.sync()


class _FaultyLock:
    def __init__(self, file: LockedFile, path: Path, disk: FaultyDisk) -> None:
        self._file = file
        self._path = path
        self._disk = disk
        self.held = file.held
        self.read = file.read
        self.release = file.release

    def write(self, data: bytes) -> None:
        self._disk.write_whole(self._path, sync=True)
        self._file.write(data)


def _fault(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))


class OffsetClock:
    """A clock whose time of day can be wrong: by an offset, and by a drift from the moment that it was set.

    The monotonic clock stays right: nothing that sets a host's time of day moves it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._read = clock.now_ns
        self._offset_ns = 0
        self._drift_ppm = 0.0
        self._since_ns = 0
        self.monotonic_ns = clock.monotonic_ns

    def now_ns(self) -> int:
        return self._read()

    def set_wrong(self, offset_ns: int, drift_ppm: float = 0.0) -> None:
        """From now on ahead by `offset_ns` (behind where it is negative), and gaining `drift_ppm` millionths."""
        self._offset_ns, self._drift_ppm = offset_ns, drift_ppm
        self._since_ns = self._clock.monotonic_ns()
        self._read = self._read_wrong if offset_ns or drift_ppm else self._clock.now_ns

    @property
    def offset_ns(self) -> int:
        """How far it is ahead of the right time now."""
        elapsed_ns = self._clock.monotonic_ns() - self._since_ns
        return self._offset_ns + round(elapsed_ns * self._drift_ppm / 1e6)

    def _read_wrong(self) -> int:
        return self._clock.now_ns() + self.offset_ns
