"""Who lives at which path in one system, whose children they are, and who wants to hear of their end."""

import itertools
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING

from .errors import PathTaken

if TYPE_CHECKING:
    from .incarnation import Incarnation

ENDS_KEPT = 1_000


class Registry(Mapping[str, "Incarnation"]):
    """Paths to the living. One lock makes it safe for actors on threads; lookups need none."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._living: dict[str, Incarnation] = {}
        self.find = self._living.get
        """Who lives at a path, or None: `get`, without a detour on the way of every message."""
        self._children: dict[str, dict[str, None]] = {}
        self._monitors: dict[str, dict[int, Incarnation]] = {}
        self._ends: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def __getitem__(self, path: str) -> "Incarnation":
        return self._living[path]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._living))

    def __len__(self) -> int:
        return len(self._living)

    def add(self, actor: "Incarnation") -> None:
        """Give the path to `actor`; `PathTaken` where one lives."""
        with self._lock:
            if actor.path in self._living:
                raise PathTaken(f"an actor already lives at {actor.path!r}: stop it first")
            self._living[actor.path] = actor
            if actor.parent:
                self._children.setdefault(actor.parent, {})[actor.path] = None

    def remove(self, actor: "Incarnation") -> list[tuple[int, "Incarnation"]]:
        """Free the path, and return who monitored it, by the numbers of their monitors."""
        with self._lock:
            if self._living.get(actor.path) is not actor:
                return []
            del self._living[actor.path]
            if (siblings := self._children.get(actor.parent)) is not None:
                siblings.pop(actor.path, None)
                if not siblings:
                    del self._children[actor.parent]
            return list(self._monitors.pop(actor.path, {}).items())

    def children(self, path: str) -> list["Incarnation"]:
        """The living whose parent is at `path`, last begun first."""
        with self._lock:
            return [self._living[child] for child in reversed(self._children.get(path, {}))]

    def monitor(self, path: str, watcher: "Incarnation") -> tuple[int, bool]:
        """A new monitor's number, and whether anybody lives at `path` to be watched."""
        with self._lock:
            number, alive = next(self._numbers), path in self._living
            if alive:
                self._monitors.setdefault(path, {})[number] = watcher
            return number, alive

    def note_end(self, path: str, reason: str) -> None:
        """Remember why the last one at a path ended; of the latest `ENDS_KEPT` paths."""
        with self._lock:
            self._ends.pop(path, None)
            self._ends[path] = reason
            if len(self._ends) > ENDS_KEPT:
                del self._ends[next(iter(self._ends))]

    def last_end(self, path: str) -> str:
        """Why the last one at a path ended; empty where that is not known."""
        return self._ends.get(path, "")

    def demonitor(self, path: str, number: int) -> None:
        """No `Down` for this monitor any more; harmless where it has fired."""
        with self._lock:
            if (watchers := self._monitors.get(path)) is not None:
                watchers.pop(number, None)
                if not watchers:
                    del self._monitors[path]
