"""What people and supervisors do to trading from outside: the halt latch, and the commands."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from tests.kit.cells import VirtualSystem
from tradigrade.cli import app
from tradigrade.kernel.disk import SystemDisk
from tradigrade.node_tree import Outside
from tradigrade.storage.halt import HaltLatch
from tradigrade.supervisors.reports import SupervisorReport
from tradigrade.supervisors.supervisor import SUPERVISION
from tradigrade.trading.halting import halt_on
from tradigrade.trading.messages import RiskAlert
from tradigrade.trading.views import StandingView
from tradigrade.transports.control import LadderAnswered, LimitView, RiskAnswered

GROUP = "trader/trading/account"


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def test_a_halt_and_its_release_need_no_running_system(tmp_path: Path) -> None:
    folder = ("--data-dir", str(tmp_path))
    assert run("halt", "the news", *folder).exit_code == 0
    assert json.loads((tmp_path / "halt.json").read_text())["reason"] == "the news"
    assert run("halt", "more news", *folder).exit_code == 0
    assert json.loads((tmp_path / "halt.json").read_text())["reason"] == "the news"
    assert run("release", "all is well", *folder).exit_code == 0
    assert not (tmp_path / "halt.json").exists()
    assert run("release", "all is well", *folder).exit_code == 1


@pytest.mark.parametrize("command", ["halt", "release"])
def test_neither_goes_without_a_reason(tmp_path: Path, command: str) -> None:
    HaltLatch(SystemDisk(), tmp_path / "halt.json").halt("before", "the test", 1)
    assert run(command, " ", "--data-dir", str(tmp_path)).exit_code == 2
    assert (tmp_path / "halt.json").exists()


@pytest.mark.parametrize("amount", ["0", "-5", "NaN", "much"])
@pytest.mark.parametrize("command", ["deposit", "withdraw"])
def test_only_an_amount_above_zero_is_transferred(tmp_path: Path, command: str, amount: str) -> None:
    done = run(command, "--data-dir", str(tmp_path), "--", amount, "USDT")
    assert done.exit_code == 2
    assert "above zero" in done.output


@pytest.mark.parametrize(
    "words",
    [("ladder",), ("pause", "learned"), ("resume", "learned"), ("deposit", "5", "USDT"), ("withdraw", "5", "USDT")],
)
def test_what_asks_a_running_system_says_that_none_runs(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(*words, "--data-dir", str(tmp_path)).exit_code == 3


@pytest.mark.parametrize(
    ("kind", "supervisor", "halts"),
    [
        ("gave_up", GROUP, True),
        ("gave_up", "trader/trading", True),
        ("gave_up", "trader", True),
        ("gave_up", "trader/feeds", False),
        ("gave_up", "trader/trad", False),
        ("left_down", GROUP, False),
        ("child_terminated", GROUP, False),
    ],
)
def test_who_gives_the_account_up_halts(kind: str, supervisor: str, halts: bool) -> None:
    assert bool(halt_on(SupervisorReport(kind, supervisor, "risk", 3, "a bug"))) is halts


class _Host:
    """Of a node's tree: says nothing to anybody."""

    log = structlog.get_logger()

    def say(self, word: str, detail: str = "") -> None: ...

    def serves(self) -> None: ...

    def end(self, reason: str) -> None: ...


class _Tree:
    host = _Host()


def test_a_node_whose_account_was_given_up_latches_the_halt(tmp_path: Path) -> None:
    virtual = VirtualSystem("trader")
    latch = HaltLatch(SystemDisk(), tmp_path / "halt.json")
    virtual.ports = {"halt": latch}
    virtual.place("trader/outside", Outside(_Tree()))  # type: ignore[arg-type]
    virtual.publish(SUPERVISION, SupervisorReport("gave_up", GROUP, "risk", 31, "a bug"))
    virtual.run()
    halt = latch.read()
    assert halt is not None
    assert halt.reason == f"{GROUP} gave up: risk failed too often: a bug"


