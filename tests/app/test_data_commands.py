"""`tradigrade data` as a person uses it: words on standard error, JSON on standard output, exit codes."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from tests.kit.catalogue import BARS, START_NS, bar, put
from tradigrade.cli import app
from tradigrade.commands.data_repair import again
from tradigrade.exchanges.ccxt_history import CcxtHistory
from tradigrade.exchanges.simulated.bar_file import COLUMNS
from tradigrade.kernel.clock import ManualClock
from tradigrade.storage.catalogue.layout import Dataset
from tradigrade.storage.catalogue.repair import Lost

ROWS = [f"{START_NS // 10**9 + index * 60},1,2,0.5,1.5,{index}" for index in (0, 1, 2, 5)]

WHICH = ("--symbol", "BTC/USD", "--interval", "1m")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kraken_BTC-USD_1m.csv"
    path.write_text("\n".join(["time,open,high,low,close,volume", *ROWS]) + "\n")
    return path


@pytest.fixture
def run(tmp_path: Path):
    def run(*words: object) -> Result:
        return CliRunner().invoke(app, ["data", *map(str, words), "--data-dir", str(tmp_path / "data")])

    return run


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_from_import_to_export(run, file: Path, tmp_path: Path) -> None:
    (done,) = lines(run("import", file, "--json"))
    assert (done["venue"], done["symbol"], done["series"], done["added"]) == ("kraken", "BTC/USD", "1m", 4)
    (listed,) = lines(run("list", "--json"))
    assert (listed["rows"], listed["missing"], listed["from_ns"]) == (4, 2, START_NS)
    (facts,) = lines(run("inspect", "--json"))
    assert (facts["volume_max"], facts["gaps"], facts["zero_volume"]) == ("5", 1, 1)
    (verdict,) = lines(run("verify", "--json"))
    assert verdict["sound"] is True
    target = tmp_path / "out.csv"
    (exported,) = lines(run("export", target, *WHICH, "--to", "5m", "--json"))
    assert exported["rows"] == 2
    assert target.read_text().splitlines()[1] == f"{START_NS},1,2,0.5,1.5,3"


def test_bars_are_exported_as_the_exchange_replays_them(run, file: Path, tmp_path: Path) -> None:
    run("import", file)
    run("export", tmp_path / "bars.csv", *WHICH, "--ms")
    header, first, *_ = (tmp_path / "bars.csv").read_text().splitlines()
    assert header == ",".join(COLUMNS)
    assert first == f"{START_NS // 1_000_000},1,2,0.5,1.5,0"


@pytest.mark.parametrize("suffix", [".csv.gz", ".parquet", ".jsonl"])
def test_what_is_exported_comes_back_the_same(run, file: Path, tmp_path: Path, suffix: str) -> None:
    run("import", file)
    target = tmp_path / f"out{suffix}"
    run("export", target, *WHICH)
    if suffix != ".jsonl":
        (again,) = lines(run("import", target, "--venue", "kraken", *WHICH, "--json"))
        assert (again["same"], again["added"]) == (4, 0)
    else:
        assert json.loads(target.read_text().splitlines()[0])["low"] == "0.5"


@pytest.mark.parametrize("words", [["list"], ["inspect"], ["verify"]])
def test_people_read_it_on_standard_error(run, file: Path, words: list[str]) -> None:
    run("import", file)
    result = run(*words)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "BTC/USD" in result.stderr


def test_damage_ends_with_exit_code_1_and_its_place(run, tmp_path: Path) -> None:
    put(tmp_path / "data" / "catalogue", BARS, [bar(0)])
    next((tmp_path / "data").rglob("*.parquet")).unlink()
    result = run("verify")
    assert result.exit_code == 1
    assert "2024-01-01.parquet: it is missing, with 1 rows" in result.stderr


def test_one_damaged_record_does_not_hide_the_others(run, file: Path, tmp_path: Path) -> None:
    run("import", file)
    put(tmp_path / "data" / "catalogue", BARS, [bar(0)])
    manifest = BARS.folder(tmp_path / "data" / "catalogue") / "manifest.jsonl"
    manifest.write_bytes(manifest.read_bytes().replace(b"head", b"haed"))
    result = run("list", "--json")
    assert [row["venue"] for row in lines(result)] == ["kraken"]
    assert result.exit_code == 1
    assert "line 1 is damaged" in result.stderr.replace("\n", " ")


EXPORT = ["export", "x.csv", "--symbol", "BTC/USD", "--interval", "1m"]
WORDS: dict[str, tuple[list[str], int, str]] = {
    "no file": (["import", "no-such-file"], 2, "expected a file, found none"),
    "time unit": (["import", "x.csv", "--time-unit", "h"], 2, "expected s, ms, us or ns"),
    "columns": (["import", "x.csv", "--columns", "open"], 2, "expected OURS=THEIRS"),
    "our column": (["import", "FILE", "--columns", "opn=open"], 2, "expected one of start_ns, open, "),
    "their column": (["import", "FILE", "--columns", "open=opn"], 2, "expected a column for open (opn)"),
    "bad interval of a file": (["import", "FILE", "--interval", "1min"], 2, "expected an interval as 1s"),
    "bad venue of a file": (["import", "FILE", "--venue", " kraken"], 2, "expected a venue of 1 to 64"),
    "no venue of a file": (
        ["import", "NAMELESS"],
        2,
        "does not say its venue, symbol, interval: name it with --venue, --symbol, --interval",
    ),
    "list, venue": (["list", "--venue", "Krakn"], 2, "expected kraken, found 'Krakn'; did you mean kraken?"),
    "inspect, symbol": (["inspect", "--symbol", "btcusd"], 2, "did you mean BTC/USD? (see `tradigrade data list`)"),
    "verify, interval": (["verify", "--interval", "1h"], 2, "--interval: expected 1m, found '1h'"),
    "repair, venue": (["repair", "--venue", "okx"], 2, "--venue: expected kraken, found 'okx'"),
    "export, symbol": (["export", "x.csv", "--symbol", "A/B", "--interval", "1m"], 2, "expected BTC/USD, found 'A/B'"),
    "export, ending": (["export", "x.txt", *EXPORT[2:]], 2, "expected an ending of .csv"),
    "export, folder": (["export", "no/such/x.csv", *EXPORT[2:]], 2, "expected a folder that is there"),
    "export, there": (["export", "FILE", *EXPORT[2:]], 2, "expected a file that is not there yet"),
    "export, since": ([*EXPORT, "--since", "then"], 2, "--since: expected a span"),
    "export, until": ([*EXPORT, "--until", "then"], 2, "--until: expected a span"),
    "export, backwards": ([*EXPORT, "--since", "1d", "--until", "2d"], 2, "expected --since before --until, found 1d"),
    "export, to": ([*EXPORT, "--to", "1x"], 2, "--to: expected an interval"),
    "export, finer": ([*EXPORT, "--to", "1s"], 2, "expected an interval made of whole 1m bars, found 1s"),
    "download, venue": (["download", "--venue", "binanc", "--symbols", "A/B"], 2, "did you mean binance"),
    "download, far venue": (
        ["download", "--venue", "nowhere", "--symbols", "A/B"],
        2,
        "expected one of local, binance, ",
    ),
    "download, no symbols": (["download", "--venue", "local", "--symbols", ","], 2, "expected symbols"),
    "download, since": (
        ["download", "--venue", "local", "--symbols", "A/B", "--since", "x"],
        2,
        "--since: expected a span",
    ),
    "download, nothing runs": (
        ["download", "--venue", "local", "--symbols", "A/B"],
        3,
        "nothing runs on data directory",
    ),
}
"""Words, exit code, and what is said."""


@pytest.mark.parametrize("name", WORDS)
def test_a_wrong_word_ends_with_2_and_is_told_with_what_was_expected(
    run, file: Path, tmp_path: Path, name: str
) -> None:
    words, code, said = WORDS[name]
    (tmp_path / "nameless.csv").write_text(file.read_text())
    put(tmp_path / "data" / "catalogue", Dataset("kraken", "BTC/USD", "1m"), [bar(0)])
    places = {"FILE": str(file), "NAMELESS": str(tmp_path / "nameless.csv")}
    result = run(*(places.get(word, word) for word in words))
    assert (result.exit_code, said in result.stderr.replace("\n", " ")) == (code, True), result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("words", [["inspect"], ["inspect", "--venue", "kraken"], EXPORT])
def test_an_empty_catalogue_is_no_wrong_word(run, words: list[str]) -> None:
    result = run(*words)
    assert (result.exit_code, "tradigrade data download, or data import" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("symbol", "interval", "since", "said"),
    [
        ("BTCUSDT", "1m", "1d", "found 'BTCUSDT'; did you mean BTC/USDT?"),
        ("BTC/EUR", "1m", "1d", "found 'BTC/EUR'; did you mean BTC/USDT?"),
        ("ZZZ/YYY", "1m", "1d", "it has 2, spelled as BTC/USDT"),
        ("BTC/USDT", "1x", "1d", "expected one of 1m, 1h, trades, found '1x'"),
        ("BTC/USDT", "60m", "1d", "expected one of 1m, 1h, trades, found '60m'"),
        ("BTC/USDT", "1m-quotes", "1d", "found '1m-quotes'"),
        ("BTC/USDT", "1m", "2100-01-01", "expected a time of which the venue knows all"),
    ],
)
def test_what_the_venue_does_not_have_is_a_wrong_word(
    run, monkeypatch: pytest.MonkeyPatch, symbol: str, interval: str, since: str, said: str
) -> None:
    async def close() -> None: ...

    async def open_history(*_: object) -> CcxtHistory:
        has, markets = {"fetchOHLCV": True, "fetchTrades": True}, {"BTC/USDT": {}, "ETH/USDT": {}}
        exchange = SimpleNamespace(id="here", has=has, markets=markets, timeframes={"1m": "", "1h": ""}, close=close)
        return CcxtHistory(exchange, ManualClock(START_NS))

    monkeypatch.setattr("tradigrade.data_venues.open_history", open_history)
    result = run("download", "--venue", "here", "--symbols", symbol, "--interval", interval, "--since", since)
    assert (result.exit_code, said in result.stderr.replace("\n", " ")) == (2, True), result.stderr


@pytest.mark.parametrize(
    "words",
    [["import", "kraken_BTC-USD_1m.csv"], ["verify"], ["download", "--venue", "local", "--symbols", "BTC/USDT"]],
)
def test_without_duckdb_it_says_what_to_install(run, file: Path, monkeypatch, words: list[str]) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.chdir(file.parent)
    result = run(*words)
    assert result.exit_code == 1
    assert "pip install 'tradigrade[data]'" in result.stderr


def test_a_symbol_named_twice_is_downloaded_once(run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    async def watch(venue: str, symbols: list[str], *_: object, **__: object) -> list[object]:
        asked.append(symbols)
        return []

    monkeypatch.setattr("tradigrade.commands.data_download._run", watch)
    assert run("download", "--venue", "local", "--symbols", "A/B, C/D,A/B").exit_code == 0
    assert asked == [["A/B", "C/D"]]


def test_nothing_there_is_not_called_sound(run) -> None:
    result = run("verify")
    assert result.exit_code == 0
    assert "nothing is there to verify" in result.stderr


def test_repair_says_what_was_lost_and_the_command_that_brings_it_back(run, file: Path, tmp_path: Path) -> None:
    run("import", file)
    root = tmp_path / "data" / "catalogue"
    put(root, BARS, [bar(0), bar(1440)])
    for path in root.rglob("*.parquet"):
        path.write_bytes(path.read_bytes()[:-1])
    assert run("verify").exit_code == 1
    result = run("repair")
    told = " ".join(result.stderr.split())
    assert result.exit_code == 0
    assert "tradigrade data import kraken_BTC-USD_1m.csv --venue kraken --symbol BTC/USD --interval 1m" in told
    assert "lost: 2024-01-01 00:00:00 to 2024-01-02 00:00:00, 4 rows" in told
    assert run("verify").exit_code == 0
    second = run("repair")
    assert (second.exit_code, second.stderr.strip()) == (0, "nothing is damaged")


def test_what_was_downloaded_is_lost_in_as_few_spans_as_there_are() -> None:
    day = 86_400 * 10**9
    lost = [Lost(START_NS + n * day, START_NS + (n + 1) * day, 9, "download") for n in (0, 1, 4)]
    first = "tradigrade data download --venue venue --symbols BTC/USDT --interval"
    assert again(BARS, lost) == [
        f"{first} 1m --since 2024-01-01 --until 2024-01-03",
        f"{first} 1m --since 2024-01-05 --until 2024-01-06",
    ]
    assert again(BARS._replace(series="aggtrades"), lost[2:]) == [
        f"{first} trades --since 2024-01-05 --until 2024-01-06"
    ]
    assert again(BARS._replace(series="1m-quotes"), lost) == [], "no venue gives quotes of the past"


def test_repair_in_json_is_one_object(run, tmp_path: Path) -> None:
    put(tmp_path / "data" / "catalogue", BARS, [bar(0)])
    next((tmp_path / "data").rglob("*.parquet")).unlink()
    (told,) = lines(run("repair", "--json"))
    (dataset,) = told["datasets"]
    assert (told["faults"], told["strangers"], dataset["kept"]) == ([], [], 0)
    assert dataset["lost"] == [{"start_ns": START_NS, "end_ns": START_NS + 86_400 * 10**9, "rows": 1, "source": "test"}]
    assert dataset["again"] == ["tradigrade data import test --venue venue --symbol BTC/USDT --interval 1m"]
