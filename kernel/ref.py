"""A stable address of an actor: it outlives every incarnation, and is the same for a local and a remote one."""

from typing import TYPE_CHECKING, Any

from .envelope import Envelope, Reply

if TYPE_CHECKING:
    from .actor import Context
    from .mailbox import Policy
    from .system import System


class Ref:
    """Where to send. Resolved anew for each message: to the actor that lives at `path` now, here or in another node.

    One that an actor made names it as the sender, and is `Fenced` once that incarnation was killed.
    """

    __slots__ = ("_context", "_system", "path")

    def __init__(self, system: "System", path: str, context: "Context | None" = None) -> None:
        self._system = system
        self._context = context
        self.path = path

    def tell(self, message: Any, *, ttl_s: float | None = None, policy: "Policy | None" = None) -> bool:
        """Send; False, and a dead letter, where it could not be queued.

        With `ttl_s` the message is dropped, and counted, when it could not be handled in time. `policy` says what it
        does at a full mailbox; without one it is refused.
        """
        system, context = self._system, self._context
        sender = ""
        if context is not None:
            sender = context.path
            if context.fenced:
                context.check_fence()
        envelope = Envelope(message, sender)
        if ttl_s is not None:
            envelope.deadline_ns = system.clock.now_ns() + round(ttl_s * 1e9)
        if policy is not None:
            envelope.policy = policy
        actor = system.actors.find(self.path)  # `deliver`'s common case, without its call
        return system.deliver(self.path, envelope) if actor is None else actor.offer(envelope)

    def ask(self, message: Any, timeout_s: float) -> Reply:
        """Send a question; the reply is always resolved: a value, an error or a time-out."""
        if self._context is not None:
            return self._context.ask(self.path, message, timeout_s)
        return self._system.ask(self.path, message, timeout_s)

    def __repr__(self) -> str:
        return f"Ref({self.path!r})"
