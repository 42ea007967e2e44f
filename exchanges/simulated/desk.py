"""The desk of Binance's protocol: its limits by weight and by orders, its keys, its parameters."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

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
    RequestFailed,
    RequestRefused,
)
from .faults import FaultSwitch
from .operation import Operation
from .parameters import Parameters, check_known, names
from .requestlog import RequestLog
from .venue_desk import Answer, Door, Request, VenueDesk, Words
from .weights import OrderCounts, RequestWeight

OF_DOOR: dict[Door, frozenset[str]] = {"rest": names(""), "api": names("apiKey returnRateLimits")}
OF_SIGNING = names("timestamp recvWindow signature")
"""What a request may have beside its own parameters."""


class PublicCall(NamedTuple):
    """What needs no key: by whatever door, what it says and what it weighs."""

    run: Callable[["Desk", Parameters], Any]
    """Raises RequestRefused, as `weigh` does."""
    weigh: Callable[[Parameters], int]
    takes: frozenset[str] = names("")


class Desk(VenueDesk[Operation]):
    words = Words(SERVER_FAULT, OUT_OF_ORDER, OVERLOADED, MARKET_CLOSED, REFUSED_AS_TOLD, CANCEL_REFUSED_AS_TOLD)

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
        super().__init__(engine, request_log, clock_ns, switch)
        self.weight = weight
        self.orders = orders
        self.authenticator = authenticator
        limits = Operation(lambda engine, *_: orders.counted(engine.uid, clock_ns()), 40, reads=True)
        self.own_routes = {("GET", "/api/v3/rateLimit/order"): limits}
        self.own_methods = {"account.rateLimits.orders": limits}

    def signed(
        self, method: str, path: str, params: Parameters, key: str | None, signed: bytes | None, door: Door = "rest"
    ) -> Request:
        """`signed` are the bytes the signature covers; None where its session was authenticated before."""
        return Request(
            method, path, params, lambda: self.authenticator.check(key, signed, params, self.told_ms()), door
        )

    def run_public(self, call: PublicCall, params: Parameters, door: Door) -> Answer:
        def tell() -> Answer:
            check_known(params, call.takes | OF_DOOR[door])
            return Answer(call.run(self, params))

        return self._answer(params, door, lambda: self.weight.spend(call.weigh(params), self.clock_ns()), tell)

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
        if answer.refusal is not None and answer.refusal.code == TOO_MANY_ORDERS:
            return self.orders.seconds_left(answer.orders_of, self.clock_ns())
        return self.weight.seconds_left(self.clock_ns())

    def _symbol(self, params: Mapping[str, str]) -> str:
        return params.get("symbol", "")

    def _ban(self, for_s: float) -> None:
        self.weight.ban(for_s, self.clock_ns())

    def _charge(self, operation: Operation, params: Parameters) -> None:
        self.weight.spend(operation.weigh(params), self.clock_ns())

    def _carry_out(self, operation: Operation, request: Request) -> Answer:
        uid = request.authenticate()
        check_known(request.params, operation.takes | OF_SIGNING | OF_DOOR[request.door])
        answer = self._placed(operation, request, uid)
        return answer._replace(orders_of=uid) if operation.orders else answer

    def _placed(self, operation: Operation, request: Request, uid: int) -> Answer:
        """Orders are counted where they were placed, though not all of the request succeeded."""
        try:
            if operation.orders:
                self.orders.check(uid, self.clock_ns())
            answer = Answer(operation.run(self.engine.of(uid), request.params, self.now_ms))
        except RequestFailed as error:
            answer = self.refused(error.refusal)
        except RequestRefused as error:
            return self.refused(error.refusal)
        if operation.orders:
            self.orders.add(uid, operation.orders, self.clock_ns())
        return answer
