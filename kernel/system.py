"""One node's actors: who lives at which path, and how a message finds its way."""

from collections import deque
from collections.abc import Callable, Mapping
from threading import get_ident
from typing import Any, Protocol

from .actor import Actor
from .birth import Birth
from .cell import Cell
from .clock import Clock
from .envelope import Envelope, Reply
from .errors import ActorDead, AskTimeout, KernelError, Misplaced
from .fault_points import FaultPoints
from .identity import Entropy
from .incarnation import Incarnation
from .loop import ForeignTimer, Loop, Timer
from .mailbox import Lane, Policy
from .metrics import Metrics
from .ref import Ref
from .registry import Registry
from .retention import Retention
from .signals import NOBODY, DeadLetter, Down, is_clean
from .threads import Threads
from .topics import Topics

DEAD_LETTERS_KEPT = 1_000
DEAD_LETTERS = "kernel/dead-letters"
"""Topic on which every dead letter is published."""


class Transport(Protocol):
    """The way to other nodes. `send` says whether the message was taken, never whether it arrived."""

    def send(self, path: str, envelope: Envelope) -> bool: ...


class Runtime(Protocol):
    """Where actors run: in a cell, on threads of their own, or simulated."""

    def create(self, system: "System", birth: Birth) -> Incarnation: ...


