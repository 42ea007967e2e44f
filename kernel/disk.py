"""The one place that touches files which must survive: an append-only file, whole-file replacement, a lock.

Everything raises `OSError` as the operating system does. `simulated_disk.py` is the other side: a disk that loses,
tears and fills up by seed.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol


class AppendFile(Protocol):
    """An open file that only grows at its end. Not thread-safe, except that `sync` may run in another thread."""

    def read(self) -> bytes:
        """All that is in it."""

    def append(self, data: bytes) -> int:
        """One write at the end; how many bytes were taken, which may be fewer. They survive `kill -9`."""

    def truncate(self, size_bytes: int) -> None: ...

    def sync(self) -> None:
        """What was appended survives a power loss too when this returns."""

    def close(self) -> None: ...


class LockedFile(Protocol):
    """A small file that one holder has locked; the lock ends with its holder, however that ends."""

    def held(self) -> bool:
        """True while the file at its path is still the one that was locked."""

    def read(self) -> bytes: ...

    def write(self, data: bytes) -> None:
        """Replace what is in it, synced when this returns."""

    def release(self) -> None: ...


class Disk(Protocol):
    """Files by their paths. Whatever makes a file makes its folders too."""

    def open(self, path: Path) -> AppendFile: ...

    def read(self, path: Path) -> bytes:
        """`FileNotFoundError` where there is none."""

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        """The whole new content or the old one, whatever happens meanwhile; without `sync` a power loss may take it."""

    def remove(self, path: Path) -> None:
        """Also where there is none."""

    def names(self, folder: Path) -> tuple[str, ...]:
        """Of what is in a folder, sorted; none where there is no folder."""

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        """Lock the file, made where there is none. `BlockingIOError` where another holds it; with `steal` a new file
        takes the place of that one, whose holder then finds it no longer `held`."""


class SystemDisk:
    """The host's own."""

    def open(self, path: Path) -> AppendFile:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _File(path)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.tmp")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(fd)
        temporary.replace(path)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def names(self, folder: Path) -> tuple[str, ...]:
        try:
            return tuple(sorted(os.listdir(folder)))  # noqa: PTH208 - names, not paths
        except FileNotFoundError:
            return ()

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        path.parent.mkdir(parents=True, exist_ok=True)
        if steal:
            path.unlink(missing_ok=True)
        return _Lock(path)


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def read(self) -> bytes:
        return self._path.read_bytes()

    def append(self, data: bytes) -> int:
        return os.write(self._fd, data)

    def truncate(self, size_bytes: int) -> None:
        os.ftruncate(self._fd, size_bytes)

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class _Lock:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise

    def held(self) -> bool:
        if self._fd < 0:
            return False
        try:
            at_path, ours = self._path.stat(), os.fstat(self._fd)
        except OSError:
            return False
        return (at_path.st_dev, at_path.st_ino) == (ours.st_dev, ours.st_ino)

    def read(self) -> bytes:
        return os.pread(self._fd, os.fstat(self._fd).st_size, 0)

    def write(self, data: bytes) -> None:
        os.pwrite(self._fd, data, 0)
        os.ftruncate(self._fd, len(data))
        os.fsync(self._fd)

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
