"""Children that come and go at run time, all made after one template. Every step looks only at whom it concerns, so ten
thousand children cost no more each than ten."""

import itertools
from collections.abc import Callable, Iterator

import msgspec

from .core import SupervisorCore
from .effects import Ready
from .requests import (
    CountChildren,
    Counts,
    DeleteChild,
    Done,
    Refused,
    Request,
    RestartChild,
    StartChild,
    StartInstance,
)
from .slot import Slot
from .spec import ChildSpec, Dynamic, Flags


class DynamicCore(SupervisorCore):
    """As `SupervisorCore`, one for one: an instance that does not come back is forgotten, and all stop at once."""

    def __init__(self, dynamic: Dynamic, jitter: Callable[[], float]) -> None:
        super().__init__(dynamic.flags, jitter)
        self.dynamic = dynamic
        self._numbers = itertools.count(1)
        self._touched: list[Slot] = []

    def _asked(self, number: int, request: Request) -> None:
        match request:
            case StartInstance():
                self._start_instance(number, request)
            case StartChild() | RestartChild() | DeleteChild():
                self._answer(number, Refused("dynamic", "its children are instances of its template"))
            case CountChildren():
                self._answer(number, self._count())
            case _:
                super()._asked(number, request)

    def _start_instance(self, number: int, request: StartInstance) -> None:
        template = self.dynamic.template
        if len(self.slots) >= self.dynamic.max_children:
            self._answer(number, Refused("full", f"{self.dynamic.max_children} children are the most it may have"))
            return
        name = request.name or next(name for name in self._names(template.id) if name not in self.slots)
        settings = template.settings | request.settings if request.settings else template.settings
        self._start_child(number, msgspec.structs.replace(template, id=name, settings=settings))

    def _names(self, stem: str) -> Iterator[str]:
        return (f"{stem}-{number}" for number in self._numbers)

    def _count(self) -> Counts:
        active = sum(slot.phase in ("running", "stopping") for slot in self.slots.values())
        supervisors = len(self.slots) if self.dynamic.template.is_supervisor else 0
        return Counts(1, active, supervisors, len(self.slots) - supervisors)

    def _reconfigure(self, number: int, flags: Flags, children: tuple[ChildSpec, ...]) -> None:
        if len(children) != 1:
            self._answer(number, Refused("invalid", f"expected the template alone, found {len(children)} children"))
            return
        if (flags.strategy, flags.auto_shutdown) != ("one_for_one", "never"):
            self._answer(number, Refused("invalid", "instances come and go one for one, and none is significant"))
            return
        fields = {name: getattr(flags, name) for name in ("intensity", "period_s", "backoff")}
        self.dynamic = msgspec.structs.replace(self.dynamic, template=children[0], **fields)
        self.flags = self.dynamic.flags
        self._answer(number, Done())

    def _settle(self, slot: Slot) -> None:
        super()._settle(slot)
        if not slot.wanted:
            self.slots.pop(slot.spec.id, None)

    def _touch(self, slot: Slot) -> None:
        self._touched.append(slot)

    def _advance(self) -> None:
        touched, self._touched = self._touched, []
        for slot in touched:
            if slot.must_stop:
                self._stop(slot)
            elif slot.must_start and not self.ending:
                self._start(slot)
        if self.ending and not self.slots:
            self._finish()
        elif not self.ready:
            self.ready = True
            self._effects.append(Ready())
