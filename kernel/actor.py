"""What an actor is: configuration, a start hook, `receive`, a stop hook. It never waits."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from .envelope import Reply
from .loop import Timer
from .ref import Ref

if TYPE_CHECKING:
    from .system import System


class Actor:
    """Base of all actors. The constructor takes frozen configuration; state is made in `start`.

    `receive` is synchronous and never waits: input and output are effects through ports, and answers come back as
    messages. What `receive` returns answers an `ask`; a `Reply` returned is awaited in the asker's place. An
    exception ends this incarnation, and its supervisor decides what follows.
    """

    mailbox_limit: ClassVar[int] = 10_000
    progress_due_s: float | None = None
    """How often useful output is due; None for actors that only answer."""
    acknowledges_start: ClassVar[bool] = False
    """True: serving begins when the actor calls `context.acknowledge`, not when `start` returns."""

    context: "Context"

    def start(self) -> None:
        """Make the state. An exception is a failed start."""

    def receive(self, message: Any) -> Any:
        """Handle one message."""

    def stop(self, reason: str) -> None:
        """Release what the context does not know of. Called on every end, also after a crash."""


class Context:
    """What the system gives one incarnation of an actor. Everything taken through it is released at its end."""

    def __init__(
        self, system: "System", path: str, incarnation: int, parent: str, acknowledge: Callable[[], None]
    ) -> None:
        self.system = system
        self.path = path
        self.incarnation = incarnation
        self.parent = parent
        self.acknowledge = acknowledge
        """Say that this actor serves now; its supervisor goes on with the next child."""
        self.restarts = 0
        self.restart_reason = ""
        """Why the incarnation before this one ended."""
        self.progressed_ns = system.clock.monotonic_ns()
        self._timers: set[_ActorTimer] = set()

    @property
    def ports(self) -> dict[str, Any]:
        """The node's doors to the outside, by name."""
        return self.system.ports

    def now_ns(self) -> int:
        return self.system.clock.now_ns()

    def ref(self, path: str) -> Ref:
        """The address of an actor, here or in another node; what is sent through it names this actor as its sender."""
        return Ref(self.system, path, self.path)

    def tell(self, path: str, message: Any, *, ttl_s: float | None = None) -> bool:
        """`ref(path).tell`."""
        return self.ref(path).tell(message, ttl_s=ttl_s)

    def ask(self, path: str, message: Any, timeout_s: float) -> Reply:
        """`ref(path).ask`."""
        return self.ref(path).ask(message, timeout_s)

    def publish(self, topic: str, message: Any) -> None:
        """Tell everybody in this node who subscribed to the topic."""
        self.system.publish(topic, message, sender=self.path)

    def subscribe(self, topic: str) -> None:
        self.system.topics.subscribe(topic, self.path)

    def schedule(self, delay_s: float, message: Any) -> Timer:
        """Tell oneself `message` once, `delay_s` from now."""
        return _ActorTimer(self, delay_s, message, repeat=False)

    def repeat(self, period_s: float, message: Any) -> Timer:
        """Tell oneself `message` every `period_s`."""
        return _ActorTimer(self, period_s, message, repeat=True)

    def progress(self) -> None:
        """Note a useful output: health is measured from the last one."""
        self.progressed_ns = self.system.clock.monotonic_ns()

    def release(self) -> None:
        """Give back all timers and subscriptions; called by the runtime when the incarnation ends."""
        for timer in list(self._timers):
            timer.cancel()
        self.system.topics.unsubscribe(self.path)


class _ActorTimer:
    """A message to oneself later. Ends with its incarnation."""

    def __init__(self, context: Context, delay_s: float, message: Any, *, repeat: bool) -> None:
        self._context = context
        self._delay_s = delay_s
        self._message = message
        self._repeat = repeat
        self._timer = context.system.loop.call_later(delay_s, self._fire)
        context._timers.add(self)

    def cancel(self) -> None:
        self._timer.cancel()
        self._context._timers.discard(self)

    def _fire(self) -> None:
        context = self._context
        if self._repeat:
            self._timer = context.system.loop.call_later(self._delay_s, self._fire)
        else:
            context._timers.discard(self)
        context.system.tell(context.path, self._message, sender=context.path)
