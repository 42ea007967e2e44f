"""The set-up script on machines that lack something, each made of stand-in commands on a PATH of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "setup.sh"
NEEDED = ("sh", "dirname", "id")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the script is for a POSIX shell")

PYTHON_WITHOUT_ENSUREPIP = f'case "$*" in *ensurepip*) exit 1;; esac; exec {sys.executable} "$@"'
PYTHON_TOO_OLD = "exit 1"
PIP = 'echo "pip $*"'
PIP_WITHOUT_TORCH = 'case "$*" in *learn*) echo "no such build"; exit 1;; esac; echo "pip $*"'


class Machine:
    """A folder with the script, and commands that are found there and nowhere else."""

    def __init__(self, root: Path) -> None:
        self.root, self.commands = root, root / "commands"
        (root / "deploy").mkdir(parents=True)
        self.commands.mkdir()
        shutil.copy(SCRIPT, root / "deploy")
        for name in NEEDED:
            (self.commands / name).symlink_to(str(shutil.which(name)))

    def add(self, path: Path, body: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def add_environment(self, pip: str) -> None:
        for name in ("python", "pip"):
            self.add(self.root / ".venv" / "bin" / name, pip)

    def set_up(self, what: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.commands / "sh"), str(self.root / "deploy" / "setup.sh"), what]
        environment = {"PATH": str(self.commands)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_python_a_sentence_says_what_to_install(machine: Machine) -> None:
    done = machine.set_up("run")
    assert done.returncode == 1
    assert (
        done.stderr == "setup: expected Python 3.11 or newer as python3, found none; install it, then run make again.\n"
    )


def test_an_old_python_counts_as_none(machine: Machine) -> None:
    machine.add(machine.commands / "python3", PYTHON_TOO_OLD)
    assert "expected Python 3.11 or newer" in machine.set_up("run").stderr


def test_without_ensurepip_a_sentence_says_what_to_install(machine: Machine) -> None:
    machine.add(machine.commands / "python3", PYTHON_WITHOUT_ENSUREPIP)
    done = machine.set_up("run")
    assert done.returncode == 1
    assert (
        "to have ensurepip, found none; install it (on Debian and Ubuntu: apt-get install python3-venv)" in done.stderr
    )


def test_another_python_stands_in_for_one_that_is_too_old(machine: Machine) -> None:
    machine.add(machine.commands / "python3", PYTHON_TOO_OLD)
    machine.add(machine.commands / "python3.12", 'case "$*" in *"-m venv"*) exit 7;; esac')
    done = machine.set_up("run")
    assert done.returncode == 7
    assert "making .venv with" in done.stderr
    assert "python3.12" in done.stderr


def test_without_torch_the_set_up_says_so_and_succeeds(machine: Machine) -> None:
    machine.add_environment(PIP_WITHOUT_TORCH)
    done = machine.set_up("run")
    assert done.returncode == 0
    assert "torch could not be installed: the system runs on its linear model instead" in done.stderr


def test_what_fails_to_install_fails_the_set_up(machine: Machine) -> None:
    machine.add_environment("exit 3")
    assert machine.set_up("run").returncode == 3
    assert machine.set_up("dev").returncode == 3


def test_without_a_browser_the_set_up_says_so_and_succeeds(machine: Machine) -> None:
    machine.add_environment(PIP)
    done = machine.set_up("dev")
    assert done.returncode == 0
    assert "the browser tests will be skipped" in done.stderr


def test_a_browser_that_cannot_be_installed_fails_nothing(machine: Machine) -> None:
    machine.add_environment(PIP)
    machine.add(machine.commands / "id", "echo 0")
    machine.add(machine.commands / "timeout", "exit 100")
    machine.add(machine.commands / "apt-get", "exit 100")
    done = machine.set_up("dev")
    assert done.returncode == 0
    assert "installing chromium" in done.stderr
    assert "the browser tests will be skipped" in done.stderr


def test_standard_output_stays_empty_for_commands_whose_output_is_data(machine: Machine) -> None:
    machine.add_environment(PIP)
    assert machine.set_up("run").stdout == machine.set_up("dev").stdout == ""
