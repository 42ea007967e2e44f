"""What an actor is: configuration, a start hook, `receive`, a stop hook. It never waits."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from .envelope import Envelope, Reply
from .errors import Fenced, NoProgress
from .loop import Timer
from .mailbox import Lane, Policy
from .ref import Ref
from .signals import IGNORED, KILLED

if TYPE_CHECKING:
    from .incarnation import Incarnation
    from .system import System


class Actor:
    """Base of all actors. The constructor takes frozen configuration; state is made in `start`.

    `receive` is synchronous and never waits: input and output are effects through ports, and answers come back as
    messages. What `receive` returns answers an `ask`; a `Reply` returned is awaited in the asker's place. An
    exception ends this incarnation, and its supervisor decides what follows.
    """

    mailbox_limit: ClassVar[int] = 10_000
    must_hear: ClassVar[Any] = ()
    """Types of messages without which its state is wrong: where its full mailbox refuses one it fails, and its next
    incarnation begins with a true state."""
    progress_due_s: float | None = None
    """How often useful output is due; None for actors that only answer."""
    acknowledges_start: ClassVar[bool] = False
    """True: serving begins when the actor calls `context.acknowledge`, not when `start` returns."""
    defers_stop: ClassVar[bool] = False
    """True: `Stop` comes to `receive` like any message, and the actor ends when it calls `context.exit`."""
    blocks: ClassVar[bool] = False
    """True: `receive` may wait for something, so this actor needs a thread of its own."""
    urgent: ClassVar[bool] = False
    """True where every microsecond counts, as on an order's way: in a cell its turns come before those of others."""
    catches_up: ClassVar[bool] = False
    """True for who must see all that waits before he can say what of it still matters: in a cell its turns are longer
    while much waits. Who hears all that such a one tells does likewise, or his mailbox overflows."""
    in_background: ClassVar[bool] = False
    """True where nobody waits for it, as for what records or shows: in a cell the others take their turns first."""

    context: "Context"

    def start(self) -> Any:
        """Make the state. An exception is a failed start, `Ignore` says that there is nothing to do; what is returned
        goes to the supervisor with the acknowledgement."""

    def receive(self, message: Any) -> Any:
        """Handle one message."""

    def overdue(self, age_s: float) -> None:
        """The last useful output is `age_s` old, longer than `progress_due_s` allows. Repair what can be repaired, or
        return where others are to blame; the default fails, and the supervisor replaces this incarnation."""
        raise NoProgress(f"no useful output for {age_s:.1f} s, due every {self.progress_due_s:g} s")

    def stop(self, reason: str) -> None:
        """Release what the context does not know of. Called on every end but a kill, also after a crash."""


