"""Intervals put one grid on time, the same in Python and in SQL; coarser bars are exactly what the finer ones say."""

import csv
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.catalogue import BARS, MINUTE_NS, START_NS, TRADES, bar, database, put, trade
from tradigrade.data_import import Asked, import_file
from tradigrade.storage.catalogue.intervals import parse_interval
from tradigrade.storage.catalogue.layout import CatalogueFault, Dataset
from tradigrade.storage.catalogue.manifest import Manifest
from tradigrade.storage.catalogue.query import rows_sql
from tradigrade.storage.catalogue.ranges import intersect, subtract, union
from tradigrade.storage.catalogue.reader import read_bars, read_trades

SECONDS = Path(__file__).parents[4] / "shared" / "data" / "minute" / "crypto" / "coinbase" / "second" / "btcusd"
NAMES = ["1s", "7s", "1m", "3m", "1h", "12h", "1d", "3d", "1w", "2w", "1M", "3M", "12M"]
TIMES_NS = st.integers(0, 4_000_000_000_000_000_000)
RANGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6)


@given(st.sampled_from(NAMES).map(parse_interval), TIMES_NS)
@settings(max_examples=60, deadline=None)
def test_the_grid_is_one_in_python_and_in_sql(interval, at_ns):
    start_ns = interval.floor(at_ns)
    assert start_ns <= at_ns < interval.next(start_ns)
    assert interval.floor(start_ns) == interval.ceil(start_ns) == start_ns
    assert interval.count_between(start_ns, interval.next(interval.next(start_ns))) == 2
    sql = f"select {interval.floor_sql('instant')} from (select {at_ns}::bigint as instant)"
    assert database().execute(sql).fetchall() == [(start_ns,)]


@pytest.mark.parametrize(
    ("coarse", "fine", "splits"),
    [
        ("5m", "1m", True), ("1h", "1m", True), ("1d", "7m", False), ("1d", "1h", True), ("1w", "1d", True),
        ("1w", "3d", False), ("1M", "1d", True), ("1M", "1w", False), ("3M", "1M", True), ("1m", "1h", False),
        ("1d", "1w", False), ("1M", "7h", False), ("3d", "1d", True), ("2w", "1w", True),
    ],
)  # fmt: skip
def test_whole_bars_make_a_whole_bar_or_not(coarse, fine, splits):
    assert parse_interval(coarse).splits_into(parse_interval(fine)) == splits


@given(RANGES, RANGES)
def test_ranges_are_sets_of_instants(ranges, others):
    def instants(found):
        return {instant for start, end in found for instant in range(start, end)}

    assert instants(union(ranges)) == instants(ranges)
    assert instants(subtract(ranges, others)) == instants(ranges) - instants(others)
    assert instants(intersect(ranges, others)) == instants(ranges) & instants(others)


def coarser(rows, step_ns):
    """A plain recomputation: rows are (start_ns, open, high, low, close, volume)."""
    bars = {}
    for start_ns, *prices, volume in rows:
        place = start_ns - start_ns % step_ns
        if place not in bars:
            bars[place] = [*prices, Decimal(0)]
        found = bars[place]
        found[1], found[2], found[3] = max(found[1], prices[1]), min(found[2], prices[2]), prices[3]
        found[4] += volume
    return [(start_ns, *values) for start_ns, values in bars.items()]


@pytest.mark.parametrize("name", ["2m", "5m", "1h", "1d"])
def test_coarser_bars_are_what_the_finer_ones_say(tmp_path, name):
    rows = [bar(index, volume=f"0.{index:018d}") for index in range(3000) if index % 11]
    put(tmp_path, BARS, rows)
    exact = [(int(start), *map(Decimal, values)) for start, *values in rows]
    found = [(each.start_ns, *each[3:]) for each in read_bars(tmp_path, "venue", ["BTC/USDT"], name, series="1m")]
    assert found == coarser(exact, parse_interval(name).shortest_ns)


def test_bars_of_trades_open_and_close_with_the_venues_own_order(tmp_path):
    put(tmp_path, TRADES, [trade(index, price=f"{100 + index}") for index in (2, 0, 1, 3)])
    (found,) = read_bars(tmp_path, "venue", ["BTC/USDT"], "1s", series="trades")
    assert found[3:] == tuple(map(Decimal, ("100", "103", "100", "103", "0.004")))


def test_a_coarse_bar_that_is_not_wholly_asked_for_is_left_out(tmp_path):
    put(tmp_path, BARS, map(bar, range(60)))
    sql = rows_sql(Manifest(BARS, tmp_path), START_NS + 1, START_NS + 29 * MINUTE_NS, parse_interval("10m"))
    assert [row[0] for row in database().execute(sql).fetchall()] == [START_NS + 10 * MINUTE_NS]


@pytest.mark.parametrize(("series", "interval"), [("1m", "90s"), ("1m-quotes", "5m")])
def test_what_cannot_be_made_of_whole_bars_is_refused(tmp_path, series, interval):
    dataset = Dataset("venue", "BTC/USDT", series)
    with pytest.raises(CatalogueFault, match="expected"):
        rows_sql(Manifest(dataset, tmp_path), 0, 10, parse_interval(interval))


def test_symbols_come_as_one_sequence_in_time(tmp_path):
    for symbol in ("ETH/USDT", "BTC/USDT"):
        put(tmp_path, Dataset("venue", symbol, "1m"), map(bar, range(0, 2000, 700)))
        put(tmp_path, Dataset("venue", symbol, "trades"), map(trade, range(4)))
    bars = list(read_bars(tmp_path, "venue", ["ETH/USDT", "BTC/USDT"], "1m", START_NS + 1))
    assert [(each.start_ns - START_NS, each.symbol) for each in bars] == [
        (minutes * MINUTE_NS, symbol) for minutes in (700, 1400) for symbol in ("BTC/USDT", "ETH/USDT")
    ]
    assert bars[0].end_ns == bars[0].start_ns + MINUTE_NS
    trades = list(read_trades(tmp_path, "venue", ["BTC/USDT", "ETH/USDT"]))
    assert [each.trade_id for each in trades] == ["8", "9", "10", "8", "9", "10", "11", "11"]


def test_reading_what_is_not_there_says_so(tmp_path):
    with pytest.raises(CatalogueFault, match="is not in the catalogue"):
        list(read_bars(tmp_path, "venue", ["BTC/USDT"], "1m"))


@pytest.mark.skipif(not SECONDS.exists(), reason="needs the recorded second bars beside the project")
@pytest.mark.parametrize("day", ["20161007", "20161009"])
def test_minutes_of_recorded_seconds_equal_a_plain_recomputation(tmp_path, day):
    path = SECONDS / f"{day}_trade.zip"
    done = import_file(path, tmp_path, Asked())
    assert str(done.dataset) == "coinbase BTC/USD 1s"
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    base_ns = next(iter(read_bars(tmp_path, "coinbase", ["BTC/USD"], "1d", series="1s"))).start_ns
    rows = [(base_ns + int(row[0]) * 1_000_000, *map(Decimal, row[1:])) for row in csv.reader(io.StringIO(text))]
    found = [(each.start_ns, *each[3:]) for each in read_bars(tmp_path, "coinbase", ["BTC/USD"], "1m", series="1s")]
    assert found == coarser(rows, MINUTE_NS)
    assert done.merged.added == len(rows)
