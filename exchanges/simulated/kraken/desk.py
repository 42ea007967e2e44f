"""Where every request of Kraken's protocol is judged, run and logged, whichever door it came by."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..engine import Engine
from ..errors import RequestRefused
from ..faults import Faults, FaultSwitch
from ..orders import Fill, Order
from ..requestlog import RequestLine, RequestLog
from .authentication import Authenticator
from .dead_man import DeadManTimer
from .errors import BUSY, CANCEL_ONLY, INTERNAL, NO_ORDER, UNAVAILABLE, Refused, text_of
from .limits import RateLimiter
from .names import Pairs

Parameters = Mapping[str, str]


class Answer(NamedTuple):
    """`error` is empty where the request was done."""

    error: str
    result: Any
    status: int = 200
    lost: bool = False
    """Whether the client is to lose it: the connection is cut instead."""
    late_s: float = 0.0
    """By how much it is held back."""


class Operation(NamedTuple):
    run: Callable[["KrakenDesk", Parameters, int], Any]
    cost: float = 1.0
    """What it adds to the counter of calls."""
    accepts_order: bool = False
    """Its answer tells of a new order: what a lost answer leaves in doubt."""
    reads: bool = False
    """It changes nothing."""
    cancels: bool = False


class KrakenDesk:
    def __init__(
        self,
        engine: Engine,
        authenticator: Authenticator,
        limiter: RateLimiter,
        request_log: RequestLog,
        clock_ns: Callable[[], int],
        switch: FaultSwitch,
    ) -> None:
        self.engine = engine
        self.pairs = Pairs(market.instrument for market in engine.markets.values())
        self.authenticator = authenticator
        self.limiter = limiter
        self.clock_ns = clock_ns
        self.switch = switch
        self.dead_man = DeadManTimer()
        self._log = request_log

    @property
    def now_ms(self) -> int:
        """By the venue's own clock, which may be off."""
        return self.clock_ns() // 1_000_000 + round(self.switch.faults.clock_offset_ms)

    @property
    def faults(self) -> Faults:
        return self.switch.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self.switch.faults = faults

    def run_public(self, run: Callable[["KrakenDesk", Parameters], Any], params: Parameters) -> Answer:
        try:
            self._admit(params, "rest_down")
            return Answer("", run(self, params))
        except (Refused, RequestRefused) as error:
            return _refusal(error)

    def run(
        self, operation: Operation, method: str, path: str, params: Parameters, authenticate: Callable[[], None]
    ) -> Answer:
        """Run a request of the account; it is logged with its outcome before the answer exists. `authenticate` raises
        Refused."""
        if self._strikes(operation, "lost"):
            return Answer(INTERNAL, None, 500, lost=True)
        answer = Answer(INTERNAL, None, 500)
        try:
            answer = self._judge(operation, params, authenticate, "api_down" if method == "WS" else "rest_down")
        finally:
            told = {"error": answer.error} if answer.error else {}
            said, code = dict(params) | told, int(bool(answer.error))
            line = RequestLine(self.clock_ns(), method, path, said, answer.status, code)
            self._log.append(line)
        return answer if answer.error else self._on_the_way(operation, answer)

    def fills_of(self, order: Order) -> list[Fill]:
        """Oldest first; of the fills that are kept."""
        missing, fills = order.executed, list[Fill]()
        for fill in reversed(self.engine.state.books.fills):
            if not missing:
                break
            if fill.order_id == order.order_id:
                fills.insert(0, fill)
                missing -= fill.quantity
        return fills

    def _judge(
        self, operation: Operation, params: Parameters, authenticate: Callable[[], None], door_down: str
    ) -> Answer:
        try:
            if self.switch.fires("ban"):
                self.limiter.lock_out(self.faults.ban_s)
            self._admit(params, door_down)
            self._fail(operation, params)
            authenticate()
            self.limiter.call(operation.cost)
            return Answer("", operation.run(self, params, self.now_ms))
        except (Refused, RequestRefused) as error:
            return _refusal(error)

    def _admit(self, params: Parameters, door_down: str) -> None:
        """Raises Refused."""
        fires = self.switch.fires
        if fires("maintenance") or fires(door_down) or self.switch.fires_on("symbol_down", self._symbol(params)):
            raise Refused(UNAVAILABLE, 503)
        if fires("overloaded"):
            raise Refused(BUSY)
        self.limiter.admit()

    def _fail(self, operation: Operation, params: Parameters) -> None:
        """Raises Refused where a fault says so."""
        if self.switch.fires("request_failed") or (operation.reads and self.switch.fires("look_failed")):
            raise Refused(UNAVAILABLE, 503)
        if operation.accepts_order and self.switch.fires_on("symbol_halted", self._symbol(params)):
            raise Refused(CANCEL_ONLY)
        if self._strikes(operation, "refused"):
            raise Refused("EOrder:Trading agreement required" if operation.accepts_order else NO_ORDER)

    def _on_the_way(self, operation: Operation, answer: Answer) -> Answer:
        """What becomes of the answer to what was done."""
        if self._strikes(operation, "unanswered"):
            return answer._replace(lost=True)
        if self._strikes(operation, "late"):
            return answer._replace(late_s=self.faults.delay_s)
        failed = operation.accepts_order and self.switch.fires("place_failed")
        return Answer(INTERNAL, None, 500) if failed else answer

    def _strikes(self, operation: Operation, what: str) -> bool:
        """Whether a fault of orders, or of cancels, is met by this request."""
        kind = "place" if operation.accepts_order else "cancel" if operation.cancels else ""
        return bool(kind) and self.switch.fires(f"{kind}_{what}")

    def _symbol(self, params: Parameters) -> str:
        """As the engine spells it; empty where the request names none."""
        pair = self.pairs.find(params.get("pair", ""))
        return "" if pair is None else pair.venue_symbol


def _refusal(error: Refused | RequestRefused) -> Answer:
    if isinstance(error, Refused):
        return Answer(error.text, None, error.status)
    return Answer(text_of(error.refusal), None)
