"""The cell runtime: many pykka actors on one thread and one event loop, from socket to socket without a hand-over.

pykka's `Actor` leaves inbox, future and loop to its subclass; this is such a subclass. It never registers in pykka's
process-global registry, and its failures go to its supervisor instead of pykka's logger.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pykka
from pykka.messages import _ActorStop

from .actor import Actor, Context
from .envelope import Envelope, Reply
from .errors import ActorDead, ActorFailed, MailboxFull
from .loop import Loop
from .mailbox import Lane, Mailbox
from .signals import KILLED, Down, Started, Stop, is_clean

if TYPE_CHECKING:
    from .system import System

BATCH = 32
"""Messages handled before the event loop gets its turn again."""
REASON_LIMIT = 2_000
"""Characters of an exception's own words in the reason of an end."""


class Cell:
    """The run queue: actors with mail take turns, one message each, in order of arrival."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._ready: deque[CellActor] = deque()
        self._scheduled = False

    def wake(self, actor: "CellActor") -> None:
        self._ready.append(actor)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        ready = self._ready
        try:
            for _ in range(BATCH):
                if not ready:
                    return
                ready.popleft().turn()
        finally:  # whatever a turn raises is the loop's to report: the cell goes on
            self._scheduled = bool(ready)
            if ready:
                self._loop.call_soon(self._run)


class _Inbox:
    """What pykka's own refs put into, from any thread: their envelopes become ours."""

    def __init__(self, actor: "CellActor") -> None:
        self._actor = actor

    def put(self, envelope: Any, /) -> None:
        reply = None
        if envelope.reply_to is not None:
            reply = Reply()
            reply.then(lambda done: _answer_pykka(envelope.reply_to, done))
        stop = isinstance(envelope.message, _ActorStop)
        ours = Envelope(Stop() if stop else envelope.message, reply=reply)
        lane = Lane.STOP if stop else Lane.USER
        self._actor.system.loop.call_soon_threadsafe(lambda: self._actor.offer(ours, lane))

    def get(self) -> Any:
        return self._actor.mailbox.get()

    def empty(self) -> bool:
        return self._actor.mailbox.empty()


def _answer_pykka(future: Any, reply: Reply) -> None:
    error: Exception | None = reply.error
    if error is None:
        future.set(reply.value)
        return
    if isinstance(error, ActorDead):
        error = pykka.ActorDeadError(str(error))
    future.set_exception((type(error), error, None))


