"""Strategies that are left down over restarts: what looped again and again would take its node with it each time."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from ..kernel.disk import Disk
from .unreadable import UNREADABLE

HELD_BACK_NAME = "held-back.json"
"""In the data directory."""


class Held(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One actor that is not started, why and since when (UTC)."""

    path: str
    reason: str
    times: int
    at_ns: int
    settings: str
    """Fingerprint of those it ran with: others may not do to it what these did."""


class HeldBack:
    """A file that is whole or absent. What does not read holds nobody back: whoever deserves it is found out again."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        self._path = path

    def read(self) -> dict[str, Held]:
        """By path."""
        try:
            held = msgspec.json.decode(self._disk.read(self._path), type=tuple[Held, ...])
        except (OSError, *UNREADABLE):
            return {}
        return {each.path: each for each in held}

    def add(self, held: Held) -> None:
        """`OSError` where the disk refuses; as with all that changes it."""
        self._write({**self.read(), held.path: held}.values())

    def remove(self, paths: Iterable[str]) -> None:
        gone = set(paths)
        self._keep(lambda held: held.path not in gone)

    def forget_others(self, settings: str) -> None:
        """Keep only those that were held back under the settings of this fingerprint."""
        self._keep(lambda held: held.settings == settings)

    def _keep(self, stays: Callable[[Held], bool]) -> None:
        before = self.read().values()
        left = [held for held in before if stays(held)]
        if len(left) < len(before):
            self._write(left)

    def _write(self, held: Iterable[Held]) -> None:
        if left := tuple(held):
            self._disk.replace(self._path, msgspec.json.encode(left))
        else:
            self._disk.remove(self._path)
