"""Whatever a user gives wrongly is answered by one sentence; nothing is half started, nothing lost."""

import gzip
import json
import socket
import sys
from pathlib import Path

import pytest

from tests.kit.running import run_command

pytestmark = [pytest.mark.process, pytest.mark.timeout(60)]

BROKEN_STRATEGY = "from tradigrade import Strategy\n\nclass Mine(Strategy:\n    pass\n"


def config(folder: Path, text: str) -> str:
    path = folder / "bad.toml"
    path.write_text(text)
    return str(path)


def broken_recording(folder: Path) -> str:
    path = folder / "broken.dat.gz"
    path.write_bytes(gzip.compress(b"1680652800004107 {this is no frame}\n"))
    return str(path)


CASES = {
    "missing recording": (lambda d: ("--replay", str(d / "none.gz")), 2, "none.gz"),
    "broken recording": (lambda d: ("--replay", broken_recording(d)), 2, "broken.dat.gz"),
    "unknown symbol": (lambda d: ("--symbols", "FOO/USDT"), 2, "FOO/USDT"),
    "symbol spelled wrongly": (lambda d: ("--symbols", "BTCUSDT"), 2, "symbols"),
    "unknown key": (lambda d: ("--config", config(d, "symbolz = []\n")), 2, "symbolz"),
    "value of a wrong type": (lambda d: ("--config", config(d, 'bar_s = "long"\n')), 2, "bar_s"),
    "value out of range": (lambda d: ("--speed", "0"), 2, "speed"),
    "syntax error": (lambda d: ("--config", config(d, "bar_s = = 1\n")), 2, "bad.toml"),
    "missing configuration": (lambda d: ("--config", str(d / "none.toml")), 2, "none.toml"),
    "strategy file that is missing": (
        lambda d: ("--config", config(d, '[[strategies]]\npath = "gone.py:Mine"\n')),
        2,
        "gone.py",
    ),
    "strategy that does not load": (
        lambda d: (
            (d / "mine.py").write_text(BROKEN_STRATEGY)
            and ("--config", config(d, f'strategies_dir = "{d}"\n[[strategies]]\npath = "mine.py:Mine"\n'))
        ),
        2,
        "mine.py",
    ),
    "strategy parameter that is unknown": (
        lambda d: (
            "--config",
            config(
                d,
                '[[strategies]]\npath = "tradigrade.trading.strategies.learned:Learned"\nparameters = {amount = 1.0}\n',
            ),
        ),
        2,
        "amount",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_answered_by_one_sentence(tmp_path: Path, name: str) -> None:
    arguments, code, words = CASES[name]
    data_dir = tmp_path / "data"
    done = run_command("up", *arguments(tmp_path), "--data-dir", str(data_dir), "--port", "0", "--json", cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (data_dir / "run.json").exists()
    assert not list(data_dir.glob("account-*"))


def test_a_port_in_use_is_said_with_its_number(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_command("up", "--data-dir", str(tmp_path / "data"), "--port", str(port), cwd=tmp_path)
    assert done.returncode == 1
    assert f"console port {port}" in done.stderr
    assert "--port" in done.stderr


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    done = run_command("up", "--data-dir", str(tmp_path / "data"), "--port", "0", cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert (tmp_path / "data").read_text() == "mine"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a place where not even root may write")
def test_a_data_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    done = run_command("up", "--data-dir", "/proc/tradigrade", "--port", "0", cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_books_of_another_market_are_not_traded_on(tmp_path: Path) -> None:
    exchange = tmp_path / "data/exchange"
    exchange.mkdir(parents=True)
    (exchange / "market.json").write_text(json.dumps({"market": "recording other.dat.gz"}))
    done = run_command("up", "--data-dir", str(tmp_path / "data"), "--port", "0", cwd=tmp_path)
    assert done.returncode == 1
    assert "--fresh" in done.stderr


def test_status_where_nothing_runs_exits_with_3(tmp_path: Path) -> None:
    done = run_command("status", "--data-dir", str(tmp_path), "--json")
    assert (done.returncode, done.stdout) == (3, "")
    assert "nothing runs" in done.stderr


def test_an_unknown_node_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    done = run_command("node", "run", "trade", "--data-dir", str(tmp_path))
    assert done.returncode == 2
    assert "exchange, guard, trader, console, learner" in done.stderr


@pytest.mark.parametrize("command", [(), ("up",), ("status",), ("config",), ("config", "check"), ("node", "run")])
def test_help_says_what_a_command_does(command: tuple[str, ...]) -> None:
    done = run_command(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_config_show_prints_what_config_check_accepts(tmp_path: Path) -> None:
    shown = run_command("config", "show", cwd=tmp_path)
    file = tmp_path / "shown.toml"
    file.write_text(shown.stdout)
    assert run_command("config", "check", str(file)).returncode == 0
