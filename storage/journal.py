"""An append-only file of checksummed records; what `append` returned from survives `kill -9`.

A torn tail, as a crash leaves it, is cut at the last whole record when the file is opened; damage before the tail is
never repaired silently: it is `JournalDamaged`, with the place. The layout is `journal_format.py`'s: a file that exists
is gone on with in its own version; a new one is of version 2 where it is given a `Start`, else of version 1.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock

from ..kernel.disk import AppendFile, Disk
from .journal_format import (
    HEADER,
    MAGIC,
    NO_KEY,
    PAYLOAD_LIMIT,
    RECORD,
    RECORD_2,
    JournalDamaged,
    JournalFault,
    Link,
    Start,
    begin,
    encode_1,
    encode_2,
    hash_of,
    is_torn_header,
    read_start,
    scan,
)
from .journal_keys import NO_KEYS, Keys, NotSealedByUs

__all__ = ["HEADER", "MAGIC", "PAYLOAD_LIMIT", "RECORD", "Journal", "JournalDamaged", "JournalFault"]

Visit = Callable[[int, bytes], object]


class Journal:
    """One file. Not thread-safe, except that `sync` may run in another thread."""

    def __init__(self, disk: Disk, path: Path, base: int = 0, start: Start | None = None, keys: Keys = NO_KEYS) -> None:
        """`base` is the sequence before the file's first. `start` is the header it has or is to get."""
        self.path = path
        self.base = base if start is None else start.base
        self.recovered_bytes = 0
        """Bytes of a torn tail that opening cut off."""
        self._disk = disk
        self._keys = keys
        self._start = start
        self._file: AppendFile | None = None
        self._link = Link(0, self.base, b"")
        self._dirty = False
        self._torn = False
        """True while bytes of a short write may stand behind the last record."""
        self._syncing = Lock()

    @property
    def sequence(self) -> int:
        """Of the last record; the first is 1 above `base`."""
        return self._link.sequence

    @property
    def size_bytes(self) -> int:
        """Bytes of the file up to the end of its last record."""
        return self._link.end

    @property
    def key_id(self) -> bytes:
        return NO_KEY if self._start is None else self._start.key_id

    @property
    def version(self) -> int:
        return 1 if self._start is None else 2

    def hash(self) -> bytes:
        """What the header of the next file names: the last record's hash; of version 1 that of the file."""
        return self._link.hash if self._start is not None else hash_of(self._disk.read(self.path)[: self._link.end])

    def open(self, visit: Visit = lambda *_: None) -> None:
        """Create or recover the file, and show each record that it holds. Safe to call again after `close`."""
        try:
            file = self._disk.open(self.path)
            try:
                self._recover(file, file.read(), visit)
            except BaseException:
                file.close()
                raise
        except OSError as error:
            raise JournalFault(f"journal {self.path} cannot be opened: {error.strerror}; make it writable") from error
        self._file = file
        self._dirty = True  # who wrote it may have been killed before the sync

    def _recover(self, file: AppendFile, data: bytes, visit: Visit) -> None:
        self._torn = False
        if is_torn_header(data):
            self.recovered_bytes = len(data)
            file.truncate(0)
            self._link = begin(self._start, self.base)
            self._write(file, HEADER.pack(MAGIC, 1) if self._start is None else self._start.encode(), 0)
            return
        self._link = self._begin(data)
        for link, payload in read_records(data, self.path, self._start, self._link, self._keys):
            visit(link.sequence, payload)
            self._link = link
        self.recovered_bytes = len(data) - self._link.end
        if self.recovered_bytes:
            file.truncate(self._link.end)

    def _begin(self, data: bytes) -> Link:
        """Before the first record of a file that is there; its own header is what counts from now on."""
        found, wanted = read_start(data, self.path), self._start
        if found is not None:
            self._keys.check(found.key_id, self.path)
            if wanted is not None and (found._replace(key_id=wanted.key_id) != wanted):
                raise JournalDamaged(self.path, 0, found.base + 1, "it does not go on where the file before it ended")
            self.base = found.base
        self._start = found
        return begin(found, self.base)

    def append(self, payload: bytes) -> int:
        """Write one record with a single `write`; its sequence. A short or failed write is `JournalFault`, after which
        the file is as it was before, at the latest when the next record is written; so is a payload over
        `PAYLOAD_LIMIT`."""
        if self._file is None:
            raise JournalFault(f"journal {self.path} cannot be written: it is not open")
        stored = self._keys.seal(self.key_id, payload, self._link.hash)
        if len(stored) > PAYLOAD_LIMIT:
            raise JournalFault(
                f"journal {self.path}: a record of {len(stored)} bytes, at most {PAYLOAD_LIMIT} are read"
            )
        record, link = (encode_1 if self._start is None else encode_2)(stored, self._link)
        self._write(self._file, record, self._link.end)
        self._link = link
        return link.sequence

    def _write(self, file: AppendFile, data: bytes, end: int) -> None:
        try:
            if self._torn:
                self._cut_torn(file, end)
            written = file.append(data)
            self._dirty = True
            if written != len(data):
                self._torn = True
                self._cut_torn(file, end)
        except OSError as error:
            raise JournalFault(f"journal {self.path} cannot be written: {error.strerror}") from error
        if written != len(data):
            raise JournalFault(f"journal {self.path}: wrote {written} of {len(data)} bytes; the disk may be full")

    def _cut_torn(self, file: AppendFile, end: int) -> None:
        """A torn record in the middle would hide those after it: nothing is appended until the cut succeeded."""
        file.truncate(end)
        self._torn = False

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
        reader = Journal(self._disk, self.path, self.base, self._start, self._keys)
        link = reader._begin(data)
        for after, payload in read_records(data, self.path, reader._start, link, self._keys):
            yield after.sequence, payload

    def close(self) -> None:
        """Sync and let go of the file; it is let go of also where the disk refuses to sync."""
        if self._file is not None:
            try:
                self.sync()
            finally:
                self._file.close()
                self._file = None


def read_records(data: bytes, path: Path, start: Start | None, link: Link, keys: Keys) -> Iterator[tuple[Link, bytes]]:
    """Payloads from a link on, each with the link after it, to the end or a torn tail. `JournalDamaged` else."""
    key, version = (NO_KEY, 1) if start is None else (start.key_id, 2)
    for found in scan(data, path, link, version):
        try:
            payload = keys.unseal(key, found.payload, found.hash)
        except NotSealedByUs:
            place = found.link.end - len(found.payload) - RECORD_2.size
            raise JournalDamaged(path, place, found.link.sequence, "its key does not open it") from None
        yield found.link, payload
