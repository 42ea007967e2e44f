"""Between a system and its outside: the form of what crosses. `capture.py` records it, `replay.py` gives it back.

Events are integers where they are frequent, a value shifted left by two bits with a tag below it, and lists that begin
with a code where they are not. One capture is one sequence of them: its order is what makes a replay exact.
"""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from .loop import Callback

NOW, MONOTONIC, RUN, EFFECT = range(4)
"""Tags: a reading of either clock as the difference from the one before, a scheduled callback that runs, by its number,
and the CRC-32 of something done, by which a replay is checked."""

INPUT, NESTED, ANSWER, OUTCOME, REFUSED, SYNC_FAILED, END = range(7)
"""Codes: a message through an inlet, one within a callback of the system's own, what was answered at once, how
something done ended where that was not as usual, a message the transport did not take, a failed sync, and the end with
its reason."""

Event = int | list[Any]


class CaptureFault(Exception):
    """The capture cannot be kept, and ends with this reason; what is captured goes on."""


class Boundary(Protocol):
    """Between a system and what is outside of it: records what crosses it, or gives it back."""

    def inlet(self, enter: Callable[[Any], Any], words: "Words") -> Callable[[Any], Any]:
        """`enter`, to be called from outside the system with one message of `words`. Inlets are known by the order in
        which they are made, which must be the system's own."""

    def call(self, crc: int, what: str, act: Callback) -> None:
        """The system does something to the outside, with this CRC-32; whatever comes of it comes through inlets."""

    def ask(self, what: str, get: Callable[[], Any]) -> Any:
        """What the outside answers at once: a plain value, or an `OSError`."""

    def refuses(self, full: bool) -> bool:
        """Whether the transport, which may be full, does not take a message."""


class Words:
    """The types that may come through one inlet, and their exact form in a capture."""

    def __init__(self, *kinds: Any) -> None:
        self._numbers = {kind: number for number, kind in enumerate(kinds)}
        self._decode = tuple(msgspec.msgpack.Decoder(kind).decode for kind in kinds)
        self._encode = msgspec.msgpack.Encoder(decimal_format="string").encode

    def encode(self, message: Any) -> tuple[int, bytes]:
        """`CaptureFault` for a message of another type."""
        try:
            return self._numbers[type(message)], self._encode(message)
        except (KeyError, msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
            raise CaptureFault(f"a {type(message).__name__} came in that cannot be captured: {error!r}") from error

    def decode(self, kind: int, data: bytes) -> Any:
        """`CaptureFault` where it is no such message."""
        try:
            return self._decode[kind](data)
        except (IndexError, msgspec.MsgspecError) as error:
            raise CaptureFault(f"a captured message cannot be read: {error}") from error


def failure(code: int, error: OSError) -> list[Any]:
    """The event of an error; `check_failure` raises it again."""
    return [code, error.errno or 0, error.strerror or str(error), error.filename and str(error.filename)]


def check_failure(event: list[Any]) -> list[Any]:
    """What the event says beside its code; the error where it is one."""
    if len(event) == 4:
        raise OSError(event[1], event[2], event[3]) if event[3] else OSError(event[1], event[2])
    return event[1:]
