"""A bounded mailbox with four lanes: control overtakes work, so a full mailbox never holds a stop up."""

from collections import deque
from enum import IntEnum
from typing import Any

from .envelope import Envelope


class Lane(IntEnum):
    """In the order they are served."""

    KILL = 0
    STOP = 1
    SUPERVISION = 2
    USER = 3


CONTROL_LIMIT = 1_000
"""Bound of each control lane. Control is rare: reaching this is a fault, not load."""


class Mailbox:
    """First in, first out within a lane; lanes in their order. `put` says whether there was room."""

    def __init__(self, limit: int) -> None:
        """`limit` bounds the user lane."""
        self.limit = limit
        self._lanes: tuple[deque[Envelope], ...] = tuple(deque() for _ in Lane)

    def put(self, envelope: Envelope, lane: Lane = Lane.USER) -> bool:
        queue = self._lanes[lane]
        if len(queue) >= (self.limit if lane is Lane.USER else CONTROL_LIMIT):
            return False
        queue.append(envelope)
        return True

    def get(self) -> Envelope:
        """The next envelope; `IndexError` when empty."""
        for queue in self._lanes:
            if queue:
                return queue.popleft()
        raise IndexError("the mailbox is empty")

    def empty(self) -> bool:
        return not any(self._lanes)

    def __len__(self) -> int:
        return sum(map(len, self._lanes))

    def drain(self) -> list[Any]:
        """Everything still queued, and nothing after it."""
        left = [envelope for queue in self._lanes for envelope in queue]
        for queue in self._lanes:
            queue.clear()
        return left
