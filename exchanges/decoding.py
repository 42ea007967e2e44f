"""What the decoders of all venues share: how a frame is refused, and numbers and times that come as text."""

from datetime import UTC, datetime, timedelta
from typing import NoReturn

import msgspec

from .market_events import LAST_MS, MalformedFrame

Malformed = (msgspec.DecodeError, MalformedFrame, UnicodeDecodeError, RecursionError)
"""By what a frame shows that it is none."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def refuse(payload: bytes, error: Exception) -> NoReturn:
    """Raises the `MalformedFrame` that says why, and how the frame begins."""
    raise MalformedFrame(f"not a market frame: {error}; the frame begins {bytes(payload[:120])!r}") from error


def to_id(text: str) -> int:
    """A whole number of at most 18 digits; `MalformedFrame` otherwise."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise MalformedFrame(f"expected a whole number, found {text[:40]!r}")
    return int(text)


def to_ms(text: str) -> int:
    """Milliseconds since the epoch, as text; `MalformedFrame` where they are none."""
    if (milliseconds := to_id(text)) >= LAST_MS:
        raise MalformedFrame(f"expected milliseconds since 1970, found {text}")
    return milliseconds


def since_epoch_ms(moment: datetime) -> int:
    """`MalformedFrame` where that is before 1970, too far, or not known for want of a zone."""
    if moment.tzinfo is None or not 0 <= (milliseconds := (moment - _EPOCH) // _MILLISECOND) < LAST_MS:
        raise MalformedFrame(f"expected a time since 1970 with its zone, found {moment.isoformat()}")
    return milliseconds
