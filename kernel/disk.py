"""The one place that touches files which must survive: an append-only file, whole-file replacement, a lock.

Everything raises `OSError` as the operating system does. `simulated_disk.py` is the other side: a disk that loses,
tears and fills up by seed.
"""

import errno
import fcntl
import os
from pathlib import Path
from threading import get_native_id
from typing import Protocol


class AppendFile(Protocol):
    """An open file that only grows at its end. Not thread-safe, except that `sync` may run in another thread."""

    def read(self) -> bytes:
        """All that is in it."""

    def append(self, data: bytes) -> int:
        """One write at the end; how many bytes were taken, which may be fewer. They survive `kill -9`."""

    def truncate(self, size_bytes: int) -> None:
        """Cut what is after that; `size_bytes` is at most what it has."""

    def sync(self) -> None:
        """What was appended survives a power loss too when this returns."""

    def close(self) -> None:
        """Also where it is closed already. What was not synced is written, and not synced."""


class LockedFile(Protocol):
    """A small file, of one sector, that one holder has locked; the lock ends with its holder, however that ends."""

    def held(self) -> bool:
        """True while the file at its path is still the one that was locked."""

    def read(self) -> bytes: ...

    def write(self, data: bytes) -> None:
        """Replace what is in it, synced when this returns."""

    def release(self) -> None:
        """Also where it is released already."""


class Disk(Protocol):
    """Files by their paths. Whatever makes a file makes its folders too."""

    def open(self, path: Path) -> AppendFile: ...

    def read(self, path: Path) -> bytes:
        """`FileNotFoundError` where there is none."""

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        """The whole new content or the old one, whatever happens meanwhile; without `sync` a power loss may undo it."""

    def remove(self, path: Path) -> None:
        """Also where there is none. A power loss may undo it."""

    def names(self, folder: Path) -> tuple[str, ...]:
        """Of the files in a folder, sorted; none where there is no folder."""

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        """Lock the file, made where there is none. `BlockingIOError` where another holds it; with `steal` a copy takes
        the place of that file, whose holder then finds it no longer `held`."""


class SystemDisk:
    """The host's own."""

    def open(self, path: Path) -> AppendFile:
        _make_folder(path.parent)
        return _File(path)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        _make_folder(path.parent)
        temporary = _temporary(path)
        try:
            _write_new(temporary, data, sync=sync)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)  # on a full disk the half of it is in the way
            raise
        if sync:
            _sync_folder(path.parent)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def names(self, folder: Path) -> tuple[str, ...]:
        try:
            with os.scandir(folder) as entries:
                return tuple(sorted(entry.name for entry in entries if entry.is_file()))
        except FileNotFoundError:
            return ()

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        _make_folder(path.parent)
        return _Lock(path, _steal(path) if steal else _lock(path))


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._name_synced = False
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def read(self) -> bytes:
        return _read(self._fd)

    def append(self, data: bytes) -> int:
        return os.write(self._fd, data)

    def truncate(self, size_bytes: int) -> None:
        os.ftruncate(self._fd, size_bytes)

    def sync(self) -> None:
        if self._fd < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        os.fdatasync(self._fd)
        if not self._name_synced:  # also of a file found there: who made it may have been killed before
            _sync_folder(self._path.parent)
            self._name_synced = True

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class _Lock:
    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd
        self._name, self._file = str(path), _identity(os.fstat(fd))

    def held(self) -> bool:
        """Asked before every order: one look at the path is all it takes."""
        try:
            return self._fd >= 0 and _identity(os.stat(self._name)) == self._file  # noqa: PTH116 - the quickest
        except OSError:
            return False

    def read(self) -> bytes:
        return _read(self._fd)

    def write(self, data: bytes) -> None:
        _overwrite(self._fd, data)
        _sync_folder(self._path.parent)

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _lock(path: Path) -> int:
    """The descriptor of the locked file; `BlockingIOError` also where the file was replaced meanwhile."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(path, fd):
            raise BlockingIOError(errno.EAGAIN, "replaced while it was locked", str(path))
    except OSError:
        os.close(fd)
        raise
    return fd


def _steal(path: Path) -> int:
    """The descriptor of a locked copy that has taken the place of the file, with what its holder wrote last."""
    old = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    temporary = _temporary(path)
    fd = -1
    try:
        fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _overwrite(fd, _read(old))
        temporary.replace(path)
        _overwrite(fd, _read(old))  # the holder may have written while it was copied; from here on it knows
        _sync_folder(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        if fd >= 0:
            os.close(fd)
        raise
    finally:
        os.close(old)
    return fd


def _is_at(path: Path, fd: int) -> bool:
    try:
        return _identity(path.stat()) == _identity(os.fstat(fd))
    except OSError:
        return False


def _identity(file: os.stat_result) -> tuple[int, int]:
    return file.st_dev, file.st_ino


def _read(fd: int) -> bytes:
    parts: list[bytes] = []
    while part := os.pread(fd, 1 << 24, sum(map(len, parts))):
        parts.append(part)
    return b"".join(parts)


def _overwrite(fd: int, data: bytes) -> None:
    if os.pwrite(fd, data, 0) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.ftruncate(fd, len(data))
    os.fsync(fd)


def _write_new(path: Path, data: bytes, *, sync: bool) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        if sync:
            file.flush()
            os.fsync(fd)


def _temporary(path: Path) -> Path:
    """A name of this thread's own on this host: two that replace one file do not write into each other's."""
    return path.with_name(f"{path.name}.{get_native_id()}.tmp")


def _make_folder(folder: Path) -> None:
    """Its name in the folder above is synced, so that what is synced within is found again."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
