"""A node without waiting, over any of the three runtimes, and an actor that does what it is told."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any, Literal

from tradigrade.kernel.actor import Actor
from tradigrade.kernel.birth import Birth
from tradigrade.kernel.cell import Cell
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.incarnation import Incarnation
from tradigrade.kernel.loop import Callback, Timer, VirtualLoop
from tradigrade.kernel.simulated import SeededCell
from tradigrade.kernel.simulation.ledger import WatchedRegistry, check_conservation
from tradigrade.kernel.system import Runtime, System, Transport
from tradigrade.kernel.threads import ThreadActor, Threads

RuntimeName = Literal["cell", "threads", "simulated"]
RUNTIMES: tuple[RuntimeName, ...] = ("cell", "threads", "simulated")
QUIET_WITHIN_S = 10.0
"""Real threads that are still at it after this long will never come to rest."""


class HomeLoop(VirtualLoop):
    """Notes every use from another thread that a real loop would not stand: only `call_soon_threadsafe` may be."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.trespasses: list[str] = []
        self._home = get_ident()

    def call_soon(self, callback: Callback) -> None:
        self.check("call_soon")
        super().call_soon(callback)

    def call_soon_threadsafe(self, callback: Callback) -> None:
        super().call_soon(callback)

    def call_later(self, delay: float, callback: Callback) -> Any:
        self.check("call_later")
        return _HomeTimer(self, super().call_later(delay, callback))

    @property
    def due(self) -> int:
        """How many timers still wait."""
        return sum(callback is not None for _, _, callback in self._timers)

    def check(self, what: str) -> None:
        if get_ident() != self._home:
            self.trespasses.append(what)


class _HomeTimer:
    def __init__(self, loop: HomeLoop, timer: Timer) -> None:
        self._loop = loop
        self._timer = timer

    def cancel(self) -> None:
        self._loop.check("cancel")
        self._timer.cancel()