def test_the_kill_switch_is_the_same_latch_and_names_who_threw_it(tmp_path: Path) -> None:
    folder = ("--data-dir", str(tmp_path))
    assert run("kill", "engage", "--reason", "the news", "--by", "somebody", *folder).exit_code == 0
    told = json.loads((tmp_path / "halt.json").read_text())
    assert (told["reason"], told["by"]) == ("the news", "somebody")
    assert run("kill", "release", "--reason", "all is well", *folder).exit_code == 0
    assert not (tmp_path / "halt.json").exists()
    assert run("kill", "release", "--reason", "all is well", *folder).exit_code == 1
    assert run("kill", "engage", "--reason", " ", *folder).exit_code == 2
    assert run("kill", "engage", *folder).exit_code == 2


def test_a_program_of_the_users_own_may_halt(tmp_path: Path) -> None:
    import tradigrade

    assert tradigrade.halt(tmp_path, "my own alarm").reason == "my own alarm"
    assert json.loads((tmp_path / "halt.json").read_text())["reason"] == "my own alarm"
    assert tradigrade.release(tmp_path, "looked at")


def test_a_kill_file_is_released_also_when_nothing_runs(tmp_path: Path) -> None:
    (tmp_path / "KILL").touch()
    assert run("kill", "release", "--reason", "all is well", "--data-dir", str(tmp_path)).exit_code == 0
    assert not (tmp_path / "KILL").exists()


@pytest.mark.parametrize("words", [("risk", "show"), ("risk", "set", "max_leverage", "1", "--reason", "x")])
def test_limits_are_of_a_running_system(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(*words, "--data-dir", str(tmp_path)).exit_code == 3


LIMITS = RiskAnswered(
    version="2-0a1b2c3d",
    rules_version="00000000",
    rules=("no nights",),
    limits=(
        LimitView("max_leverage", "account", "multiple", "gross", Decimal(1), Decimal(1) / 3, Decimal(2) / 3),
        LimitView("max_gross_notional", "account", "money", "all", None, Decimal("4321.987"), None),
        LimitView("max_open_orders", "account", "count", "open", Decimal(1_000), Decimal(0), Decimal(1_000)),
    ),
    scales={"BTC/USDT": Decimal("0.5")},
    at_ns=1,
)


def test_limits_are_shown_to_people_and_to_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tradigrade.operate.ask_risk", lambda *_: LIMITS)
    folder = ("--data-dir", str(tmp_path))
    told = json.loads(run("risk", "show", "--json", *folder).stdout)
    assert (told["version"], told["rules"], told["scales"]) == ("2-0a1b2c3d", ["no nights"], {"BTC/USDT": "0.5"})
    assert told["limits"][1]["value"] is None
    assert told["limits"][1]["used"] == "4321.987"
    shown = run("risk", "show", *folder).stdout
    assert all(part in shown for part in ("max_leverage", "0.3333", "no bound", "4,321.99", "1,000", "scaled by 0.5"))


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_the_ladder_tells_the_halt_and_the_latest_alerts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    standing = StandingView("system", "HALTED", "odd prices", 1)
    monkeypatch.setattr("tradigrade.operate.ask_risk", lambda *_: LadderAnswered((standing,), ()))
    monkeypatch.setattr("tradigrade.operate.find_alerts", lambda _: (RiskAlert("FEE_TOO_HIGH", "fee=[3]", 1),))
    HaltLatch(SystemDisk(), tmp_path / "halt.json").halt("odd [prices]", "mara", 1)
    done = run("ladder", "--data-dir", str(tmp_path), *words)
    assert done.exit_code == 0, done.output
    assert all(each in done.stdout for each in ("odd [prices]", "mara", "FEE_TOO_HIGH", "fee=[3]"))
    if words:
        told = json.loads(done.stdout)
        assert told["alerts"] == [{"code": "FEE_TOO_HIGH", "detail": "fee=[3]", "at_ns": 1}]
        assert told["halt"] == {"reason": "odd [prices]", "by": "mara", "at_ns": 1}