class CellActor(pykka.Actor):
    """One incarnation of an actor in a cell: its mailbox, its turn, its end."""

    def __init__(
        self, system: "System", path: str, factory: Callable[[], Actor], *, parent: str, incarnation: int
    ) -> None:
        self.system = system
        self.path = path
        self.parent = parent
        self.incarnation = incarnation
        self.context = Context(system, path, incarnation, parent, self._acknowledge)
        self.mailbox = Mailbox(Actor.mailbox_limit)
        self.started = False
        self.ended = False
        self.handled = self.expired = 0
        self._factory = factory
        self._actor: Actor | None = None
        self._queued = False
        super().__init__()

    def _create_actor_inbox(self) -> Any:  # type: ignore[override]  # pykka calls it on the instance
        return _Inbox(self)

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return pykka.ThreadingFuture()

    def _start_actor_loop(self) -> None:
        self.system.loop.call_soon(self._start)

    def begin(self) -> None:
        """Run the start hook at the loop's next turn."""
        self._start_actor_loop()

    @property
    def behaviour(self) -> Actor | None:
        """The user's actor, once made."""
        return self._actor

    def _start(self) -> None:
        if self.ended:
            return
        try:
            self._actor = self._factory()
            self._actor.context = self.context
            self.mailbox.limit = self._actor.mailbox_limit
            self._actor.start()
        except Exception as error:  # noqa: BLE001 - supervision deals with it
            self._end(_describe(error))
            return
        if not self._actor.acknowledges_start:
            self._acknowledge()
        self._wake()

    def _acknowledge(self) -> None:
        if self.started or self.ended:
            return
        self.started = True
        if self.parent:
            self.system.tell(self.parent, Started(self.path, self.incarnation), sender=self.path, lane=Lane.SUPERVISION)

    def offer(self, envelope: Envelope, lane: Lane = Lane.USER) -> bool:
        """Queue an envelope; where that is refused it becomes a dead letter, and its asker is told."""
        if self.accept(envelope, lane):
            return True
        full = MailboxFull(f"the mailbox of {self.path!r} is full")
        error = ActorDead(f"{self.path!r} is ending") if self.ended else full
        return self.system.undeliverable(self.path, envelope, error)

    def accept(self, envelope: Envelope, lane: Lane = Lane.USER) -> bool:
        """Queue an envelope; False where the mailbox is full or the actor ended."""
        if self.ended or not self.mailbox.put(envelope, lane):
            return False
        if not self._queued and self._actor is not None:
            self._queued = True
            self.system.cell.wake(self)
        return True

    def request_stop(self, reason: str) -> None:
        self.offer(Envelope(Stop(reason)), Lane.STOP)

    def kill(self) -> None:
        self._end(KILLED)

    def crash(self, reason: str) -> None:
        """End as if handling a message had raised."""
        self._end(f"injected: {reason}")

    def turn(self) -> None:
        """Handle one message."""
        self._queued = False
        if self.ended or self._actor is None or self.mailbox.empty():
            return
        envelope = self.mailbox.get()
        if isinstance(envelope.message, Stop):
            self._obey(envelope, envelope.message)
            return
        if envelope.deadline_ns is not None and envelope.deadline_ns < self.system.clock.now_ns():
            self.expired += 1
            self.system.metrics.count("expired")
        else:
            self._handle(envelope, self._actor)
        if not self.ended:
            self._wake()

    def _wake(self) -> None:
        if not self._queued and not self.mailbox.empty():
            self._queued = True
            self.system.cell.wake(self)

    def _obey(self, envelope: Envelope, stop: Stop) -> None:
        self.handled += 1
        self._end(stop.reason)
        if envelope.reply is not None:
            envelope.reply.resolve(None)

    def _handle(self, envelope: Envelope, actor: Actor) -> None:
        self.handled += 1
        try:
            answer = actor.receive(envelope.message)
        except Exception as error:  # noqa: BLE001 - supervision deals with it
            reason = _describe(error)
            if envelope.reply is not None:
                envelope.reply.fail(ActorFailed(f"{self.path!r} failed: {reason}"))
            self._end(reason)
            return
        if envelope.reply is not None:
            _resolve(envelope.reply, answer)

    def _end(self, reason: str) -> None:
        """Release everything, then tell: the path is free before anybody hears of it."""
        if self.ended:
            return
        self.ended = True
        self.actor_stopped.set()
        if not is_clean(reason) and reason != KILLED:
            self.system.metrics.count("crashes")
        if self._actor is not None and reason != KILLED:
            try:
                self._actor.stop(reason)
            except Exception as error:  # noqa: BLE001 - the end goes on; the reason says what went wrong
                reason = f"{reason}; its stop hook failed: {_describe(error)}"
        self.context.release()
        for envelope in self.mailbox.drain():
            self.system.undeliverable(self.path, envelope, ActorDead(f"{self.path!r} ended: {reason}"))
        self.system.ended(self, Down(self.path, self.incarnation, reason, self.started))


def _resolve(reply: Reply, answer: Any) -> None:
    if isinstance(answer, Reply):
        answer.then(lambda done: reply.resolve(done.value) if done.error is None else reply.fail(done.error))
    else:
        reply.resolve(answer)


def _describe(error: Exception) -> str:
    """One line for reports: type, message and the innermost line of code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__name__}: {str(error)[:REASON_LIMIT]}{where}"
