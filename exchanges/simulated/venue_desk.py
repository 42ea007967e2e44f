"""Where every request is judged, run and logged, whichever door it came by and whatever protocol it speaks."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from .engine import Engine
from .errors import Refusal, RequestRefused
from .faults import Faults, FaultSwitch
from .market import BookShown, Market
from .requestlog import RequestLine, RequestLog

Door = Literal["rest", "api"]
SNAPSHOT_MAX = 5_000


class Effects(Protocol):
    """What a fault has to know of one kind of request."""

    @property
    def orders(self) -> int:
        """How many new orders it places: what a lost answer leaves in doubt."""

    @property
    def cancels(self) -> bool: ...

    @property
    def reads(self) -> bool:
        """It changes nothing."""


AnyOperation = TypeVar("AnyOperation", bound=Effects)


class Request(NamedTuple):
    method: str
    path: str
    params: Mapping[str, str]
    authenticate: Callable[[], int]
    """The account whose request it is; raises RequestRefused."""
    door: Door = "rest"


class Answer(NamedTuple):
    result: Any = None
    refusal: Refusal | None = None
    lost: bool = False
    """Whether the client is to lose it: the connection is cut instead."""
    late_s: float = 0.0
    """By how much it is held back."""
    orders_of: int = 0
    """The account whose count of new orders it tells; 0: it tells none."""

    @property
    def status(self) -> int:
        return 200 if self.refusal is None else self.refusal.status

    @property
    def error(self) -> str:
        """Empty where the request was done."""
        return "" if self.refusal is None else self.refusal.message


class Words(NamedTuple):
    """A protocol's refusals for what a fault brings about."""

    server_fault: Refusal
    out_of_order: Refusal
    overloaded: Refusal
    market_closed: Refusal
    order_refused: Refusal
    cancel_refused: Refusal


class VenueDesk(Generic[AnyOperation]):
    """Base of a protocol's desk, which says how a request names its symbol, what it costs and how it is carried out."""

    words: Words

    def __init__(
        self, engine: Engine, request_log: RequestLog, clock_ns: Callable[[], int], switch: FaultSwitch
    ) -> None:
        self.engine = engine
        self.clock_ns = clock_ns
        self.switch = switch
        self._log = request_log
        self._stale: dict[str, BookShown] = {}

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

    def is_halted(self, symbol: str) -> bool:
        return self.faults.symbol_halted > 0 and self.switch.concerns(symbol)

    def book_shown(self, market: Market, limit: int) -> BookShown:
        """The book as a client that asks for it is shown it. Raises RequestRefused."""
        if self.switch.fires("snapshot_lost"):
            raise RequestRefused(self.words.out_of_order)
        if self._stale and self.switch.fires("snapshot_stale"):
            stale = self._stale[market.instrument.venue_symbol]
            return stale._replace(bids=stale.bids[:limit], asks=stale.asks[:limit])
        return market.shown(limit)

    def keep_books(self) -> None:
        """To be called before a frame changes a book: what a stale snapshot is to show is kept, as long as it may be
        asked for."""
        if self.faults.snapshot_stale <= 0:
            self._stale = {}
        elif not self._stale:
            self._stale = {name: market.shown(SNAPSHOT_MAX) for name, market in self.engine.markets.items()}

    def run(self, operation: AnyOperation, request: Request) -> Answer:
        """Run a request of an account; it is logged with its outcome before the answer exists."""
        answer = Answer(refusal=self.words.server_fault)
        if self._strikes(operation, "lost"):
            return answer._replace(lost=True)
        try:
            answer = self._answer(
                request.params,
                request.door,
                lambda: self._charge(operation, request.params),
                lambda: self._judge(operation, request),
            )
        finally:
            code = 0 if answer.refusal is None else answer.refusal.code
            said = dict(request.params)
            line = RequestLine(self.clock_ns(), request.method, request.path, said, answer.status, code, answer.error)
            self._log.append(line)
        return self._on_the_way(operation, answer) if answer.refusal is None else answer

    # -- what a protocol says -----------------------------------------------------------------------------------------

    def refused(self, refusal: Refusal) -> Answer:
        """In the protocol's own words."""
        return Answer(refusal=refusal)

    def _symbol(self, params: Mapping[str, str]) -> str:
        """As the engine spells it; empty where the request names none."""
        raise NotImplementedError

    def _ban(self, for_s: float) -> None:
        """Refuse everything for so long, this request included; raises RequestRefused at once or when it is charged."""
        raise NotImplementedError

    def _charge(self, operation: AnyOperation, params: Mapping[str, str]) -> None:
        """What a request costs before it is looked at. Raises RequestRefused."""
        raise NotImplementedError

    def _carry_out(self, operation: AnyOperation, request: Request) -> Answer:
        """Raises RequestRefused."""
        raise NotImplementedError

    # -- faults -------------------------------------------------------------------------------------------------------

    def _answer(
        self,
        params: Mapping[str, str],
        door: Door,
        charge: Callable[[], None],
        carry_out: Callable[[], Answer],
    ) -> Answer:
        try:
            self._admit(params, door)
            charge()
            return carry_out()
        except RequestRefused as error:
            return self.refused(error.refusal)

    def _judge(self, operation: AnyOperation, request: Request) -> Answer:
        """Raises RequestRefused."""
        self._fail(operation, request.params)
        return self._carry_out(operation, request)

    def _admit(self, params: Mapping[str, str], door: Door) -> None:
        """Raises RequestRefused."""
        fires, symbol = self.switch.fires, self._symbol(params)
        down = fires("maintenance") or fires("rest_down" if door == "rest" else "api_down")
        if down or self.switch.fires_on("symbol_down", symbol):
            raise RequestRefused(self.words.out_of_order)
        if fires("overloaded"):
            raise RequestRefused(self.words.overloaded)
        if fires("ban"):
            self._ban(self.faults.ban_s)

    def _fail(self, operation: AnyOperation, params: Mapping[str, str]) -> None:
        """Raises RequestRefused where a fault says so."""
        if self.switch.fires("request_failed") or (operation.reads and self.switch.fires("look_failed")):
            raise RequestRefused(self.words.out_of_order)
        if operation.orders and self.switch.fires_on("symbol_halted", self._symbol(params)):
            raise RequestRefused(self.words.market_closed)
        if self._strikes(operation, "refused"):
            raise RequestRefused(self.words.order_refused if operation.orders else self.words.cancel_refused)

    def _on_the_way(self, operation: AnyOperation, answer: Answer) -> Answer:
        """What becomes of the answer to what was done."""
        if self._strikes(operation, "unanswered"):
            return answer._replace(lost=True)
        if self._strikes(operation, "late"):
            return answer._replace(late_s=self.faults.delay_s)
        failed = operation.orders and self.switch.fires("place_failed")
        return Answer(refusal=self.words.server_fault) if failed else answer

    def _strikes(self, operation: AnyOperation, what: str) -> bool:
        """Whether a fault of orders, or of cancels, is met by this request."""
        kind = "place" if operation.orders else "cancel" if operation.cancels else ""
        return bool(kind) and self.switch.fires(f"{kind}_{what}")
