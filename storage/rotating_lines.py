"""A log of lines that survives `kill -9` line by line, and does not grow without end."""

from pathlib import Path
from types import TracebackType
from typing import Self

LIMIT_BYTES = 64 << 20
FILES_KEPT = 4


class RotatingLines:
    """`PATH` is the newest; `PATH.1` the one before, up to `FILES_KEPT` in all. A line is written with one call."""

    def __init__(self, path: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._open()

    def write(self, line: bytes, /) -> object:
        if self._size_bytes + len(line) > self._limit_bytes and self._size_bytes:
            self._rotate()
        self._size_bytes += len(line)
        return self._file.write(line)

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _open(self) -> None:
        self._file = self._path.open("ab", buffering=0)
        self._size_bytes = self._path.stat().st_size

    def _rotate(self) -> None:
        self._file.close()
        for number in range(FILES_KEPT - 1, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        self._open()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
