"""Small JSON states that survive: each written whole or not at all."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from ..kernel.disk import Disk

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class StateFiles:
    """One folder of named states."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk = disk
        self._folder = folder

    def save(self, name: str, state: dict[str, Any]) -> None:
        """Replace the state; a crash leaves the old one or the new one. `OSError` where the disk refuses.

        It does not wait for the disk, so that a hot thread may call it: a power loss may take the latest.
        """
        self._disk.replace(self._path(name), _encode(state), sync=False)

    def load(self, name: str) -> dict[str, Any] | None:
        """The state, or None where there is none or it does not read: a learner begins anew rather than not at all."""
        path = self._path(name)
        try:
            state = json.loads(self._disk.read(path))
        except (OSError, ValueError):
            return None
        return state if isinstance(state, dict) else None

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"a state's name must match {_NAME.pattern}, got {name!r}")
        return self._folder / f"{name}.json"


def _encode(state: dict[str, Any]) -> bytes:
    """`ValueError` for what is not finite."""
    data = msgspec.json.encode(state)
    if b"null" not in data:
        return data
    return json.dumps(state, allow_nan=False).encode()  # slow, but it tells a None from a NaN
