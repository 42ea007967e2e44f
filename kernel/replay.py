"""Runs a captured system again: the same callbacks in the same order, the same readings, the same messages.

The system is made as it was made then, over the loop, the clock and the disk of a `Player`, which has the capture. It
can do nothing that it did not do then: the first difference ends the replay, with its place.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .actor import Actor
from .birth import Birth
from .boundary import (
    ANSWER,
    EFFECT,
    END,
    INPUT,
    MONOTONIC,
    NESTED,
    NOW,
    REFUSED,
    RUN,
    CaptureFault,
    Event,
    Words,
    check_failure,
)
from .cell import Cell, CellActor
from .envelope import Envelope
from .incarnation import Incarnation
from .loop import Callback, Loop
from .system import System

_TAGS = ("a reading of the clock", "a reading of the monotonic clock", "a callback", "something done")
_CODES = ("a message", "a message", "an answer", "a refusal", "a refusal", "a failed sync", "the end")


class ReplayStopped(BaseException):
    """The capture has nothing more to say to who asks; no fault of theirs."""


class Handled(NamedTuple):
    """A message as it came to its actor."""

    at_ns: int
    path: str
    sender: str
    message: Any


class Player:
    """Gives a system back what it was given. `fault` says where it did something else; empty where it never did."""

    def __init__(self, events: Iterable[Event], heard: Callable[[Handled], object] = lambda _: None) -> None:
        self._events = iter(events)
        self._coming: Event | None = next(self._events, None)
        self._heard = heard
        self._inlets: list[tuple[Callable[[Any], Any], Words]] = []
        self._callbacks: dict[int, Callback] = {}
        self._scheduled = 0
        self._readings_ns = [0, 0]
        self._last = "nothing was handled yet"
        self._stopped = False
        self.number = 0
        """Events taken so far."""
        self.effects = 0
        """Things done that were the same."""
        self.crashes = 0
        """Exceptions that came out of callbacks."""
        self.fault = ""
        self.ended = ""
        """Why the capture ended before its node did; empty where its node did, or was killed."""

    # -- the run ------------------------------------------------------------------------------------------------------

    def run(self, until: int | None = None) -> bool:
        """Go on to the end, or to the event of that number; True where nothing was different."""
        try:
            while not self._stopped and self._coming is not None and (until is None or self.number < until):
                self._step(self._take())
        except ReplayStopped:
            pass
        return not self.fault

    @property
    def more(self) -> bool:
        """Whether the capture goes on from here."""
        return self._coming is not None

    @property
    def now_ns(self) -> int:
        """The clock's last reading."""
        return self._readings_ns[NOW]

    def _step(self, event: Event) -> None:
        if isinstance(event, int) and event & 3 == RUN:
            callback = self._callbacks.pop(event >> 2, None)
            if callback is None:
                raise self._diverged(f"callback {event >> 2} ran, which is not scheduled now")
            self._call(callback)
        elif isinstance(event, list) and event[0] == INPUT:
            self._call(lambda: self._enter(event))
        else:
            raise self._diverged(f"{_describe(event)} was captured, and nobody asked for it")

    def _call(self, callback: Callback) -> None:
        try:
            callback()
        except Exception:  # noqa: BLE001 - the loop told it then, and went on
            self.crashes += 1

    def _enter(self, event: list[Any]) -> Any:
        _, number, kind, payload = event
        if number >= len(self._inlets):
            raise self._diverged(f"a message came through inlet {number}, which is not there")
        enter, words = self._inlets[number]
        try:
            message = words.decode(kind, payload)
        except CaptureFault as fault:
            raise self._diverged(str(fault)) from fault
        return enter(message)

    # -- what the system asks -----------------------------------------------------------------------------------------

    def inlet(self, enter: Callable[[Any], Any], words: Words) -> Callable[[Any], Any]:
        self._inlets.append((enter, words))
        return enter

    def call(self, crc: int, what: str, act: Callback) -> None:
        """Check that it was done then too, and deliver what was answered within it; nothing is done now."""
        self.effect(crc, what)
        while (event := self.outcome(NESTED)) is not None:
            self._enter(event)

    def ask(self, what: str, get: Callable[[], Any]) -> Any:
        return check_failure(self.answer(ANSWER, what))[0]

    def refuses(self, full: bool) -> bool:
        return self.outcome(REFUSED) is not None

    def schedule(self, callback: Callback) -> int:
        self._scheduled += 1
        self._callbacks[self._scheduled] = callback
        return self._scheduled

    def cancel(self, number: int) -> None:
        self._callbacks.pop(number, None)

    def read(self, tag: int) -> int:
        event = self._take()
        if not isinstance(event, int) or event & 3 != tag:
            raise self._diverged(f"{_TAGS[tag]} was asked for, and {_describe(event)} was captured")
        self._readings_ns[tag] += event >> 2
        return self._readings_ns[tag]

    def effect(self, crc: int, what: str) -> None:
        """Check something done against what was done then."""
        event = self._take()
        if event != crc << 2 | EFFECT:
            found = "something else was done" if isinstance(event, int) and event & 3 == EFFECT else _describe(event)
            raise self._diverged(f"{what}: {found} in the capture")
        self.effects += 1

    def outcome(self, code: int) -> list[Any] | None:
        """The event of this code that comes next, or None where another does."""
        if isinstance(self._coming, list) and self._coming[0] == code:
            event = self._take()
            assert isinstance(event, list)
            return event
        return None

    def answer(self, code: int, what: str) -> list[Any]:
        """The event of this code, which must come next."""
        if (event := self.outcome(code)) is None:
            coming = self._take()
            raise self._diverged(f"{what}: expected {_CODES[code]}, {_describe(coming)} was captured")
        return event

    def handling(self, path: str, envelope: Envelope) -> None:
        if self._stopped:
            return
        self._last = f"{type(envelope.message).__name__} to {path}"
        self._heard(Handled(self.now_ns, path, envelope.sender, envelope.message))

    def _take(self) -> Event:
        event = self._coming
        if isinstance(event, list) and event[0] == END:
            self.ended, event = event[1], None
        if event is None or self._stopped:
            self._stopped = True
            raise ReplayStopped
        self._coming = next(self._events, None)
        self.number += 1
        return event

    def _diverged(self, how: str) -> ReplayStopped:
        self._stopped = True
        self.fault = self.fault or f"event {self.number}, at {self.now_ns} ns, last handled {self._last}: {how}"
        return ReplayStopped(self.fault)


