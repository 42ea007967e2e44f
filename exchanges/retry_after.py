"""How long a venue that refused us wants to be left alone: its own word, within bounds. Pure."""

import re
from email.utils import parsedate_to_datetime
from typing import NamedTuple

PAUSE_DEFAULT_S = 10.0
"""Where the venue does not say."""
PAUSE_MIN_S = 1.0
PAUSE_MAX_S = 3 * 86_400.0
"""The longest ban that a venue speaks of (Binance's: from two minutes up to three days); it is kept to its end."""
PAUSE_DOUBTED_S = 120.0
"""Where what it says cannot be meant: as long as the shortest ban."""

PAUSE_SEEN_S = 60.0
"""Who waits for its end sees so late that another process made it longer."""
CLOCKS_DIFFER_S = 60.0
"""An end that is past by no more than this was not past by the venue's clock."""

_is_seconds = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII).fullmatch


class Pause(NamedTuple):
    wait_s: float
    doubt: str = ""
    """Why the venue's word was not taken; somebody should know."""


def read_retry_after(text: str, now_ns: int) -> Pause:
    """Of the header: seconds, or a date."""
    text = text.strip()
    if not text:
        return Pause(PAUSE_DEFAULT_S)
    if _is_seconds(text):
        return bound_pause(float(text), text)
    try:
        until_s = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return bound_pause(-1.0, text)
    return _until(until_s, now_ns, text)


def pause_until(until_ms: int, now_ns: int) -> Pause:
    """Of an answer that names the end, in UTC; 0 where it does not."""
    return _until(min(until_ms, 1 << 62) / 1e3, now_ns, str(until_ms)[:40]) if until_ms else Pause(PAUSE_DEFAULT_S)


def bound_pause(wait_s: float, said: str) -> Pause:
    """A negative, absurd or unreadable time is doubted, and not taken. `said` is the venue's own spelling."""
    if 0.0 <= wait_s <= PAUSE_MAX_S:
        return Pause(max(wait_s, PAUSE_MIN_S))
    words = f"the venue says to come again after {said[:40]!r}, which cannot be meant: it is left alone for"
    return Pause(PAUSE_DOUBTED_S, f"{words} {PAUSE_DOUBTED_S:.0f} s")


def _until(until_s: float, now_ns: int, said: str) -> Pause:
    wait_s = until_s - now_ns / 1e9
    return bound_pause(0.0 if -CLOCKS_DIFFER_S <= wait_s < 0.0 else wait_s, said)
