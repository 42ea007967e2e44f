"""Faults of the venue behind Binance's protocol, switched at run time; named as those of the venue in memory."""

from collections import Counter

import msgspec


class Faults(msgspec.Struct, forbid_unknown_fields=True):
    """Whole numbers are counts: the next so many times, counted down. A fault that is to last for a time is given a
    large count, and 0 at its end. The rest are measures of the others."""

    place_lost: int = 0
    """An order's connection is cut before the venue takes the order: it never arrived, and is in no log."""
    place_unanswered: int = 0
    """The venue takes the order, and cuts the connection instead of an answer."""
    place_failed: int = 0
    """The venue takes the order and answers 500, which proves nothing."""
    place_refused: int = 0
    """An order is refused with a structured answer (400, code -2010)."""
    request_failed: int = 0
    """A signed request is answered 503 and changes nothing."""
    request_delayed: int = 0
    """A signed request waits for `delay_s` before the venue looks at it; on a WebSocket what follows it waits, too."""
    look_failed: int = 0
    """A signed request that only reads is answered 503."""
    ban: int = 0
    """A request is answered 429 with `Retry-After`, and every other one 418 until `ban_s` are over."""

    event_lost: int = 0
    """An event of the account's stream is not sent."""
    event_duplicated: int = 0
    """An event of the account's stream is sent twice."""
    account_cut: int = 0
    """At the market's next frame every connection with an account stream breaks."""

    diff_lost: int = 0
    """A depth diff is not sent: a gap in the update ids."""
    frame_crossed: int = 0
    """A quote or diff lies: its best bid is at or above its best ask."""
    frame_malformed: int = 0
    """A frame ends in its middle."""
    market_silent: int = 0
    """A frame is not sent; streams stay connected."""
    market_cut: int = 0
    """At the market's next frame every connection with market streams breaks."""
    snapshot_lost: int = 0
    """A book snapshot is answered 503."""

    clock_offset_ms: float = 0.0
    """The venue's clock against the true one, in all that it says and judges."""
    delay_s: float = 1.0
    ban_s: float = 2.0


class FaultSwitch:
    """The faults still to come, and how often each was met."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.fired: Counter[str] = Counter()

    def fires(self, name: str) -> bool:
        left: int = getattr(self.faults, name)
        if left <= 0:
            return False
        setattr(self.faults, name, left - 1)
        self.fired[name] += 1
        return True
