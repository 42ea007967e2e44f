"""A message on its way, and the place its answer goes."""

from collections.abc import Callable
from typing import Any

from .errors import KernelError


class Reply:
    """The answer to one question: resolved exactly once, with a value or an error.

    With `call_soon` every callback has a turn of the loop to itself: what an asker does with its answer cannot fail
    the one who answered.
    """

    __slots__ = ("_call_soon", "_callbacks", "done", "error", "value")

    def __init__(self, call_soon: "Callable[[Callable[[], object]], object] | None" = None) -> None:
        self._call_soon = call_soon
        self.done = False
        self.value: Any = None
        self.error: KernelError | None = None
        self._callbacks: list[Callable[[Reply], object]] = []

    def resolve(self, value: Any) -> None:
        """Answer with a value; a later answer is ignored."""
        self._finish(value, None)

    def fail(self, error: KernelError) -> None:
        """Answer with an error; a later answer is ignored."""
        self._finish(None, error)

    def then(self, callback: "Callable[[Reply], object]") -> None:
        """Call back with this reply once it is done."""
        if self.done:
            self._call(callback)
        else:
            self._callbacks.append(callback)

    def _finish(self, value: Any, error: KernelError | None) -> None:
        if self.done:
            return
        self.done, self.value, self.error = True, value, error
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._call(callback)

    def _call(self, callback: "Callable[[Reply], object]") -> None:
        if self._call_soon is None:
            callback(self)
        else:
            self._call_soon(lambda: callback(self))


class Envelope:
    """A message, who asked, and until when it is worth handling. Slots make it cheap: one is made per message."""

    __slots__ = ("deadline_ns", "message", "reply", "sender")

    def __init__(
        self, message: Any, sender: str = "", reply: Reply | None = None, deadline_ns: int | None = None
    ) -> None:
        self.message = message
        self.sender = sender
        self.reply = reply
        self.deadline_ns = deadline_ns