class CountedThreads(Threads):
    """Real threads; knows when none of them has anything left to do, so that a test may go on."""

    def __init__(self) -> None:
        super().__init__()
        self._working = 0
        self._quiet = threading.Condition()

    def create(self, system: System, birth: Birth) -> Incarnation:
        return _CountedActor(system, birth, self)

    def work(self, amount: int) -> None:
        with self._quiet:
            self._working += amount
            if not self._working:
                self._quiet.notify_all()

    def wait_until_quiet(self) -> None:
        with self._quiet:
            assert self._quiet.wait_for(lambda: not self._working, QUIET_WITHIN_S), "some thread does not come to rest"

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Around what a thread waits for on purpose: the others may come to rest meanwhile."""
        self.work(-1)
        try:
            yield
        finally:
            self.work(+1)


class _CountedActor(ThreadActor):
    """Counts as working from its birth, and whenever it is awake, until it falls asleep or ends."""

    _threads: CountedThreads

    def _start_actor_loop(self) -> None:
        self._threads.work(+1)
        try:
            super()._start_actor_loop()
        except RuntimeError:
            self._threads.work(-1)
            raise

    def _actor_loop(self) -> None:
        try:
            super()._actor_loop()
        finally:
            self._threads.work(-1)

    def _sleep(self) -> None:
        self._threads.work(-1)
        super()._sleep()

    def _wake_up(self) -> None:
        self._threads.work(+1)
        super()._wake_up()


class VirtualSystem(System):
    """A node whose time moves only in `advance`, over the runtime given."""

    def __init__(
        self,
        node: str = "node",
        transport: Transport | None = None,
        *,
        runtime: RuntimeName = "cell",
        seed: int = 1,
        loop: "HomeLoop | None" = None,
    ) -> None:
        """On a loop of its own where none is given; two systems on one loop share their time."""
        self.virtual = loop or HomeLoop(ManualClock())
        self.counted = CountedThreads()
        cell = SeededCell(self.virtual, seed) if runtime == "simulated" else Cell(self.virtual)
        runtimes: dict[str, Runtime] = {"cell": cell, "threads": self.counted}
        if runtime == "simulated":
            runtimes = {"cell": cell, "threads": cell}
        elif runtime == "threads":
            runtimes = {"threads": self.counted, "cell": cell}
        super().__init__(node, self.virtual, self.virtual.clock, SeededEntropy(seed), transport, runtimes=runtimes)
        self.runtime = runtime
        self.threads = self.counted
        self.actors = self.register = WatchedRegistry()

    def run(self) -> None:
        while True:
            self.counted.wait_until_quiet()
            if not self.virtual.busy:
                break
            self.virtual.run()
        assert not self.virtual.trespasses, f"used from another thread: {self.virtual.trespasses}"

    def advance(self, seconds: float) -> None:
        self.run()
        self.virtual.advance(seconds, self.run)

    def place(self, path: str, actor: Actor | None = None, *, parent: str = "") -> "Puppet":
        """An actor at `path`, a puppet where none is given, started."""
        made = actor or Puppet()
        self.spawn(path, lambda: made, parent=parent)
        self.run()
        return made  # type: ignore[return-value]  # the given actor is returned as it is

    def reborn(
        self, path: str, actor: Actor | None = None, *, keep_mailbox: int = 100, poison_after: int = 5
    ) -> "Puppet":
        """The next incarnation at `path`, the first where there was none, started."""
        made = actor or Puppet()
        number = 1 + sum(born.path == path for born in self.register.born)
        self.bear(Birth(path, lambda: made, "", number, keep_mailbox=keep_mailbox, poison_after=poison_after))
        self.run()
        return made  # type: ignore[return-value]  # the given actor is returned as it is

    def incarnation(self, path: str) -> Incarnation:
        return self.actors[path]

    @contextmanager
    def busy(self, path: str) -> Iterator[None]:
        """What is sent to the puppet at `path` meanwhile queues up. In a cell it does so until `run` anyway."""
        if not isinstance(self.actors[path], ThreadActor):
            yield
            return
        gate = Gate(self, path)
        try:
            yield
        finally:
            gate.open()

    def assert_conserved(self) -> None:
        """Law 9, of every incarnation there ever was; at a quiet point."""
        check_conservation(self.register.born)


class Puppet(Actor):
    """Answers and notes every message; a message that is a function is called with the actor instead."""

    def __init__(self, log: list[Any] | None = None) -> None:
        self.log: list[Any] = [] if log is None else log

    def receive(self, message: Any) -> Any:
        if isinstance(message, Callable):  # type: ignore[arg-type]
            return message(self)
        self.log.append(message)
        return message

    def stop(self, reason: str) -> None:
        self.log.append(f"stopped: {reason}")


class Gate:
    """Holds the thread of a puppet up until it is opened; meanwhile the system counts it as at rest."""

    def __init__(self, system: VirtualSystem, path: str, then: Callable[[Any], Any] | None = None) -> None:
        """`then` is what the puppet does once the gate is open. Returns when the thread stands before it."""
        self._system = system
        self._then = then or (lambda _: None)
        self._entered = threading.Event()
        self._opened = threading.Event()
        self.reply = system.ask(path, self._pass, 3600.0)
        assert self._entered.wait(QUIET_WITHIN_S), f"{path!r} does not come to the gate"
        system.counted.work(-1)

    def open(self) -> None:
        self._system.counted.work(+1)
        self._opened.set()

    def _pass(self, puppet: Puppet) -> Any:
        self._entered.set()
        assert self._opened.wait(QUIET_WITHIN_S), "nobody opened the gate"
        return self._then(puppet)


def until(condition: Callable[[], bool], what: str) -> None:
    """Give other threads the processor until it is so."""
    deadline_s = time.monotonic() + QUIET_WITHIN_S
    while not condition():
        assert time.monotonic() < deadline_s, f"never so: {what}"
        time.sleep(0)


def fail(_: object = None) -> Any:
    """Told to a puppet, it crashes."""
    raise RuntimeError("boom")
