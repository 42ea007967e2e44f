"""Where every request is judged, run and logged, whichever door it came by."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from .authentication import Authenticator
from .engine import Engine
from .errors import (
    CANCEL_REFUSED_AS_TOLD,
    MARKET_CLOSED,
    OUT_OF_ORDER,
    OVERLOADED,
    REFUSED_AS_TOLD,
    SERVER_FAULT,
    TOO_MANY_ORDERS,
    Refusal,
    RequestFailed,
    RequestRefused,
)
from .faults import Faults, FaultSwitch
from .market import Market
from .operation import Operation
from .parameters import Parameters, check_known, names
from .payloads import depth
from .requestlog import RequestLine, RequestLog
from .weights import OrderCounts, RequestWeight

Door = Literal["rest", "api"]
OF_DOOR: dict[Door, frozenset[str]] = {"rest": names(""), "api": names("apiKey returnRateLimits")}
OF_SIGNING = names("timestamp recvWindow signature")
"""What a request may have beside its own parameters."""
SNAPSHOT_MAX = 5_000


class Request(NamedTuple):
    method: str
    path: str
    params: Mapping[str, str]
    api_key: str | None
    signed: bytes | None
    """The bytes the signature covers; None where its session was authenticated before."""
    door: Door = "rest"


class Answer(NamedTuple):
    status: int
    body: Any
    lost: bool = False
    """Whether the client is to lose it: the connection is cut instead."""
    late_s: float = 0.0
    """By how much it is held back."""
    orders_of: int = 0
    """The account whose count of new orders it tells; 0: it tells none."""

    @classmethod
    def of(cls, refusal: Refusal) -> "Answer":
        return cls(refusal.status, refusal.body())


class PublicCall(NamedTuple):
    """What needs no key: by whatever door, what it says and what it weighs."""

    run: Callable[["Desk", Parameters], Any]
    """Raises RequestRefused, as `weigh` does."""
    weigh: Callable[[Parameters], int]
    takes: frozenset[str] = names("")


class Desk:
    def __init__(
        self,
        engine: Engine,
        authenticator: Authenticator,
        weight: RequestWeight,
        orders: OrderCounts,
        request_log: RequestLog,
        clock_ns: Callable[[], int],
        switch: FaultSwitch,
    ) -> None:
        self.engine = engine
        self.weight = weight
        self.orders = orders
        self.clock_ns = clock_ns
        self.switch = switch
        self._authenticator = authenticator
        self._log = request_log
        self._stale: dict[str, Any] = {}
        limits = Operation(lambda engine, *_: orders.counted(engine.uid, clock_ns()), 40, reads=True)
        self.own_routes = {("GET", "/api/v3/rateLimit/order"): limits}
        self.own_methods = {"account.rateLimits.orders": limits}

    @property
    def now_ms(self) -> int:
        """By the venue's own clock, which may be off."""
        return self.clock_ns() // 1_000_000 + round(self.switch.faults.clock_offset_ms)

    def told_ms(self) -> int:
        """The time for one request, to tell it or to judge it by."""
        return self.now_ms + (round(self.faults.skew_ms) if self.switch.fires("clock_skewed") else 0)

    @property
    def faults(self) -> Faults:
        return self.switch.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self.switch.faults = faults

    def status_of(self, symbol: str) -> str:
        return "BREAK" if self.is_halted(symbol) else "TRADING"

    def is_halted(self, symbol: str) -> bool:
        return self.faults.symbol_halted > 0 and self.switch.concerns(symbol)

    def snapshot(self, market: Market, limit: int) -> Any:
        """The book as a client is shown it. Raises RequestRefused."""
        if self.switch.fires("snapshot_lost"):
            raise RequestRefused(OUT_OF_ORDER)
        if self._stale and self.switch.fires("snapshot_stale"):
            stale = self._stale[market.instrument.venue_symbol]
            return stale | {side: stale[side][:limit] for side in ("bids", "asks")}
        return depth(market, limit)

    def keep_books(self) -> None:
        """To be called before a frame changes a book: what a stale snapshot is to show is kept, as long as it may be
        asked for."""
        if self.faults.snapshot_stale <= 0:
            self._stale = {}
        elif not self._stale:
            self._stale = {name: depth(market, SNAPSHOT_MAX) for name, market in self.engine.markets.items()}

    def describe_limits(self) -> list[dict[str, Any]]:
        return [self.weight.describe(), *(window.describe() for window in self.orders.windows)]

    def counted(self, answer: Answer) -> list[dict[str, Any]]:
        """The limits that an answer concerns, and what of each is used."""
        weight = self.weight.describe() | {"count": self.weight.used}
        return [*(self.orders.counted(answer.orders_of, self.clock_ns()) if answer.orders_of else ()), weight]

    def headers_of(self, answer: Answer) -> dict[str, str]:
        headers = {"X-MBX-USED-WEIGHT": str(self.weight.used), "X-MBX-USED-WEIGHT-1M": str(self.weight.used)}
        if answer.orders_of:
            headers |= self.orders.headers(answer.orders_of, self.clock_ns())
        if answer.status in (418, 429):
            headers["Retry-After"] = str(self.seconds_left(answer))
        return headers

    def seconds_left(self, answer: Answer) -> int:
        """How long a refused client has to wait."""
        if answer.body["code"] == TOO_MANY_ORDERS:
            return self.orders.seconds_left(answer.orders_of, self.clock_ns())
        return self.weight.seconds_left(self.clock_ns())

    def run_public(self, call: PublicCall, params: Parameters, door: Door) -> Answer:
        try:
            self._admit(lambda: call.weigh(params), params, door)
            check_known(params, call.takes | OF_DOOR[door])
            return Answer(200, call.run(self, params))
        except RequestRefused as error:
            return Answer.of(error.refusal)

    def run(self, operation: Operation, request: Request) -> Answer:
        """Run a signed request; it is logged with its outcome before the answer exists."""
        if self._strikes(operation, "lost"):
            return Answer.of(SERVER_FAULT)._replace(lost=True)
        answer = Answer.of(SERVER_FAULT)
        try:
            answer = self._judge(operation, request)
        finally:
            code = answer.body["code"] if answer.status >= 400 else 0
            line = RequestLine(self.clock_ns(), request.method, request.path, dict(request.params), answer.status, code)
            self._log.append(line)
        return self._on_the_way(operation, answer) if answer.status == 200 else answer

    def _judge(self, operation: Operation, request: Request) -> Answer:
        placer = 0
        try:
            self._admit(lambda: operation.weigh(request.params), request.params, request.door)
            self._fail(operation, request)
            uid = self._authenticator.check(request.api_key, request.signed, request.params, self.told_ms())
            check_known(request.params, operation.takes | OF_SIGNING | OF_DOOR[request.door])
            placer = uid if operation.orders else 0
            if placer:
                self.orders.check(placer, self.clock_ns())
            body = operation.run(self.engine.of(uid), request.params, self.now_ms)
            answer = Answer(200, body, orders_of=placer)
        except RequestFailed as error:
            answer = Answer.of(error.refusal)._replace(orders_of=placer)
        except RequestRefused as error:
            return Answer.of(error.refusal)._replace(orders_of=placer)
        if placer:
            self.orders.add(placer, operation.orders, self.clock_ns())
        return answer

    def _admit(self, weigh: Callable[[], int], params: Mapping[str, str], door: Door) -> None:
        """Raises RequestRefused."""
        fires = self.switch.fires
        if fires("maintenance") or fires("rest_down" if door == "rest" else "api_down"):
            raise RequestRefused(OUT_OF_ORDER)
        if self.switch.fires_on("symbol_down", params.get("symbol", "")):
            raise RequestRefused(OUT_OF_ORDER)
        if fires("overloaded"):
            raise RequestRefused(OVERLOADED)
        if fires("ban"):
            self.weight.ban(self.faults.ban_s, self.clock_ns())
        self.weight.spend(weigh(), self.clock_ns())

    def _fail(self, operation: Operation, request: Request) -> None:
        """Raises RequestRefused where a fault says so."""
        if self.switch.fires("request_failed") or (operation.reads and self.switch.fires("look_failed")):
            raise RequestRefused(OUT_OF_ORDER)
        if operation.orders and self.switch.fires_on("symbol_halted", request.params.get("symbol", "")):
            raise RequestRefused(MARKET_CLOSED)
        if self._strikes(operation, "refused"):
            raise RequestRefused(REFUSED_AS_TOLD if operation.orders else CANCEL_REFUSED_AS_TOLD)

    def _on_the_way(self, operation: Operation, answer: Answer) -> Answer:
        """What becomes of the answer to what was done."""
        if self._strikes(operation, "unanswered"):
            return answer._replace(lost=True)
        if self._strikes(operation, "late"):
            return answer._replace(late_s=self.faults.delay_s)
        failed = operation.orders and self.switch.fires("place_failed")
        return Answer.of(SERVER_FAULT) if failed else answer

    def _strikes(self, operation: Operation, what: str) -> bool:
        """Whether a fault of orders, or of cancels, is met by this request."""
        kind = "place" if operation.orders else "cancel" if operation.cancels else ""
        return bool(kind) and self.switch.fires(f"{kind}_{what}")
