"""One incarnation of an actor: its mailbox, its turns, its end. The same for every runtime.

pykka's `Actor` leaves inbox, future and loop to its subclass; this is such a subclass, and the runtimes are subclasses
of this one. None registers in pykka's process-global registry, and failures go to the supervisor instead of a logger.
"""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pykka

from .actor import Actor, Context
from .birth import Birth
from .causes import describe
from .envelope import Envelope, Reply
from .errors import ActorDead, ActorFailed, AskTimeout, Ignore, Misplaced, Poisoned
from .intake import Intake
from .lifecycle import Phase, may_follow
from .mailbox import Lane
from .owed_answers import OwedAnswers
from .pykka_inbox import PykkaInbox
from .signals import IGNORED, KILLED, Call, Crash, Down, Overdue, Started, Stop, is_clean

if TYPE_CHECKING:
    from .system import System

SIGNALS = frozenset({Stop, Crash, Call, Down, Started, Overdue})
"""Meant for one incarnation alone: never kept for the next one."""


class Incarnation(Intake):
    """What all runtimes share. Where `kill` may come from another thread, `_close` decides who ends it."""

    may_block = False
    """Whether an actor here may wait without holding others up."""

    def __init__(self, system: "System", birth: Birth) -> None:
        self.system = system
        self.birth = birth
        self.path = birth.path
        self.parent = birth.parent
        self.incarnation = birth.incarnation
        self.context = Context(self, birth.restarts, birth.restart_reason)
        self.phase = Phase.CREATED
        self.started = False
        self.held = False
        """True: made to hang on purpose; no message is handled any more."""
        self.delay_s = 0.0
        """How much longer every message takes, on purpose."""
        self.handled = self.expired = self.kept = 0
        self._actor: Actor | None = None
        self._deaf = False
        """True: it missed what it must not miss."""
        self._owed = OwedAnswers()
        super().__init__()

    def _create_actor_inbox(self) -> Any:  # type: ignore[override]  # pykka calls it on the instance
        return PykkaInbox(self)

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return pykka.ThreadingFuture()

    @property
    def behaviour(self) -> Actor | None:
        """The user's actor, once made."""
        return self._actor

    # -- what a runtime adds ------------------------------------------------------------------------------------------

    @abstractmethod
    def begin(self) -> None:
        """Have the start hook run, soon."""

    @abstractmethod
    def offer(self, envelope: Envelope, lane: Lane = Lane.USER) -> bool:
        """Queue an envelope, from any thread; where that is refused it is dead, and its asker is told."""

    def _move(self, to: Phase) -> bool:
        """Enter a phase; False where the table forbids it, as to the dead."""
        if not may_follow(self.phase, to):
            return False
        self.phase = to
        self.ended = to >= Phase.STOPPING
        return True

    def _close(self) -> list[Envelope] | None:
        """Take no more mail and return what is left; None where somebody else ends this incarnation already."""
        return self.mailbox.drain() + self._clear_door() if self._move(Phase.STOPPING) else None

    # -- what happens to it -------------------------------------------------------------------------------------------

    def request_stop(self, reason: str) -> None:
        """Ask it to end, ahead of its queued work."""
        self.offer(Envelope(Stop(reason)), Lane.STOP)

    def crash(self, reason: str) -> None:
        """End it as if handling a message had raised."""
        self.offer(Envelope(Crash(reason)), Lane.KILL)

    def _missed(self, envelope: Envelope) -> None:
        actor = self._actor
        if actor is not None and isinstance(envelope.message, actor.must_hear) and not self._deaf:
            self._deaf = True  # once is enough
            self.crash(f"its full mailbox refused {type(envelope.message).__name__}, which it must not miss")

    def kill(self) -> None:
        """End it now, without its stop hook having a say."""
        self._end(KILLED)

    def hold(self) -> None:
        """Make it hang on purpose: no message is handled until `resume`."""
        self.held = True

    def resume(self) -> None:
        """Let it go on, as slow as `delay_s` says."""
        self.held = False
        self.signal(Call(lambda: None))

    def post(self, callback: Callable[[], Any]) -> None:
        """Give a callback a turn of this actor; nothing happens where it has ended."""
        self.signal(Call(callback))

    afterwards = post

    def signal(self, message: Any) -> None:
        """Queue one of the kernel's own messages; nothing happens where it has ended."""
        if not self.ended:
            self.offer(Envelope(message), Lane.SUPERVISION)

    def acknowledge(self, info: Any = None) -> None:
        """It serves, and its parent is told; once, however often it is said, and never by the dead."""
        if not self._move(Phase.RUNNING):
            return
        self.started = True
        if self.parent:
            self.system.tell(
                self.parent, Started(self.path, self.incarnation, info), sender=self.path, lane=Lane.SUPERVISION
            )

    # -- its turns ----------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if not self._move(Phase.STARTING):
            return
        try:
            actor = self.birth.factory()
            self._check_placement(actor)
            actor.context = self.context
            self._actor = actor
            self.mailbox.limit = actor.mailbox_limit
            info = actor.start()
        except Ignore:
            self._end(IGNORED)
        except BaseException as error:  # noqa: BLE001 - supervision deals with it
            self.system.crashed(self, error)
            self._end(describe(error))
            self._pass_on(error)
        else:
            if not actor.acknowledges_start:
                self.acknowledge(info)
            if self.context.exit_reason:
                self._end(self.context.exit_reason)

    def _check_placement(self, actor: Actor) -> None:
        if actor.blocks and not self.may_block:
            name = type(actor).__name__
            raise Misplaced(f"{name} blocks, and would hold up everybody in its cell: place it with runtime 'threads'")

    def _process(self, envelope: Envelope, actor: Actor) -> None:
        """One message, whatever it is."""
        if envelope.deadline_ns is not None and envelope.deadline_ns < self.system.clock.now_ns():
            self._expire(envelope)
            return
        self.handled += 1
        message = envelope.message
        try:
            answer = self._obey(message, actor) if type(message) in SIGNALS else actor.receive(message)
            if envelope.reply is not None:
                self._answer(envelope.reply, answer)
        except BaseException as error:  # noqa: BLE001 - supervision deals with it
            self.system.crashed(self, error)
            self._crashed(envelope, describe(error))
            self._pass_on(error)
            return
        if self.context.exit_reason:
            self._end(self.context.exit_reason)

    def _answer(self, reply: Reply, answer: Any) -> None:
        if isinstance(answer, Reply):
            self._owed.add(reply, answer)
        else:
            reply.resolve(answer)

    def _expire(self, envelope: Envelope) -> None:
        self.expired += 1
        self.system.metrics.count("expired")
        if envelope.reply is not None:
            kind = type(envelope.message).__name__
            envelope.reply.fail(AskTimeout(f"{self.path!r} did not come to {kind} in time"))

    def _obey(self, signal: Any, actor: Actor) -> Any:
        """What the kernel itself understands; the rest is for the actor."""
        match signal:
            case Stop() if not actor.defers_stop:
                self._end(signal.reason)
                return None
            case Crash():
                self._end(signal.reason)
                return None
            case Overdue():
                actor.overdue(signal.age_s)
            case Call():
                return signal.callback()
            case Down() if signal.monitor and not self.context.heard(signal.monitor):
                return None
            case _:
                return actor.receive(signal)

    def _pass_on(self, error: BaseException) -> None:
        """What else must hear of an exception that ended this incarnation: nobody."""

    def _crashed(self, envelope: Envelope, reason: str) -> None:
        envelope.crashes += 1
        retried = None
        if not self.birth.keep_mailbox or self.ended or type(envelope.message) in SIGNALS:
            if envelope.reply is not None:
                envelope.reply.fail(ActorFailed(f"{self.path!r} failed: {reason}"))
        elif envelope.crashes < self.birth.poison_after:
            retried = envelope
        else:
            self._set_aside(envelope, reason)
        self._end(reason, retried)

    def _set_aside(self, envelope: Envelope, reason: str) -> None:
        self.handled -= 1
        self.dead += 1
        self.system.metrics.count("poisoned")
        cause = Poisoned(f"set aside: it crashed {self.path!r} {envelope.crashes} times, last with {reason}")
        self.system.undeliverable(self.path, envelope, cause)

    # -- its end ------------------------------------------------------------------------------------------------------

    def _end(self, reason: str, retried: Envelope | None = None) -> None:
        """Release everything, then tell: the path is free before anybody hears of it."""
        left = self._close()
        if left is None:
            return
        self.actor_stopped.set()
        failed = not is_clean(reason) and reason not in (KILLED, IGNORED)
        if failed:
            self.system.metrics.count("crashes")
        if self._actor is not None and reason not in (KILLED, IGNORED):
            reason = self._run_stop_hook(self._actor, reason)
        self.context.release()
        try:
            self._leave(left, retried, reason, failed=failed or reason == KILLED)
        finally:  # whatever a callback of somebody's does: the path is free, and it is told
            self._move(Phase.ENDED)
            self.system.ended(self, Down(self.path, self.incarnation, reason, self.started))

    def _leave(self, left: list[Envelope], retried: Envelope | None, reason: str, *, failed: bool) -> None:
        """What depends on it ends with it: children with their mail, answers owed, its own mail."""
        for child in self.system.actors.children(self.path):
            child.kill()
        self.system.discard_below(self.path)
        self._owed.fail(ActorDead(f"{self.path!r} ended before its answer was there: {reason}"))
        self._dispose(left, retried, reason, failed=failed)

    def _run_stop_hook(self, actor: Actor, reason: str) -> str:
        try:
            actor.stop(reason)
        except BaseException as error:  # noqa: BLE001 - the end goes on; the reason says what went wrong
            return f"{reason}; its stop hook failed: {describe(error)}"
        return reason

    def _dispose(self, left: list[Envelope], retried: Envelope | None, reason: str, *, failed: bool) -> None:
        """Keep the mail for the next incarnation where that was asked for; the rest is dead."""
        if failed and self.birth.keep_mailbox:
            if retried is not None:
                self.handled -= 1
                left.insert(0, retried)
            work = [envelope for envelope in left if type(envelope.message) not in SIGNALS]
            left = [envelope for envelope in left if type(envelope.message) in SIGNALS]
            over = self.system.retention.keep(self.path, self.birth.keep_mailbox, work)
            self.kept = len(work) - len(over)
            left += over
        self.dead += len(left)
        for envelope in left:
            self.system.undeliverable(self.path, envelope, ActorDead(f"{self.path!r} ended: {reason}"))

    def take_over(self, envelopes: list[Envelope]) -> None:
        """Begin with the mail the incarnation before left behind; where it has ended already, leave it for the next."""
        if self.ended:
            self.system.retention.put_back(self.path, self.birth.keep_mailbox, envelopes)
            return
        self.sent += len(envelopes)
        for envelope in reversed(envelopes):
            self.mailbox.put_first(envelope)