def _describe(event: Event) -> str:
    return _TAGS[event & 3] if isinstance(event, int) else _CODES[event[0]]


class _ReplayTimer:
    def __init__(self, player: Player, number: int) -> None:
        self._player = player
        self._number = number

    def cancel(self) -> None:
        self._player.cancel(self._number)


class ReplayLoop:
    """Only remembers what is scheduled: the player says when it runs."""

    def __init__(self, player: Player) -> None:
        self._player = player

    def call_soon(self, callback: Callback) -> None:
        self._player.schedule(callback)

    call_soon_threadsafe = call_soon

    def call_later(self, delay: float, callback: Callback) -> _ReplayTimer:
        return _ReplayTimer(self._player, self._player.schedule(callback))


class ReplayClock:
    def __init__(self, player: Player) -> None:
        self._player = player

    def now_ns(self) -> int:
        return self._player.read(NOW)

    def monotonic_ns(self) -> int:
        return self._player.read(MONOTONIC)


class ReplayCell(Cell):
    """A cell that tells the player whose turn it is."""

    def __init__(self, loop: Loop, player: Player) -> None:
        super().__init__(loop)
        self.player = player

    def create(self, system: System, birth: Birth) -> Incarnation:
        return _ReplayActor(system, birth, self)


class _ReplayActor(CellActor):
    def __init__(self, system: System, birth: Birth, cell: ReplayCell) -> None:
        self._player = cell.player
        super().__init__(system, birth, cell)

    def _process(self, envelope: Envelope, actor: Actor) -> None:
        self._player.handling(self.path, envelope)
        super()._process(envelope, actor)
