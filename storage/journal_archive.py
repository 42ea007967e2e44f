"""Older files of an account's journal: packed away by a thread, kept for as long as is said, and known to be good.

Nothing is restored from them: the snapshot is what the newest file goes on from. They are for looking back.
"""

import time
from collections.abc import Callable
from pathlib import Path

from ..kernel.disk import Disk
from .journal_files import file_path, generations, pack, packed_at_s, packed_path, unpack
from .journal_format import NO_KEY, JournalDamaged, JournalFault
from .journal_keys import NO_KEYS
from .journal_reader import Segment, find_break, open_segment
from .journal_snapshot import SnapshotFile

RECORDS_AT_ONCE = 32
PAUSE_S = 0.002
"""A thread beside trading holds it up for no longer than so many records take, and lets it go on for so long."""
DAY_S = 86_400
TOLD_MAX = 3


class JournalArchive:
    """Used on one thread at a time, and not on that of trading. It reads no payload, and needs no key."""

    def __init__(
        self,
        disk: Disk,
        path: Path,
        keep_files: int,
        keep_days: float = 0.0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """`keep_files` counts the newest one too; `keep_days` 0 is for ever."""
        self._disk = disk
        self._path = path
        self._keep_files = keep_files
        self._keep_days = keep_days
        self._sleep = sleep
        self._packed_s: dict[int, int] = {}
        """When those were packed that are known to be good."""

    def tidy(self, now_ns: int) -> None:
        """Pack and remove what is due. All is done that can be; `JournalFault` for what is damaged, or refused."""
        newest, faults = self._newest(), []
        for generation in generations(self._disk, self._path):
            if generation >= newest:
                break
            try:
                self._tidy(generation, newest, now_ns)
            except (JournalFault, OSError) as error:
                faults.append(str(error))
        if faults:
            more = f"; and {len(faults) - TOLD_MAX} more" if len(faults) > TOLD_MAX else ""
            raise JournalFault("; ".join(faults[:TOLD_MAX]) + more)

    def _newest(self) -> int:
        snapped = SnapshotFile(self._disk, self._path, NO_KEYS).find()
        return 0 if snapped is None else snapped.generation

    def _tidy(self, generation: int, newest: int, now_ns: int) -> None:
        if newest - generation >= self._keep_files:
            self._remove(generation)
            return
        file = file_path(self._path, generation)
        if file.name in self._disk.names(file.parent):
            self._pack(generation, file, now_ns)
        elif generation not in self._packed_s:
            self._check(generation)
        if self._keep_days and now_ns // 1_000_000_000 - self._packed_s[generation] > self._keep_days * DAY_S:
            self._remove(generation)

    def _pack(self, generation: int, file: Path, now_ns: int) -> None:
        """The file goes when its packed one is on the disk: whenever this ends, one of them is there."""
        segment = open_segment(self._disk, self._path, generation)
        if segment is None:
            return
        if fault := find_break(None, segment, self._path):
            raise fault
        self._walk(segment)
        packed = pack(segment.data, now_ns, compress=segment.key_id == NO_KEY)
        self._disk.replace(packed_path(self._path, generation), packed)
        self._disk.remove(file)
        self._packed_s[generation] = packed_at_s(packed)

    def _walk(self, segment: Segment) -> None:
        for number, link in enumerate(segment.links(), start=1):
            segment.link = link
            if number % RECORDS_AT_ONCE == 0:
                self._sleep(PAUSE_S)
        if segment.link.end != len(segment.data):
            raise JournalDamaged(
                segment.path, segment.link.end, segment.link.sequence + 1, "what stands there is no record"
            )

    def _check(self, generation: int) -> None:
        file = packed_path(self._path, generation)
        data = self._disk.read(file)
        unpack(data, file)
        self._packed_s[generation] = packed_at_s(data)

    def _remove(self, generation: int) -> None:
        self._disk.remove(file_path(self._path, generation))
        self._disk.remove(packed_path(self._path, generation))
        self._packed_s.pop(generation, None)
