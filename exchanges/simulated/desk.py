"""Where every request is judged, run and logged, whichever door it came by."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from .authentication import Authenticator
from .engine import Engine
from .errors import Refusal, RequestRefused
from .operations import Operation
from .requestlog import RequestLine, RequestLog
from .weights import RequestWeight

SERVER_FAULT = Refusal(-1000, "An unknown error occurred while processing the request.", 500)


class Faults(msgspec.Struct, forbid_unknown_fields=True):
    """Faults to inject, each a count of times."""

    drop_answers_after_accept: int = 0


class Request(NamedTuple):
    method: str
    path: str
    params: Mapping[str, str]
    api_key: str | None
    signed: bytes
    """The bytes the signature covers."""


class Answer(NamedTuple):
    status: int
    body: Any
    lost: bool = False
    """Whether the client is to lose it: the connection is cut instead."""

    @classmethod
    def of(cls, refusal: Refusal) -> "Answer":
        return cls(refusal.status, {"code": refusal.code, "msg": refusal.message})


class Desk:
    def __init__(
        self,
        engine: Engine,
        authenticator: Authenticator,
        weight: RequestWeight,
        request_log: RequestLog,
        clock_ns: Callable[[], int],
    ) -> None:
        self.engine = engine
        self.weight = weight
        self.clock_ns = clock_ns
        self.faults = Faults()
        self._authenticator = authenticator
        self._log = request_log

    @property
    def now_ms(self) -> int:
        return self.clock_ns() // 1_000_000

    def run_public(self, run: Callable[[], Any], weight: int) -> Answer:
        try:
            self.weight.spend(weight, self.clock_ns())
            return Answer(200, run())
        except RequestRefused as error:
            return Answer.of(error.refusal)

    def run(self, operation: Operation, request: Request) -> Answer:
        """Run a signed request; it is logged with its outcome before the answer exists."""
        answer = Answer.of(SERVER_FAULT)
        try:
            answer = self._judge(operation, request)
        finally:
            code = answer.body["code"] if answer.status >= 400 else 0
            line = RequestLine(self.clock_ns(), request.method, request.path, dict(request.params), answer.status, code)
            self._log.append(line)
        if operation.accepts_order and answer.status == 200 and self.faults.drop_answers_after_accept > 0:
            self.faults.drop_answers_after_accept -= 1
            return answer._replace(lost=True)
        return answer

    def _judge(self, operation: Operation, request: Request) -> Answer:
        try:
            self.weight.spend(operation.weight, self.clock_ns())
            self._authenticator.check(request.api_key, request.signed, request.params, self.now_ms)
            return Answer(200, operation.run(self.engine, request.params, self.now_ms))
        except RequestRefused as error:
            return Answer.of(error.refusal)
