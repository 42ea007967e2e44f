"""What the venue says of the account by itself, on its way to one connection."""

from collections.abc import Callable, Iterable

from ..venue import VenueWord
from .memory_host import MemoryHost


class EventStream:
    """Words come in the order they were put, one timer a batch, unless a fault loses, doubles, holds up or reorders
    them."""

    def __init__(self, host: MemoryHost, tell: Callable[[list[VenueWord]], None]) -> None:
        self._host = host
        self._tell = tell
        self._ready_ns = 0

    def put(self, words: Iterable[VenueWord]) -> None:
        fires, dice = self._host.dice.fires, self._host.dice
        straight: list[VenueWord] = []
        delay_s = self._host.latency_s()
        for word in words:
            if fires("event_lost"):
                continue
            if fires("event_reordered"):
                self._send([word], delay_s + dice.delay_s())
                continue
            if fires("event_delayed"):
                delay_s += dice.delay_s()
            straight += [word, word] if fires("event_duplicated") else [word]
        if straight:
            now_ns = self._host.clock.monotonic_ns()
            self._ready_ns = max(self._ready_ns, now_ns + round(delay_s * 1e9))
            self._send(straight, (self._ready_ns - now_ns) / 1e9)

    def _send(self, words: list[VenueWord], delay_s: float) -> None:
        self._host.later(delay_s, lambda: self._tell(words))
