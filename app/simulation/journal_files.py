"""The journal of a simulated account as its disk has it: all files of it, those before a rotation too."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..kernel.disk import Disk
from ..storage.account_journal import Record
from ..storage.journal import HEADER, RECORD, Journal

_decode = msgspec.msgpack.Decoder(Record).decode


def journal_files(disk: Disk, path: Path) -> list[Path]:
    """Oldest first; the last may be of a rotation that did not come to its end."""
    name = path.name
    found = [each for each in disk.names(path.parent) if each == name or each.removeprefix(f"{name}.").isdigit()]
    return [path.with_name(each) for each in sorted(found, key=lambda each: (len(each), each))]


def read_records(disk: Disk, path: Path, newest: Path) -> Iterator[Record]:
    """Every record up to the end of the file `newest`, oldest first; a torn tail is passed over."""
    files = journal_files(disk, path)
    for file in files[: files.index(newest) + 1]:
        data = disk.read(file)
        if len(data) < HEADER.size + RECORD.size:
            continue
        first = RECORD.unpack_from(data, HEADER.size)[2]
        for _, payload in Journal(disk, file, base=first - 1).replay():
            yield _decode(payload)
