"""How a journal file is laid out, version by version: from bytes to records and back, and where they are damaged.

Version 1: magic and version (8 bytes), then records of length (u32), CRC-32 of sequence and payload (u32), sequence
(u64) and payload. Version 2: a `Start` (64 bytes), then records of CRC-32 of all that follows in the record (u32), hash
(16 bytes), length (u32), sequence (u64) and payload. A hash covers the one before it and the rest of its record; before
the first stands that of the `Start`, which names the last one of the file before. So no record, and no file, can be
changed, removed or moved without its successor telling. All integers are little-endian.
"""

import struct
import zlib
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

HEADER = struct.Struct("<6sH")
MAGIC = b"TGJRNL"
RECORD = struct.Struct("<IIQ")
"""Of version 1, before its payload."""
RECORD_2 = struct.Struct("<I16sIQ")
PAYLOAD_LIMIT = 16 << 20
HASH_BYTES = 16
NO_HASH = bytes(HASH_BYTES)
NO_KEY = bytes(8)
VERSIONS = (1, 2)

_START = struct.Struct("<6sH16sIQ8s16s")
_TAIL = struct.Struct("<IQ")
_HASHED_FROM = RECORD_2.size - _TAIL.size
_CRC = struct.Struct("<I")
START_BYTES = _START.size + _CRC.size
_NEAR = 1_000_000
"""A good record after a bad place is one whose sequence is this near: chance would have to hit that too."""


class JournalFault(Exception):
    """The file cannot be trusted or used; the message names the file, the place and what to do."""


class JournalDamaged(JournalFault):
    """Good records stand behind a place that is not; or what is there is not what was written."""

    def __init__(self, path: Path, byte: int, record: int, found: str) -> None:
        self.path, self.byte, self.record, self.found = path, byte, record, found
        super().__init__(
            f"journal {path} is damaged at byte {byte} (record {record}): {found}; "
            "restore it from a copy, or move it away to start anew from the venue's own books"
        )


class Start(NamedTuple):
    """The header of version 2. `base`: the sequence before the file's first; `key_id`: of the key its payloads are
    encrypted with, zeros where they are not; `before`: the last hash of the file before, zeros where there is none."""

    account: str
    generation: int
    base: int
    key_id: bytes = NO_KEY
    before: bytes = NO_HASH

    def encode(self) -> bytes:
        name = self.account.encode()[:16]
        data = _START.pack(MAGIC, 2, name, self.generation, self.base, self.key_id, self.before)
        return data + _CRC.pack(zlib.crc32(data))


class Link(NamedTuple):
    """How far a file was read or written: where it ends, its last sequence, and the hash that the next one covers."""

    end: int
    sequence: int
    hash: bytes


class Found(NamedTuple):
    """A whole record as it stands in the file; `hash` is the one before it, which its encryption is bound to."""

    payload: bytes
    hash: bytes
    link: Link


def read_start(data: bytes, path: Path) -> Start | None:
    """The header; None for version 1, which has none. `JournalFault` where it is no journal, or of a later version."""
    if len(data) < HEADER.size or not data.startswith(MAGIC):
        raise JournalFault(
            f"{path} is not a journal: expected it to begin with {MAGIC!r}, found {data[: len(MAGIC)]!r}"
        )
    _, version = HEADER.unpack_from(data)
    if version not in VERSIONS:
        raise JournalFault(f"journal {path} has version {version}, this program reads versions 1 and 2")
    if version == 1:
        return None
    if len(data) < START_BYTES or _CRC.unpack_from(data, _START.size)[0] != zlib.crc32(data[: _START.size]):
        raise JournalDamaged(path, 0, 0, "its header does not match its checksum")
    _, _, name, generation, base, key_id, before = _START.unpack_from(data)
    return Start(name.rstrip(b"\0").decode(errors="replace"), generation, base, key_id, before)


def is_torn_header(data: bytes) -> bool:
    """True for the beginning of a journal that has no whole header yet, of either version."""
    if len(data) < HEADER.size:
        return any(HEADER.pack(MAGIC, version).startswith(data) for version in VERSIONS)
    return len(data) < START_BYTES and data.startswith(HEADER.pack(MAGIC, 2))


