"""Merging: by key, whole files at a time, the same whatever the order, and safe against a kill anywhere."""

import shutil
import tempfile
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.catalogue import BARS, DAY_NS, START_NS, TRADES, bar, database, offer, put, rows_of, sums_of, trade
from tradigrade.storage.catalogue import writer as writing
from tradigrade.storage.catalogue.layout import CatalogueFault, Dataset, find_datasets, make_dataset
from tradigrade.storage.catalogue.manifest import Manifest
from tradigrade.storage.catalogue.verify import verify
from tradigrade.storage.catalogue.writer import NEXT, Merged, Writer

PIECES = st.lists(
    st.lists(st.integers(0, 30), min_size=1, max_size=12).map(lambda found: [index * 144 for index in found]),
    min_size=1,
    max_size=4,
)
"""Bars of up to three days in pieces that overlap and repeat."""


@given(PIECES, st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_any_order_and_overlap_of_imports_gives_the_same_files(pieces, random):
    shuffled = [random.sample(piece, len(piece)) for piece in pieces]
    random.shuffle(shuffled)
    folders = [Path(tempfile.mkdtemp()) for _ in range(2)]
    try:
        for folder, order in zip(folders, ([[*chain(*pieces)]], shuffled), strict=True):
            added = sum(put(folder, BARS, map(bar, piece)).added for piece in order)
            assert added == len({index for piece in pieces for index in piece})
        assert rows_of(folders[0], BARS) == rows_of(folders[1], BARS)
        assert sums_of(folders[0], BARS) == sums_of(folders[1], BARS)
    finally:
        for folder in folders:
            shutil.rmtree(folder)


def test_the_same_again_changes_no_byte(tmp_path):
    put(tmp_path, BARS, map(bar, range(2000)))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert put(tmp_path, BARS, map(bar, range(2000))) == Merged(0, 2000, 0)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before
    assert len(before) == 2


@pytest.mark.parametrize("pieces", [[[0, 1]], [[0], [1]], [[1], [0]]], ids=["at once", "in order", "the later first"])
def test_a_venue_that_counts_its_trades_anew_every_day_loses_none(tmp_path, pieces):
    rows = [(str(START_NS + day * DAY_NS), "7", f"{100 + day}", "0.001", "buy") for day in (0, 1)]
    for piece in pieces:
        put(tmp_path, TRADES, [rows[day] for day in piece])
    assert put(tmp_path, TRADES, rows) == Merged(0, 2, 0)
    assert [(str(row[1]), int(row[2])) for row in rows_of(tmp_path, TRADES)] == [("7", 100), ("7", 101)]
    assert not verify(database(), TRADES, tmp_path).damage


def test_amounts_are_exact_to_the_eighteenth_decimal(tmp_path):
    put(tmp_path, BARS, [bar(0, volume="12345678901234567890.123456789012345678")])
    row = rows_of(tmp_path, BARS)[0]
    assert (str(row[1]), str(row[5])) == ("100.123456789012345678", "12345678901234567890.123456789012345678")


def test_rows_that_differ_are_refused_and_nothing_changes(tmp_path):
    put(tmp_path, BARS, map(bar, range(10)))
    before = rows_of(tmp_path, BARS)
    with pytest.raises(CatalogueFault, match=r"2 rows differ .* 3 are the same, 1 new; --replace"):
        put(tmp_path, BARS, [bar(0, "9"), bar(1, "9"), *map(bar, (2, 3, 4, 5000))])
    assert rows_of(tmp_path, BARS) == before


@pytest.mark.parametrize(("choice", "volume"), [("replace", "9"), ("keep", "1.5")])
def test_rows_that_differ_are_taken_or_left_as_asked(tmp_path, choice, volume):
    put(tmp_path, BARS, map(bar, range(3)))
    assert put(tmp_path, BARS, [bar(1, "9"), bar(7)], choice) == Merged(added=1, same=0, conflicts=1)
    found = rows_of(tmp_path, BARS)
    assert len(found) == 4
    assert float(found[1][5]) == float(volume)


def test_two_that_contradict_each_other_are_refused(tmp_path):
    with pytest.raises(CatalogueFault, match=f"1 keys come twice .* start_ns {START_NS}"):
        put(tmp_path, BARS, [bar(0), bar(0, "2")])


def test_trades_of_one_instant_are_told_apart_by_id_and_lie_in_its_order(tmp_path):
    put(tmp_path, TRADES, [trade(index) for index in (4, 1, 5, 3)])
    put(tmp_path, TRADES, map(trade, range(6)))
    assert [row[1] for row in rows_of(tmp_path, TRADES)] == ["8", "9", "10", "11", "12", "13"]


@pytest.mark.parametrize(
    ("series", "step_ns", "names"),
    [
        ("1m", DAY_NS // 2, ["2024-01-01", "2024-01-02"]),
        ("1h", 20 * DAY_NS, ["2024-01", "2024-02"]),
        ("1d", 200 * DAY_NS, ["2024"]),
    ],
)
def test_a_file_holds_a_day_a_month_or_a_year(tmp_path, series, step_ns, names):
    dataset = Dataset("venue", "BTC/USDT:USDT", series)
    put(tmp_path, dataset, [bar(index, step_ns=step_ns) for index in (range(3) if series != "1d" else range(2))])
    assert sorted(path.stem for path in tmp_path.rglob("*.parquet")) == names
    assert find_datasets(tmp_path) == [dataset]


def test_minutes_and_months_do_not_share_a_folder(tmp_path):
    assert make_dataset("v", "A/B", "1m").folder(tmp_path) != make_dataset("v", "A/B", "1M").folder(tmp_path)
    assert str(make_dataset("v", "..", "1m").folder(tmp_path)).count("..") == 0


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", ["sync", "append", "replace", "sha256_of"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_kill_at_any_step_leaves_each_file_old_or_new(tmp_path, monkeypatch, step, times):
    """Two files are written; the kill comes at the first or the second."""
    put(tmp_path, BARS, map(bar, (0, 1, 1440)))
    count = [0]
    homes = {"append": (Manifest, "append"), "replace": (Path, "replace")}
    home, name = homes.get(step, (writing, step))
    real = getattr(home, name)

    def killed(*arguments):
        count[0] += 1
        if count[0] == times:
            raise Killed
        return real(*arguments)

    offer(BARS, [bar(2), bar(1441)])
    with Writer(database(), BARS, tmp_path) as writer, monkeypatch.context() as patch:
        patch.setattr(home, name, killed)
        with pytest.raises(Killed):
            writer.merge("test")
    assert not verify(database(), BARS, tmp_path).damage
    Writer(database(), BARS, tmp_path).close()  # ends the move that was under way
    assert not verify(database(), BARS, tmp_path).damage
    there = {row[0] for row in rows_of(tmp_path, BARS)}
    assert {int(bar(index)[0]) for index in (0, 1, 1440)} <= there
    put(tmp_path, BARS, [bar(2), bar(1441)])
    assert not [*tmp_path.rglob(f"*{NEXT}")]
    assert [row[0] for row in rows_of(tmp_path, BARS)] == [int(bar(index)[0]) for index in (0, 1, 2, 1440, 1441)]


def test_a_second_writer_is_refused(tmp_path):
    with Writer(database(), BARS, tmp_path), pytest.raises(CatalogueFault, match="another process"):
        Writer(database(), BARS, tmp_path)
    Writer(database(), BARS, tmp_path).close()


@pytest.mark.parametrize("series", ["", "1x", "0m", "m", "trade", "1m-quote"])
def test_a_series_that_is_none_is_refused(series):
    with pytest.raises(CatalogueFault, match="expected an interval"):
        make_dataset("venue", "BTC/USDT", series)
