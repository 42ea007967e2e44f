"""A bounded mailbox with five lanes: control overtakes work, so a full mailbox never holds a stop up."""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from enum import IntEnum

from .envelope import Envelope


class Lane(IntEnum):
    """In the order they are served."""

    KILL = 0
    STOP = 1
    SUPERVISION = 2
    USER = 3
    IDLE = 4
    """What an actor leaves for when nobody has anything else to do."""


CONTROL_LIMIT = 1_000
"""Bound of the kill and the stop lane. The supervision lane never refuses: it holds at most two signals for each
child, one for each monitor, each question and each single timer of its own actor."""


@dataclass(frozen=True, slots=True)
class DropOldest:
    """Where the mailbox is full, the message queued for longest makes room."""


@dataclass(frozen=True, slots=True)
class Conflate:
    """Takes the place of a queued message with the same key, full or not: only the newest matters."""

    key: Hashable


@dataclass(frozen=True, slots=True)
class Block:
    """Where the mailbox is full, wait for room: a thread stands still meanwhile, an actor in a cell goes on and its
    message waits at the door. Without room in time it is refused."""

    timeout_s: float


Policy = DropOldest | Conflate | Block
"""What a message does at a full mailbox; without one it is refused."""


class Mailbox:
    """First in, first out within a lane; lanes in their order."""

    __slots__ = ("_control", "_keys", "control", "idle", "limit", "user")

    def __init__(self, limit: int) -> None:
        """`limit` bounds the user lane, and the idle lane."""
        self.limit = limit
        self.user: deque[Envelope] = deque()
        self.control = 0
        """How many signals wait in the other lanes."""
        self._control: tuple[deque[Envelope], ...] = (deque(), deque(), deque())
        self.idle: deque[Envelope] = deque()
        self._keys: dict[Hashable, Envelope] = {}

    def put(self, envelope: Envelope, lane: Lane = Lane.USER) -> Envelope | None:
        """Queue, and say who lost a place by it: nobody, another envelope, or the given one, which was refused."""
        if lane is Lane.IDLE:
            if len(self.idle) >= self.limit:
                return envelope
            self.idle.append(envelope)
            return None
        if lane is not Lane.USER:
            queue = self._control[lane]
            if len(queue) >= CONTROL_LIMIT and lane is not Lane.SUPERVISION:
                return envelope
            queue.append(envelope)
            self.control += 1
            return None
        if envelope.policy is None:
            if len(self.user) >= self.limit:
                return envelope
            self.user.append(envelope)
            return None
        return self._put_by_policy(envelope)

    def _put_by_policy(self, envelope: Envelope) -> Envelope | None:
        policy = envelope.policy
        if isinstance(policy, Conflate) and (queued := self._keys.get(policy.key)) is not None:
            return queued.exchange(envelope)
        lost = None
        if len(self.user) >= self.limit:
            if not isinstance(policy, DropOldest) or not self.user:
                return envelope
            lost = self._forget_key(self.user.popleft())
        self.user.append(envelope)
        if isinstance(policy, Conflate):
            self._keys[policy.key] = envelope
        return lost

    def put_first(self, envelope: Envelope) -> None:
        """Queue ahead of all work, whatever the bound."""
        self.user.appendleft(envelope)
        if isinstance(envelope.policy, Conflate):
            self._keys.setdefault(envelope.policy.key, envelope)  # what is queued behind it is newer

    def get(self) -> Envelope | None:
        """The next envelope that does not wait for idleness; None where there is none."""
        user = self.user
        if user and not self.control:
            envelope = user.popleft()
            return envelope if envelope.policy is None else self._forget_key(envelope)
        if not self.control:
            return None
        self.control -= 1
        kill, stop, supervision = self._control
        return (kill or stop or supervision).popleft()

    def get_idle(self) -> Envelope | None:
        """The next of the idle lane; None where that is empty."""
        return self.idle.popleft() if self.idle else None

    def empty(self) -> bool:
        return not self.user and not self.control and not self.idle

    @property
    def room(self) -> bool:
        return len(self.user) < self.limit

    def __len__(self) -> int:
        return len(self.user) + self.control + len(self.idle)

    def drain(self) -> list[Envelope]:
        """Everything still queued, in the order it would have been served, and nothing after it."""
        queues = (*self._control, self.user, self.idle)
        left = [envelope for queue in queues for envelope in queue]
        for queue in queues:
            queue.clear()
        self.control = 0
        self._keys.clear()
        return left

    def _forget_key(self, envelope: Envelope) -> Envelope:
        policy = envelope.policy
        if isinstance(policy, Conflate) and self._keys.get(policy.key) is envelope:
            del self._keys[policy.key]
        return envelope
