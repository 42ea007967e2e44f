"""What of the venue in memory outlives its host."""

from typing import Protocol

from .engine import Log


class SurvivingLog(Log, Protocol):
    """A log that outlives the venue's host; `storage.snapshot_log.SnapshotLog` is one."""

    def load(self) -> tuple[bytes | None, list[bytes]]:
        """The newest snapshot, if any, and the payloads appended after it."""


class KeptLog:
    """A `SurvivingLog` in memory."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []

    def append(self, payload: bytes) -> None:
        self.payloads.append(payload)

    def load(self) -> tuple[bytes | None, list[bytes]]:
        return None, self.payloads
