"""A trader that is left down halts the system; a disk that refuses the latch is asked until it does not."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.config.run import Run
from tradigrade.config.settings import Settings
from tradigrade.kernel.disk import SystemDisk
from tradigrade.monitor import MONITOR, NODES, Monitor
from tradigrade.storage.halt import HaltLatch
from tradigrade.supervisors.reports import SupervisorReport
from tradigrade.supervisors.supervisor import SUPERVISION


class SomeDisk(SystemDisk):
    """Refuses to write while `full`."""

    full = False

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        super().replace(path, data, sync=sync)


class Scene:
    def __init__(self, folder: Path) -> None:
        self.system = VirtualSystem("launcher")
        self.disk = SomeDisk()
        self.latch = HaltLatch(self.disk, folder / "halt.json")
        self.errors: list[str] = []

        def error(event: str, **_: Any) -> None:
            self.errors.append(event)

        host: Any = SimpleNamespace(
            run_settings=Run("run", str(folder), "", 1, 1, 0, Settings()),
            log=SimpleNamespace(error=error),
            latch=self.latch,
            spawner=SimpleNamespace(processes={}, reports=tuple),
        )
        self.system.place(MONITOR, Monitor(host))

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
    scene.system.advance(0.3)
    assert scene.latch.read() is not None
    scene.system.advance(3.0)
    assert scene.errors[-1] == "halted"
    assert scene.errors.count("halted") == 1
