"""Which actor has the turn, in memory that another process reads: one that never ends its turn is named from outside.

Layout: two words of 64 bits, the incarnation of the node and its turn (how many batches of turns it had, times
`STEP`, plus the number of who has the turn, 0 for nobody), then from `HEADER_BYTES` on a table of paths, each as UTF-8
filled up with zeros; the path of number n is the n-th.
"""

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

INCARNATION, TURN = range(2)
HEADER_BYTES = 64
PATH_BYTES = 120
PATHS_MAX = 4_096
STEP = 2 * PATHS_MAX
SIZE_BYTES = HEADER_BYTES + PATHS_MAX * PATH_BYTES


class Turn(NamedTuple):
    """What stood there at one look. Two that are equal, some time apart, show one and the same turn."""

    incarnation: int
    batches: int
    path: str
    """Empty while nobody has the turn."""


class Turns:
    """The writer's side, over shared memory of `SIZE_BYTES`, all zero. Actors that come after the first 4,096, or whose
    path is longer than a place in the table, have the number 0: they are never named."""

    def __init__(self, memory: memoryview, incarnation: int) -> None:
        self._paths = memory[HEADER_BYTES:]
        self._numbers: dict[str, int] = {}
        self.words = memory[:HEADER_BYTES].cast("Q")
        self.words[INCARNATION] = incarnation

    def number(self, path: str) -> int:
        """The same for every incarnation of an actor."""
        number = self._numbers.get(path, 0)
        return number or self._enter(path)

    def _enter(self, path: str) -> int:
        text, rank = path.encode(), len(self._numbers)
        if rank >= PATHS_MAX or len(text) > PATH_BYTES:
            return 0
        self._paths[rank * PATH_BYTES : rank * PATH_BYTES + len(text)] = text
        self._numbers[path] = rank + 1
        return rank + 1


class NoTurns:
    """Where nobody looks."""

    def __init__(self) -> None:
        self.words = [0, 0]

    def number(self, path: str) -> int:
        return 0


def create_turns(file: Path, incarnation: int) -> Turns:
    """In a new file, which takes the place of the one before. `OSError` where there is no room: all of it is taken at
    once, so that no later write can fail."""
    temporary = file.with_name(f"{file.name}.new")
    fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, SIZE_BYTES)
        temporary.replace(file)
        return Turns(memoryview(mmap.mmap(fd, SIZE_BYTES)), incarnation)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)


def read_turn(file: Path) -> Turn | None:
    """What stands there now; None where there is no such file, or only a part of one."""
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        whole = os.fstat(fd).st_size == SIZE_BYTES
        return decode_turn(lambda start, size: os.pread(fd, size, start)) if whole else None
    finally:
        os.close(fd)


def decode_turn(read: Callable[[int, int], bytes]) -> Turn:
    """`read` is given where to begin and how many bytes to read; what nobody needs is not read."""
    words = memoryview(read(0, HEADER_BYTES)).cast("Q")
    batches, number = divmod(words[TURN], STEP)
    path = read(HEADER_BYTES + (number - 1) * PATH_BYTES, PATH_BYTES) if number else b""
    return Turn(words[INCARNATION], batches, path.rstrip(b"\0").decode(errors="replace"))
