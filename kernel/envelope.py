"""A message on its way, and the place its answer goes."""

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec

from .errors import AskTimeout, KernelError

if TYPE_CHECKING:
    from _thread import LockType

    from .mailbox import Policy


class Reply:
    """The answer to one question: resolved exactly once, with a value or an error, from any thread.

    With `call_soon` every callback has a turn to itself: what an asker does with its answer cannot fail the one who
    answered. `arm` is called before the first callback waits; it bounds the wait, and returns what ends that again.
    """

    __slots__ = ("_arm", "_armed", "_call_soon", "_callbacks", "_lock", "_waiting", "done", "error", "value")

    def __init__(
        self,
        call_soon: "Callable[[Callable[[], object]], object] | None" = None,
        arm: Callable[[], Callable[[], object]] | None = None,
    ) -> None:
        self._call_soon = call_soon
        self._arm = arm
        self._armed: Callable[[], object] | None = None
        self._lock = Lock()
        self.done = False
        self.value: Any = None
        self.error: KernelError | None = None
        self._callbacks: list[Callable[[Reply], object]] = []
        self._waiting: list[LockType] = []

    def resolve(self, value: Any) -> None:
        """Answer with a value; a later answer is ignored."""
        self._finish(value, None)

    def fail(self, error: KernelError) -> None:
        """Answer with an error; a later answer is ignored."""
        self._finish(None, error)

    def then(self, callback: "Callable[[Reply], object]") -> None:
        """Call back with this reply once it is done."""
        with self._lock:
            waits = not self.done
            if waits:
                self._callbacks.append(callback)
        if waits:
            self.arm()
        else:
            self._call(callback)

    def arm(self) -> None:
        """Bound the wait from now on, where it is not bounded yet."""
        arm, self._arm = self._arm, None
        if arm is None:
            return
        armed = arm()
        with self._lock:
            self._armed = armed
            late = self.done
        if late:
            armed()

    def wait(self, timeout_s: float) -> Any:
        """Hold the calling thread until the answer is here and return it, or raise its error; `AskTimeout` where
        there is none in time. For threads that are no actors: an actor never waits."""
        answered = Lock()
        answered.acquire()
        with self._lock:
            waits = not self.done
            if waits:
                self._waiting.append(answered)
        if waits and not answered.acquire(timeout=timeout_s):
            self.fail(AskTimeout(f"no answer within {timeout_s} s"))
        if self.error is not None:
            raise self.error
        return self.value

    def _finish(self, value: Any, error: KernelError | None) -> None:
        with self._lock:
            if self.done:
                return
            self.value, self.error, self.done = value, error, True
            callbacks, self._callbacks = self._callbacks, []
        if self._armed is not None:
            self._armed()
        for waiting in self._waiting:
            waiting.release()
        for callback in callbacks:
            self._call(callback)

    def _call(self, callback: "Callable[[Reply], object]") -> None:
        if self._call_soon is None:
            callback(self)
        else:
            self._call_soon(lambda: callback(self))


class Envelope(msgspec.Struct, eq=False, gc=False):
    """A message, who asked, until when it is worth handling and what it does at a full mailbox.

    One is made per message, so it is as cheap as can be. `crashes` counts the incarnations it has ended.
    """

    message: Any
    sender: str = ""
    reply: Reply | None = None
    deadline_ns: int | None = None
    policy: "Policy | None" = None
    crashes: int = 0

    def exchange(self, newer: "Envelope") -> "Envelope":
        """Take over what `newer` carries, in this place; what was carried until now is returned."""
        older = Envelope(self.message, self.sender, self.reply, self.deadline_ns, self.policy, self.crashes)
        self.message, self.sender, self.reply = newer.message, newer.sender, newer.reply
        self.deadline_ns, self.policy, self.crashes = newer.deadline_ns, newer.policy, newer.crashes
        return older
