"""`tradigrade data` as a person uses it: words on standard error, JSON on standard output, exit codes."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.kit.catalogue import BARS, START_NS, bar, put
from tradigrade.cli import app
from tradigrade.exchanges.simulated.bar_file import COLUMNS

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


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["import", "no-such-file"], 1, "expected a file, found none"),
        (["import", "x.csv", "--time-unit", "h"], 2, "expected s, ms, us or ns"),
        (["import", "x.csv", "--columns", "open"], 2, "expected OURS=THEIRS"),
        (["inspect"], 1, "`tradigrade data list` says what is"),
        (["export", "x.txt", "--symbol", "A/B", "--interval", "1m"], 2, "expected an ending of .csv"),
        (["export", "x.csv", "--symbol", "A/B", "--interval", "1m", "--since", "then"], 2, "--since: expected a span"),
        (["export", "x.csv", "--symbol", "A/B", "--interval", "1m", "--to", "1x"], 2, "--to: expected an interval"),
        (["download", "--venue", "nowhere", "--symbols", "A/B"], 1, "expected local or a venue of ccxt"),
        (["download", "--venue", "local", "--symbols", "A/B"], 3, "nothing runs on data directory"),
        (["download", "--venue", "local", "--symbols", ",", "--since", "1d"], 2, "expected symbols"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(run, words: list[str], code: int, said: str) -> None:
    result = run(*words)
    assert (result.exit_code, said in result.stderr.replace("\n", " ")) == (code, True), result.stderr


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
