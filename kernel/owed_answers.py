"""Questions whose answer another reply will bring: owed until that is there, or the one who owes it has ended."""

from .envelope import Reply
from .errors import KernelError

OWED_LIMIT = 1_000
"""Answers owed before those that nobody waits for any more are forgotten."""


class OwedAnswers:
    """What one incarnation owes; answers may come from any thread."""

    def __init__(self) -> None:
        self._owed: dict[Reply, None] = {}  # no set: its order would hang on where a reply lies in memory

    def add(self, reply: Reply, answer: Reply) -> None:
        """`reply` is resolved as `answer` is."""
        if len(self._owed) >= OWED_LIMIT:  # who asked may have stopped waiting long ago
            self._owed = {owed: None for owed in list(self._owed) if not owed.done}
        self._owed[reply] = None
        answer.then(lambda done: self._pay(reply, done))

    def fail(self, error: KernelError) -> None:
        """No answer comes any more."""
        for reply in list(self._owed):
            reply.fail(error)

    def __len__(self) -> int:
        return len(self._owed)

    def _pay(self, reply: Reply, answer: Reply) -> None:
        self._owed.pop(reply, None)
        if answer.error is None:
            reply.resolve(answer.value)
        else:
            reply.fail(answer.error)
