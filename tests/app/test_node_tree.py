"""A node whose account group gives up halts everything, however long the disk refuses that."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.kit.cells import VirtualSystem
from tradigrade.kernel.disk import AppendFile, SystemDisk
from tradigrade.node_tree import Outside
from tradigrade.storage.halt import HaltLatch
from tradigrade.supervisors.reports import SupervisorReport
from tradigrade.supervisors.supervisor import SUPERVISION


class BrokenDisk(SystemDisk):
    """Takes nothing, not even an empty file, while `broken`."""

    broken = True

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        self._check()
        super().replace(path, data, sync=sync)

    def open(self, path: Path) -> AppendFile:
        self._check()
        return super().open(path)

    def _check(self) -> None:
        if self.broken:
            raise OSError(30, "Read-only file system")


def test_a_disk_that_refuses_the_latch_is_asked_every_second_until_it_does_not(tmp_path: Path) -> None:
    lines: list[str] = []

    def note(event: str, **_: Any) -> None:
        lines.append(event)

    disk, system = BrokenDisk(), VirtualSystem("trader")
    latch = HaltLatch(disk, tmp_path / "halt.json")
    system.ports = {"halt": latch}
    tree: Any = SimpleNamespace(host=SimpleNamespace(log=SimpleNamespace(error=note)))
    system.spawn("trader/outside", lambda: Outside(tree))
    system.run()
    gave_up = SupervisorReport("gave_up", "trader/trading/account", "trader/trading/account/risk", 1, "crashed")
    system.publish(SUPERVISION, gave_up, sender="trader/trading/account")
    system.advance(2.5)
    assert lines.count("the halt cannot be latched") == 3
    assert latch.read() is None
    disk.broken = False
    system.advance(1.0)
    halt = latch.read()
    assert halt is not None
    assert halt.by == "supervision"
    system.advance(5.0)
    assert lines[-1] == "halted"
    assert lines.count("halted") == 1
