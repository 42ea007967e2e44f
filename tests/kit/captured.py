"""A whole trader on virtual time before the venue in memory, captured as a process captures it."""

import dataclasses
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from tradigrade.capture import CapturedGateway, begin_capture, captured_ports, tree_entrances
from tradigrade.config.run import Run
from tradigrade.config.settings import CaptureSettings, Settings, StrategySettings
from tradigrade.exchanges.simulated.memory import MemoryVenue
from tradigrade.exchanges.simulated.quiet_market import QuietMarket
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.faulty import FaultyDisk, OffsetClock
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.system import System
from tradigrade.node_tree import NodeTree
from tradigrade.ports import trader_files
from tradigrade.seams import Seams
from tradigrade.storage.background import Action, Done, run_at_once
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.transports.codec import SCHEMA_VERSION, Frame, encode
from tradigrade.transports.control import ChaosAsked

BTC = "BTC/USDT"
EXERCISER = "tradigrade.trading.strategies.exerciser:Exerciser"
SYNC_S = 0.003


def make_run(folder: Path, strategy: StrategySettings | None = None, **settings: Any) -> Run:
    strategies = (strategy or StrategySettings(path=EXERCISER),)
    made = {"bar_s": 0.5, "strategies": strategies, "capture": CaptureSettings(limit_mb=8), **settings}
    return Run("r1", str(folder), str(folder), 0, 0, 0, Settings(symbols=(BTC,), **made))


class World:
    """What outlives a trader: time and the venue."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.clock = ManualClock()
        self.loop = VirtualLoop(self.clock)
        self.venue = MemoryVenue(
            QuietMarket((BTC,), seed, 0.1),
            PAPER_INSTRUMENTS.values(),
            self.loop,
            self.clock,
            Random(seed),
            opening_balances={"USDT": Decimal(10_000)},
        )
        self.venue.open()


class CapturedTrader:
    """One process of it."""

    def __init__(self, world: World, run: Run, incarnation: int = 1) -> None:
        self.world = world
        self.log = _Log()
        self.ends: list[str] = []
        disk, clock = FaultyDisk(SystemDisk(), sleep=lambda _: None), OffsetClock(world.clock)
        self.free_bytes = 1 << 40
        raw = Seams(world.loop, clock, SeededEntropy(world.seed), disk)
        capture = begin_capture("trader", run, incarnation, raw, self.ends.append)
        assert capture is not None
        self.capture = capture
        seams = capture.seams
        self.system = System("trader", seams.loop, seams.clock, seams.entropy)
        outside = {
            "market": world.venue.market_port(clock),
            "listing": world.venue.listing_port(),
            "venue": world.venue.account_port("trader", clock),
            "thread": self._sync,
            "archive_thread": lambda _, done: done(""),  # older files stay for a test to look at
            "free_bytes": lambda: self.free_bytes,
        }
        self.system.ports = {"incarnation": incarnation, "run": run, "disk": disk, "clock": clock, **outside}
        self.system.ports |= trader_files(run, dataclasses.replace(raw, disk=seams.disk, nonces=seams.nonces))
        tree = NodeTree(self.system, run, self)
        self.gateway = CapturedGateway(capture.recorder, self.system, run.data, f"trader-{incarnation}")
        self.system.transport = self.gateway
        start, self.stop = tree_entrances(capture.recorder, tree)
        self.system.ports = captured_ports(capture.recorder, self.system.ports)
        self.said: list[tuple[str, str]] = []
        start(None)
        capture.start()

    def close(self) -> None:
        """The process ends in good order."""
        self.stop("the test is over")
        self.world.loop.advance(6)
        self.capture.close()
        self._release()

    def kill(self) -> None:
        """The process ends: what was not handed on is lost."""
        self.capture.recorder._events.clear()
        self.capture.recorder.end("")
        self.system.ports["lease"].release()
        for path in list(self.system.actors):
            self.system.kill(path)
        self._release()

    def ask(self, action: Any, path: str = "trader", for_s: float | None = None, by_s: float = 0.1) -> None:
        """A fault on purpose, by a frame as it comes from the command line."""
        asked = ChaosAsked(action, path, for_s, by_s)
        self.gateway._receive(encode(Frame(SCHEMA_VERSION, "trader/outside", "tool", "tool-1", 1, asked, 1)))

    def _sync(self, action: Action, done: Done) -> None:
        """Beside the loop, and it takes its time."""
        self.world.loop.call_later(SYNC_S, lambda: run_at_once(action, done))

    def _release(self) -> None:
        self.gateway._wake_in.close()
        self.gateway._wake_out.close()

    # -- the host of the tree -----------------------------------------------------------------------------------------

    def say(self, word: str, detail: str = "") -> None:
        self.said.append((word, detail))

    def serves(self) -> None:
        self.say("serving")

    def end(self, reason: str) -> None:
        self.say("bye", reason)


class _Log:
    def __init__(self) -> None:
        self.debug = self.info = self.warning = self.error = self._note
        self.lines: list[str] = []

    def _note(self, event: str, **_: object) -> None:
        self.lines.append(event)
