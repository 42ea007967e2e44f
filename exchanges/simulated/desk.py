"""Where every request is judged, run and logged, whichever door it came by."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .authentication import Authenticator
from .engine import Engine
from .market import Market
from .payloads import depth
from .errors import OUT_OF_ORDER, REFUSED_AS_TOLD, SERVER_FAULT, Refusal, RequestRefused
from .faults import Faults, FaultSwitch
from .operations import Operation
from .requestlog import RequestLine, RequestLog
from .weights import RequestWeight


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
        switch: FaultSwitch,
    ) -> None:
        self.engine = engine
        self.weight = weight
        self.clock_ns = clock_ns
        self.switch = switch
        self._authenticator = authenticator
        self._log = request_log

    @property
    def now_ms(self) -> int:
        """By the venue's own clock, which may be off."""
        return self.clock_ns() // 1_000_000 + round(self.switch.faults.clock_offset_ms)

    def describe_limits(self) -> list[dict[str, Any]]:
        return [self.weight.describe()]

    def status_of(self, symbol: str) -> str:
        return "TRADING"

    def snapshot(self, market: Market, limit: int) -> Any:
        return depth(market, limit)

    @property
    def faults(self) -> Faults:
        return self.switch.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self.switch.faults = faults

    def run_public(self, run: Callable[[], Any], weight: int) -> Answer:
        try:
            self._admit(weight)
            return Answer(200, run())
        except RequestRefused as error:
            return Answer.of(error.refusal)

    def run(self, operation: Operation, request: Request) -> Answer:
        """Run a signed request; it is logged with its outcome before the answer exists."""
        if operation.accepts_order and self.switch.fires("place_lost"):
            return Answer.of(SERVER_FAULT)._replace(lost=True)
        answer = Answer.of(SERVER_FAULT)
        try:
            answer = self._judge(operation, request)
        finally:
            code = answer.body["code"] if answer.status >= 400 else 0
            line = RequestLine(self.clock_ns(), request.method, request.path, dict(request.params), answer.status, code)
            self._log.append(line)
        return self._answer_on_the_way(answer) if operation.accepts_order and answer.status == 200 else answer

    def _judge(self, operation: Operation, request: Request) -> Answer:
        try:
            self._admit(operation.weigh(request.params))
            self._fail(operation)
            self._authenticator.check(request.api_key, request.signed, request.params, self.now_ms)
            return Answer(200, operation.run(self.engine, request.params, self.now_ms))
        except RequestRefused as error:
            return Answer.of(error.refusal)

    def _admit(self, weight: int) -> None:
        """Raises RequestRefused."""
        if self.switch.fires("ban"):
            self.weight.ban(self.faults.ban_s, self.clock_ns())
        self.weight.spend(weight, self.clock_ns())

    def _fail(self, operation: Operation) -> None:
        """Raises RequestRefused where a fault says so."""
        if self.switch.fires("request_failed") or (operation.reads and self.switch.fires("look_failed")):
            raise RequestRefused(OUT_OF_ORDER)
        if operation.accepts_order and self.switch.fires("place_refused"):
            raise RequestRefused(REFUSED_AS_TOLD)

    def _answer_on_the_way(self, answer: Answer) -> Answer:
        """What becomes of the answer to an accepted order."""
        if self.switch.fires("place_unanswered"):
            return answer._replace(lost=True)
        return Answer.of(SERVER_FAULT) if self.switch.fires("place_failed") else answer
