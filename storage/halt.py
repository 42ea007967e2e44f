"""The halt latch: a file that says that nothing may leave until a person releases it. It outlives every process."""

from pathlib import Path
from typing import Literal

import msgspec

from ..kernel.disk import Disk
from .unreadable import UNREADABLE

HALT_NAME = "halt.json"
"""In the data directory."""
KILL_NAME = "KILL"
"""A file of this name beside the latch, empty or not, latches it: `touch KILL` needs nothing of ours."""
HISTORY_NAME = "halt-history.jsonl"
REASON_LIMIT = 500


class Halt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who halted everything, why and when (UTC)."""

    reason: str
    by: str
    at_ns: int


class _Entry(msgspec.Struct, frozen=True):
    """One line of the history."""

    what: Literal["halt", "release"]
    reason: str
    by: str
    at_ns: int


class HaltLatch:
    """Anybody may latch it, by any process; the file is whole or absent. Fails closed: what does not read is a halt."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        self._path = path
        self.fault = ""
        """What the disk refused of the last halt, which stands all the same: its reason, or its line in the history."""

    def read(self) -> Halt | None:
        """The halt that stands, or None. Cheap where there is none."""
        try:
            return msgspec.json.decode(self._disk.read(self._path), type=Halt)
        except FileNotFoundError:
            return None
        except (OSError, *UNREADABLE) as error:
            return Halt(f"{self._path} cannot be read: {error}"[:REASON_LIMIT], "the latch itself", 0)

    def halt(self, reason: str, by: str, at_ns: int) -> Halt:
        """Latch, and keep the first reason where one reads already. Without its reason and without a line in the
        history where the disk refuses those, as a full one does: `fault` says so. `OSError` where it refuses all."""
        self.fault = ""
        standing = self._stored()
        if standing is not None:
            return standing
        made = Halt(reason[:REASON_LIMIT], by, at_ns)
        try:
            self._disk.replace(self._path, msgspec.json.encode(made))
        except OSError as error:
            self.fault = str(error)
            self._latch_empty()
        try:
            self._remember(_Entry("halt", made.reason, by, at_ns))
        except OSError as error:
            self.fault = str(error)
        return made

    def heed_kill_file(self, at_ns: int) -> bool:
        """Latch where the file `KILL` lies beside it; True where one does. `OSError` where the disk refuses."""
        if not self._kill_file_lies():
            return False
        self.halt(f"the file {KILL_NAME} lies in the data directory", f"the file {KILL_NAME}", at_ns)
        return True

    def _kill_file_lies(self) -> bool:
        """What cannot be read lies there."""
        try:
            self._disk.read(self._path.with_name(KILL_NAME))
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def _stored(self) -> Halt | None:
        """The halt that reads; None too where the file cannot be read now, which does not say that there is one."""
        try:
            return msgspec.json.decode(self._disk.read(self._path), type=Halt)
        except (OSError, *UNREADABLE):
            return None

    def _latch_empty(self) -> None:
        """A file that takes no room, and does not read: a halt."""
        file = self._disk.open(self._path)
        try:
            file.sync()
        finally:
            file.close()

    def release(self, reason: str, by: str, at_ns: int) -> bool:
        """Unlatch; False where nothing was latched. `ValueError` without a reason, `OSError` where the disk refuses:
        the history is written first, so no release goes unexplained."""
        if not reason.strip():
            raise ValueError("a release needs a reason")
        if self.read() is None and not self._kill_file_lies():
            return False
        self._remember(_Entry("release", reason[:REASON_LIMIT], by, at_ns))
        self._disk.remove(self._path.with_name(KILL_NAME))
        self._disk.remove(self._path)
        return True

    def _remember(self, entry: _Entry) -> None:
        file = self._disk.open(self._path.with_name(HISTORY_NAME))
        try:
            line, before_bytes = msgspec.json.encode(entry) + b"\n", len(file.read())
            if (taken := file.append(line)) != len(line):
                file.truncate(before_bytes)  # the next one begins a line of its own
                raise OSError(f"{HISTORY_NAME}: wrote {taken} of {len(line)} bytes; the disk may be full")
            file.sync()
        finally:
            file.close()
