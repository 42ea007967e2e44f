"""The WebSocket API: signed requests and the user stream over one connection."""

import re
from typing import Any

import msgspec

from .authentication import signed_fields
from .desk import Answer, Desk, Request
from .errors import UNKNOWN_METHOD, illegal
from .operations import BY_METHOD, Operation
from .outbox import Outbox
from .userstreams import UserStreams

SUBSCRIBE_WEIGHT = 2


class ApiRequest(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: dict[str, msgspec.Raw] = {}


_decode = msgspec.json.Decoder(ApiRequest).decode
_decode_text = msgspec.json.Decoder(str).decode


class ApiConnection:
    """One connection: every request is answered under its own id, in the order it came."""

    def __init__(self, desk: Desk, users: UserStreams, outbox: Outbox) -> None:
        self._desk = desk
        self._users = users
        self._outbox = outbox

    def handle(self, text: str) -> None:
        try:
            request = _decode(text)
            params = {name: _text_of(raw) for name, raw in request.params.items()}
        except msgspec.DecodeError:
            self._reply(None, Answer.of(illegal("request", "JSON")), {})
            return
        answer = self._run(request.method, params)
        if answer.lost:
            self._outbox.abort()
        else:
            self._reply(request.id, answer, params)

    def close(self) -> None:
        self._users.unsubscribe(self._outbox)

    def _run(self, method: str, params: dict[str, str]) -> Answer:
        match method:
            case "ping" | "time":
                result = {"serverTime": self._desk.now_ms} if method == "time" else {}
                return self._desk.run_public(lambda: result, 1)
            case "userDataStream.subscribe.signature":
                operation = Operation(
                    lambda *_: {"subscriptionId": self._users.subscribe(self._outbox)}, SUBSCRIBE_WEIGHT
                )
            case "userDataStream.unsubscribe":
                number = params.get("subscriptionId", "")
                self._users.unsubscribe(self._outbox, int(number) if re.fullmatch("[0-9]{1,9}", number) else None)
                return Answer(200, {})
            case _ if method in BY_METHOD:
                operation = BY_METHOD[method]
            case _:
                return Answer.of(UNKNOWN_METHOD)
        return self._desk.run(operation, Request("WS", method, params, params.get("apiKey"), signed_fields(params)))

    def _reply(self, request_id: int | str | None, answer: Answer, params: dict[str, str]) -> None:
        reply: dict[str, Any] = {"id": request_id, "status": answer.status}
        reply["result" if answer.status == 200 else "error"] = answer.body
        if answer.status in (418, 429):
            reply["error"] = {**answer.body, "data": self._retry()}
        if params.get("returnRateLimits") != "false":
            weight = self._desk.weight
            limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1}
            reply["rateLimits"] = [limit | {"limit": weight.limit, "count": weight.used}]
        self._outbox.put(msgspec.json.encode(reply))

    def _retry(self) -> dict[str, int]:
        now_ms = self._desk.now_ms
        return {
            "serverTime": now_ms,
            "retryAfter": now_ms + 1_000 * self._desk.weight.seconds_left(self._desk.clock_ns()),
        }


def _text_of(raw: msgspec.Raw) -> str:
    """A value as it is signed: a text without its quotes, anything else exactly as it was sent."""
    encoded = bytes(raw)
    return _decode_text(encoded) if encoded.startswith(b'"') else encoded.decode()
