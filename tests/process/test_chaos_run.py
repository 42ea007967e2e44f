"""`tradigrade chaos run`, and faults of disk, clock and venue, against a whole running system."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kit.running import Running, assert_no_order_lost_or_doubled, run_command, running

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

SEED = int(os.environ.get("CHAOS_SEED", "5"))
MINUTES = os.environ.get("CHAOS_MINUTES", "0.3")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One system for all tests of this file: each leaves it working."""
    with running(tmp_path_factory.mktemp("chaos-run") / "data") as system:
        system.wait_orders(1)
        yield system
        summary = system.stop()
        assert summary["reconciled"], summary["differences"]
        assert_no_order_lost_or_doubled(system)


def start_run(system: Running, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tradigrade", "chaos", "run", "--data-dir", str(system.data_dir), "--json"]
    return subprocess.Popen(command + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(run: "subprocess.Popen[str]") -> tuple[int, dict[str, Any]]:
    """Exit code and report; what was done is printed, for the figures."""
    output, errors = run.communicate(timeout=150)
    print(errors)
    assert output, errors
    return run.returncode, json.loads(output)


def state(system: Running) -> dict[str, Any]:
    """What the console shows."""
    with urllib.request.urlopen(system.facts()["console"] + "/api/state", timeout=5) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


def chaos(system: Running, *arguments: str) -> dict[str, Any]:
    """One fault, and what the command says followed."""
    done = run_command("chaos", *arguments, "--data-dir", str(system.data_dir), "--json")
    assert done.returncode == 0, done.stderr
    print(done.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["action"], found["target"], found["done"]) == (arguments[0], arguments[1], True)
    return found


def wait_normal(system: Running) -> None:
    def well() -> bool:
        view = state(system)
        trading = view["trading"]
        return view["rung"]["name"] in ("NORMAL", "FALLBACK") and trading is not None and trading["reconciled"]

    system.wait("the system being well again", well, 30.0)


def wait_more_orders(system: Running) -> None:
    system.wait_orders(len(system.intents()) + 2)


def test_a_run_of_random_faults_ends_with_everything_recovered_and_every_invariant_holding(system: Running) -> None:
    run = start_run(system, "--minutes", MINUTES, "--seed", str(SEED))
    system.wait("the console showing the run", lambda: (state(system)["chaos"] or {}).get("state") == "running")
    code, report = finish(run)
    assert [each for each in report["invariants"] if not each["holds"]] == []
    assert [step for step in report["steps"] if step["verdict"] not in ("recovered", "refused")] == []
    assert (code, report["passed"], report["state"], report["seed"]) == (0, True, "finished", SEED)
    assert sum(step["verdict"] == "recovered" for step in report["steps"]) >= 4
    assert len({step["kind"] for step in report["steps"]}) >= 3
    assert report["times"][0]["kind"] == "all"
    wait_more_orders(system)


def test_an_interrupted_run_frees_what_it_held_and_reports(system: Running) -> None:
    run = start_run(system, "--minutes", "5", "--seed", str(SEED + 1))

    def began() -> bool:
        shown = state(system)["chaos"] or {}
        return shown.get("seed") == SEED + 1 and bool(shown["steps"])

    system.wait("the first fault", began)
    run.send_signal(signal.SIGINT)
    code, report = finish(run)
    assert (code, report["passed"]) == (0, True), report
    assert len(report["steps"]) < 20
    wait_normal(system)


def test_a_trader_whose_disk_is_full_loses_nothing_and_trades_again_after(system: Running) -> None:
    wait_normal(system)
    wait_more_orders(system)
    told = chaos(system, "disk-full", "trader", "--for", "1.5")
    assert told["recovered"]
    wait_normal(system)
    wait_more_orders(system)
    assert_no_order_lost_or_doubled(system)


def test_a_trader_whose_clock_is_wrong_comes_back_when_it_is_right_again(system: Running) -> None:
    wait_normal(system)
    told = chaos(system, "clock", "trader", "--by", "5", "--for", "2")
    assert told["recovered"]
    wait_normal(system)
    wait_more_orders(system)
    assert_no_order_lost_or_doubled(system)


def test_a_disk_that_does_not_sync_stops_no_trading_for_long(system: Running) -> None:
    wait_normal(system)
    assert chaos(system, "sync-fails", "trader", "--for", "1")["recovered"]
    wait_normal(system)
    wait_more_orders(system)


def test_the_venue_is_made_to_misbehave_and_what_was_in_doubt_is_settled(system: Running) -> None:
    wait_normal(system)
    command = ("chaos", "venue", "place-unanswered", "--times", "2", "--data-dir", str(system.data_dir))
    done = run_command(*command)
    assert done.returncode == 0, done.stderr
    wait_more_orders(system)
    wait_more_orders(system)
    wait_normal(system)
    assert_no_order_lost_or_doubled(system)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("venue", "nonsense"), 1, "expected one of"),
        (("disk-full", "trader/reporter"), 2, "expected a node"),
        (("clock", "trader", "--by", "0"), 2, "not 0"),
        (("disk-full", "launcher"), 2, "launcher"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_refused_in_one_sentence(
    system: Running, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = run_command("chaos", *arguments, "--data-dir", str(system.data_dir))
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_healing_lets_go_of_what_is_held(system: Running) -> None:
    chaos_hang = ("chaos", "hang", "trader/reporter", "--for", "60", "--no-wait", "--data-dir", str(system.data_dir))
    assert run_command(*chaos_hang).returncode == 0
    begun_s = time.monotonic()
    assert run_command("chaos", "heal", "--data-dir", str(system.data_dir)).returncode == 0
    wait_normal(system)
    assert time.monotonic() - begun_s < 30
