"""The wire form: one MessagePack map per frame, a tagged union inside, everything unknown refused.

Refused with `WireFault`: an unknown tag or field, a wrong type, NaN or infinity, text over its bound, nesting over its
bound, another schema version. Times are nanoseconds UTC.
"""

import math
from decimal import Decimal
from typing import Any, Union

import msgspec

from ..supervisors import reports
from ..trading import messages, views
from . import control

SCHEMA_VERSION = 1
FRAME_LIMIT = 1 << 20
"""Bytes of the largest frame a node sends or accepts."""


class WireFault(Exception):
    """A peer sent what the wire does not allow; nothing of it was handled."""


def _concrete(module: Any, base: type) -> list[type]:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base)]
    return [kind for kind in kinds if kind is not base]


PAYLOADS: tuple[type, ...] = tuple(
    dict.fromkeys(
        _concrete(messages, messages.Message)
        + _concrete(views, messages.Message)
        + _concrete(reports, reports.Report)
        + _concrete(control, reports.Report)
    )
)
"""Every message that may cross a process border."""

Payload = Union[PAYLOADS]  # type: ignore[valid-type]  # noqa: UP007 - made of a tuple


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A message on its way between nodes. `correlation` joins an answer to its question; 0 asks for none."""

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
    """One frame; `WireFault` where it is larger than `FRAME_LIMIT`."""
    data = _encoder.encode(frame)
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
    if not _finite(frame.payload):
        raise WireFault(f"a {type(frame.payload).__name__} holds NaN or infinity")
    return frame


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, msgspec.Struct):
        return all(_finite(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, (tuple, list)):
        return all(map(_finite, value))
    return True
