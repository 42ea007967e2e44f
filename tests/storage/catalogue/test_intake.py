"""Files of others: every value exact or refused by line; times of any unit; nothing half."""

import gzip
import zipfile
from decimal import Decimal

import pytest

from tests.kit.catalogue import BARS, START_NS, database, rows_of
from tradigrade.data_import import Asked, import_file
from tradigrade.storage.catalogue.layout import CatalogueFault, Dataset

HEADER = "time,open,high,low,close,volume"
GOOD = f"{START_NS // 1_000_000},1,2,0.5,1.5,10"
MS = START_NS // 1_000_000
BY_NAME = {"start_ns": "date", "open": "A", "high": "B", "low": "C", "close": "D", "volume": "E"}
BY_NUMBER = {"start_ns": "2", "open": "3", "high": "4", "low": "5", "close": "6", "volume": "#7"}
OF = Asked("venue", "BTC/USDT", "1m")
TRADES = Asked("venue", "BTC/USDT", "trades")


def write(tmp_path, *lines, name="file.csv"):
    path = tmp_path / name
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def take(tmp_path, *lines, asked=OF, name="file.csv"):
    return import_file(write(tmp_path, *lines, name=name), tmp_path / "catalogue", asked)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f"{MS},1,2,0.5,abc,10", "expected close as a number"),
        (f"{MS},1,2,0.5,nan,10", "expected close as a number"),
        (f"{MS},1,2,0.5,1e308,10", "expected close as a number"),
        (f"{MS},1,2,0.5,1.1234567890123456789,10", "expected close as a number"),
        (f"{MS},1,2,0.5,1_000,10", "expected close as a number"),
        (f"{MS},1,2,0.5,,10", "expected close as a number"),
        (f"{MS},1,2,0.5,123456789012345678901,10", "expected close as a number"),
        (f"{MS},1,2,3,1.5,10", "expected high not below low"),
        (f"{MS},9,2,0.5,1.5,10", "expected open between low and high"),
        (f"{MS},1,2,0.5,9,10", "expected close between low and high"),
        (f"{MS},1,2,-0.5,1.5,10", "expected low above zero"),
        (f"{MS},1,2,0.5,1.5,-1", "expected volume not below zero"),
        (f"{MS + 1},1,2,0.5,1.5,10", "expected start_ns on the grid of 1m"),
        ("yesterday,1,2,0.5,1.5,10", "expected start_ns in ms since 1970, or as"),
        (f"{MS}.5,1,2,0.5,1.5,10", "on the grid of 1m"),
    ],
)
def test_a_bad_row_is_named_by_line_and_nothing_is_imported(tmp_path, row, words):
    with pytest.raises(CatalogueFault, match=r"file.csv, line 4: expected .*Nothing was imported") as caught:
        take(tmp_path, HEADER, GOOD, "", row)
    assert words in str(caught.value)
    assert not list(tmp_path.rglob("*.parquet"))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([HEADER, GOOD, "1,2,3"], "line 3: expected 6 fields"),
        ([HEADER, GOOD + ",9"], "line 2: expected 6 fields"),
        ([""], "expected rows, found an empty first line"),
        (
            ["time,open,high,low,close", "1,2,3,4,5"],
            "expected a column for volume .* name it with --columns volume=NAME",
        ),
        ([HEADER, "5,1,2,0.5,1.5,10", GOOD], "expected times of one unit, found 5 and"),
        (["a,a,b,c,d,e", GOOD], "expected a header of different names"),
    ],
)
def test_a_bad_file_says_what_was_expected(tmp_path, lines, words):
    with pytest.raises(CatalogueFault, match=words):
        take(tmp_path, *lines)


