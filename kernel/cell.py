"""The cell runtime: many actors on one thread and one event loop, from socket to socket without a hand-over."""

from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any

from .actor import Actor
from .birth import Birth
from .envelope import Envelope
from .incarnation import Incarnation
from .loop import Loop, Timer
from .mailbox import Lane
from .turns import STEP, TURN, NoTurns, Turns

if TYPE_CHECKING:
    from .system import System

BATCH = 16
"""Turns taken before the event loop gets its turn again."""
OTHERS_EVERY = 4
BACKGROUND_EVERY = 8
"""One turn in so many is for those who are not urgent, or is the background's, however busy the others are."""
IDLE_EVERY = 16
"""One batch in so many begins with a message left for idleness, however busy all are."""
CATCH_UP = 32
"""Messages in one turn of an actor that catches up, where more than these wait for it."""

USER, IDLE = Lane.USER, Lane.IDLE


class Cell:
    """The run queues: actors with mail take turns, a few messages each, in order of arrival; those that are urgent
    before the others, and those in the background when no other has any; each of them also now and then.

    What was left for idleness waits until the loop was asked for what came in, and nothing had: one message at a time,
    so what comes in meanwhile waits for that one only."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.urgent: deque[CellActor] = deque()
        self.ready: deque[CellActor] = deque()
        self.background: deque[CellActor] = deque()
        self.idle: deque[CellActor] = deque()
        """Once for each message that is left for idleness."""
        self._passed_over = 0
        """Batches since the last of those."""
        self._turns = tuple(self._first(number) for number in range(1, BATCH + 1))
        self._scheduled = False
        self.turns: Turns | NoTurns = NoTurns()
        """Where it says who has the turn; to be set before anybody is created."""
        self._batches = 0

    def create(self, system: "System", birth: Birth) -> Incarnation:
        return CellActor(system, birth, self)

    def _first(self, number: int) -> "tuple[deque[CellActor], ...]":
        """The queues as they are looked at for one turn of a batch."""
        if number % BACKGROUND_EVERY == 0:
            return self.background, self.urgent, self.ready
        if number % OTHERS_EVERY == 0:
            return self.ready, self.urgent, self.background
        return self.urgent, self.ready, self.background

    def queue_of(self, actor: Actor) -> "deque[CellActor]":
        """Where an actor of that kind waits for its turn."""
        if actor.urgent:
            return self.urgent
        return self.background if actor.in_background else self.ready

    def wake(self, actor: "CellActor") -> None:
        actor.queue.append(actor)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run)

    def wake_idle(self, actor: "CellActor") -> None:
        self.idle.append(actor)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        words, batches = self.turns.words, self._batches
        try:
            if self.idle and self._may_idle():
                actor = self.idle.popleft()
                words[TURN] = batches + actor.number
                actor.idle_turn()
            for first, second, third in self._turns:
                if not (queue := first or second or third):
                    return
                actor = queue.popleft()
                words[TURN] = batches + actor.number
                actor.turn()
        finally:  # whatever a turn raises is the loop's to report: the cell goes on
            self._batches = words[TURN] = batches + STEP
            self._scheduled = bool(self.urgent or self.ready or self.background or self.idle)
            if self._scheduled:
                self._loop.call_soon(self._run)

    def _may_idle(self) -> bool:
        """Whether nobody has anything else to do, or all had for long enough."""
        self._passed_over += 1
        if self._passed_over < IDLE_EVERY and (self.urgent or self.ready or self.background):
            return False
        self._passed_over = 0
        return True

    def begin(self, actor: "CellActor", start: Callable[[], None]) -> None:
        """The turn in which an actor starts."""
        words = self.turns.words
        words[TURN] = self._batches + actor.number
        try:
            start()
        finally:
            self._batches = words[TURN] = self._batches + STEP


class CellActor(Incarnation):
    """Lives on the thread of its system's loop; what comes from another thread is brought there first."""

    share = 4
    """Messages handled in one turn: more cost less each, and hold the others up for longer."""

    def __init__(self, system: "System", birth: Birth, cell: Cell) -> None:
        self._cell = cell
        self.queue = cell.ready
        self._queued = self._ceded = False
        self._home = system.home
        self.number = cell.turns.number(birth.path)
        super().__init__(system, birth)

    def _start_actor_loop(self) -> None:
        self.system.call_soon(self._start_here)

    def begin(self) -> None:
        self._start_actor_loop()

    def _start_here(self) -> None:
        self._cell.begin(self, self._start)
        self._wake()
        self._wake_idle()

    def _check_placement(self, actor: Actor) -> None:
        super()._check_placement(actor)
        self.queue = self._cell.queue_of(actor)

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        if get_ident() == self._home:
            return self.system.loop.call_later(delay_s, callback)
        return super().call_later(delay_s, callback)

    def offer(self, envelope: Envelope, lane: Lane = Lane.USER) -> bool:
        if get_ident() != self._home:
            self.system.loop.call_soon_threadsafe(lambda: self.offer(envelope, lane))
            return True
        mailbox = self.mailbox
        if lane is USER and envelope.policy is None and len(mailbox.user) < mailbox.limit and not self.ended:
            mailbox.user.append(envelope)  # the common case of `_take_in`, without its calls
            self.sent += 1
        elif (lost := self._take_in(envelope, lane)) is not None and not self._settle(envelope, lost):
            return False
        if lane is IDLE:
            self._await_idleness()
        elif not self._queued and self._actor is not None:
            if self.delay_s:
                self._queue()
            else:  # `_queue`, without its call
                self._queued = True
                self._cell.wake(self)
        return True

    def afterwards(self, callback: Callable[[], Any]) -> None:
        """This turn ends with the message at hand."""
        self._ceded = True
        self.post(callback)

    def kill(self) -> None:
        if get_ident() != self._home:
            self.system.loop.call_soon_threadsafe(self.kill)
        else:
            super().kill()

    def turn(self) -> None:
        """Handle a few messages."""
        self._queued = self._ceded = False
        actor, mailbox, share = self._actor, self.mailbox, self.share
        if len(mailbox.user) > CATCH_UP and actor is not None and actor.catches_up:
            share = CATCH_UP
        for _ in range(1 if self.delay_s else share):
            if actor is None or self.ended or self.held:
                return
            envelope = mailbox.get()
            if envelope is None:
                return
            if self._door:
                self._admit()
            self._process(envelope, actor)
            if self._ceded:
                break
        self._wake()

    def resume(self) -> None:
        super().resume()
        self.post(self._wake_idle)

    def idle_turn(self) -> None:
        """Handle one message that could wait; who is held keeps it."""
        actor = self._actor
        if actor is None or self.held:
            return
        if self.mailbox.control:  # to stop comes first, whatever else could wait
            self._await_idleness()
        elif (envelope := self.mailbox.get_idle()) is not None:
            self._process(envelope, actor)

    def _wake_idle(self) -> None:
        for _ in self.mailbox.idle:
            self._await_idleness()

    def _await_idleness(self) -> None:
        """Have a turn for one message of the idle lane."""
        self._cell.wake_idle(self)

    def _wake(self) -> None:
        mailbox = self.mailbox
        if not self._queued and (mailbox.user or mailbox.control):
            self._queue()

    def _queue(self) -> None:
        self._queued = True
        if self.delay_s:
            self.system.loop.call_later(self.delay_s, lambda: self._cell.wake(self))
        else:
            self._cell.wake(self)

    def _pass_on(self, error: BaseException) -> None:
        if isinstance(error, KeyboardInterrupt):
            raise error  # a person's, who wants all of this process to stop
