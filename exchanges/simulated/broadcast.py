"""What of the market's frames reaches the subscribers, by the faults that fire."""

from collections import deque

from ..market_events import DepthEvent, MarketEvent
from .desk import Desk
from .lies import on_the_way
from .streams import MarketStreams

HELD_MAX = 10_000


class Broadcast:
    def __init__(self, desk: Desk, streams: MarketStreams) -> None:
        self._desk = desk
        self._switch = desk.switch
        self._streams = streams
        self._held: dict[str, deque[tuple[bytes, DepthEvent]]] = {}

    def publish(self, stream: str, symbol: str, payload: bytes, event: MarketEvent | None) -> None:
        """A frame, and the event it is of where it is of one."""
        if self._desk.is_halted(symbol) or not self._streams.clients or self._switch.fires("market_silent"):
            return
        if self._switch.fires_on("symbol_silent", symbol):
            return
        if isinstance(event, DepthEvent):
            self._publish_diff(stream, payload, event)
        else:
            self._send(stream, payload, event)

    def _publish_diff(self, stream: str, payload: bytes, event: DepthEvent) -> None:
        """Behind those that were held back."""
        if self._switch.fires("diff_held"):
            self._held.setdefault(stream, deque(maxlen=HELD_MAX)).append((payload, event))
            return
        for each in self._held.pop(stream, ()):
            self._send(stream, *each)
        self._send(stream, payload, event)

    def _send(self, stream: str, payload: bytes, event: MarketEvent | None) -> None:
        if event is not None:
            payload = on_the_way(payload, event, self._desk.engine.markets[event.symbol], self._switch.fires)
        if payload:
            self._streams.publish(stream, payload)