@pytest.mark.parametrize(
    "stamp",
    [str(START_NS // 10**9), str(MS), str(START_NS // 1000), str(START_NS), "2024-01-01", "2024-01-01 00:00:00",
     "2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00", "2023-12-31 20:30:00.0-0330", f"{START_NS // 10**9}.000"],
)  # fmt: skip
def test_the_unit_of_time_is_told_by_its_size_or_its_form(tmp_path, stamp):
    assert take(tmp_path, HEADER, f"{stamp},1,2,0.5,1.5,10").merged.added == 1
    assert rows_of(tmp_path / "catalogue", BARS)[0][0] == START_NS


def test_the_unit_that_is_named_wins(tmp_path):
    take(tmp_path, HEADER, "60000,1,2,0.5,1.5,10", asked=OF._replace(unit="ms"))
    assert rows_of(tmp_path / "catalogue", BARS)[0][0] == 60_000_000_000


@pytest.mark.parametrize("text", ["1e-05", "1.5E-6", "0.000010", ".5", "+1.5", " 1.5 ", "1.500000000000000000000"])
def test_a_number_is_read_exactly_however_it_is_written(tmp_path, text):
    take(tmp_path, HEADER, f"{MS},1,2,0.5,1.5,{text}")
    assert rows_of(tmp_path / "catalogue", BARS)[0][5] == Decimal(text.strip())


@pytest.mark.parametrize("name", ["file.csv", "file.csv.gz", "file.zip", "file.parquet"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_every_form_gives_the_same_rows(tmp_path, name, delimiter):
    lines = [line.replace(",", delimiter) for line in (HEADER.upper(), GOOD)]
    path = write(tmp_path, *lines, name="inner.csv" if name != "file.csv.gz" else name)
    if name == "file.zip":
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.write(path, "inner.csv")
        path = tmp_path / name
    if name == "file.parquet":
        database().execute(f"copy (from read_csv('{path}')) to '{tmp_path / name}' (format parquet)").fetchall()
        path = tmp_path / name
    import_file(path, tmp_path / "catalogue", OF)
    assert rows_of(tmp_path / "catalogue", BARS) == [(START_NS, *map(Decimal, ("1", "2", "0.5", "1.5", "10")))]


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        ([f"{MS},1,2,0.5,1.5,10,99,x"], OF),
        (["Date,A,B,C,D,E", GOOD], OF._replace(columns=BY_NAME)),
        ([f"x,{GOOD}"], OF._replace(columns=BY_NUMBER)),
    ],
)  # fmt: skip
def test_columns_are_found_by_name_by_mapping_or_by_number(tmp_path, lines, asked):
    take(tmp_path, *lines, asked=asked)
    assert [str(value.normalize()) for value in rows_of(tmp_path / "catalogue", BARS)[0][1:5]] == [
        "1",
        "2",
        "0.5",
        "1.5",
    ]


def test_a_parquet_file_with_a_nan_is_refused_by_row(tmp_path):
    path = tmp_path / "bad.parquet"
    row = f"{MS} as time, 1.0 as open, 2.0 as high, 0.5 as low, 'nan'::double as close, 1.0 as volume"
    database().execute(f"copy (select {row}) to '{path}' (format parquet)").fetchall()
    with pytest.raises(CatalogueFault, match=r"row 1: expected close as a number .* close nan"):
        import_file(path, tmp_path / "catalogue", OF)


@pytest.mark.parametrize(
    ("columns", "row", "side"),
    [
        ("id,price,qty,time,is_buyer_maker", f"7,1.5,2,{MS},True", "sell"),
        ("id,price,qty,time,is_buyer_maker", f"7,1.5,2,{MS},false", "buy"),
        ("trade_id,price,size,timestamp,side", f"7,1.5,2,{MS},BUY", "buy"),
        ("trade_id,price,size,timestamp", f"7,1.5,2,{MS}", None),
    ],
)
def test_trades_say_who_took(tmp_path, columns, row, side):
    take(tmp_path, columns, row, asked=TRADES)
    dataset = Dataset("venue", "BTC/USDT", "trades")
    assert rows_of(tmp_path / "catalogue", dataset) == [(START_NS, "7", Decimal("1.5"), Decimal(2), side)]


@pytest.mark.parametrize(
    ("columns", "row"), [("id,price,qty,time,side", f"7,0,2,{MS},buy"), ("id,price,qty,time,side", f"7,1,2,{MS},up")]
)
def test_an_impossible_trade_is_refused(tmp_path, columns, row):
    with pytest.raises(CatalogueFault, match="line 2: expected"):
        take(tmp_path, columns, row, asked=TRADES)


FRAME = (
    '{"stream":"btcusdt@trade","data":{"e":"trade","E":12,"s":"BTCUSDT","t":%d,"p":"%s","q":"0.25","T":%d,"m":true}}'
)
OTHER = '{"stream":"btcusdt@bookTicker","data":{"u":9,"s":"BTCUSDT","b":"99","B":"1.5","a":"101","A":"2"}}'


def recording(*frames):
    return [f"{START_NS + index} {frame}" for index, frame in enumerate(frames)]


def test_a_recording_gives_its_trades(tmp_path):
    lines = recording(FRAME % (7, "100.5", MS), OTHER, FRAME % (8, "0", MS), FRAME % (9, "101.5", MS + 1))
    done = take(tmp_path, *lines, asked=Asked("binance"), name="btcusdt_20240101.dat.gz")
    assert str(done.dataset) == "binance BTC/USDT trades"
    found = [(row[1], row[4]) for row in rows_of(tmp_path / "catalogue", done.dataset)]
    assert found == [("7", "sell"), ("9", "sell")]  # a trade at a price of zero is none


def test_a_broken_frame_is_named_by_line(tmp_path):
    lines = recording(FRAME % (7, "100.5", MS), (FRAME % (8, "1", MS))[:-9])
    with pytest.raises(CatalogueFault, match="line 2: expected a frame of Binance"):
        take(tmp_path, *lines, name="btcusdt_20240101.dat.gz", asked=Asked("binance"))


def test_a_day_file_takes_its_day_from_its_name_and_its_dataset_from_its_folders(tmp_path):
    folder = tmp_path / "crypto" / "coinbase" / "minute" / "btcusd"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "20240101_quote.zip", "w") as archive:
        archive.writestr("a.csv", "60000,1,1,1,1,5,2,2,2,2,6\n120000,,,,,,2,2,2,2,6\n")
    done = import_file(folder / "20240101_quote.zip", tmp_path / "catalogue", Asked())
    assert str(done.dataset) == "coinbase BTC/USD 1m-quotes"
    assert [row[0] - START_NS for row in rows_of(tmp_path / "catalogue", done.dataset)] == [60 * 10**9, 120 * 10**9]


def test_a_file_that_does_not_say_what_it_is_asks_for_it(tmp_path):
    with pytest.raises(CatalogueFault, match="does not say its venue, symbol: name it with --venue"):
        take(tmp_path, HEADER, GOOD, asked=Asked(series="1m"))
