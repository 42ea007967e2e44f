"""Market streams: who subscribed to which, and Binance's SUBSCRIBE protocol over them."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ..decoding import Malformed
from .outbox import Outbox


class StreamRequest(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: list[str | bool] = []


STREAMS_MAX = 1_024
"""Of one connection."""
MESSAGES_MAX, MESSAGES_SPAN_S = 5, 1.0

_decode = msgspec.json.Decoder(StreamRequest).decode


def shutdown_notice(at_ms: int) -> bytes:
    """Tells a connection that its end is near."""
    return msgspec.json.encode({"e": "serverShutdown", "E": at_ms})


class StreamClient:
    """One connection; `combined` wraps each frame in an envelope that names its stream."""

    def __init__(self, outbox: Outbox, combined: bool) -> None:
        self.outbox = outbox
        self.combined = combined
        self.streams: set[str] = set()


class MarketStreams:
    """Every frame published goes to the subscribers of its stream, byte for byte. `on_first` is called at the first
    subscription of any client."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        self._on_first = on_first
        self._subscribers: dict[str, set[StreamClient]] = {}
        self.clients: set[StreamClient] = set()
        self.changes = 0
        """How often a name was added or dropped."""

    @property
    def names(self) -> list[str]:
        """Of the streams that somebody hears."""
        return list(self._subscribers)

    def cut(self) -> None:
        """Break every connection."""
        for client in tuple(self.clients):
            client.outbox.abort()

    def publish(self, stream: str, payload: bytes) -> None:
        enveloped = b""
        for client in tuple(self._subscribers.get(stream, ())):
            if client.combined:
                enveloped = enveloped or b'{"stream":"%b","data":%b}' % (stream.encode(), payload)
            client.outbox.put(enveloped if client.combined else payload)

    def subscribe(self, client: StreamClient, streams: Iterable[str]) -> None:
        for stream in streams:
            client.streams.add(stream)
            if stream not in self._subscribers:
                self._subscribers[stream] = set()
                self.changes += 1
            self._subscribers[stream].add(client)
        self.clients.add(client)
        self._on_first()

    def unsubscribe(self, client: StreamClient, streams: Iterable[str]) -> None:
        for stream in tuple(streams):
            client.streams.discard(stream)
            if subscribers := self._subscribers.get(stream):
                subscribers.discard(client)
                if not subscribers:
                    del self._subscribers[stream]
                    self.changes += 1

    def drop(self, client: StreamClient) -> None:
        self.unsubscribe(client, client.streams)
        self.clients.discard(client)

    def handle(self, client: StreamClient, text: str) -> None:
        """Answer one request of a client; the answer is queued before any frame of a new stream."""
        try:
            request = _decode(text)
        except Malformed as error:
            _answer(client, None, error={"code": 3, "msg": f"Invalid JSON: {error}"})
            return
        named = [name for name in request.params if isinstance(name, str)]
        match request.method:
            case "SUBSCRIBE" if len(client.streams | set(named)) > STREAMS_MAX:
                _answer(client, request.id, error={"code": 2, "msg": "Invalid request: too many streams"})
            case "SUBSCRIBE":
                _answer(client, request.id, result=None)
                self.subscribe(client, named)
            case "UNSUBSCRIBE":
                self.unsubscribe(client, named)
                _answer(client, request.id, result=None)
            case "LIST_SUBSCRIPTIONS":
                _answer(client, request.id, result=sorted(client.streams))
            case "SET_PROPERTY":
                match request.params:
                    case ["combined", bool(combined)]:
                        client.combined = combined
                        _answer(client, request.id, result=None)
                    case _:
                        _answer(client, request.id, error={"code": 0, "msg": "Unknown property"})
            case "GET_PROPERTY":
                _answer(client, request.id, result=client.combined)
            case _:
                refusal = {"code": 2, "msg": f"Invalid request: unknown method {request.method}"}
                _answer(client, request.id, error=refusal)


def _answer(client: StreamClient, request_id: int | str | None, **fields: Any) -> None:
    client.outbox.put(msgspec.json.encode(fields | {"id": request_id}))
