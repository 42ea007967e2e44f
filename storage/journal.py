"""An append-only file of checksummed records; what `append` returned from survives `kill -9`.

Layout: an 8-byte header (magic, version), then records of length (u32), CRC-32 of sequence and payload (u32), sequence
(u64) and payload. A torn tail, as a crash leaves it, is cut at the last whole record when the file is opened; damage
before the tail is never repaired silently: it is `JournalFault`, with the place.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

from ..kernel.disk import AppendFile, Disk

HEADER = struct.Struct("<6sH")
MAGIC = b"TGJRNL"
VERSION = 1
RECORD = struct.Struct("<IIQ")
PAYLOAD_LIMIT = 16 << 20


class JournalFault(Exception):
    """The file cannot be trusted or used; the message names the file, the place and what to do."""


class Journal:
    """One file. Not thread-safe, except that `sync` may run in another thread."""

    def __init__(self, disk: Disk, path: Path, base: int = 0) -> None:
        """`base` is the sequence before the file's first."""
        self.path = path
        self.base = base
        self.sequence = base
        """Sequence of the last record; the first is 1 above `base`."""
        self.recovered_bytes = 0
        """Bytes of a torn tail that opening cut off."""
        self._disk = disk
        self._file: AppendFile | None = None
        self._end = HEADER.size
        self._dirty = False
        self._torn = False
        """True while bytes of a short write may stand behind the last record."""
        self._syncing = Lock()

    def open(self) -> None:
        """Create or recover the file. Safe to call again after `close`."""
        try:
            file = self._disk.open(self.path)
            try:
                self._recover(file, file.read())
            except BaseException:
                file.close()
                raise
        except OSError as error:
            raise JournalFault(f"journal {self.path} cannot be opened: {error.strerror}; make it writable") from error
        self._file = file
        self._dirty = True  # who wrote it may have been killed before the sync

    def _recover(self, file: AppendFile, data: bytes) -> None:
        self.sequence, self._end, self._torn = self.base, HEADER.size, False
        if len(data) < HEADER.size and HEADER.pack(MAGIC, VERSION).startswith(data):
            self.recovered_bytes = len(data)
            file.truncate(0)
            self._write(file, HEADER.pack(MAGIC, VERSION), 0)
            return
        _check_header(data, self.path)
        for sequence, _, after in _scan(data, self.path, self.base):
            self.sequence, self._end = sequence, after
        self.recovered_bytes = len(data) - self._end
        if self.recovered_bytes:
            file.truncate(self._end)

    def append(self, payload: bytes) -> int:
        """Write one record with a single `write`; its sequence. A short or failed write is `JournalFault`, after which
        the file is as it was before, at the latest when the next record is written; so is a payload over
        `PAYLOAD_LIMIT`."""
        if len(payload) > PAYLOAD_LIMIT:
            raise JournalFault(
                f"journal {self.path}: a record of {len(payload)} bytes, at most {PAYLOAD_LIMIT} are read"
            )
        sequence = self.sequence + 1
        crc = zlib.crc32(payload, sequence & 0xFFFFFFFF)
        record = RECORD.pack(len(payload), crc, sequence) + payload
        if self._file is None:
            raise JournalFault(f"journal {self.path} cannot be written: it is not open")
        self._write(self._file, record, self._end)
        self.sequence, self._end = sequence, self._end + len(record)
        return sequence

    def _write(self, file: AppendFile, data: bytes, end: int) -> None:
        try:
            self._cut_torn(file, end)
            written = file.append(data)
            self._dirty = True
            self._torn = written != len(data)
            self._cut_torn(file, end)
        except OSError as error:
            raise JournalFault(f"journal {self.path} cannot be written: {error.strerror}") from error
        if written != len(data):
            raise JournalFault(f"journal {self.path}: wrote {written} of {len(data)} bytes; the disk may be full")

    def _cut_torn(self, file: AppendFile, end: int) -> None:
        """A torn record in the middle would hide those after it: nothing is appended until the cut succeeded."""
        if self._torn:
            file.truncate(end)
            self._torn = False

    @property
    def size_bytes(self) -> int:
        """Bytes of the file up to the end of its last record."""
        return self._end

    @property
    def unsynced(self) -> bool:
        """True where something may not be on the disk itself: appended since the last `sync`, or found on opening."""
        return self._dirty

    def sync(self) -> None:
        """Put what was appended on the disk itself. `JournalFault` where it refuses; then it is still `unsynced`."""
        with self._syncing:  # who asks while another thread is at it waits for it
            if self._dirty and self._file is not None:
                self._dirty = False
                try:
                    self._file.sync()
                except OSError as error:
                    self._dirty = True
                    raise JournalFault(f"journal {self.path} cannot be synced: {error.strerror}") from error

    def replay(self) -> Iterator[tuple[int, bytes]]:
        """Every record as (sequence, payload), oldest first."""
        data = self._disk.read(self.path)
        _check_header(data, self.path)
        for sequence, payload, _ in _scan(data, self.path, self.base):
            yield sequence, payload

    def close(self) -> None:
        """Sync and let go of the file; it is let go of also where the disk refuses to sync."""
        if self._file is not None:
            try:
                self.sync()
            finally:
                self._file.close()
                self._file = None


def _check_header(data: bytes, path: Path) -> None:
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise JournalFault(
            f"{path} is not a journal: expected it to begin with {MAGIC!r}, found {data[: len(MAGIC)]!r}"
        )
    _, version = HEADER.unpack_from(data)
    if version != VERSION:
        raise JournalFault(f"journal {path} has version {version}, this program reads version {VERSION}")


def _scan(data: bytes, path: Path, base: int) -> Iterator[tuple[int, bytes, int]]:
    """Whole records as (sequence, payload, end offset). A bad record is the tail, or damage if good ones follow it."""
    offset, expected = HEADER.size, base + 1
    while offset < len(data):
        record = _read(data, offset, expected)
        if record is None:
            if _resumes(data, offset, expected):
                raise JournalFault(
                    f"journal {path} is damaged at byte {offset} (record {expected}) with good records after it; "
                    "restore it from a copy, or move it away to start anew from the venue's own books"
                )
            return
        payload, offset = record
        yield expected, payload, offset
        expected += 1


def _read(data: bytes, offset: int, expected: int) -> tuple[bytes, int] | None:
    if offset + RECORD.size > len(data):
        return None
    size, crc, sequence = RECORD.unpack_from(data, offset)
    end = offset + RECORD.size + size
    if size > PAYLOAD_LIMIT or end > len(data) or sequence != expected:
        return None
    payload = data[offset + RECORD.size : end]
    return (payload, end) if zlib.crc32(payload, sequence & 0xFFFFFFFF) == crc else None


def _resumes(data: bytes, offset: int, expected: int) -> bool:
    """True where a later record of the sequence still reads: damage in the middle, not a torn tail."""
    for start in range(offset + 1, len(data) - RECORD.size + 1):
        size, _, sequence = RECORD.unpack_from(data, start)
        if size <= PAYLOAD_LIMIT and expected < sequence <= expected + 1_000_000 and _read(data, start, sequence):
            return True
    return False
