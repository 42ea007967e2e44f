"""Whether a child that runs still does anything useful.

An actor says how often useful output is due. When it is overdue the actor is told (`Actor.overdue`), and repairs itself
or fails; one that does not even take that, or that handles none of its mail, hangs and is replaced.
"""

from collections.abc import Iterable
from itertools import islice

from ..kernel.incarnation import Incarnation
from ..kernel.signals import Overdue
from .slot import Slot

CHECKED_AT_ONCE = 256
"""Children looked at in one turn: with ten thousand of them a round takes several."""
STUCK_AFTER_S = 5.0
"""An actor that may not block, has mail and handles none of it for this long, hangs."""

PAUSE_S = 1.0
"""A check this late was held up itself."""


class _Watch:
    """What was last seen of one incarnation."""

    def __init__(self, actor: Incarnation, now_ns: int) -> None:
        self.actor = actor
        self.handled = actor.handled
        self.since_ns = now_ns
        self.told_ns: int | None = None
        """When it was last told that its output is overdue."""
        self.handled_when_told = 0


class Health:
    """What one supervisor remembers of its children between two checks."""

    def __init__(self) -> None:
        self._watches: dict[str, _Watch] = {}
        self._next = 0
        self._checked_ns: int | None = None
        self._resumed_ns = 0

    def due(self, slots: dict[str, Slot], now_ns: int) -> Iterable[Slot]:
        """Whose turn it is to be checked. A check that comes late means that everybody here stood still, by a stopped
        process or a long import: nobody is to blame, and all get their time again."""
        if self._checked_ns is not None and now_ns - self._checked_ns > PAUSE_S * 1e9:
            self._resumed_ns = now_ns
            self._watches.clear()
        self._checked_ns = now_ns
        if self._next >= len(slots):
            self._next = 0
            self._watches = {name: watch for name, watch in self._watches.items() if name in slots}
        found = list(islice(slots.values(), self._next, self._next + CHECKED_AT_ONCE))
        self._next += CHECKED_AT_ONCE
        return found

    def check(self, slot: Slot, actor: Incarnation, now_ns: int) -> str:
        """Why it must be taken for hanging; empty where it is well, or was only just told."""
        watch = self._watches.get(slot.spec.id)
        if watch is None or watch.actor is not actor:
            watch = self._watches[slot.spec.id] = _Watch(actor, now_ns)
        behaviour = actor.behaviour
        if behaviour is None:
            return ""
        if actor.handled != watch.handled or actor.mailbox.empty():
            watch.handled, watch.since_ns = actor.handled, now_ns
        idle_s = (now_ns - watch.since_ns) / 1e9
        if idle_s > STUCK_AFTER_S and not behaviour.blocks:
            return f"hangs: handled nothing for {idle_s:.1f} s with {len(actor.mailbox)} messages waiting"
        due_s = behaviour.progress_due_s
        if due_s is None:
            return ""
        age_s = (now_ns - max(actor.context.progressed_ns, self._resumed_ns)) / 1e9
        return _check_progress(watch, actor, due_s, age_s, now_ns)


def _check_progress(watch: _Watch, actor: Incarnation, due_s: float, age_s: float, now_ns: int) -> str:
    if age_s <= due_s:
        watch.told_ns = None
        return ""
    answered = watch.handled_when_told != actor.handled
    waited_s = 0.0 if watch.told_ns is None else (now_ns - watch.told_ns) / 1e9
    if watch.told_ns is None or (answered and waited_s >= due_s):
        watch.told_ns, watch.handled_when_told = now_ns, actor.handled
        actor.signal(Overdue(age_s, due_s))
    elif not answered and waited_s > due_s:
        return f"hangs: no useful output for {age_s:.1f} s, due every {due_s:g} s, and it does not answer for it"
    return ""
