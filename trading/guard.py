"""What the guard decides once the system is halted: fence the executor, then cancel what it left open. Pure.

```
WATCHING --halted--> GRACE --time--> LOOKING --none open--> CONTENT (looks again)
                                        |  some open, here or when CONTENT
                                        v
                     CANCELLING <--- FENCING           any state --released--> WATCHING, the lease given back
                        |   ^ some open again
                        v   |
                        DONE (looks again)
```

Only orders that carry our prefix and protect nothing are cancelled, one by one, and only under the lease.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from .guard_events import (
    Cancel,
    CancelDone,
    Effect,
    Event,
    Fence,
    Fenced,
    FenceFailed,
    FenceLost,
    GiveBack,
    GuardFailed,
    GuardState,
    HaltRead,
    Look,
    OpenOrder,
    OpenOrdersSeen,
    Tell,
)
from .rungs import is_protective

SECOND = 1_000_000_000
ANSWER_DUE_NS = 1_500_000_000
"""Longer than the port takes to answer, whatever it answers: a request older than this is taken for lost."""
RETRY_MIN_NS = 100_000_000
RETRY_MAX_NS = 2 * SECOND
RETRY_ASKED_MAX_NS = 60 * SECOND
"""A venue that says when to come again is heeded up to this long."""
CONFIRM_NS = 250_000_000
"""Between looks while a request of the fenced executor may still arrive."""
PROBE_NS = 30 * SECOND
"""Between looks while nothing is wrong: whether the venue would answer is known before it must."""
CANCELS_AT_ONCE = 8


class GuardCore:
    """Never fences unless halted, never cancels unless fenced, never cancels what protects. Everything that came to
    nothing is tried again, later each time, for as long as the halt lasts."""

    def __init__(self, prefix: str, grace_s: float, look_s: float, lost_after_s: float) -> None:
        """`prefix` begins all our client order ids; `lost_after_s` after the fencing no request of the executor can
        reach the venue any more."""
        self.state = GuardState.WATCHING
        self.fenced = False
        self.targets: tuple[OpenOrder, ...] = ()
        """What was to be cancelled at the last look."""
        self.cancelled = 0
        self._prefix = prefix
        self._grace_ns, self._look_ns = round(grace_s * SECOND), round(look_s * SECOND)
        self._lost_after_ns = round(lost_after_s * SECOND)
        self._now_ns = self._due_ns = self._asked_ns = self._fenced_ns = 0
        self._number = 0
        self._looking = 0
        """Number of the look under way; 0 where there is none."""
        self._retry_ns = RETRY_MIN_NS
        self._waiting: deque[OpenOrder] = deque()
        self._under_way: set[str] = set()
        self._failed: set[str] = set()
        self._effects: list[Effect] = []

    def step(self, event: Event, now_ns: int) -> tuple[Effect, ...]:
        """What to do about one event, in this order; what the table does not name changes nothing. `now_ns` is
        monotonic."""
        self._now_ns, self._effects = now_ns, []
        handle = self._TABLE.get((self.state, type(event)))
        if handle is not None:
            handle(self, event)
        return tuple(self._effects)

    # -- the latch and the time ---------------------------------------------------------------------------------------

    def _watch(self, event: HaltRead) -> None:
        if event.reason:
            self._move(GuardState.GRACE, f"halted: {event.reason}")
            self._wait(self._grace_ns)
        elif self._is_due:
            self._look()

    def _go_on(self, event: HaltRead) -> None:
        if not event.reason:
            self._released()
        elif self._is_due and self.state is GuardState.FENCING:
            self._fence()
        elif self._is_due:
            self._look()

    def _end_grace(self, event: HaltRead) -> None:
        if event.reason and self._is_due:
            self._move(GuardState.LOOKING, "the executor has had its time")
        self._go_on(event)

    def _released(self) -> None:
        if self.fenced:
            self._effects.append(GiveBack())
        self.fenced, self.targets, self._looking = False, (), 0
        self._forget_cancels()
        self._failed.clear()
        self._retry_ns = RETRY_MIN_NS
        self._move(GuardState.WATCHING, "the halt was released")
        self._wait(PROBE_NS)

    # -- looking ------------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        if self._looking or self._under_way:
            self._tell("the venue did not answer in time")
        self._forget_cancels()
        self._number = self._looking = self._number + 1
        self._asked_ns = self._now_ns
        self._effects.append(Look(self._number))
        self._wait(ANSWER_DUE_NS)

    def _probed(self, event: OpenOrdersSeen) -> None:
        if self._note_answer(event):
            self._wait(PROBE_NS)

    def _seen(self, event: OpenOrdersSeen) -> None:
        if not self._note_answer(event):
            return
        if self.targets:
            self._move(GuardState.FENCING, f"{len(self.targets)} orders are still open")
            self._fence()
        else:
            self._none_open(GuardState.CONTENT, "no order to cancel is open")

    def _seen_fenced(self, event: OpenOrdersSeen) -> None:
        if not self._note_answer(event):
            return
        if self.targets:
            self._move(GuardState.CANCELLING, f"{len(self.targets)} orders are open")
            self._cancel_all()
        elif self._asked_ns - self._fenced_ns >= self._lost_after_ns:
            self._none_open(GuardState.DONE, "no order to cancel is open, and none can arrive any more")
        else:
            self._wait(CONFIRM_NS)

    def _note_answer(self, event: OpenOrdersSeen) -> bool:
        """Keep what the last look shows; False for the answer of an earlier one."""
        if not self._is_answer(event):
            return False
        self.targets = tuple(filter(self._is_target, event.orders))
        self._failed &= {order.venue_id for order in self.targets}
        return True

    def _is_answer(self, event: OpenOrdersSeen | GuardFailed) -> bool:
        """Whether this answers the look under way, which is then over."""
        if not event.number or event.number != self._looking:
            return False
        self._looking = 0
        return True

    def _is_target(self, order: OpenOrder) -> bool:
        return order.client_id.startswith(self._prefix) and not is_protective(order.type)

    def _none_open(self, state: GuardState, reason: str) -> None:
        self._retry_ns = RETRY_MIN_NS
        self._move(state, reason)
        self._wait(self._look_ns)

    def _probe_failed(self, event: GuardFailed) -> None:
        if self._is_answer(event):
            self._tell(event.reason)
            self._wait(PROBE_NS)

    def _look_failed(self, event: GuardFailed) -> None:
        if self._is_answer(event):
            state = GuardState.LOOKING if self.state is GuardState.CONTENT else self.state
            self._retry(state, event.reason, event.retry_s)

    # -- fencing and cancelling ---------------------------------------------------------------------------------------

    def _fence(self) -> None:
        self._effects.append(Fence())
        self._wait(ANSWER_DUE_NS)

    def _have_fenced(self, _: Fenced) -> None:
        self.fenced, self._fenced_ns = True, self._now_ns
        self._move(GuardState.CANCELLING, "the executor is fenced")
        self._cancel_all()

    def _fence_failed(self, event: FenceFailed) -> None:
        self._retry(self.state, event.reason)

    def _fence_lost(self, _: FenceLost) -> None:
        self.fenced, self.targets = False, ()  # to be seen anew under the next lease
        self._forget_cancels()
        self._retry(GuardState.FENCING, "the lease was lost")

    def _cancel_all(self) -> None:
        """Those that failed before come last: one that cannot be cancelled keeps no other waiting."""
        self._waiting = deque(sorted(self.targets, key=lambda order: order.venue_id in self._failed))
        self._send_cancels()

    def _send_cancels(self) -> None:
        while self._waiting and len(self._under_way) < CANCELS_AT_ONCE:
            order = self._waiting.popleft()
            self._under_way.add(order.venue_id)
            self._effects.append(Cancel(order))
        if self._under_way:
            self._wait(ANSWER_DUE_NS)
        else:
            self._look()

    def _cancel_done(self, event: CancelDone) -> None:
        if event.venue_id in self._under_way:
            self._under_way.discard(event.venue_id)
            self.cancelled += 1
            self._retry_ns = RETRY_MIN_NS
            self._send_cancels()

    def _request_failed(self, event: GuardFailed) -> None:
        """Of the cancels that wait none is sent now: the venue may be in need of a pause."""
        if event.venue_id in self._under_way:
            self._failed.add(event.venue_id)
            self._forget_cancels()
            self._retry(self.state, event.reason, event.retry_s)
        else:
            self._look_failed(event)

    def _forget_cancels(self) -> None:
        self._waiting.clear()
        self._under_way.clear()

    # -- time and words -----------------------------------------------------------------------------------------------

    @property
    def _is_due(self) -> bool:
        return self._now_ns >= self._due_ns

    def _wait(self, delay_ns: int) -> None:
        self._due_ns = self._now_ns + delay_ns

    def _retry(self, state: GuardState, reason: str, asked_s: float = 0.0) -> None:
        self._wait(max(self._retry_ns, min(round(asked_s * SECOND), RETRY_ASKED_MAX_NS)))
        self._retry_ns = min(self._retry_ns * 2, RETRY_MAX_NS)
        self.state = state
        self._tell(reason)

    def _move(self, state: GuardState, reason: str) -> None:
        if state is not self.state:
            self.state = state
            self._tell(reason)

    def _tell(self, reason: str) -> None:
        self._effects.append(Tell(self.state, reason))

    # fmt: off
    _TABLE: ClassVar[dict[tuple[GuardState, type[Event]], Callable[["GuardCore", Any], None]]] = {
        (GuardState.WATCHING,   HaltRead):       _watch,
        (GuardState.WATCHING,   OpenOrdersSeen): _probed,
        (GuardState.WATCHING,   GuardFailed):    _probe_failed,
        (GuardState.GRACE,      HaltRead):       _end_grace,
        (GuardState.LOOKING,    HaltRead):       _go_on,
        (GuardState.LOOKING,    OpenOrdersSeen): _seen,
        (GuardState.LOOKING,    GuardFailed):    _look_failed,
        (GuardState.CONTENT,    HaltRead):       _go_on,
        (GuardState.CONTENT,    OpenOrdersSeen): _seen,
        (GuardState.CONTENT,    GuardFailed):    _look_failed,
        (GuardState.FENCING,    HaltRead):       _go_on,
        (GuardState.FENCING,    Fenced):         _have_fenced,
        (GuardState.FENCING,    FenceFailed):    _fence_failed,
        (GuardState.CANCELLING, HaltRead):       _go_on,
        (GuardState.CANCELLING, OpenOrdersSeen): _seen_fenced,
        (GuardState.CANCELLING, CancelDone):     _cancel_done,
        (GuardState.CANCELLING, GuardFailed):    _request_failed,
        (GuardState.CANCELLING, FenceLost):      _fence_lost,
        (GuardState.DONE,       HaltRead):       _go_on,
        (GuardState.DONE,       OpenOrdersSeen): _seen_fenced,
        (GuardState.DONE,       GuardFailed):    _look_failed,
        (GuardState.DONE,       FenceLost):      _fence_lost,
    }
    # fmt: on
