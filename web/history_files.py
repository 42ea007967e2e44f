"""The files of a journal from one of them on, so that those read before are not read again."""

from pathlib import Path
from typing import cast

from ..kernel.disk import Disk
from ..storage.journal_files import PACKED


class FilesFrom:
    """`disk` has all that `disk` has but the files of the journal at `path` before generation `since`; it notes which
    were read."""

    def __init__(self, disk: Disk, path: Path, since: int) -> None:
        self._disk = disk
        self._path = path
        self._since = since
        self.newest = since
        """The generation read last."""
        self.disk = cast("Disk", self)  # a reader asks for names and contents, and changes nothing

    def names(self, folder: Path) -> tuple[str, ...]:
        return tuple(each for each in self._disk.names(folder) if not self._is_old(each))

    def read(self, path: Path) -> bytes:
        generation = self._generation(path.name)
        self.newest = self.newest if generation is None else generation
        return self._disk.read(path)

    def _is_old(self, name: str) -> bool:
        generation = self._generation(name)
        return generation is not None and generation < self._since

    def _generation(self, name: str) -> int | None:
        """`NAME` is the first file, `NAME.7` or `NAME.7.gz` the eighth; None for what is no file of the journal."""
        number = name.removesuffix(PACKED).removeprefix(self._path.name)
        if name.startswith(self._path.name) and number[1:].isdecimal():
            return int(number[1:])
        return 0 if name.removesuffix(PACKED) == self._path.name else None
