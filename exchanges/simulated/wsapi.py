"""The WebSocket API: public data, signed requests, sessions and the user stream over one connection."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from ..decoding import Malformed
from .authentication import signed_fields
from .desk import Desk, PublicCall
from .errors import NOT_LOGGED_ON, UNKNOWN_METHOD, RequestRefused, illegal
from .operation import Operation
from .operations import BY_METHOD
from .outbox import Outbox
from .parameters import Parameters, names
from .public import BY_METHOD as PUBLIC
from .records import MAIN
from .userstreams import UserStreams
from .venue_desk import Answer

SESSION_WEIGHT = 2


class ApiRequest(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: dict[str, msgspec.Raw] = {}


_decode = msgspec.json.Decoder(ApiRequest).decode
_decode_text = msgspec.json.Decoder(str).decode


class ApiConnection:
    """One connection: every request is answered under its own id, in the order it came, but for what a fault holds
    back. Who logged on needs neither key nor signature any more."""

    def __init__(self, desk: Desk, users: UserStreams, outbox: Outbox) -> None:
        self._desk = desk
        self._users = users
        self._outbox = outbox
        self._key: str | None = None
        self._uid = MAIN
        self._logged_on_ms = 0

    def close(self) -> None:
        self._users.unsubscribe(self._outbox)

    def handle(self, text: str) -> None:
        try:
            request = _decode(text)
            params = {name: _text_of(raw) for name, raw in request.params.items()}
        except Malformed:
            self._reply(None, Answer(refusal=illegal("request", "JSON")), {})
            return
        answer = self._run(request.method, params)
        if answer.lost:
            self._outbox.abort()
        else:
            self._reply(request.id, answer, params)

    def _run(self, method: str, params: dict[str, str]) -> Answer:
        desk = self._desk
        if (call := PUBLIC.get(method) or self._unsigned(method)) is not None:
            return desk.run_public(call, params, "api")
        operation = self._of_session(method, params) or BY_METHOD.get(method) or desk.own_methods.get(method)
        if operation is None:
            return Answer(refusal=UNKNOWN_METHOD)
        key, signed = params.get("apiKey"), signed_fields(params)
        if self._key is not None and key is None:
            return desk.run(operation, desk.signed("WS", method, params, self._key, None, "api"))
        answer = desk.run(operation, desk.signed("WS", method, params, key, signed, "api"))
        if method == "session.logon" and answer.status == 200:
            self._key, self._logged_on_ms = key, desk.now_ms
            return answer._replace(result=self._session())
        return answer

    # -- the session ----------------------------------------------------------------------------------------------

    def _unsigned(self, method: str) -> PublicCall | None:
        """What the connection itself vouches for."""
        match method:
            case "session.status":
                return _of_connection(lambda _: self._session())
            case "session.logout":
                return _of_connection(lambda _: self._log_out())
            case "session.subscriptions":
                return _of_connection(lambda _: self._subscriptions())
            case "userDataStream.subscribe":
                return _of_connection(lambda _: self._subscribe_logged_on())
            case "userDataStream.unsubscribe":
                return _of_connection(self._unsubscribe, "subscriptionId")
        return None

    def _of_session(self, method: str, params: Parameters) -> Operation | None:
        match method:
            case "session.logon":
                return Operation(lambda engine, *_: self._recognise(engine.uid, params), SESSION_WEIGHT)
            case "userDataStream.subscribe.signature":
                return Operation(lambda engine, *_: self._subscribe(engine.uid), SESSION_WEIGHT)
        return None

    def _session(self) -> Any:
        now_ms = self._desk.now_ms
        since = self._logged_on_ms if self._key is not None else None
        state = {"returnRateLimits": True, "serverTime": now_ms, "connectedSince": since, "userDataStream": False}
        return {"apiKey": self._key, "authorizedSince": since} | state

    def _log_out(self) -> Any:
        self._key = None
        return self._session()

    def _recognise(self, uid: int, params: Parameters) -> Any:
        self._desk.authenticator.check_logon(params.get("apiKey", self._key or ""))
        self._uid = uid
        return {}

    def _subscribe(self, uid: int) -> Any:
        return {"subscriptionId": self._users.subscribe(self._outbox, uid)}

    def _subscribe_logged_on(self) -> Any:
        if self._key is None:
            raise RequestRefused(NOT_LOGGED_ON)
        return self._subscribe(self._uid)

    def _subscriptions(self) -> Any:
        return [{"subscriptionId": number} for number in self._users.subscribed(self._outbox)]

    def _unsubscribe(self, params: Parameters) -> Any:
        number = params.get("subscriptionId", "")
        self._users.unsubscribe(self._outbox, int(number) if re.fullmatch("[0-9]{1,9}", number) else None)
        return {}

    # -- answers --------------------------------------------------------------------------------------------------

    def _reply(self, request_id: int | str | None, answer: Answer, params: dict[str, str]) -> None:
        reply: dict[str, Any] = {"id": request_id, "status": answer.status}
        if answer.refusal is None:
            reply["result"] = answer.result
        elif answer.status in (418, 429):
            reply["error"] = answer.refusal.body() | {"data": self._retry(answer)}
        else:
            reply["error"] = answer.refusal.body()
        if params.get("returnRateLimits") != "false":
            reply["rateLimits"] = self._desk.counted(answer)
        self._outbox.put(msgspec.json.encode(reply), answer.late_s)

    def _retry(self, answer: Answer) -> dict[str, int]:
        now_ms = self._desk.now_ms
        return {"serverTime": now_ms, "retryAfter": now_ms + 1_000 * self._desk.seconds_left(answer)}


def _of_connection(run: Callable[[Parameters], Any], takes: str = "") -> PublicCall:
    return PublicCall(lambda _, params: run(params), lambda _: SESSION_WEIGHT, names(takes))


def _text_of(raw: msgspec.Raw) -> str:
    """A value as it is signed: a text without its quotes, anything else exactly as it was sent."""
    encoded = bytes(raw)
    return _decode_text(encoded) if encoded.startswith(b'"') else encoded.decode()
