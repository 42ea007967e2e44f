"""Runs a captured trader again, in memory: the same tree over what came into it then. Nothing leaves or is kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from .capture import CapturedGateway, captured_ports, nonces_of, tree_entrances
from .config.feeds import feed_plans
from .config.run import Run, from_json
from .exchanges.public_venue import make_protocol
from .exchanges.stream_protocol import StreamProtocol
from .kernel.boundary import Boundary, CaptureFault
from .kernel.clock import SystemClock
from .kernel.disk import SystemDisk
from .kernel.faulty import FaultyDisk, OffsetClock
from .kernel.identity import SeededEntropy
from .kernel.replay import Handled, Player, ReplayCell, ReplayClock, ReplayLoop
from .kernel.replay_disk import ReplayDisk
from .kernel.system import System
from .node_tree import NodeTree
from .ports import trader_files
from .seams import Seams
from .storage.account_journal import AccountJournal, Record
from .storage.capture_file import Capture
from .storage.journal_keys import KeyFault


class Replay:
    """One incarnation of a trader, made again from its capture. `heard` is told of every message that is handled."""

    def __init__(self, capture: Capture, heard: Callable[[Handled], object] = lambda _: None) -> None:
        header = capture.header
        self.header = header
        self.player = Player(capture.events, heard)
        self.said: list[tuple[str, str]] = []
        """What the node told its launcher."""
        self.log = _Silence()
        self._run = run = _run_of(capture)
        loop, clock, self.disk = ReplayLoop(self.player), ReplayClock(self.player), ReplayDisk(self.player)
        entropy, cell = SeededEntropy(int(header.seed)), ReplayCell(loop, self.player)
        self.system = System(header.node, loop, clock, entropy, runtimes={"cell": cell})
        files = _files(run, Seams(loop, clock, entropy, self.disk, nonces_of(int(header.seed))))
        files["journal"] = self._journal = _NotedJournal(files["journal"])
        outside = {
            **{plan.port: _NoMarket(make_protocol(plan.venue)) for plan in feed_plans(run.settings)},
            "listing": _Nowhere(),
            "venue": _Nowhere(),
            "thread": _nothing,
            "archive_thread": _nothing,
            "free_bytes": lambda: 0,
        }
        switches = {"disk": FaultyDisk(SystemDisk()), "clock": OffsetClock(SystemClock())}  # nobody stands on them
        self.system.ports = {"incarnation": header.incarnation, "run": run, **switches}
        self.system.threads.abandoned_limit = run.settings.supervision.abandoned_threads
        tree = NodeTree(self.system, run, self)
        incarnation = f"{header.node}-{header.incarnation}"
        self.system.transport = _SilentGateway(self.player, self.system, Path(run.socket_dir), incarnation)
        tree_entrances(self.player, tree)
        self.system.ports |= captured_ports(self.player, files | outside)

    def run(self, until: int | None = None) -> bool:
        """To the end of the capture, or to an event; True where every decision was as recorded."""
        return self.player.run(until)

    # -- what came of it ----------------------------------------------------------------------------------------------

    @property
    def records(self) -> list[Record]:
        """What was journalled, in order."""
        return self._journal.noted

    @property
    def journal_path(self) -> Path:
        return self._run.data / f"account-{self._run.settings.account.name}.journal"

    def journal(self) -> bytes:
        """The account's journal as this incarnation left it; of a rotated one the first file."""
        return self.disk.files.get(self.journal_path, b"")

    # -- the host of the tree -----------------------------------------------------------------------------------------

    def say(self, word: str, detail: str = "") -> None:
        self.said.append((word, detail))

    def serves(self) -> None:
        self.say("serving")

    def end(self, reason: str) -> None:
        self.say("bye", reason)


def _run_of(capture: Capture) -> Run:
    try:
        return from_json(capture.header.run)
    except msgspec.MsgspecError as error:
        words = f"{capture.path}: its settings are not of this program: {error}"
        raise CaptureFault(f"{words}; replay it with version {capture.header.program}") from error


def _files(run: Run, seams: Seams) -> dict[str, Any]:
    try:
        return trader_files(run, seams)
    except KeyFault as fault:
        raise CaptureFault(f"its journal cannot be written as it was: {fault}") from fault


class _NotedJournal:
    """A journal, and what is appended to it."""

    def __init__(self, journal: AccountJournal) -> None:
        self._journal = journal
        self.noted: list[Record] = []

    def append(self, record: Record) -> int:
        sequence = self._journal.append(record)
        self.noted.append(record)
        return sequence

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class _SilentGateway(CapturedGateway):
    """Frames go nowhere."""

    def __init__(self, boundary: Boundary, system: System, directory: Path, incarnation: str) -> None:
        super().__init__(boundary, system, directory, incarnation)
        self._wake_in.close()
        self._wake_out.close()

    def _wake(self) -> None:
        self._outgoing.clear()


class _Nowhere:
    """What is asked of a port in a replay is only compared."""

    def close(self) -> None:
        """Nothing is open."""


class _NoMarket(_Nowhere):
    """Its frames are read as they were then."""

    def __init__(self, protocol: StreamProtocol) -> None:
        self.protocol = protocol


def _nothing(*_: object) -> None:
    """What blocks is not done again."""


class _Silence:
    """The node's log was written then."""

    def debug(self, *_: object, **__: object) -> None: ...

    info = warning = error = debug
