"""Law 9, watched over a whole run: every message of every incarnation is accounted for, and every question answered."""

from typing import Any

from ..envelope import Reply
from ..incarnation import Incarnation
from ..registry import Registry


class MessagesLost(AssertionError):
    """Law 9 is broken; the text says where."""


class WatchedRegistry(Registry):
    """Remembers every incarnation there ever was."""

    def __init__(self) -> None:
        super().__init__()
        self.born: list[Incarnation] = []

    def add(self, actor: Incarnation) -> None:
        super().add(actor)
        self.born.append(actor)


def check_conservation(born: list[Incarnation]) -> None:
    """At a quiet point: sent = handled + queued + conflated + dropped + expired + dead-lettered + kept, for each."""
    for actor in born:
        rest = actor.conflated + actor.dropped + actor.expired + actor.dead + actor.kept
        found = actor.handled + len(actor.mailbox) + rest
        if actor.sent != found:
            raise MessagesLost(f"{actor.path} (incarnation {actor.incarnation}): {actor.sent} sent, {found} found")


class Questions:
    """Every question asked; those of a process that died with it are nobody's any more."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str, Any, Reply]] = []
        self.asked = 0

    def note(self, due_ns: int, path: str, message: Any, reply: Reply) -> None:
        """`due_ns`: when it must be answered at the latest, on the virtual clock."""
        self.asked += 1
        self._open.append((due_ns, path, message, reply))
        if len(self._open) > 1_000:
            self._open = [each for each in self._open if not each[3].done]

    def check(self, now_ns: int) -> None:
        for due_ns, path, message, reply in self._open:
            if not reply.done and now_ns > due_ns:
                raise MessagesLost(f"{type(message).__name__} to {path!r} was never answered")
