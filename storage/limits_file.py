"""The limits of one account that people set while it ran, in a file, and beside it every change there ever was."""

from pathlib import Path

import msgspec

from ..kernel.disk import Disk
from ..trading.limit_book import LimitBook, check
from ..trading.limits import LimitChanged, LimitFault
from .unreadable import UNREADABLE


class LimitsLost(Exception):
    """The file is there and does not read: what was set is not known."""


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits in force, and those of the configuration that they were made from."""

    book: LimitBook
    configured: LimitBook


class LimitsFile:
    """Written whole or not at all; without one the configuration is in force."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        self._path = path
        self._history = path.with_name(f"{path.name.removesuffix('.json')}-history.jsonl")

    def load(self) -> Stored | None:
        """None where nothing was ever set. Raises `LimitsLost`."""
        try:
            stored = msgspec.json.decode(self._disk.read(self._path), type=Stored)
            check(stored.book)
        except FileNotFoundError:
            return None
        except (OSError, LimitFault, *UNREADABLE) as error:
            raise LimitsLost(f"{self._path} cannot be read: {error}") from error
        return stored

    def save(self, stored: Stored, *changes: LimitChanged) -> None:
        """`OSError` where the disk refuses, and the old ones stand then. The history is written first, so that no
        limit changes unexplained; a line of one that was then refused may stay in it."""
        self._remember(changes)
        self._disk.replace(self._path, msgspec.json.encode(stored))

    def _remember(self, changes: tuple[LimitChanged, ...]) -> None:
        file = self._disk.open(self._history)
        try:
            lines = b"".join(msgspec.json.encode(change) + b"\n" for change in changes)
            before_bytes = len(file.read())
            if (taken := file.append(lines)) != len(lines):
                file.truncate(before_bytes)  # the next one begins a line of its own
                raise OSError(f"{self._history.name}: wrote {taken} of {len(lines)} bytes; the disk may be full")
            file.sync()
        finally:
            file.close()
