"""The right to trade an account, held by one process of this host, with an epoch that only grows."""

from pathlib import Path

from ..kernel.disk import Disk, LockedFile


class LeaseHeld(Exception):
    """Another process holds the lease. Asking again later is safe."""


class FileLease:
    """A locked file: the kernel frees the lock when its holder dies, however it dies.

    Every `acquire`, also by the same process, yields a larger epoch than any before. `held` is False once the file
    was removed or replaced: somebody else may then hold another lease of that name.
    """

    def __init__(self, disk: Disk, path: Path) -> None:
        self.path = path
        self._disk = disk
        self._file: LockedFile | None = None
        self._epoch = 0

    def acquire(self, after: int = 0, *, steal: bool = False) -> int:
        """Take or keep the lease; the new epoch, larger than `after` too, on disk before this returns. `LeaseHeld`
        where another has it, `OSError` where the disk refuses, and then it is not held; with `steal` whoever has it has
        lost it."""
        if not self.held():
            self.release()
        file = self._file = self._file or self._lock(steal=steal)
        try:
            self._write_epoch(file, after)
        except OSError:
            self.release()
            raise
        if not file.held():  # stolen meanwhile, perhaps by one that read the epoch before
            self.release()
            raise LeaseHeld(f"another process took the lease {self.path}")
        return self._epoch

    def _write_epoch(self, file: LockedFile, after: int) -> None:
        text = file.read()[:32].decode("ascii", "replace").strip()
        self._epoch = max(int(text) if text.isdigit() else 0, self._epoch, after) + 1
        file.write(f"{self._epoch:<20}\n".encode())

    def held(self) -> bool:
        """True while this process holds the lease at its path."""
        return self._file is not None and self._file.held()

    def release(self) -> None:
        if self._file is not None:
            self._file.release()
            self._file = None

    def _lock(self, *, steal: bool) -> LockedFile:
        try:
            return self._disk.lock(self.path, steal=steal)
        except BlockingIOError as error:
            raise LeaseHeld(f"another process holds the lease {self.path}") from error
