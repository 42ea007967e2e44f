"""What may be asked of a supervisor: looking at its children, and starting, stopping and respecifying them."""

from .plan import Plan
from .requests import (
    Answer,
    Children,
    CountChildren,
    Counts,
    DeleteChild,
    Done,
    GetChildSpec,
    Reconfigure,
    Refused,
    Request,
    RestartChild,
    StartChild,
    StartInstance,
    TerminateChild,
    WhichChild,
    WhichChildren,
)
from .slot import Slot
from .spec import ChildSpec, Flags


class Administration(Plan):
    """Every request is answered exactly once: at once, or when what was asked for is done."""

    def _asked(self, number: int, request: Request) -> None:
        match request:
            case StartChild(spec):
                self._start_child(number, spec)
            case StartInstance():
                self._answer(number, Refused("not_dynamic", "its children are specified one by one"))
            case RestartChild(child):
                self._restart_child(number, child)
            case TerminateChild(child):
                self._terminate_child(number, child)
            case DeleteChild(child):
                self._delete_child(number, child)
            case Reconfigure(flags, children):
                self._reconfigure(number, flags, children)
            case _:
                self._answer(number, answer_look(request, self.slots))

    def _start_child(self, number: int, spec: ChildSpec) -> None:
        known = self.slots.get(spec.id)
        if self.ending:
            self._answer(number, Refused("shutting_down", self.ending))
        elif known is not None:
            running = known.phase in ("running", "starting") and known.state != "restarting"
            self._answer(number, Refused("already_started" if running else "already_present", known.state))
        else:
            self._try(number, Slot(spec, added=True))

    def _restart_child(self, number: int, child: str) -> None:
        slot = self.slots.get(child)
        if self.ending:
            self._answer(number, Refused("shutting_down", self.ending))
        elif slot is None:
            self._answer(number, Refused("not_found"))
        elif slot.phase != "down":
            self._answer(number, Refused("running" if slot.state == "starting" else slot.state))
        else:
            self._try(number, slot)

    def _try(self, number: int, slot: Slot) -> None:
        self.slots[slot.spec.id] = slot
        slot.wanted = slot.trial = True
        slot.start_askers.append(number)
        self._touch(slot)

    def _terminate_child(self, number: int, child: str) -> None:
        slot = self.slots.get(child)
        if slot is None:
            self._answer(number, Refused("not_found"))
            return
        slot.stop_askers.append(number)
        if slot.phase == "waiting" and slot.retried:  # with its retry goes that of all who would have come back with it
            for other in self._group(slot):
                if other.must_start and not other.trial:
                    self._unwant(other)
        self._unwant(slot)

    def _delete_child(self, number: int, child: str) -> None:
        slot = self.slots.get(child)
        if slot is None:
            self._answer(number, Refused("not_found"))
        elif slot.phase != "down" or (slot.must_start and slot.trial):
            self._answer(number, Refused("restarting" if slot.state == "restarting" else "running"))
        else:
            del self.slots[child]
            self._answer(number, Done())

    def _reconfigure(self, number: int, flags: Flags, children: tuple[ChildSpec, ...]) -> None:
        self.flags = flags
        self.slots = reorder(self.slots, children)
        self._answer(number, Done())


def answer_look(request: Request, slots: dict[str, Slot]) -> Answer:
    """The answer to a request that changes nothing."""
    match request:
        case WhichChildren():
            return Children(tuple(slot.status() for slot in slots.values()))
        case WhichChild(child):
            return Children((slots[child].status(),)) if child in slots else Refused("not_found")
        case GetChildSpec(child):
            return slots[child].spec if child in slots else Refused("not_found")
        case CountChildren():
            return count(slots)
        case _:
            return Refused("invalid", f"{type(request).__name__} is no question")


def count(slots: dict[str, Slot]) -> Counts:
    """Those that serve are active; one that waits for its restart is not."""
    supervisors = sum(slot.spec.is_supervisor for slot in slots.values())
    active = sum(slot.phase in ("running", "stopping") for slot in slots.values())
    return Counts(len(slots), active, supervisors, len(slots) - supervisors)


def reorder(slots: dict[str, Slot], children: tuple[ChildSpec, ...]) -> dict[str, Slot]:
    """The slots under new specifications, in their order: the known keep what they are, the new do not run yet, the
    missing stay as they are, after the others."""
    ordered: dict[str, Slot] = {}
    for spec in children:
        slot = slots.get(spec.id) or Slot(spec, wanted=False)
        slot.spec = spec
        ordered[spec.id] = slot
    return ordered | {name: slot for name, slot in slots.items() if name not in ordered}
