"""A trader that is left down halts the system; a disk that refuses the latch is asked until it does not. A node that
says nothing is killed, who does not end its turn is named, and a strategy that does so again and again held back."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.config.run import Run, fingerprint
from tradigrade.config.settings import Settings
from tradigrade.config.topology import WARMING_SILENCE_S, WARMS_UP_S
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.disk import AppendFile, SystemDisk
from tradigrade.kernel.turns import Turn
from tradigrade.monitor import MONITOR, NODES, Monitor
from tradigrade.storage.halt import HaltLatch
from tradigrade.storage.held_back import HeldBack
from tradigrade.supervisors.process_table import Process
from tradigrade.supervisors.reports import NodeBeat, ProcessReport, SupervisorReport, SystemReport
from tradigrade.supervisors.requests import RestartChild, TerminateChild
from tradigrade.supervisors.supervisor import SUPERVISION

LOOPING = "trader/strategies/loop-btc-usdt"


class SomeDisk(SystemDisk):
    """Refuses to write, and to make an empty file, while `full`."""

    full = False

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        super().replace(path, data, sync=sync)

    def open(self, path: Path) -> AppendFile:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().open(path)


class Asked(Actor):
    """Stands for the root supervisor, and remembers what it is asked."""

    def __init__(self, asked: list[Any]) -> None:
        self.asked = asked

    def receive(self, message: Any) -> None:
        self.asked.append(message)


class Scene:
    def __init__(self, folder: Path) -> None:
        self.system = VirtualSystem("launcher")
        self.disk = SomeDisk()
        self.latch = HaltLatch(self.disk, folder / "halt.json")
        self.held_back = HeldBack(self.disk, folder / "held-back.json")
        self.processes: dict[str, Process] = {}
        self.killed: list[str] = []
        self.asked: list[Any] = []
        self.in_turn = ""
        self.held = False
        self.batches = 1
        self.run_settings = Run("run", str(folder), "", 1, 1, 0, Settings())
        self.errors: list[str] = []

        def error(event: str, **_: Any) -> None:
            self.errors.append(event)

        host: Any = SimpleNamespace(
            run_settings=self.run_settings,
            log=SimpleNamespace(error=error, warning=lambda event, **_: None),
            latch=self.latch,
            held_back=self.held_back,
            spawner=SimpleNamespace(processes=self.processes, reports=self._reports, kill_process=self._kill),
            injector=SimpleNamespace(is_held=lambda _: self.held),
            turn=self._turn,
        )
        self.monitor = Monitor(host)
        self.system.place(MONITOR, self.monitor)
        self.system.place(NODES, Asked(self.asked))

    def _reports(self) -> tuple[ProcessReport, ...]:
        return tuple(ProcessReport(each.name, 1, each.state, 0, each.incarnation) for each in self.processes.values())

    def _kill(self, process: Process) -> None:
        process.kill_wanted = True
        self.killed.append(process.reason)

    def _turn(self, node: str) -> Turn | None:
        process = self.processes.get(node)
        return None if process is None else Turn(process.incarnation, self.batches, self.in_turn)

    def fall_silent(self, incarnation: int = 1, for_s: float = 3.7, name: str = "trader") -> None:
        """A node starts, and says nothing for so long."""
        now_ns = self.system.clock.monotonic_ns()
        self.processes[name] = Process(name, incarnation, 0, state="running", started_ns=now_ns)
        self.system.advance(for_s)

    def report(self, kind: str, child: str) -> None:
        report = SupervisorReport(kind, NODES, child, 1, "killed")
        self.system.publish(SUPERVISION, report, sender=NODES)
        self.system.run()


def test_a_trader_that_is_left_down_halts_the_system(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.report("left_down", "trader")
    halt = scene.latch.read()
    assert halt is not None
    assert (halt.by, halt.reason) == ("launcher", "the trader was left down: killed")
    assert halt.at_ns == scene.system.clock.now_ns()


@pytest.mark.parametrize(("kind", "child"), [("restarting", "trader"), ("left_down", "learner")])
def test_nothing_else_does(tmp_path: Path, kind: str, child: str) -> None:
    scene = Scene(tmp_path)
    scene.report(kind, child)
    assert scene.latch.read() is None


def test_a_disk_that_refuses_is_asked_again_and_it_is_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.disk.full = True
    scene.report("left_down", "trader")
    assert scene.errors == ["the halt cannot be latched"]
    assert scene.latch.read() is None
    scene.disk.full = False
    scene.system.advance(0.6)
    assert scene.latch.read() is not None
    scene.system.advance(3.0)
    assert scene.errors[-1] == "halted"
    assert scene.errors.count("halted") == 1


# -- silence ----------------------------------------------------------------------------------------------------------


def test_the_actor_whose_turn_does_not_end_is_named_while_its_node_is_silent_and_when_it_is_killed(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path)
    scene.in_turn = LOOPING
    scene.fall_silent(for_s=2.1)
    (stalled,) = scene.monitor.report().nodes
    assert (stalled.state, stalled.reason.partition(" s: ")[2]) == ("stalled", f"{LOOPING} does not end its turn")
    scene.system.advance(1.6)
    assert scene.killed == [f"silent for 3.5 s: {LOOPING} does not end its turn"]


def test_a_learner_that_loads_torch_is_borne_for_longer_and_then_no_more(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.fall_silent(name="learner", for_s=WARMING_SILENCE_S - 0.1)
    assert scene.killed == []
    scene.system.advance(0.7)
    assert len(scene.killed) == 1
    warm = Scene(tmp_path)
    warm.fall_silent(name="learner", for_s=0.0)
    for _ in range(int(WARMS_UP_S["learner"])):
        warm.system.tell(MONITOR, NodeBeat("learner", 1))
        warm.system.advance(1.0)
    warm.system.advance(3.7)
    assert len(warm.killed) == 1


def test_nobody_is_named_where_turns_go_on_where_nobody_has_one_and_where_a_process_was_stopped_on_purpose(
    tmp_path: Path,
) -> None:
    idle = Scene(tmp_path)
    idle.fall_silent()
    assert idle.killed == ["silent for 3.5 s"]
    held = Scene(tmp_path)
    held.in_turn, held.held = LOOPING, True
    held.fall_silent()
    assert held.killed == ["silent for 3.5 s"]
    busy = Scene(tmp_path)
    busy.in_turn = LOOPING
    busy.fall_silent(for_s=0.0)
    for _ in range(8):
        busy.batches += 1
        busy.system.advance(0.5)
    assert busy.killed == ["silent for 3.5 s"]


def test_a_strategy_named_three_times_is_held_back_with_the_settings_it_had(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.in_turn = LOOPING
    for incarnation in (1, 2):
        scene.fall_silent(incarnation)
    assert scene.held_back.read() == {}
    scene.fall_silent(3)
    held = scene.held_back.read()[LOOPING]
    assert (held.reason, held.times) == ("did not end its turn, 3 times within 10 min", 3)
    assert held.settings == fingerprint(scene.run_settings.settings)
    assert len(scene.killed) == 3, "the node is replaced all the same"
    assert (scene.asked, scene.latch.read()) == ([], None)


def test_a_strategy_that_loops_while_the_trader_starts_is_held_back_too(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.in_turn = LOOPING
    for incarnation in (1, 2, 3):
        scene.processes["trader"] = Process("trader", incarnation, 0)
        scene.system.advance(20.0)
        report = SupervisorReport("start_error", NODES, "trader", incarnation, "did not start within 20 s")
        scene.system.publish(SUPERVISION, report, sender=NODES)
        scene.system.run()
    assert list(scene.held_back.read()) == [LOOPING]


def test_a_disk_that_refuses_to_hold_back_is_asked_at_the_next_silence(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.in_turn = LOOPING
    scene.disk.full = True
    for incarnation in (1, 2, 3):
        scene.fall_silent(incarnation)
    assert "a strategy cannot be held back" in scene.errors
    scene.disk.full = False
    scene.fall_silent(4)
    assert scene.held_back.read()[LOOPING].times == 4


def test_a_trader_that_falls_silent_for_ever_is_left_down_and_halts_until_that_is_released(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.in_turn = "trader/trading/account/executor"
    for incarnation in range(1, 7):
        scene.fall_silent(incarnation)
    assert scene.asked == [TerminateChild("trader")]
    halt = scene.latch.read()
    assert halt is not None
    assert "trader/trading/account/executor does not end its turn, again and again" in halt.reason
    scene.processes["trader"].state = "stopped"
    scene.latch.release("mended", "test", 0)
    scene.system.advance(1.0)
    assert scene.asked[1:] == [RestartChild("trader")]
    scene.fall_silent(7)
    assert len(scene.asked) == 2, "it has all its chances again"


def test_another_node_that_falls_silent_for_ever_is_replaced_for_ever(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    for incarnation in range(1, 9):
        scene.fall_silent(incarnation, name="console")
    assert (len(scene.killed), scene.asked, scene.latch.read()) == (8, [], None)


# -- what the console is told -----------------------------------------------------------------------------------------


def test_the_console_is_told_what_changes_at_the_next_look_and_all_of_it_once_a_second(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.system.advance(5.1)
    told = [each.message for each in scene.system.dead_letters if isinstance(each.message, SystemReport)]
    assert len(told) == 5, "nothing changes"
    scene.processes["learner"] = Process("learner", 1, 0)
    scene.system.advance(0.5)
    letter = scene.system.dead_letters[-1].message
    assert isinstance(letter, SystemReport)
    assert [node.name for node in letter.nodes] == ["learner"]
