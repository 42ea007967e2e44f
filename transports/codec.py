"""The wire form: one MessagePack map per frame, a tagged union inside, everything unknown refused.

Refused with `WireFault`: an unknown tag or field, a wrong type, NaN or infinity, a number, text or collection over its
bound, another schema version. No type nests in itself, so depth is bounded too. Times are nanoseconds UTC.
"""

from decimal import Decimal
from math import isfinite
from typing import Any, Union

import msgspec

from ..supervisors import reports
from ..trading import messages, order_events, views
from . import control

SCHEMA_VERSION = 1
FRAME_LIMIT = 1 << 20
"""Bytes of the largest frame a node sends or accepts."""
TEXT_LIMIT = 64 * 1024
"""Characters of the longest text."""
ITEMS_LIMIT = 10_000
"""Items of the largest collection."""
DIGITS_LIMIT = 100
"""Digits of the longest decimal, and its largest power of ten: no price or amount comes near, and sums stay cheap."""


class WireFault(Exception):
    """A peer sent what the wire does not allow; nothing of it was handled."""


def _concrete(module: Any, base: type) -> list[type]:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base)]
    return [kind for kind in kinds if kind is not base]


PAYLOADS: tuple[type, ...] = tuple(
    dict.fromkeys(
        _concrete(messages, messages.Message)
        + _concrete(order_events, messages.Message)
        + _concrete(views, messages.Message)
        + _concrete(reports, reports.Report)
        + _concrete(control, reports.Report)
    )
)
"""Every message that may cross a process border."""

_KINDS = frozenset(PAYLOADS)
Payload = Union[PAYLOADS]  # type: ignore[valid-type]  # noqa: UP007 - made of a tuple


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A message on its way between nodes. `correlation` joins an answer to its question; 0 asks for none.

    `incarnation` is the sender's; in an answer the asker's, who ignores what an earlier one of its name asked for.
    """

    version: int
    target: str
    sender: str
    incarnation: str
    sequence: int
    payload: Payload
    correlation: int = 0
    answer: bool = False
    deadline_ns: int | None = None
    causation: str = ""


_encoder = msgspec.msgpack.Encoder(decimal_format="string")
_decoder = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    """One frame; `WireFault` where it is larger than `FRAME_LIMIT`, or its payload is no sound one of `PAYLOADS`."""
    if type(frame.payload) not in _KINDS:
        raise WireFault(f"a {type(frame.payload).__name__} may not cross a process border")
    try:
        data = _encoder.encode(frame)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
        raise WireFault(f"a {type(frame.payload).__name__} does not encode: {error}") from error
    if len(data) > FRAME_LIMIT:
        raise WireFault(f"a {type(frame.payload).__name__} of {len(data)} bytes is over the bound of {FRAME_LIMIT}")
    return data


def decode(data: bytes) -> Frame:
    """The frame in `data`, or `WireFault`."""
    if len(data) > FRAME_LIMIT:
        raise WireFault(f"a frame of {len(data)} bytes is over the bound of {FRAME_LIMIT}")
    try:
        frame = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireFault(f"a frame does not decode: {error}") from error
    if frame.version != SCHEMA_VERSION:
        raise WireFault(f"expected schema version {SCHEMA_VERSION}, got {frame.version}")
    _check(frame)
    return frame


def _check(value: Any) -> None:
    """Raise `WireFault` at the first value that is over its bound. Numbers that are whole are bounded by the wire."""
    kind = type(value)
    if kind in _HARMLESS:
        return
    if kind is float:
        if not isfinite(value):
            raise WireFault("a frame holds NaN or infinity")
    elif kind is str:
        if len(value) > TEXT_LIMIT:
            raise WireFault(f"a frame holds a text of {len(value)} characters, over the bound of {TEXT_LIMIT}")
    elif kind is tuple or kind is dict:
        _check_collection(value)
    elif kind is Decimal:
        _check_decimal(value)
    else:
        for name in value.__struct_fields__:
            field = getattr(value, name)
            if type(field) not in _HARMLESS:
                _check(field)


_HARMLESS = frozenset({int, bool, type(None)})


def _check_collection(value: Any) -> None:
    _require(len(value) <= ITEMS_LIMIT, f"a collection of {len(value)} items, over the bound of {ITEMS_LIMIT}")
    kinds = set(map(type, value))
    if kinds == {float}:
        _require(all(map(isfinite, value)), "NaN or infinity")
    elif not kinds <= _HARMLESS:
        for item in value:
            _check(item)
    if isinstance(value, dict):
        for item in value.values():
            _check(item)


def _check_decimal(value: Decimal) -> None:
    _require(value.is_finite(), "NaN or infinity")
    digits = max(len(str(value)), abs(value.adjusted()))
    _require(digits <= DIGITS_LIMIT, f"a decimal of {digits} digits, over the bound of {DIGITS_LIMIT}")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise WireFault(f"a frame holds {otherwise}")
