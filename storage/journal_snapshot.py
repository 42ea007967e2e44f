"""The file that says what all of an account's journal before its newest file came to: whole or not there at all.

Version 1: CRC-32 (big-endian) and content. Version 2: magic and version, the newest file's generation, the sequence and
hash it goes on from, the id of the key, CRC-32 of all else, and the content, encrypted where there is a key.
"""

import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..kernel.disk import Disk
from .journal_format import HEADER, NO_HASH, NO_KEY, JournalFault
from .journal_keys import Keys, NotSealedByUs
from .unreadable import UNREADABLE

MAGIC = b"TGSNAP"
VERSION = 2
_HEAD = struct.Struct("<6sHIQ16s8s")
_CRC = struct.Struct("<I")


class Snapped(NamedTuple):
    """What a snapshot says: the file of `generation` goes on after `sequence`, whose hash was `hash`."""

    generation: int
    sequence: int
    hash: bytes
    content: bytes
    key_id: bytes = NO_KEY
    version: int = VERSION


class _Content1(msgspec.Struct):
    generation: int
    sequence: int


class SnapshotFile:
    """`read` and `write` raise `JournalFault` where the file cannot be read, believed or written."""

    def __init__(self, disk: Disk, journal: Path, keys: Keys) -> None:
        """`journal` is the account's first file."""
        self.path = journal.with_name(f"{journal.name}.snapshot")
        self._disk = disk
        self._keys = keys

    def read(self) -> Snapped | None:
        """None where there is none: nothing was rotated yet."""
        found = self.find()
        if found is None:
            return None
        self._keys.check(found.key_id, self.path)
        head = _head(found)
        try:
            return found._replace(content=self._keys.unseal(found.key_id, found.content, head))
        except NotSealedByUs:
            raise self._fault("it is not what was written with its key") from None

    def find(self) -> Snapped | None:
        """As `read`, the content left encrypted: for who has no key."""
        try:
            data = self._disk.read(self.path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._fault(f"{error.strerror}") from error
        return self._parse_2(data) if data.startswith(MAGIC) else self._parse_1(data)

    def _parse_1(self, data: bytes) -> Snapped:
        if int.from_bytes(data[:4]) != zlib.crc32(data[4:]):
            raise self._fault("its checksum does not match")
        try:
            where = msgspec.msgpack.decode(data[4:], type=_Content1)
        except UNREADABLE as error:
            raise self._fault(str(error)) from error
        return Snapped(where.generation, where.sequence, NO_HASH, data[4:], version=1)

    def _parse_2(self, data: bytes) -> Snapped:
        version = HEADER.unpack_from(data)[1] if len(data) >= HEADER.size else 0
        if version != VERSION and len(data) >= HEADER.size:
            raise self._fault(f"expected version 1 or {VERSION}, found {version}")
        head, content = data[: _HEAD.size], data[_HEAD.size + _CRC.size :]
        crc = data[_HEAD.size : _HEAD.size + _CRC.size]
        if len(crc) < _CRC.size or _CRC.unpack(crc)[0] != zlib.crc32(content, zlib.crc32(head)):
            raise self._fault("its checksum does not match")
        _, _, generation, sequence, digest, key = _HEAD.unpack(head)
        return Snapped(generation, sequence, digest, content, key)

    def write(self, snapped: Snapped) -> None:
        """Replace it, synced when this returns."""
        head = _head(snapped)
        content = self._keys.seal(snapped.key_id, snapped.content, head)
        data = head + _CRC.pack(zlib.crc32(content, zlib.crc32(head))) + content
        try:
            self._disk.replace(self.path, data)
        except OSError as error:
            if not self._took_place(data):
                raise JournalFault(f"snapshot {self.path} cannot be written: {error.strerror}") from error

    def _took_place(self, data: bytes) -> bool:
        """Whether a replacement that failed did: then its name alone is not synced, and will be with the file that
        follows it. `SnapshotLost` where that cannot be known."""
        try:
            return self._disk.read(self.path) == data
        except FileNotFoundError:
            return False
        except OSError as error:
            raise SnapshotLost(f"snapshot {self.path} cannot be read: {error.strerror}; open again") from error

    def _fault(self, found: str) -> JournalFault:
        return JournalFault(f"snapshot {self.path} cannot be read: {found}; restore it")


class SnapshotLost(JournalFault):
    """Which snapshot is true cannot be known: nothing more may be written before `open` found it out."""


def _head(snapped: Snapped) -> bytes:
    return _HEAD.pack(MAGIC, VERSION, snapped.generation, snapped.sequence, snapped.hash, snapped.key_id)
