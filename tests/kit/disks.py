"""Disks for tests: the two that conform to each other, and one whose process ends at a chosen step."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from tradigrade.kernel.disk import AppendFile, Disk, LockedFile, SystemDisk
from tradigrade.kernel.simulated_disk import SimulatedDisk

DISKS: dict[str, Callable[[], Disk]] = {"system": SystemDisk, "simulated": lambda: SimulatedDisk(Random(1))}


class Crash(BaseException):
    """The process ends here."""


class CrashingDisk:
    """Lets `steps` changes through; the process ends before the next one."""

    def __init__(self, disk: Disk, steps: int) -> None:
        self._disk = disk
        self._steps = steps

    def step(self) -> None:
        if self._steps == 0:
            raise Crash
        self._steps -= 1

    def open(self, path: Path) -> AppendFile:
        self.step()
        return _CrashingFile(self._disk.open(path), self.step)

    def read(self, path: Path) -> bytes:
        return self._disk.read(path)

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        self.step()
        self._disk.replace(path, data, sync=sync)

    def remove(self, path: Path) -> None:
        self.step()
        self._disk.remove(path)

    def names(self, folder: Path) -> tuple[str, ...]:
        return self._disk.names(folder)

    def lock(self, path: Path, *, steal: bool = False) -> LockedFile:
        self.step()
        return self._disk.lock(path, steal=steal)


class _CrashingFile:
    def __init__(self, file: AppendFile, step: Callable[[], None]) -> None:
        self._file = file
        self._step = step

    def read(self) -> bytes:
        return self._file.read()

    def append(self, data: bytes) -> int:
        self._step()
        return self._file.append(data)

    def truncate(self, size_bytes: int) -> None:
        self._step()
        self._file.truncate(size_bytes)

    def sync(self) -> None:
        self._step()
        self._file.sync()

    def close(self) -> None:
        self._file.close()
