"""The record of one dataset: which files must be there, their checksums, and what the venue was asked for.

One line each: eight hex digits of CRC-32, a blank, JSON. Lines are only appended; the latest of a period counts. A torn
last line was never written: it is cut by the next write.
"""

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from ...kernel.disk import SystemDisk
from .layout import MANIFEST, VERSION, CatalogueFault, Dataset
from .ranges import Range, union


class Head(msgspec.Struct, frozen=True, tag_field="line", tag="head", forbid_unknown_fields=True):
    version: int
    venue: str
    symbol: str
    series: str


class FileLine(msgspec.Struct, frozen=True, tag_field="line", tag="file", forbid_unknown_fields=True):
    """One whole file, as it must be from then on. `source` says where its newest rows came from."""

    period: str
    rows: int
    first_ns: int
    last_ns: int
    bytes: int
    sha256: str
    source: str


class CoveredLine(msgspec.Struct, frozen=True, tag_field="line", tag="covered", forbid_unknown_fields=True):
    """The venue gave all that it has in [start_ns, end_ns): what is not in the files there, it does not have."""

    start_ns: int
    end_ns: int


Line = Head | FileLine | CoveredLine
_DECODER: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


class Salvaged(NamedTuple):
    """What still reads of a manifest, in whatever state it is."""

    files: dict[str, FileLine]
    covered: list[Range]
    doubtful: frozenset[str]
    """Periods whose latest line may be among those that do not read any more."""
    whole: bool
    foreign: bool
    """It is that of another dataset."""


class Manifest:
    """As read from its folder; `append` writes on."""

    def __init__(self, dataset: Dataset, root: Path) -> None:
        self.dataset, self.root = dataset, root
        self.folder = dataset.folder(root)
        self.files: dict[str, FileLine] = {}
        self._covered: list[Range] = []
        self._whole_bytes = 0
        """Of the lines that are whole."""
        self._read()

    @property
    def path(self) -> Path:
        return self.folder / MANIFEST

    @property
    def covered(self) -> list[Range]:
        return union(self._covered)

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.files.values())

    @property
    def first_ns(self) -> int:
        return min(each.first_ns for each in self.files.values())

    @property
    def last_ns(self) -> int:
        return max(each.last_ns for each in self.files.values())

    def file(self, period: str) -> Path:
        return self.folder / f"{period}.parquet"

    def paths(self, start_ns: int, end_ns: int) -> list[Path]:
        """Of the files that hold rows in [start_ns, end_ns), in the order of time."""
        lines = sorted(self.files.values(), key=lambda each: each.first_ns)
        return [self.file(each.period) for each in lines if each.first_ns < end_ns and each.last_ns >= start_ns]

    def append(self, lines: Iterable[FileLine | CoveredLine]) -> None:
        """They survive a power loss when this returns. Only under the dataset's lock."""
        lines = list(lines)
        head = [] if self._whole_bytes else [Head(VERSION, *self.dataset)]
        data = b"".join(_encode(line) for line in (*head, *lines))
        opened = SystemDisk().open(self.path)
        try:
            opened.truncate(self._whole_bytes)
            while data:
                taken = opened.append(data)
                self._whole_bytes += taken
                data = data[taken:]
            opened.sync()
        finally:
            opened.close()
        for line in lines:
            self._take(line)

    def _read(self) -> None:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return
        for number, raw in enumerate(data.splitlines(keepends=True), 1):
            if not raw.endswith(b"\n"):
                return
            line = _decode(raw, f"{self.path}, line {number}")
            if (number == 1) != isinstance(line, Head):
                raise CatalogueFault(f"{self.path}, line {number}: expected the head as first line and nowhere else")
            if isinstance(line, Head):
                self._check(line)
            else:
                self._take(line)
            self._whole_bytes += len(raw)

    def _check(self, head: Head) -> None:
        if head.version > VERSION:
            raise CatalogueFault(
                f"{self.path} is of version {head.version}, this program knows {VERSION}: use a newer one"
            )
        if (head.venue, head.symbol, head.series) != self.dataset:
            found = Dataset(head.venue, head.symbol, head.series)
            raise CatalogueFault(f"{self.path}: expected the manifest of {self.dataset}, found that of {found}")

    def _take(self, line: FileLine | CoveredLine) -> None:
        if isinstance(line, FileLine):
            self.files[line.period] = line
        else:
            self._covered.append((line.start_ns, line.end_ns))


def salvage(dataset: Dataset, root: Path) -> Salvaged:
    """Raises CatalogueFault where a newer program wrote it: then it is not for this one to mend."""
    path = dataset.folder(root) / MANIFEST
    data = path.read_bytes() if path.exists() else b""
    files, covered, foreign, damaged_at, told_at = dict[str, FileLine](), list[Range](), False, -1, dict[str, int]()
    for number, raw in enumerate(data.splitlines(keepends=True), 1):
        if not (raw.endswith(b"\n") and _is_whole(raw)):
            damaged_at = number
            continue
        match _decode(raw, f"{path}, line {number}"):
            case Head() as head if head.version > VERSION:
                raise CatalogueFault(
                    f"{path} is of version {head.version}, this program knows {VERSION}: use a newer one"
                )
            case Head() as head:
                foreign = (head.venue, head.symbol, head.series) != dataset
            case FileLine() as line:
                files[line.period], told_at[line.period] = line, number
            case CoveredLine() as line:
                covered.append((line.start_ns, line.end_ns))
    doubtful = frozenset(period for period, number in told_at.items() if number < damaged_at)
    return Salvaged(files, union(covered), doubtful, whole=bool(data) and damaged_at < 0, foreign=foreign)


def write_anew(dataset: Dataset, root: Path, lines: Iterable[FileLine | CoveredLine]) -> None:
    """In place of the one that is there, at once. Only under the dataset's lock."""
    data = b"".join(_encode(line) for line in (Head(VERSION, *dataset), *lines))
    SystemDisk().replace(dataset.folder(root) / MANIFEST, data)


def _is_whole(raw: bytes) -> bool:
    sum_hex, _, body = raw.rstrip(b"\n").partition(b" ")
    return sum_hex == b"%08x" % zlib.crc32(body)


def _encode(line: Line) -> bytes:
    body = msgspec.json.encode(line)
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _decode(raw: bytes, place: str) -> Line:
    sum_hex, _, body = raw.rstrip(b"\n").partition(b" ")
    if not _is_whole(raw):
        raise CatalogueFault(f"{place} is damaged: its checksum is not {sum_hex.decode(errors='replace')!r:.20}")
    try:
        return _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise CatalogueFault(f"{place}: expected a line of version {VERSION} ({error}): use a newer program") from None
