"""Any exchange behind unmodified ccxt, as a `VenuePort`. It runs as tasks on the node's event loop.

Where the exchange has a direct order entry, orders and cancels go that way while it is open, else ccxt's. An order goes
one way only; a cancel that the direct way leaves in doubt goes the other, too, since twice does no harm.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from ..kernel.clock import Clock
from ..kernel.identity import Entropy
from ..trading.order_events import OrderIntended
from . import ccxt_parsing as parsing
from .ccxt_dialect import Dialect
from .ccxt_dialects import make_dialect
from .ccxt_direct import make_entry
from .ccxt_limits import CLOCK_PERIOD_S, compare_clocks
from .ccxt_markets import KeptMarkets
from .ccxt_requests import CcxtRequests
from .limit_watch import LimitWatch, look_weight
from .order_bounds import OrderBounds
from .order_entry import OrderEntry
from .rate_budget import RateBudget
from .retry_after import PAUSE_SEEN_S
from .tasks import TaskSet
from .venue import (
    IN_FLIGHT_LIMIT,
    RECONNECT_MAX_S,
    RECONNECT_MIN_S,
    REQUEST_TIMEOUT_S,
    SEND_WITHIN_S,
    CancelAnswered,
    EvidenceAsked,
    EvidenceFailed,
    PlaceAnswered,
    SwitchAnswered,
    VenueClosed,
    VenueOpened,
    VenueWord,
)
from .venue_clock import VenueClock

Connect = Callable[[], Awaitable[tuple[Any, aiohttp.ClientSession]]]
"""Makes a ccxt.pro exchange and the session it is to use; called again after every disconnect."""


class CcxtVenue:
    """One account. Words are delivered on the loop's thread."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        entropy: Entropy,
        symbols: tuple[str, ...],
        connect: Connect,
        budget: RateBudget | None = None,
        prefix: str = "",
        bounds: OrderBounds | None = None,
    ) -> None:
        """`budget` is shared with all who ask the venue from this address with this key; `prefix` is what the client
        ids of this account begin with; `bounds` are what else the venue bounds orders by."""
        self._loop = loop
        self._clock = clock
        self._entropy = entropy
        self._symbols = symbols
        self._connect = connect
        self._prefix = prefix
        self._bounds = bounds or OrderBounds()
        self._deliver: Callable[[VenueWord], object] = lambda _: None
        self._requests: CcxtRequests | None = None
        self._entry: OrderEntry | None = None
        self._ids: dict[str, str] = {}
        """How the venue spells each symbol."""
        self._misnamed: dict[str, str] = {}
        """Why a symbol is not traded."""
        self._cancelling: dict[str, str] = {}
        """Symbols of the orders whose cancels are under way there."""
        self._limits = LimitWatch(clock, self._tell, budget)
        self._venue_clock = VenueClock(clock)
        self._markets = KeptMarkets(clock, symbols)
        self._tasks = TaskSet(loop)

    def open(self, deliver: Callable[[VenueWord], object]) -> None:
        self.close()
        self._deliver = self._tasks.broke = deliver
        self._tasks.run(self._stay_connected())

    def close(self) -> None:
        """Drop the connections; requests under way stay unanswered."""
        self._tasks.cancel()
        self._cancelling.clear()
        if self._entry is not None:
            self._entry.drop()

    def place(self, intent: OrderIntended) -> None:
        if reason := self._not_sent(intent) or self._limits.refuse("order") or self._bounds.refuse(intent.symbol):
            self._deliver(PlaceAnswered(intent.client_id, "refused", code="NOT_SENT", reason=reason))
            return
        if (entry := self._direct(intent.symbol)) is not None:
            entry.place(intent, self._ids[intent.symbol])
        else:
            self._tasks.run(self._place(intent))
        self._limits.spend("order")  # counted when it is gone
        self._bounds.placed(intent.client_id, intent.symbol)

    def cancel(self, client_id: str, symbol: str) -> None:
        requests = self._requests
        if requests is None or self._under_way() >= IN_FLIGHT_LIMIT or self._limits.take("cancel"):
            self._deliver(CancelAnswered(client_id, "unknown", "not sent"))
            return
        if (entry := self._direct(symbol)) is not None:
            self._cancelling[client_id] = symbol
            entry.cancel(client_id, self._ids[symbol])
        else:
            self._tasks.run(self._say(requests.cancel(client_id, symbol)))
        self._bounds.cancelled(client_id, symbol)

    def gather(self, request: EvidenceAsked) -> None:
        requests = self._requests
        if requests is None:
            self._deliver(EvidenceFailed(request.request_id, "not connected"))
        elif reason := self._limits.take("look", look_weight(requests.left(request))):
            self._deliver(EvidenceFailed(request.request_id, reason))
        else:
            self._tasks.run(self._say(requests.gather(request)))

    def arm(self, timeout_s: float) -> None:
        if self._requests is None:
            self._deliver(SwitchAnswered(timeout_s, "unknown", "not connected"))
        else:
            self._tasks.run(self._say(self._requests.arm(timeout_s)))

    def _direct(self, symbol: str) -> OrderEntry | None:
        """The direct way, while there is one."""
        return self._entry if self._entry is not None and self._entry.is_open and symbol in self._ids else None

    def _not_sent(self, intent: OrderIntended) -> str:
        """Why an order may not leave: among others, so late that its absence at the venue would prove nothing."""
        if self._requests is None:
            return "not connected"
        if self._under_way() >= IN_FLIGHT_LIMIT:
            return f"{IN_FLIGHT_LIMIT} requests are under way"
        if intent.symbol in self._misnamed:
            return self._misnamed[intent.symbol]
        late_s = (self._clock.now_ns() - intent.at_ns) / 1e9
        return f"{late_s:.3f} s late" if late_s > SEND_WITHIN_S else ""

    def _under_way(self) -> int:
        return len(self._tasks) + (0 if self._entry is None else len(self._entry))

    async def _place(self, intent: OrderIntended) -> None:
        """Through ccxt, which signs without waiting again; the loop may have stood still since it was asked for."""
        requests = self._requests
        if (reason := self._not_sent(intent)) or requests is None:
            self._deliver(PlaceAnswered(intent.client_id, "refused", code="NOT_SENT", reason=reason))
            return
        await self._say(requests.place(intent))

    async def _say(self, words: Awaitable[list[VenueWord]]) -> None:
        for word in await words:
            self._tell(word)

    def _tell(self, word: VenueWord) -> None:
        self._bounds.hear(word)
        self._deliver(word)

    def _hear_entry(self, word: VenueWord) -> None:
        """A cancel in doubt is asked for the other way, too, where the venue may be asked at all."""
        if isinstance(word, CancelAnswered):
            symbol = self._cancelling.pop(word.client_id, "")
            doubted = bool(symbol) and word.outcome == "unknown"
            if doubted and self._requests is not None and not self._limits.take("cancel"):
                self._tasks.run(self._say(self._requests.cancel(word.client_id, symbol)))
                return
        self._tell(word)

    async def _stay_connected(self) -> None:
        """Connect, listen, and connect again for ever, with back-off and jitter."""
        delay_s = RECONNECT_MIN_S
        while True:
            while pause_s := self._limits.pause_s():
                self._deliver(VenueClosed(f"the venue refuses us for {pause_s:.0f} s more"))
                await asyncio.sleep(min(pause_s, PAUSE_SEEN_S))
            exchange, session = await self._connect()
            dialect = make_dialect(exchange, self._tell, self._prefix)
            requests = CcxtRequests(exchange, dialect, self._clock, self._venue_clock, self._limits)
            try:
                warning = await self._markets.load(exchange, dialect)
                await self._compare_clocks(exchange, dialect)  # what is signed with a wrong time is refused
                await dialect.begin()
                self._requests, self._entry = requests, self._make_entry(exchange)
                delay_s = RECONNECT_MIN_S
                self._misnamed = dialect.misnamed(self._symbols)
                traded = tuple(symbol for symbol in self._symbols if symbol not in self._misnamed)
                warning = "; ".join(filter(None, (warning, *self._misnamed.values())))
                instruments = parsing.instruments(exchange, traded)
                self._ids = {symbol: instrument.venue_symbol for symbol, instrument in instruments.items()}
                self._deliver(VenueOpened(instruments, bool(exchange.has.get("cancelAllOrdersAfter")), warning))
                await self._listen(exchange, dialect, session, self._entry)
            except Exception as error:  # noqa: BLE001 - told, and tried again
                self._limits.hear_error(exchange, _first(error))
                self._deliver(VenueClosed(f"{type(_first(error)).__name__}: {_first(error)}"[:300]))
            finally:
                if self._requests is requests:  # whoever opened anew meanwhile has one of its own
                    self._requests = self._entry = None
                async with asyncio.timeout(REQUEST_TIMEOUT_S):
                    await session.close()
                    await exchange.close()
            await asyncio.sleep(delay_s * (1.0 - 0.3 * self._entropy.jitter()))
            delay_s = min(delay_s * 2, RECONNECT_MAX_S)

    def _make_entry(self, exchange: Any) -> OrderEntry | None:
        entry = make_entry(exchange, self._loop, self._venue_clock, self._entropy, self._limits, self._prefix)
        if entry is not None:
            entry.listen(self._hear_entry)
        return entry

    async def _listen(
        self, exchange: Any, dialect: Dialect, session: aiohttp.ClientSession, entry: OrderEntry | None
    ) -> None:
        async with asyncio.TaskGroup() as group:
            if entry is not None:
                group.create_task(entry.stay_connected(session))
            for watch, hear in dialect.watches():
                group.create_task(self._watch(watch, hear))
            group.create_task(self._watch_clock(exchange, dialect))

    async def _watch_clock(self, exchange: Any, dialect: Dialect) -> None:
        while True:
            await asyncio.sleep(CLOCK_PERIOD_S)
            await self._compare_clocks(exchange, dialect)

    async def _compare_clocks(self, exchange: Any, dialect: Dialect) -> None:
        """A comparison that fails proves nothing, and is made again."""
        if self._limits.pause_s():
            return
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                compared = compare_clocks(exchange, self._venue_clock, dialect.time_step_ms, signs=dialect.signs_time)
                self._deliver(await compared)
        except Exception as error:  # noqa: BLE001 - as said
            self._limits.hear_error(exchange, error)

    async def _watch(self, watch: Callable[[], Awaitable[list[Any]]], hear: Callable[[Any], None]) -> None:
        while True:
            for item in await watch():
                hear(item)


def _first(error: Exception) -> Exception:
    """Of a group, its first member."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