class System:
    """The actors of one node. Nothing is process-global: two systems can live side by side.

    A path begins with its node's name; a path of another node goes through `transport`. It is made on the thread that
    runs `loop`; its actors may be told and asked from any thread.
    """

    def __init__(
        self,
        node: str,
        loop: Loop,
        clock: Clock,
        entropy: Entropy,
        transport: Transport | None = None,
        *,
        runtimes: Mapping[str, Runtime] | None = None,
    ) -> None:
        """`runtimes` by name; the first is where actors run that were placed nowhere else."""
        self.node = node
        self.loop = loop
        self.clock = clock
        self.entropy = entropy
        self.transport = transport
        self.home = get_ident()
        self.ports: dict[str, Any] = {}
        self.faults: FaultPoints | None = None
        """Only ever in a simulation."""
        self.on_crash: Callable[[str, BaseException], object] = lambda *_: None
        """Hears of every exception that ends an incarnation, by its path and on its thread, traceback and all."""
        self.topics = Topics()
        self.metrics = Metrics()
        self.retention = Retention()
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)
        self.threads = Threads()
        self.runtimes: Mapping[str, Runtime] = runtimes or {"cell": Cell(loop), "threads": self.threads}
        self.actors = Registry()

    def spawn(
        self, path: str, factory: Callable[[], Actor], *, parent: str = "", incarnation: int = 1, runtime: str = ""
    ) -> None:
        """Begin an actor. The parent is told `Started` when it serves, or `Down`; `PathTaken` where one lives."""
        self.bear(Birth(path, factory, parent, incarnation), runtime)

    def bear(self, birth: Birth, runtime: str = "") -> None:
        """As `spawn`, with everything that can be said about an incarnation. `Misplaced` for an unknown runtime."""
        name = runtime or next(iter(self.runtimes))
        if name not in self.runtimes:
            raise Misplaced(f"runtime of {birth.path!r}: expected one of {', '.join(self.runtimes)}, got {name!r}")
        actor = self.runtimes[name].create(self, birth)
        self.actors.add(actor)
        actor.take_over(self.retention.take(birth.path))
        if self._is_orphan(birth):
            actor.kill()
        else:
            actor.begin()

    def _is_orphan(self, birth: Birth) -> bool:
        """Born to a parent of this node that has ended meanwhile."""
        if birth.parent.partition("/")[0] != self.node:
            return False
        parent = self.actors.find(birth.parent)
        return parent is None or parent.ended

    def ref(self, path: str) -> Ref:
        """The address of an actor, here or in another node."""
        return Ref(self, path)

    def stop(self, path: str, reason: str) -> None:
        """Ask the actor at `path` to end, ahead of its queued work."""
        if actor := self.actors.get(path):
            actor.request_stop(reason)

    def kill(self, path: str) -> None:
        """End the actor at `path` and all below it now, without their stop hooks having a say."""
        if actor := self.actors.get(path):
            actor.kill()

    def tell(self, path: str, message: Any, *, sender: str = "", lane: Lane = Lane.USER) -> bool:
        return self.deliver(path, Envelope(message, sender), lane)

    def ask(
        self,
        path: str,
        message: Any,
        timeout_s: float,
        *,
        sender: str = "",
        lane: Lane = Lane.USER,
        call_soon: Callable[[Callable[[], object]], object] | None = None,
    ) -> Reply:
        """Send a question; the reply is resolved within `timeout_s`.

        Off the loop's thread the time-out is armed when somebody waits, by `then` or `wait`: it costs a hand-over.
        """
        deadline_ns = self.clock.now_ns() + round(timeout_s * 1e9)

        def expire() -> None:
            reply.fail(AskTimeout(f"{path!r} did not answer {type(message).__name__} within {timeout_s} s"))

        def arm() -> Callable[[], object]:
            timer = self.call_later(timeout_s, expire)
            return lambda: timer.cancel() if get_ident() == self.home else self.call_soon(timer.cancel)

        reply = Reply(call_soon or self.call_soon, arm)
        if get_ident() == self.home:
            reply.arm()
        self.deliver(path, Envelope(message, sender, reply, deadline_ns), lane)
        return reply

    def deliver(self, path: str, envelope: Envelope, lane: Lane = Lane.USER) -> bool:
        """Queue an envelope where its path leads; an undeliverable one becomes a dead letter, its asker is told."""
        actor = self.actors.find(path)
        if actor is not None:
            return actor.offer(envelope, lane)
        if self.transport is not None and path.partition("/")[0] != self.node:
            return self._deliver_away(self.transport, path, envelope)
        if lane is Lane.USER and self.retention.offer(path, envelope):
            return True
        end = self.actors.last_end(path)
        because = f"; the last one ended: {end}" if end and not is_clean(end) else ""
        return self.undeliverable(path, envelope, ActorDead(f"nobody lives at {path!r}{because}"))

    def _deliver_away(self, transport: Transport, path: str, envelope: Envelope) -> bool:
        if get_ident() != self.home:
            self.loop.call_soon_threadsafe(lambda: self._deliver_away(transport, path, envelope))
            return True
        if transport.send(path, envelope):
            return True
        return self.undeliverable(path, envelope, ActorDead(f"the way to {path!r} is full, or refused the message"))

    def publish(self, topic: str, message: Any, *, sender: str = "", policy: Policy | None = None) -> None:
        find = self.actors.find
        for path in self.topics.subscribers(topic):
            envelope = Envelope(message, sender, None, None, policy)
            if (actor := find(path)) is not None:
                actor.offer(envelope)  # `deliver`'s common case, without its call
            else:
                self.deliver(path, envelope)

    def monitor(self, path: str, watcher: Incarnation) -> int:
        """Tell `watcher` once when the actor at `path` ends, at once where nobody lives. Returns its number."""
        number, alive = self.actors.monitor(path, watcher)
        if not alive:
            watcher.offer(Envelope(Down(path, 0, NOBODY, started=False, monitor=number)), Lane.SUPERVISION)
        return number

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Run on the loop's thread, soon; from any thread."""
        if get_ident() == self.home:
            self.loop.call_soon(callback)
        else:
            self.loop.call_soon_threadsafe(callback)

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Run on the loop's thread `delay_s` from now; from any thread."""
        if get_ident() == self.home:
            return self.loop.call_later(delay_s, callback)
        return ForeignTimer(self.loop, delay_s, callback)

    def undeliverable(self, path: str, envelope: Envelope, error: KernelError) -> bool:
        """Keep what nobody will handle as a dead letter. Always False, as `deliver` answers then."""
        letter = DeadLetter(path, envelope.message, str(error))
        self.dead_letters.append(letter)
        self.metrics.count("dead_letters")
        if envelope.reply is not None:
            envelope.reply.fail(error)
        if not isinstance(envelope.message, DeadLetter):
            self.publish(DEAD_LETTERS, letter)
        return False

    def discard(self, path: str) -> None:
        """Nobody will come back to `path`: mail that waits for it is dead."""
        for envelope in self.retention.take(path):
            self.undeliverable(path, envelope, ActorDead(f"{path!r} does not come back"))

    def discard_below(self, path: str) -> None:
        """Whoever would have brought them back has ended: mail for the children of `path` is dead."""
        if len(self.retention):
            for below in self.retention.below(path):
                self.discard(below)

    def crashed(self, incarnation: Incarnation, error: BaseException) -> None:
        """It raised. Of what raises after its end, as a killed one's calls do, nobody hears."""
        if not incarnation.ended:
            self.on_crash(incarnation.path, error)

    def ended(self, actor: Incarnation, down: Down) -> None:
        """Called by the runtime when everything the actor held is released: free the path, then tell who must know."""
        watchers = self.actors.remove(actor)
        self.actors.note_end(actor.path, down.reason)
        for number, watcher in watchers:
            told = Down(down.path, down.incarnation, down.reason, down.started, number)
            watcher.offer(Envelope(told), Lane.SUPERVISION)
        if actor.parent:
            self.tell(actor.parent, down, sender=actor.path, lane=Lane.SUPERVISION)
