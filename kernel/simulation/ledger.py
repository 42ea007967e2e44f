"""Law 9, watched over a whole run: every message of every incarnation is accounted for, and every question answered."""

from typing import Any

from ..envelope import Reply
from ..incarnation import Incarnation
from ..registry import Registry
from ..system import System

QUESTIONS_LOOKED_AT = 1_000
"""Past this many the answered ones are forgotten."""


class MessagesLost(AssertionError):
    """Law 9 is broken; the text says where."""

    def __init__(self, words: str) -> None:
        super().__init__(f"law 9 is broken: {words}")


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


class WatchedSystem(System):
    """A system whose questions are kept until they are answered."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.actors = self.registry = WatchedRegistry()
        self._questions: list[tuple[int, str, str, Reply]] = []

    def ask(self, path: str, message: Any, timeout_s: float, **keywords: Any) -> Reply:
        reply = super().ask(path, message, timeout_s, **keywords)
        if len(self._questions) >= QUESTIONS_LOOKED_AT:
            self._questions = [each for each in self._questions if not each[3].done]
        due_ns = self.clock.monotonic_ns() + round(timeout_s * 1e9)
        self._questions.append((due_ns, path, type(message).__name__, reply))
        return reply

    def check_questions(self) -> None:
        """`MessagesLost` for one that is overdue; those of a process that ended are nobody's any more."""
        now_ns = self.clock.monotonic_ns()
        for due_ns, path, name, reply in self._questions:
            if not reply.done and now_ns > due_ns:
                raise MessagesLost(f"{name} to {path!r} was never answered")
