"""`tradigrade simulate`: a seed that fails is told with what runs it again, and with as few faults as it needs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tradigrade.cli import app
from tradigrade.kernel.simulation.schedule import Fault, to_text
from tradigrade.simulate import describe, kind_of, run_command, shrink_failing
from tradigrade.simulation import run as run_module
from tradigrade.simulation.choice import Own
from tradigrade.simulation.outcome import Outcome
from tradigrade.simulation.run import Seed, complaints, run_seed

KILL = Fault(10.0, "kill", "trader")
CALM = ()


def test_without_faults_a_system_trades_and_stops_with_books_that_equal_the_venues() -> None:
    outcome = run_seed(1, CALM)
    assert outcome.broken == ()
    assert outcome.orders >= 50
    assert outcome.healed_after_s == 0.0


def test_the_same_seed_with_other_faults_is_another_run_and_with_the_same_the_same() -> None:
    assert run_seed(2, (KILL,)).trace == run_seed(2, (KILL,)).trace != run_seed(2, CALM).trace


def test_what_is_not_well_is_said_in_words() -> None:
    run = Seed(3, (Fault(5.0, "disk-full", for_s=3.0),))
    run.world.advance(0.05)
    assert list(complaints(run.world)) == ["forkserver is starting: ", "there is no trader"]
    run.world.advance(4.0)
    assert list(complaints(run.world)) == []
    run.world.advance(3.0)
    assert any("account is CANCEL_ONLY: journal" in each for each in complaints(run.world))


def test_a_failing_schedule_shrinks_to_the_fault_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = (Fault(5.0, "crash"), KILL, Fault(20.0, "hang"))

    def fail_with_a_kill(seed: int, schedule: tuple[Fault, ...], own: Own | None = None) -> Outcome:
        broken = ("law 5 is broken: as the test wants",) if KILL in schedule else ()
        return Outcome(seed, schedule, broken, "", 60.0, None, 50, {})

    monkeypatch.setattr("tradigrade.simulate.run_seed", fail_with_a_kill)
    failed = fail_with_a_kill(4, schedule)
    assert kind_of(failed) == "law 5 is broken"
    assert shrink_failing(failed) == (KILL,)


def test_the_command_that_runs_a_failing_seed_again_runs_it_with_the_same_faults() -> None:
    command = run_command(7, (KILL,))
    assert command == f"tradigrade simulate --seed 7 --faults '{to_text((KILL,))}'"
    done = CliRunner().invoke(app, ["simulate", "--seed", "7", "--faults", to_text((KILL,)), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["seed"], told["faults"], told["broken"]) == (7, 1, [])
    assert told["counts"]["fault kill"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seed", "1", "--faults", "nonsense"), "--faults: expected a schedule"),
        (("--seed", "1", "--faults", '[[1.0,"meteor"]]'), "'meteor'"),
        (("--seed", "1", "--faults", '[[1.0,"venue-chance","luck"]]'), "'luck'"),
        (("--faults", "[]"), "only with --seed"),
        (("--seed", "-1"), "greater than or equal to 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_simulated_is_refused_with_a_sentence(arguments: tuple[str, ...], words: str) -> None:
    done = CliRunner().invoke(app, ["simulate", *arguments])
    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_fault_is_described_in_one_line() -> None:
    assert describe(Fault(3.25, "slow", "trader/feeds/binance", 2.0, 0.1)) == (
        "   3.250 s  slow trader/feeds/binance for 2 s (0.1)"
    )


def test_a_liveness_failure_is_diagnosed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run_module, "LIVENESS_S", 3.0)
    monkeypatch.setattr(run_module, "SAFETY_S", 6.0)
    outcome = Seed(1, (Fault(5.9, "power-loss"),)).run()
    assert "liveness" in outcome.broken[0]
    assert "there is no trader" in outcome.broken[0]
    assert outcome.lines


CONFIG = """
strategies_dir = "{folder}"
symbols = ["ETH/USDT"]
[[strategies]]
path = "always.py:Always"
"""
ALWAYS = """
from decimal import Decimal
from tradigrade.trading.strategy import Strategy, Target

class Always(Strategy):
    def on_bar(self, bar):
        return Target(Decimal("0.1"))
"""


def test_a_users_own_strategies_are_simulated_under_the_same_faults_and_laws(tmp_path: Path) -> None:
    (tmp_path / "always.py").write_text(ALWAYS)
    config = tmp_path / "own.toml"
    config.write_text(CONFIG.format(folder=tmp_path))
    done = CliRunner().invoke(app, ["simulate", "--seed", "5", "--config", str(config), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["broken"] == []
    assert told["orders"] >= 1
    assert told["faults"] >= 6


def test_a_configuration_that_is_wrong_is_refused_before_anything_is_simulated(tmp_path: Path) -> None:
    config = tmp_path / "own.toml"
    config.write_text(CONFIG.format(folder=tmp_path))
    done = CliRunner().invoke(app, ["simulate", "--config", str(config)])
    assert done.exit_code == 2
    assert "always.py" in done.stderr