def begin(start: Start | None, base: int) -> Link:
    """Before the first record."""
    if start is None:
        return Link(HEADER.size, base, NO_HASH)
    return Link(START_BYTES, start.base, hash_of(start.encode()))


def hash_of(data: bytes) -> bytes:
    return blake2b(data, digest_size=HASH_BYTES).digest()


def encode_1(payload: bytes, link: Link) -> tuple[bytes, Link]:
    """The record that follows, and where the file stands after it."""
    sequence = link.sequence + 1
    crc = zlib.crc32(payload, sequence & 0xFFFFFFFF)
    record = RECORD.pack(len(payload), crc, sequence) + payload
    return record, Link(link.end + len(record), sequence, NO_HASH)


def encode_2(payload: bytes, link: Link) -> tuple[bytes, Link]:
    """As `encode_1`."""
    tail = _TAIL.pack(len(payload), link.sequence + 1) + payload
    digest = blake2b(link.hash + tail, digest_size=HASH_BYTES).digest()
    body = digest + tail
    record = _CRC.pack(zlib.crc32(body)) + body
    return record, Link(link.end + len(record), link.sequence + 1, digest)


def scan(data: bytes, path: Path, link: Link, version: int) -> Iterator[Found]:
    """Whole records from a link on, up to the end or a torn tail. `JournalDamaged` where it is neither."""
    read = _read_1 if version == 1 else _read_2
    while link.end < len(data):
        found = read(data, link, path)
        if found is None:
            if _resumes(data, link, version):
                raise JournalDamaged(path, link.end, link.sequence + 1, "there are good records after it")
            return
        yield found
        link = found.link


def _read_1(data: bytes, link: Link, _: Path) -> Found | None:
    start, expected = link.end, link.sequence + 1
    if start + RECORD.size > len(data):
        return None
    size, crc, sequence = RECORD.unpack_from(data, start)
    end = start + RECORD.size + size
    if size > PAYLOAD_LIMIT or end > len(data) or sequence != expected:
        return None
    payload = data[start + RECORD.size : end]
    if zlib.crc32(payload, sequence & 0xFFFFFFFF) != crc:
        return None
    return Found(payload, NO_HASH, Link(end, sequence, NO_HASH))


def _read_2(data: bytes, link: Link, path: Path) -> Found | None:
    """None where there is no whole record; one that is whole and not the next is damage, for no crash writes that."""
    start, expected = link.end, link.sequence + 1
    end = _whole(data, start)
    if end is None:
        return None
    _, digest, _, sequence = RECORD_2.unpack_from(data, start)
    if sequence != expected:
        raise JournalDamaged(path, start, expected, f"record {sequence} stands there")
    if digest != blake2b(link.hash + data[start + _HASHED_FROM : end], digest_size=HASH_BYTES).digest():
        raise JournalDamaged(path, start, expected, "it, or the one before it, is not what was written")
    return Found(data[start + RECORD_2.size : end], link.hash, Link(end, sequence, digest))


def _whole(data: bytes, start: int) -> int | None:
    """The end of a record of version 2 whose checksum matches; None where none starts there."""
    if start + RECORD_2.size > len(data):
        return None
    crc, _, size, _ = RECORD_2.unpack_from(data, start)
    end: int = start + RECORD_2.size + size
    if size > PAYLOAD_LIMIT or end > len(data) or zlib.crc32(data[start + _CRC.size : end]) != crc:
        return None
    return end


def _resumes(data: bytes, link: Link, version: int) -> bool:
    """True where a later record still reads: damage in the middle, not a torn tail."""
    expected = link.sequence + 1
    if version == 2:
        return any(
            abs(RECORD_2.unpack_from(data, start)[3] - expected) < _NEAR and _whole(data, start) is not None
            for start in range(link.end + 1, len(data) - RECORD_2.size + 1)
        )
    for start in range(link.end + 1, len(data) - RECORD.size + 1):
        size, _, sequence = RECORD.unpack_from(data, start)
        near = size <= PAYLOAD_LIMIT and expected < sequence <= expected + _NEAR
        if near and _read_1(data, Link(start, sequence - 1, NO_HASH), Path()) is not None:
            return True
    return False
