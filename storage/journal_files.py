"""The files of an account's journal by generation, whether they lie as they were written or packed away."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..kernel.disk import Disk
from .journal_format import MAGIC, START_BYTES, JournalDamaged

PACKED = ".gz"


def file_path(path: Path, generation: int) -> Path:
    """The file of a generation; the first has the account's own name."""
    return path.with_name(f"{path.name}.{generation}") if generation > 0 else path


def packed_path(path: Path, generation: int) -> Path:
    """Where the archive puts it."""
    file = file_path(path, generation)
    return file.with_name(f"{file.name}{PACKED}")


def generations(disk: Disk, path: Path) -> list[int]:
    """Of the files there are, oldest first. The last may be of a rotation that did not come to its end."""
    return sorted(set(_generations(disk, path)))


def packed_or_rotated(disk: Disk, path: Path) -> bool:
    """True where there are records of the account, and its first file does not lie as it was written."""
    if path.name in disk.names(path.parent):
        return False
    return any(_holds_records(disk, path, generation) for generation in generations(disk, path))


def _holds_records(disk: Disk, path: Path, generation: int) -> bool:
    read = read_file(disk, path, generation)
    return read is not None and read[1].startswith(MAGIC) and len(read[1]) > START_BYTES


def _generations(disk: Disk, path: Path) -> Iterator[int]:
    for name in disk.names(path.parent):
        number = name.removesuffix(PACKED).removeprefix(path.name)
        if name.startswith(path.name) and not number:
            yield 0
        elif name.startswith(path.name) and number[0] == "." and number[1:].isdecimal():
            yield int(number[1:])


def read_file(disk: Disk, path: Path, generation: int) -> tuple[Path, bytes] | None:
    """The file and its content as it was written; None where there is none. `JournalDamaged` for one that does not
    unpack."""
    for file in (file_path(path, generation), packed_path(path, generation)):
        try:
            data = disk.read(file)
        except FileNotFoundError:
            continue  # packed between the two looks, or removed as the oldest
        return file, data if file.suffix != PACKED else unpack(data, file)
    return None


def pack(data: bytes, at_ns: int, *, compress: bool) -> bytes:
    """With its CRC-32, and dated in seconds. What is encrypted does not get smaller."""
    return gzip.compress(data, compresslevel=6 if compress else 0, mtime=at_ns // 1_000_000_000)


def unpack(data: bytes, path: Path) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise JournalDamaged(path, 0, 0, f"it does not unpack: {error}") from error


def packed_at_s(data: bytes) -> int:
    """When it was packed, in seconds since 1970."""
    return int.from_bytes(data[4:8], "little")
