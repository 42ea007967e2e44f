"""A disk whose answers are noted: what was read, and whether what was done was taken."""

from pathlib import Path
from threading import get_ident
from typing import Any
from zlib import crc32

from .boundary import ANSWER, OUTCOME, SYNC_FAILED, Event, failure
from .capture import Recorder
from .disk import AppendFile, Disk, LockedFile

ABSENT = (-1, 0)


class _Known:
    """What a replay knows of each file by now, as size and CRC-32: read again unchanged, it need not be noted again."""

    def __init__(self) -> None:
        self.files: dict[Path, tuple[int, int]] = {}
        self.folders: dict[Path, tuple[str, ...]] = {}

    def is_new(self, path: Path, data: bytes) -> bool:
        found = (len(data), crc32(data))
        if self.files.get(path) == found:
            return False
        self.files[path] = found
        return True

    def append(self, path: Path, data: bytes) -> None:
        size, crc = self.files.get(path, ABSENT)
        if size >= 0:
            self.files[path] = (size + len(data), crc32(data, crc))

    def replace(self, path: Path, data: bytes) -> None:
        self.files[path] = (len(data), crc32(data))


class CapturingDisk:
    """Around another disk. Syncs may come from another thread; all else comes from the system's own."""

    def __init__(self, disk: Disk, recorder: Recorder) -> None:
        self.disk = disk
        self.recorder = recorder
        self.known = _Known()
        self.home = get_ident()

    def open(self, path: Path) -> AppendFile:
        return _CapturedFile(self, path, self.answered(lambda: self.disk.open(path)))

    def read(self, path: Path) -> bytes:
        return self.read_by(path, lambda: self.disk.read(path))

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        self.done(path, crc32(data), lambda: self.disk.replace(path, data, sync=sync))
        self.known.replace(path, data)

    def remove(self, path: Path) -> None:
        self.done(path, crc32(path.name.encode()), lambda: self.disk.remove(path))
        self.known.files[path] = ABSENT

    def names(self, folder: Path) -> tuple[str, ...]:
        try:
            names = self.disk.names(folder)
        except OSError as error:
            self.note(failure(ANSWER, error))
            raise
        self.note([ANSWER] if self.known.folders.get(folder) == names else [ANSWER, list(names)])
        self.known.folders[folder] = names
        return names

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        return _CapturedLock(self, path, self.answered(lambda: self.disk.lock(path, steal=steal)))

    # -- for its files ------------------------------------------------------------------------------------------------

    def answered(self, ask: Any) -> Any:
        """What the disk gave, noted as such; or its refusal."""
        try:
            answer = ask()
        except OSError as error:
            self.note(failure(ANSWER, error))
            raise
        self.note([ANSWER])
        return answer

    def read_by(self, path: Path, read: Any) -> bytes:
        try:
            data: bytes = read()
        except OSError as error:
            self.known.files[path] = ABSENT
            self.note(failure(ANSWER, error))
            raise
        self.note([ANSWER, data] if self.recorder.inside and self.known.is_new(path, data) else [ANSWER])
        return data

    def done(self, path: Path, crc: int, act: Any) -> Any:
        """Note what is done before it is, and after it only a refusal."""
        if not self.recorder.inside and self.recorder.active:
            self.recorder.end(f"{path} was changed by something that came in through no inlet")
        self.recorder.durable_effect(crc)
        try:
            return act()
        except OSError as error:
            self.note(failure(OUTCOME, error))
            raise

    def note(self, event: Event) -> None:
        self.recorder.note_inside(event)


class _CapturedFile:
    def __init__(self, disk: CapturingDisk, path: Path, file: AppendFile) -> None:
        self._disk = disk
        self._path = path
        self._file = file

    def read(self) -> bytes:
        return self._disk.read_by(self._path, self._file.read)

    def append(self, data: bytes) -> int:
        taken: int = self._disk.done(self._path, crc32(data), lambda: self._file.append(data))
        if taken != len(data):
            self._disk.note([OUTCOME, taken])
        self._disk.known.append(self._path, data[:taken])
        return taken

    def truncate(self, size_bytes: int) -> None:
        self._disk.known.files.pop(self._path, None)
        self._disk.done(self._path, size_bytes, lambda: self._file.truncate(size_bytes))

    def sync(self) -> None:
        """Whether one is due hangs on another thread: only a failure that the system itself hears of is noted."""
        try:
            self._file.sync()
        except OSError as error:
            if get_ident() == self._disk.home:
                self._disk.note(failure(SYNC_FAILED, error))
            raise

    def close(self) -> None:
        self._file.close()


class _CapturedLock:
    def __init__(self, disk: CapturingDisk, path: Path, lock: LockedFile) -> None:
        self._disk = disk
        self._path = path
        self._lock = lock

    def held(self) -> bool:
        held = self._lock.held()
        self._disk.note([ANSWER, held])
        return held

    def read(self) -> bytes:
        return self._disk.read_by(self._path, self._lock.read)

    def write(self, data: bytes) -> None:
        self._disk.done(self._path, crc32(data), lambda: self._lock.write(data))
        self._disk.known.replace(self._path, data)

    def release(self) -> None:
        self._lock.release()
