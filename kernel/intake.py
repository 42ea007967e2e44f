"""How mail comes into one incarnation, and what becomes of what finds no room; all of it counted."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pykka

from .envelope import Envelope
from .errors import ActorDead, MailboxFull
from .loop import Timer
from .mailbox import Block, Conflate, Lane, Mailbox

if TYPE_CHECKING:
    from .system import System

MAILBOX_LIMIT = 10_000
DOOR_LIMIT = 1_000
"""Envelopes that may wait at the door of one full mailbox."""


class Intake(pykka.Actor):
    """The mailbox, the door before it, and the counts of law 9 that begin here.

    Methods whose names begin with an underscore run under the runtime's own protection.
    """

    system: "System"
    path: str

    def __init__(self) -> None:
        self.mailbox = Mailbox(MAILBOX_LIMIT)
        self.ended = False
        self.sent = self.conflated = self.dropped = self.dead = 0
        self._door: dict[Envelope, Timer] = {}
        super().__init__()

    def call_later(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """A timer that this incarnation may cancel on its own thread, wherever it was set."""
        return self.system.call_later(delay_s, callback)

    def _missed(self, envelope: Envelope) -> None:
        """The full mailbox refused it."""

    def _take_in(self, envelope: Envelope, lane: Lane) -> Envelope | None:
        """Queue it, count, and say who lost a place by it, for `_settle`. Runs under the runtime's own protection."""
        if self.ended:
            return envelope
        lost = self.mailbox.put(envelope, lane)
        if lost is envelope and self._wait_at_door(envelope):
            return None
        self.sent += 1
        if lost is envelope:
            self.dead += 1
        elif lost is not None and isinstance(envelope.policy, Conflate):
            self.conflated += 1
        elif lost is not None:
            self.dropped += 1
        return lost

    def _settle(self, envelope: Envelope, lost: Envelope | None) -> bool:
        """Tell the asker of who lost a place, without protection: the asker may be anybody, also this incarnation.
        False where it is the given one."""
        if lost is envelope:
            return self.refuse(envelope)
        if lost is not None and lost.reply is not None:
            lost.reply.fail(MailboxFull(f"the question to {self.path!r} was displaced by a newer message"))
        return True

    def _wait_at_door(self, envelope: Envelope) -> bool:
        policy = envelope.policy
        if not isinstance(policy, Block) or len(self._door) >= DOOR_LIMIT:
            return False
        self._door[envelope] = self.call_later(policy.timeout_s, lambda: self.leave_door(envelope))
        return True

    def leave_door(self, envelope: Envelope) -> None:
        """It waited for room as long as it may."""
        if self._leave_door(envelope):
            self.refuse(envelope)

    def _leave_door(self, envelope: Envelope) -> bool:
        if self._door.pop(envelope, None) is None:
            return False
        self.sent += 1
        self.dead += 1
        return True

    def _admit(self) -> None:
        """Let in who waits at the door, as far as there is room."""
        while self._door and self.mailbox.room:
            envelope = next(iter(self._door))
            self._door.pop(envelope).cancel()
            self.sent += 1
            self.mailbox.put(envelope)

    def _clear_door(self) -> list[Envelope]:
        waiting, self._door = self._door, {}
        for timer in waiting.values():
            timer.cancel()
        self.sent += len(waiting)
        return list(waiting)

    def refuse(self, envelope: Envelope) -> bool:
        """Make it a dead letter. Always False, as `offer` answers then."""
        if self.ended:
            return self.system.undeliverable(self.path, envelope, ActorDead(f"{self.path!r} is ending"))
        self._missed(envelope)
        return self.system.undeliverable(self.path, envelope, MailboxFull(f"the mailbox of {self.path!r} is full"))