class Context:
    """What the system gives one incarnation of an actor. Everything taken through it is released at its end.

    Once the incarnation was killed every call raises `Fenced`: a thread that could not be stopped does no more harm.
    """

    def __init__(self, incarnation: "Incarnation", restarts: int, restart_reason: str) -> None:
        self._incarnation = incarnation
        self.system: System = incarnation.system
        self.path = incarnation.path
        self.incarnation = incarnation.incarnation
        self.parent = incarnation.parent
        self.restarts = restarts
        self.restart_reason = restart_reason
        """Why the incarnation before this one ended."""
        self.progressed_ns = self.system.clock.monotonic_ns()
        self.fenced = False
        self.exit_reason = ""
        self._timers: set[_ActorTimer] = set()
        self._monitors: dict[int, str] = {}
        self._subscribed = False

    @property
    def ports(self) -> dict[str, Any]:
        """The node's doors to the outside, by name."""
        self.check_fence()
        return self.system.ports

    def now_ns(self) -> int:
        return self.system.clock.now_ns()

    def fault_point(self, name: str) -> None:
        """A place where a simulated run may fail; in production nothing happens."""
        if self.system.faults is not None:
            self.system.faults.reach(self.path, name)

    def acknowledge(self, info: Any = None) -> None:
        """Say that this actor serves now; its supervisor goes on with the next child."""
        self._incarnation.acknowledge(info)

    def exit(self, reason: str) -> None:
        """End when the message at hand is handled. `normal` and `shutdown` are no failures."""
        assert reason not in (KILLED, IGNORED), f"{reason!r} is not for an actor to say of itself"
        self.exit_reason = self.exit_reason or reason

    def ref(self, path: str) -> Ref:
        """The address of an actor, here or in another node; what is sent through it names this actor as its sender."""
        return Ref(self.system, path, self)

    def tell(self, path: str, message: Any, *, ttl_s: float | None = None, policy: Policy | None = None) -> bool:
        """`ref(path).tell`."""
        return Ref(self.system, path, self).tell(message, ttl_s=ttl_s, policy=policy)

    def ask(self, path: str, message: Any, timeout_s: float) -> Reply:
        """Send a question. The reply is always resolved; its callbacks are turns of this actor, and gone with it."""
        self.check_fence()
        return self.system.ask(path, message, timeout_s, sender=self.path, call_soon=self._incarnation.post)

    def publish(self, topic: str, message: Any, *, policy: Policy | None = None) -> None:
        """Tell everybody in this node who subscribed to the topic."""
        if self.fenced:
            self.check_fence()
        self.system.publish(topic, message, sender=self.path, policy=policy)

    def subscribe(self, topic: str) -> None:
        self.check_fence()
        self._subscribed = True
        self.system.topics.subscribe(topic, self.path)
        if self.fenced:  # killed in between: nothing of it may stay
            self.system.topics.unsubscribe(self.path)
            self.check_fence()

    def monitor(self, path: str) -> int:
        """Hear of the end of the actor at `path`: one `Down` with the number returned, at once where nobody lives."""
        self.check_fence()
        number = self.system.monitor(path, self._incarnation)
        self._monitors[number] = path
        if self.fenced:
            self.demonitor(number)
            self.check_fence()
        return number

    def demonitor(self, number: int) -> None:
        """No longer hear of it: after this call no `Down` of that monitor is queued any more."""
        if (path := self._monitors.pop(number, None)) is not None:
            self.system.actors.demonitor(path, number)

    def heard(self, number: int) -> bool:
        """Whether this monitor is still wanted; it is over then."""
        return self._monitors.pop(number, None) is not None

    def schedule(self, delay_s: float, message: Any) -> Timer:
        """Tell oneself `message` once, `delay_s` from now, ahead of queued work: a full mailbox does not lose it."""
        self.check_fence()
        return _ActorTimer(self, delay_s, message, repeat=False)

    def defer(self, message: Any) -> bool:
        """Tell oneself `message` behind all work that waits; False where there is no room."""
        return self._incarnation.mailbox.room and self._incarnation.offer(Envelope(message, self.path))

    def when_idle(self, message: Any) -> bool:
        """Tell oneself `message` once nothing else waits, with oneself or with those of the same thread; False where
        there is no room. Such messages come in their order, but mail told later overtakes them. They come in time also
        where somebody always has something to do: a few turns of others to one of these."""
        return self._incarnation.offer(Envelope(message, self.path), Lane.IDLE)

    def afterwards(self, callback: Callable[[], object]) -> None:
        """Give a callback this actor's next turn, ahead of its mail; whom it told something may go before it."""
        self._incarnation.afterwards(callback)

    def repeat(self, period_s: float, message: Any) -> Timer:
        """Tell oneself `message` every `period_s`; one that finds the mailbox full is lost, and the next one comes."""
        self.check_fence()
        return _ActorTimer(self, period_s, message, repeat=True)

    def progress(self) -> None:
        """Note a useful output: health is measured from the last one."""
        self.progressed_ns = self.system.clock.monotonic_ns()

    def check_fence(self) -> None:
        """Raise `Fenced` where this incarnation has ended."""
        if self.fenced:
            raise Fenced(f"incarnation {self.incarnation} of {self.path!r} has ended: it may do nothing more")

    def release(self) -> None:
        """Give back all timers, monitors and subscriptions; called by the runtime when the incarnation ends."""
        self.fenced = True
        for timer in list(self._timers):
            timer.cancel()
        for number in list(self._monitors):
            self.demonitor(number)
        if self._subscribed:
            self.system.topics.unsubscribe(self.path)


class _ActorTimer:
    """A message to oneself later. Ends with its incarnation, and never reaches the next one."""

    def __init__(self, context: Context, delay_s: float, message: Any, *, repeat: bool) -> None:
        self._context = context
        self._delay_s = delay_s
        self._message = message
        self._repeat = repeat
        self._cancelled = False
        self._offer, self._call_later = context._incarnation.offer, context._incarnation.call_later
        self._timer: Timer | None = None
        context._timers.add(self)  # first: the loop of another thread may be quicker than this one
        self._timer = self._call_later(delay_s, self._fire)

    def cancel(self) -> None:
        self._cancelled = True
        if self._timer is not None:
            self._timer.cancel()
        self._context._timers.discard(self)

    def _fire(self) -> None:
        context = self._context
        if context.fenced or self._cancelled:
            return
        if self._repeat:
            self._timer = self._call_later(self._delay_s, self._fire)
            self._offer(Envelope(self._message, context.path))
        else:
            context._timers.discard(self)
            self._offer(Envelope(self._message, context.path), Lane.SUPERVISION)  # nobody tries a single one again
