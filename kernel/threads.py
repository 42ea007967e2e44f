"""The threads runtime: every actor on a thread of its own (`pykka.ThreadingActor`), so it may block.

No thread can be killed. One that does not come back when it should is abandoned: its path is free, what it tries to
send is refused, and it is counted until it ends. Past `ABANDONED_LIMIT` only a new process helps.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Lock, get_ident
from typing import TYPE_CHECKING

import pykka

from .birth import Birth
from .causes import describe
from .envelope import Envelope
from .errors import ActorDead
from .incarnation import Incarnation
from .lifecycle import Phase
from .loop import ForeignTimer, Timer
from .mailbox import Block, Lane

if TYPE_CHECKING:
    from .system import System

ABANDONED_LIMIT = 8
ABANDONED = "kernel/abandoned"
"""Topic on which `ThreadsAbandoned` is published when there are more than are borne."""


@dataclass(frozen=True, slots=True)
class ThreadsAbandoned:
    """So many threads run that should have ended; only a new process frees them."""

    count: int
    limit: int


class Threads:
    """All threads of one system."""

    def __init__(self, abandoned_limit: int = ABANDONED_LIMIT) -> None:
        self.abandoned_limit = abandoned_limit
        self.abandoned: set[ThreadActor] = set()

    def create(self, system: "System", birth: Birth) -> Incarnation:
        return ThreadActor(system, birth, self)

    def abandon(self, actor: "ThreadActor") -> None:
        """Count a thread that still runs though its incarnation has ended; `report` it afterwards."""
        self.abandoned.add(actor)

    def report(self, system: "System") -> None:
        """Say that one more thread was abandoned."""
        system.metrics.count("threads_abandoned")
        if len(self.abandoned) > self.abandoned_limit:
            system.publish(ABANDONED, ThreadsAbandoned(len(self.abandoned), self.abandoned_limit))


class ThreadActor(Incarnation, pykka.ThreadingActor):
    """Its lock protects the mailbox and the end; its thread sleeps on `_wakeup` while there is no mail."""

    may_block = True
    use_daemon_thread = True

    def __init__(self, system: "System", birth: Birth, threads: Threads) -> None:
        self._threads = threads
        self._lock = Lock()
        self._wakeup = Lock()
        self._wakeup.acquire()
        self._asleep = False
        self._room = Condition(self._lock)
        self._senders = 0
        self._busy = False
        self._at_hand: Envelope | None = None
        self._thread_id = 0
        super().__init__(system, birth)

    def begin(self) -> None:
        try:
            self._start_actor_loop()
        except RuntimeError as error:  # no more threads to be had
            self._end(describe(error))

    def _actor_loop(self) -> None:
        self._thread_id = get_ident()
        self._busy = True
        try:
            self._live()
        except BaseException as error:
            self._end(describe(error))  # a fault of the kernel's own leaves no actor behind that only seems to live
            raise
        finally:
            self._threads.abandoned.discard(self)

    def _live(self) -> None:
        self._start()
        while (envelope := self._next()) is not None:
            assert self._actor is not None
            self._process(envelope, self._actor)

    def offer(self, envelope: Envelope, lane: Lane = Lane.USER) -> bool:
        with self._lock:
            if isinstance(envelope.policy, Block) and get_ident() not in (self._thread_id, self.system.home):
                self._stand_still(envelope, envelope.policy.timeout_s)
            lost = self._take_in(envelope, lane)
            taken = lost is not envelope
            wake, self._asleep = self._asleep and taken, self._asleep and not taken
        if wake:
            self._wake_up()
        return self._settle(envelope, lost)

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        return ForeignTimer(self.system.loop, delay_s, callback)

    def _stand_still(self, envelope: Envelope, timeout_s: float) -> None:
        """Hold the sender's thread until there is room, or its time is up; it does not wait a second time."""
        self._senders += 1
        self._room.wait_for(lambda: self.ended or self.mailbox.room, timeout_s)
        self._senders -= 1
        envelope.policy = None

    def _next(self) -> Envelope | None:
        """The next message, when there is one; None at the end."""
        while True:
            with self._lock:
                self._busy, self._at_hand = False, None
                if self.ended:
                    return None
                envelope = None if self.held else self.mailbox.get() or self.mailbox.get_idle()
                if envelope is not None:
                    self._busy, self._at_hand = True, envelope
                    self._make_room()
                    break
                self._asleep = True
            self._sleep()
        if self.delay_s:
            time.sleep(self.delay_s)
        return envelope

    def _sleep(self) -> None:
        self._wakeup.acquire()

    def _wake_up(self) -> None:
        self._wakeup.release()

    def _make_room(self) -> None:
        if self._door:
            self._admit()
        if self._senders:
            self._room.notify()

    def take_over(self, envelopes: list[Envelope]) -> None:
        with self._lock:
            super().take_over(envelopes)

    def leave_door(self, envelope: Envelope) -> None:
        with self._lock:
            waited = self._leave_door(envelope)
        if waited:
            self.refuse(envelope)

    def _close(self) -> list[Envelope] | None:
        with self._lock:
            left = super()._close()
            if left is None:
                return None
            abandoned = self._busy and get_ident() != self._thread_id
            if abandoned:  # its thread cannot end before this: it needs the lock
                self._threads.abandon(self)
            at_hand = self._at_hand
            wake, self._asleep = self._asleep, False
            self._room.notify_all()
        if wake:
            self._wake_up()
        if abandoned:
            self._forsake(at_hand)
        return left

    def _forsake(self, at_hand: Envelope | None) -> None:
        """Nothing the thread still does counts: who waits for its answer is told that there will be none."""
        if at_hand is not None and at_hand.reply is not None:
            at_hand.reply.fail(ActorDead(f"{self.path!r} was killed while it handled the question"))
        self._threads.report(self.system)

    def _move(self, to: Phase) -> bool:
        if to is Phase.STOPPING:  # `_close` holds the lock
            return super()._move(to)
        with self._lock:
            return super()._move(to)
