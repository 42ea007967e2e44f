"""A stable address of an actor: it outlives every incarnation, and is the same for a local and a remote one."""

from typing import TYPE_CHECKING, Any

from .envelope import Envelope, Reply

if TYPE_CHECKING:
    from .system import System


class Ref:
    """Where to send. Resolved anew for each message: to the actor that lives at `path` now, here or in another node."""

    __slots__ = ("_sender", "_system", "path")

    def __init__(self, system: "System", path: str, sender: str = "") -> None:
        self._system = system
        self._sender = sender
        self.path = path

    def tell(self, message: Any, *, ttl_s: float | None = None) -> bool:
        """Send; False, and a dead letter, where it could not be queued.

        With `ttl_s` the message is dropped, and counted, when it could not be handled in time.
        """
        deadline_ns = None if ttl_s is None else self._system.clock.now_ns() + round(ttl_s * 1e9)
        return self._system.deliver(self.path, Envelope(message, self._sender, deadline_ns=deadline_ns))

    def ask(self, message: Any, timeout_s: float) -> Reply:
        """Send a question; the reply is always resolved: a value, an error or a time-out."""
        return self._system.ask(self.path, message, timeout_s, sender=self._sender)

    def __repr__(self) -> str:
        return f"Ref({self.path!r})"
