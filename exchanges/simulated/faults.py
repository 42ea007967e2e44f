"""Faults of the venue behind Binance's protocol, switched at run time; named as those of the venue in memory.

`POST /admin/faults` sets all of them (what is not named is off), `GET` shows them and how often each was met;
`tradigrade chaos venue FAULT` sets one, with a hyphen for every underscore. A connection that is cut loses what was on
its way: events are never sent again.
"""

from collections import Counter
from typing import Annotated, Generic, TypeVar

import msgspec

from ..decoding import Malformed

ALL_SYMBOLS = "*"
Event = TypeVar("Event")
DAY_S, DAY_MS = 86_400.0, 86_400_000.0
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=DAY_S)]
Offset = Annotated[float, msgspec.Meta(ge=-DAY_MS, le=DAY_MS)]


class FaultsRefused(ValueError):
    """What was asked for are no faults; nothing changed."""


class Faults(msgspec.Struct, forbid_unknown_fields=True):
    """Whole numbers are counts: the next so many times, counted down. A fault that is to last for a time is given a
    large count, and 0 at its end. The rest are measures of the others."""

    place_lost: int = 0
    """An order's connection is cut before the venue takes the order: it never arrived, and is in no log."""
    place_unanswered: int = 0
    """The venue takes the order, and cuts the connection instead of an answer."""
    place_failed: int = 0
    """The venue takes the order and answers 500, which proves nothing."""
    place_late: int = 0
    """The venue takes the order and answers after `delay_s`: its reports come first, maybe the client's time-out."""
    place_refused: int = 0
    """An order is refused with a structured answer (400, code -2010)."""
    cancel_lost: int = 0
    """As of an order: the request to cancel never arrived, …"""
    cancel_unanswered: int = 0
    """… is done and its answer lost, …"""
    cancel_late: int = 0
    """… is done and answered late, …"""
    cancel_refused: int = 0
    """… or refused (400, code -2011), though the order is open."""

    request_failed: int = 0
    """A signed request is answered 503 and changes nothing."""
    request_delayed: int = 0
    """A signed request waits for `delay_s` before the venue looks at it; on a WebSocket what follows it waits, too."""
    look_failed: int = 0
    """A signed request that only reads is answered 503."""
    overloaded: int = 0
    """Any request is answered 503 with code -1008: try again later."""
    rest_down: int = 0
    """Any request by REST is answered 503; the WebSockets work on."""
    api_down: int = 0
    """Any request by the WebSocket API is answered 503; REST works on."""
    symbol_down: int = 0
    """Any request that names `symbol` is answered 503."""
    symbol_halted: int = 0
    """An order on `symbol` is refused, its market is closed. As long as this is above 0 `exchangeInfo` shows a BREAK
    of it, nobody trades on it, and its streams say nothing."""
    maintenance: int = 0
    """Whatever is asked, and whoever connects, is answered 503; at the market's next frame every connection breaks."""
    ban: int = 0
    """A request is answered 429 with `Retry-After`, and every other one 418 until `ban_s` are over."""
    clock_skewed: int = 0
    """The time is told, or a request's time judged, by a clock that is `skew_ms` ahead."""

    event_lost: int = 0
    """An event of the account's stream is not sent."""
    event_duplicated: int = 0
    """An event of the account's stream is sent twice."""
    event_delayed: int = 0
    """An event of the account's stream comes `delay_s` later; what follows overtakes it, answers included."""
    event_reordered: int = 0
    """An event of the account's stream comes right after the next one."""
    account_cut: int = 0
    """At the market's next frame every connection with an account stream breaks."""

    diff_lost: int = 0
    """A depth diff is not sent: a gap in the update ids."""
    diff_held: int = 0
    """A depth diff is held back, and with it the later ones of its symbol; they come in order once this is 0. The book
    is stale while trades and quotes go on."""
    frame_crossed: int = 0
    """A quote or diff lies: its best bid is at or above its best ask."""
    frame_malformed: int = 0
    """A frame ends in its middle."""
    market_silent: int = 0
    """A frame is not sent; streams stay connected, and their heartbeats go on."""
    symbol_silent: int = 0
    """A frame of `symbol` is not sent."""
    market_cut: int = 0
    """At the market's next frame every connection with market streams breaks."""
    streams_down: int = 0
    """Whoever connects to the market streams is answered 503, and at the next frame their connections break."""
    snapshot_lost: int = 0
    """A book snapshot is answered 503."""
    snapshot_stale: int = 0
    """A book snapshot shows the book as it stood when this was set."""

    symbol: str = ""
    """As the venue spells it; empty is its first one, `*` every one."""
    clock_offset_ms: Offset = 0.0
    """The venue's clock against the true one, in all that it says and judges."""
    skew_ms: Offset = -1_500.0
    delay_s: Seconds = 1.0
    ban_s: Seconds = 2.0


def read_faults(payload: bytes) -> Faults:
    """From JSON. Raises FaultsRefused."""
    try:
        return msgspec.json.decode(payload, type=Faults)
    except Malformed as error:
        raise FaultsRefused(str(error)) from error


class FaultSwitch:
    """The faults still to come, and how often each was met. `first_symbol` is the one meant where none is named."""

    def __init__(self, first_symbol: str = "") -> None:
        self.faults = Faults()
        self.fired: Counter[str] = Counter()
        self._first_symbol = first_symbol

    def fires(self, name: str) -> bool:
        left: int = getattr(self.faults, name)
        if left <= 0:
            return False
        setattr(self.faults, name, left - 1)
        self.fired[name] += 1
        return True

    def fires_on(self, name: str, symbol: str) -> bool:
        """A fault of one symbol."""
        return self.concerns(symbol) and self.fires(name)

    def concerns(self, symbol: str) -> bool:
        """Whether `symbol` is the one meant."""
        meant = self.faults.symbol or self._first_symbol
        return meant in (ALL_SYMBOLS, symbol)


class EventFaults(Generic[Event]):
    """What becomes of an account's events on their way to the subscribers."""

    def __init__(self, switch: FaultSwitch) -> None:
        self._switch = switch
        self._overtaken: list[Event] = []

    def pass_on(self, event: Event) -> tuple[list[Event], float]:
        """What is to be sent now in place of `event`, and by how many seconds late."""
        fires = self._switch.fires
        if fires("event_lost"):
            return [], 0.0
        sent = [event, event] if fires("event_duplicated") else [event]
        if not self._overtaken and fires("event_reordered"):
            self._overtaken = sent
            return [], 0.0
        late_s = self._switch.faults.delay_s if fires("event_delayed") else 0.0
        overtaken, self._overtaken = self._overtaken, []
        return sent + overtaken, late_s
