"""Faults put into actors of one system, and into processes of one spawner."""

import os
import signal
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kit.cells import Puppet, VirtualSystem
from tradigrade.injection import ProcessInjector, inject_into_actor
from tradigrade.supervisors.process_table import Process
from tradigrade.transports.control import Acknowledged, Action, ChaosAsked, Failed

PATH = "node/puppet"


@pytest.fixture
def system() -> VirtualSystem:
    return VirtualSystem()


@pytest.fixture
def puppet(system: VirtualSystem) -> Puppet:
    return system.place(PATH)


def test_a_held_actor_goes_on_with_its_mail_when_its_time_is_over(system: VirtualSystem, puppet: Puppet) -> None:
    answer = inject_into_actor(system, ChaosAsked("hang", PATH, for_s=2.0))
    assert answer == Acknowledged(1, system.clock.monotonic_ns())
    system.tell(PATH, "hello")
    system.advance(1.9)
    assert puppet.log == []
    system.advance(0.2)
    assert puppet.log == ["hello"]


def test_an_actor_is_slow_for_as_long_as_said(system: VirtualSystem, puppet: Puppet) -> None:
    inject_into_actor(system, ChaosAsked("slow", PATH, for_s=5.0, by_s=2.0))
    system.tell(PATH, "late")
    system.advance(1.9)
    assert puppet.log == []
    system.advance(4.0)
    assert puppet.log == ["late"]
    system.tell(PATH, "at once")
    system.run()
    assert puppet.log == ["late", "at once"]


@pytest.mark.parametrize("action", ["kill", "crash"])
def test_a_killed_or_crashed_actor_is_gone(system: VirtualSystem, action: Action) -> None:
    system.place(PATH)
    inject_into_actor(system, ChaosAsked(action, PATH))
    system.run()
    assert PATH not in system.actors


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (ChaosAsked("kill", "node/nobody"), "nobody lives at 'node/nobody'"),
        (ChaosAsked("kill", "node/outside"), "own end of its lifeline"),
        (ChaosAsked("hang", PATH, for_s=-1.0), "--for"),
        (ChaosAsked("slow", PATH, by_s=0.0), "--by"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    system: VirtualSystem, puppet: Puppet, asked: ChaosAsked, words: str
) -> None:
    system.place("node/outside")
    answer = inject_into_actor(system, asked)
    assert isinstance(answer, Failed)
    assert words in answer.reason
    assert {PATH, "node/outside"} <= set(system.actors)
    assert not system.incarnation(PATH).held


# -- processes --------------------------------------------------------------------------------------------------------


class Signals:
    """What a process is sent, and an injector that sends it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[float, str]] = []
        self.system = VirtualSystem()
        self.process = Process("trader", 3, 2, pid=77, state="running")
        processes = {"trader": self.process, "spare": Process("spare", 1, 0, pid=78, state="running")}
        spawner: Any = SimpleNamespace(processes=processes, kill_process=lambda _: os.kill(77, signal.SIGKILL))
        self.injector = ProcessInjector(self.system, spawner)
        self.spawner = spawner
        monkeypatch.setattr(os, "kill", lambda _, number: self.sent.append((self.now_s(), number.name)))

    def now_s(self) -> float:
        return round(self.system.clock.monotonic_ns() / 1e9, 3)

    def inject(self, action: Action, for_s: float | None = None, by_s: float = 0.1) -> None:
        asked = ChaosAsked(action, "trader", for_s, by_s)
        assert not self.injector.find_fault(asked)
        assert self.injector.inject(asked).incarnation == 3


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> Signals:
    return Signals(monkeypatch)


def test_a_process_is_killed(signals: Signals) -> None:
    signals.inject("kill")
    assert signals.sent == [(0.0, "SIGKILL")]


def test_a_stopped_process_is_held_until_its_time_is_over(signals: Signals) -> None:
    signals.inject("hang", for_s=1.5)
    assert signals.injector.is_held("trader")
    signals.system.advance(5.0)
    assert signals.sent == [(0.0, "SIGSTOP"), (1.5, "SIGCONT")]
    assert not signals.injector.is_held("trader")


def test_a_slow_process_runs_half_of_the_time_and_runs_at_the_end(signals: Signals) -> None:
    signals.inject("slow", for_s=0.5, by_s=0.1)
    signals.system.advance(5.0)
    assert [name for _, name in signals.sent] == ["SIGSTOP", "SIGCONT"] * 3
    assert [at_s for at_s, _ in signals.sent] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]


def test_a_new_fault_takes_the_place_of_the_one_before(signals: Signals) -> None:
    signals.inject("hang", for_s=1.0)
    signals.inject("hang", for_s=3.0)
    signals.system.advance(2.0)
    assert signals.injector.is_held("trader")
    signals.system.advance(2.0)
    assert [name for _, name in signals.sent] == ["SIGSTOP", "SIGSTOP", "SIGCONT"]


def test_its_successor_is_neither_held_nor_continued(signals: Signals) -> None:
    signals.inject("hang", for_s=1.0)
    signals.process.state = "stopped"
    signals.spawner.processes["trader"] = Process("trader", 4, 3, pid=79, state="running")
    assert not signals.injector.is_held("trader")
    signals.system.advance(2.0)
    assert signals.sent == [(0.0, "SIGSTOP")]


@pytest.mark.parametrize(
    ("action", "path", "words"),
    [
        ("kill", "nobody", "there is no process 'nobody': expected one of trader, spare"),
        ("slow", "spare", "is a fork server"),
        ("crash", "spare", "is a fork server"),
        ("hang", "trader", "trader is restarting: expected a process that runs"),
    ],
)
def test_what_is_no_running_process_is_refused(signals: Signals, action: Action, path: str, words: str) -> None:
    if path == "trader":
        signals.process.state = "restarting"
    assert words in signals.injector.find_fault(ChaosAsked(action, path))
