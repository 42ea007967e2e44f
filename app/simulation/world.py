"""One simulated host with the whole system on it, and the venue it trades on."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from ..config.run import Run
from ..config.settings import Settings
from ..kernel.clock import ManualClock
from ..kernel.fault_points import FaultPoints
from ..kernel.loop import VirtualLoop
from ..kernel.simulated_disk import SimulatedDisk
from ..kernel.simulation.hosts import NodeClock
from ..kernel.simulation.network import SimulatedNetwork
from ..storage.halt import HALT_NAME, HaltLatch
from ..storage.journal_files import file_path, generations
from ..storage.lease import FileLease
from ..transports.codec import SCHEMA_VERSION, Frame, WireFault, decode, encode
from .launcher import SimulatedLauncher
from .log import Line, Lines
from .node import ProcessEnded, SimulatedNode
from .venue import make_venue
from .witness import Witness

DATA = Path("/simulated")
RUN_AGAIN_S = 3.0
"""After a launcher died, or gave up, a person starts it again this much later."""
RELEASE_S = 5.0
"""A person looks at a halt for so long, and releases it."""


class World:
    """Made from a seed alone; `advance` lets time pass. `tell` sees every message, `read_along` every log line."""

    def __init__(
        self,
        seed: int,
        settings: Settings,
        *,
        wire: bool = True,
        tell: Callable[[int, str, Any], object] | None = None,
        read_along: Callable[[Line], object] = lambda _: None,
    ) -> None:
        self.seed = seed
        self.settings = settings
        self.tell = tell
        self.clock = ManualClock()
        self.loop = VirtualLoop(self.clock)
        self.host_clock = NodeClock(self.clock)
        self._seeds = self.random("seeds")
        self.lines = Lines(lambda: self.clock.monotonic_ns() / 1e9, read_along)
        self.network = SimulatedNetwork(self.loop, self.random("network"), Wire() if wire else _as_it_is)
        self.disk = SimulatedDisk(self.random("disk"))
        self._latch = HaltLatch(self.disk, DATA / HALT_NAME)
        self.fault_points = FaultPoints(self.random("fault points"), self._fail_here, share=0.4)
        self.fault_kills = self.random("fault kills")
        self.witness = Witness(self)
        self.venue = make_venue(self)
        self.nodes: dict[str, SimulatedNode] = {}
        self.booted: list[Any] = []
        """Every node and launcher there ever was."""
        self.counts: Counter[str] = Counter()
        self._pids = 1_000
        self._halted_ns = 0
        """When it last was seen that nothing is halted."""
        self._runs = 0
        self.stopping = False
        self.launcher = self._launch()

    def random(self, name: str) -> Random:
        """A stream of its own for each use: what one draws does not move the others."""
        return Random(f"{self.seed}/{name}")  # noqa: S311 - reproducible on purpose

    def draw_seed(self) -> int:
        return self._seeds.getrandbits(48)

    def next_pid(self) -> int:
        self._pids += 1
        return self._pids

    def advance(self, seconds: float) -> None:
        self.loop.advance(seconds)
        self.witness.trace.flush()

    def boot(
        self,
        name: str,
        run: Run,
        incarnation: int,
        said: Callable[[str, str], object],
        ended: Callable[[], object],
    ) -> SimulatedNode:
        """A process begins. Its tree is not started yet."""
        node = self.nodes[name] = SimulatedNode(self, name, run, incarnation, said, ended)
        self.booted.append(node)
        self.counts["boots"] += 1
        return node

    def forget(self, node: SimulatedNode) -> None:
        """A process ended."""
        if self.nodes.get(node.name) is node:
            del self.nodes[node.name]

    @property
    def journal_path(self) -> Path:
        return DATA / f"account-{self.settings.account.name}.journal"

    @property
    def lease_path(self) -> Path:
        return DATA / f"account-{self.settings.account.name}.lease"

    def journal_holds(self, client_id: str, newest: Path | None = None) -> bool:
        """Whether the account's journal knows that order, as the disk has it; the newest files first. What `newest` is
        said to be is looked at before all others, from its end."""
        written = msgspec.msgpack.encode(client_id)
        inode = None if newest is None else self.disk.at(newest)
        if inode is not None and inode.data.rfind(written) >= 0:
            return True
        newest_first = reversed(generations(self.disk, self.journal_path))
        files = (file_path(self.journal_path, each) for each in newest_first)
        return any(written in self.disk.read(path) for path in files) or self._in_snapshot(client_id)

    def _in_snapshot(self, client_id: str) -> bool:
        path = self.journal_path.with_name(f"{self.journal_path.name}.snapshot")
        return path.name in self.disk.names(DATA) and msgspec.msgpack.encode(client_id) in self.disk.read(path)

    def steal_lease(self) -> Callable[[], object] | None:
        """Somebody else takes the account's lease, under a larger epoch; what gives it back. None where there is none
        yet."""
        if self.lease_path.name not in self.disk.names(DATA):
            return None
        thief = FileLease(self.disk, self.lease_path)
        try:
            thief.acquire(steal=True)
        except OSError:  # the disk is in trouble already
            return None
        return thief.release

    # -- the launcher -------------------------------------------------------------------------------------------------

    def _launch(self) -> SimulatedLauncher:
        self._runs += 1
        run = Run(f"run{self._runs}", str(DATA), "", 0, 0, self.clock.now_ns(), self.settings)
        launcher = SimulatedLauncher(self, run)
        self.booted.append(launcher)
        return launcher

    def end_launcher(self) -> None:
        """`kill -9` of the launcher; somebody starts the system again."""
        self.launcher.kill()
        self.loop.call_later(RUN_AGAIN_S, self.launch_again)

    def lose_power(self) -> None:
        """Everything ends at once, and what was not synced is lost in part; then the host comes back."""
        self.launcher.loop.end()
        self.network.detach(self.launcher.system)
        for node in list(self.nodes.values()):
            node.kill()
        self.disk.power_loss()
        self._forget_lost()
        self.loop.call_later(RUN_AGAIN_S, self.launch_again)

    def _forget_lost(self) -> None:
        """What nobody can know any more: epochs that the lease lost."""
        if self.disk.fired["loses_sync"] and self.lease_path.name in self.disk.names(DATA):
            self.witness.laws.forget_epochs(int(self.disk.read(self.lease_path).strip() or 0))

    def launch_again(self) -> None:
        """Unless one runs: the lock on the data directory refuses a second."""
        if self.launcher.alive and not self.launcher.reason:
            return
        if self.nodes:  # as `up` does, it waits for the nodes of the last launcher to end
            self.loop.call_later(RUN_AGAIN_S, self.launch_again)
            return
        self.counts["launches"] += 1
        self.launcher = self._launch()

    def watch_launcher(self) -> None:
        """A launcher that gave up is started again, and a halt released, as a person would."""
        if self._latch.read() is None:
            self._halted_ns = self.clock.monotonic_ns()
        elif self.clock.monotonic_ns() - self._halted_ns > RELEASE_S * 1e9:
            self.release_halt("looked into it")
        if self.launcher.reason and not self.stopping and self.launcher.alive:
            self.counts["gave_up"] += 1
            self.launcher.kill()
            self.loop.call_later(RUN_AGAIN_S, self.launch_again)

    def halt(self, reason: str) -> bool:
        """The kill switch; False where the disk refuses."""
        try:
            self._latch.halt(reason, "a person", self.clock.now_ns())
        except OSError:
            return False
        return True

    def halted_s(self) -> float:
        """How long a halt has stood, seen every quarter of a second; 0 where none does."""
        return 0.0 if self._latch.read() is None else (self.clock.monotonic_ns() - self._halted_ns) / 1e9

    @property
    def flattens(self) -> bool:
        """Whenever it stops, after its launcher died too, it closes positions, with all that guards them."""
        return self.settings.on_stop == "flatten"

    def release_halt(self, reason: str) -> None:
        """A halt is a person's to release."""
        try:
            released = self._latch.release(reason, "a person", self.clock.now_ns())
        except OSError:  # the disk is in trouble: the person tries again
            return
        self.counts["halts released"] += released

    # -- fault points -------------------------------------------------------------------------------------------------

    def _fail_here(self, path: str, name: str) -> None:
        """A place in the code fails: the actor crashes, or its whole process is killed there and then."""
        self.lines.add(path.partition("/")[0], "fault", f"{name} in {path}")
        node = self.nodes.get(path.partition("/")[0])
        if node is not None and self.fault_kills.random() < 0.5:
            node.kill()
            raise ProcessEnded(f"killed at {name}")
        raise RuntimeError(f"made to fail at {name}")


class Wire:
    """What a real frame would carry; `ValueError` where the wire refuses it. One message to several is carried once."""

    def __init__(self) -> None:
        self._sent: Any = None
        self._arrives: Any = None

    def __call__(self, payload: Any) -> Any:
        if payload is not self._sent:
            try:
                self._arrives = decode(encode(Frame(SCHEMA_VERSION, "", "", "", 0, payload))).payload
            except WireFault as fault:
                raise ValueError(str(fault)) from fault
            self._sent = payload
        return self._arrives


def _as_it_is(payload: Any) -> Any:
    return payload
