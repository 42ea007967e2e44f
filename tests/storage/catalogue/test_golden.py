"""A catalogue of version 1, as it was written then, reads today.

`python -m tests.storage.catalogue.test_golden` made it.
"""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.kit.catalogue import BARS, START_NS, TRADES, bar, database, put, rows_of, trade
from tradigrade.storage.catalogue.layout import CatalogueFault, find_datasets
from tradigrade.storage.catalogue.manifest import Head, Manifest, _encode
from tradigrade.storage.catalogue.verify import verify
from tradigrade.storage.catalogue.writer import Writer

GOLDEN = Path(__file__).parent / "golden" / "v1"


def make(root: Path) -> None:
    put(root, BARS, map(bar, (0, 1, 3, 1440)))
    put(root, TRADES, map(trade, range(5)))
    with Writer(database(), BARS, root) as writer:
        writer.cover([(START_NS, START_NS + 240_000_000_000)])


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "old"))


def test_an_old_catalogue_reads_and_is_sound(old: Path) -> None:
    assert find_datasets(old) == [BARS, TRADES]
    assert [row[0] for row in rows_of(old, BARS)] == [int(str(bar(index)[0])) for index in (0, 1, 3, 1440)]
    assert rows_of(old, BARS)[0][1] == Decimal("100.123456789012345678")
    assert [row[1] for row in rows_of(old, TRADES)] == ["8", "9", "10", "11", "12"]
    reports = [verify(database(), dataset, old) for dataset in (BARS, TRADES)]
    assert [report.damage for report in reports] == [[], []]
    assert [(gap.bars, gap.checked) for gap in reports[0].gaps] == [(1, True), (1436, False)]


def test_an_old_catalogue_is_written_on(old: Path) -> None:
    assert put(old, BARS, map(bar, range(4))).added == 1
    assert len(rows_of(old, BARS)) == 5


def test_a_torn_last_line_was_never_written(old: Path) -> None:
    path = Manifest(BARS, old).path
    whole = path.read_bytes()
    path.write_bytes(whole + b'5d1c0a11 {"line":"cov')
    assert Manifest(BARS, old).rows == 4
    put(old, BARS, [bar(2)])
    assert path.read_bytes().startswith(whole)
    assert Manifest(BARS, old).rows == 5


def test_a_newer_version_is_refused(old: Path) -> None:
    path = Manifest(BARS, old).path
    path.write_bytes(_encode(Head(2, *BARS)))
    with pytest.raises(CatalogueFault, match="version 2, this program knows 1: use a newer one"):
        Manifest(BARS, old)


if __name__ == "__main__":
    make(GOLDEN)
