"""The right to trade an account, held by one process of this host, with an epoch that only grows."""

import fcntl
import os
from pathlib import Path


class LeaseHeld(Exception):
    """Another process holds the lease."""


class FileLease:
    """A locked file: the kernel frees the lock when its holder dies, however it dies.

    Every `acquire`, also by the same process, yields a larger epoch than any before. `held` is False once the file
    was removed or replaced: somebody else may then hold another lease of that name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1
        self._epoch = 0

    def acquire(self, after: int = 0) -> int:
        """Take or keep the lease; the new epoch, larger than `after` too, on disk before this returns. `LeaseHeld`
        where another has it."""
        if self._fd >= 0 and not self.held():
            self.release()
        if self._fd < 0:
            self._lock()
        text = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
        self._epoch = max(int(text) if text.isdigit() else 0, self._epoch, after) + 1
        os.pwrite(self._fd, f"{self._epoch:<20}\n".encode(), 0)
        os.fsync(self._fd)
        return self._epoch

    def held(self) -> bool:
        """True while this process holds the lease at its path."""
        if self._fd < 0:
            return False
        try:
            at_path, ours = self.path.stat(), os.fstat(self._fd)
        except OSError:
            return False
        return (at_path.st_dev, at_path.st_ino) == (ours.st_dev, ours.st_ino)

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _lock(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            raise LeaseHeld(f"another process holds the lease {self.path}") from error
        self._fd = fd
