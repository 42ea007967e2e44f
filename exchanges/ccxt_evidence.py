"""Gathering a venue's evidence of an account through ccxt's REST calls."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from ..kernel.clock import Clock
from ..trading.evidence import Evidence, VenueOrder
from ..trading.order_events import OrderFilled
from .ccxt_dialect import Dialect
from .ccxt_limits import LIMITED
from .venue import EvidenceAsked

PAGES_LIMIT = 100
LOOK_KEPT_S = 30.0
"""A look that is older is begun anew: too much may have happened since it read the orders."""

Value = TypeVar("Value")
Each = TypeVar("Each")


class AccountLook:
    """A look at the account behind one connection. What it has read it keeps where it is broken off, by an error or by
    its caller's patience, and the next `go_on` reads only what is missing: a busy machine makes it longer, and no more.

    However often it is broken off, it reads the venue's time and open orders first, then finds those of ours that are
    not among them, then reads trades, balances last: what happens meanwhile shows as a difference, never as agreement.
    """

    def __init__(self, exchange: Any, dialect: Dialect, clock: Clock) -> None:
        self._exchange = exchange
        self._dialect = dialect
        self._clock = clock
        self._reading: _Reading | None = None

    def left(self, request: EvidenceAsked) -> EvidenceAsked:
        """Without the symbols whose trades were read already; of the orders those that have to be found, where that is
        known."""
        if (reading := self._kept(request)) is None:
            return replace(request, open_ids={})
        trades_of = tuple(symbol for symbol in request.trades_of if symbol not in reading.last_trade_ids)
        return replace(request, open_ids=dict(reading.missing(request)), trades_of=trades_of)

    async def go_on(self, request: EvidenceAsked) -> Evidence:
        """Raises what ccxt raises, or TimeoutError for a request that was not answered in time."""
        reading = self._reading = self._kept(request) or await self._begin(request)
        await self._each(reading.missing(request), lambda wanted: self._find(reading, *wanted))
        if reading.moved is None:
            reading.moved = request.moved(reading.found.values())
        reading.known |= request.known
        trades_of = (*request.trades_of, *(symbol for symbol in reading.moved if symbol not in request.trades_of))
        await self._each(
            (symbol for symbol in trades_of if symbol not in reading.last_trade_ids),
            lambda symbol: self._read_trades(reading, symbol, request.since.get(symbol)),
        )
        totals = await self._bounded(self._dialect.balances())
        since_ns = request.transfers_since_ns
        transfers = () if since_ns is None else await self._bounded(self._dialect.transfers(since_ns))
        self._reading = None
        trades = tuple(trade for symbol in trades_of for trade in reading.trades[symbol])
        last_ids = {symbol: reading.last_trade_ids[symbol] for symbol in trades_of}
        return Evidence(
            reading.asked_ns, tuple(reading.found.values()), trades, last_ids, totals, reading.venue_ns, transfers
        )

    def _kept(self, request: EvidenceAsked) -> "_Reading | None":
        """What was read before, where it is young enough and no order came since that it did not look for."""
        reading = self._reading
        if reading is None or self._clock.monotonic_ns() - reading.begun_ns > LOOK_KEPT_S * 1e9:
            return None
        return reading if request.symbols == reading.symbols and request.open_ids.keys() <= reading.looked_for else None

    async def _begin(self, request: EvidenceAsked) -> "_Reading":
        asked_ns, begun_ns = self._clock.now_ns(), self._clock.monotonic_ns()
        venue_ms: int = await self._bounded(self._exchange.fetch_time())
        reading = _Reading(request.symbols, frozenset(request.open_ids), asked_ns, begun_ns, venue_ms * 1_000_000)
        opened = await self._bounded(self._dialect.open_orders(request.symbols))
        if self._reading is not None:
            reading.inherit(self._reading)
        for order in opened:
            reading.note(order)
        return reading

    async def _find(self, reading: "_Reading", client_id: str, symbol: str) -> None:
        reading.note(await self._bounded(self._dialect.find_order(client_id, symbol)))

    async def _read_trades(self, reading: "_Reading", symbol: str, since: int | None) -> None:
        """Trades after `since`, oldest first, and the last trade id; without `since` only the id. Orders of trades that
        are not known are looked at, too."""
        if since is None:
            last_id = await self._bounded(self._dialect.last_trade_id(symbol))
            reading.trades[symbol], reading.last_trade_ids[symbol] = [], last_id
            return
        fills: list[OrderFilled] = []
        for _ in range(PAGES_LIMIT):
            told = await self._bounded(self._dialect.trades(symbol, since + 1))
            page = [each for each in told if int(each[1].trade_id) > since]
            for venue_id, fill in page:
                client_id = reading.known.get(venue_id) or await self._find_order(reading, symbol, venue_id)
                fills.append(replace(fill, client_id=client_id))
                since = int(fill.trade_id)
            if len(page) < self._dialect.trades_page:
                break
        reading.trades[symbol], reading.last_trade_ids[symbol] = fills, since

    async def _find_order(self, reading: "_Reading", symbol: str, venue_id: str) -> str:
        order = await self._bounded(self._dialect.order_of(venue_id, symbol))
        reading.known[venue_id] = order.client_id
        reading.found.setdefault(order.client_id, order)
        return order.client_id

    async def _each(self, wanted: Iterable[Each], read: Callable[[Each], Awaitable[None]]) -> None:
        """A few at a time; the first error ends all, and is raised: of several, one that says that we ask too much."""
        left = iter(wanted)

        async def work() -> None:
            for each in left:
                await read(each)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._dialect.queries_at_once):
                    group.create_task(work())
        except ExceptionGroup as errors:
            raise min(errors.exceptions, key=lambda each: not isinstance(each, LIMITED)) from errors

    async def _bounded(self, request: Awaitable[Value]) -> Value:
        async with asyncio.timeout(self._dialect.query_timeout_s):
            return await request


class _Reading:
    """What a look has read; `looked_for`: the orders it was asked for by their ids."""

    def __init__(
        self, symbols: tuple[str, ...], looked_for: frozenset[str], asked_ns: int, begun_ns: int, venue_ns: int
    ) -> None:
        self.symbols, self.looked_for = symbols, looked_for
        self.asked_ns, self.begun_ns, self.venue_ns = asked_ns, begun_ns, venue_ns
        self.found: dict[str, VenueOrder] = {}
        self.moved: tuple[str, ...] | None = None
        """Symbols whose orders show that there are trades; None until all orders were found."""
        self.known: dict[str, str] = {}
        """By the venue's id of an order, ours."""
        self.trades: dict[str, list[OrderFilled]] = {}
        self.last_trade_ids: dict[str, int] = {}

    def note(self, order: VenueOrder) -> None:
        self.found[order.client_id] = order
        if order.venue_id:
            self.known[order.venue_id] = order.client_id

    def missing(self, request: EvidenceAsked) -> list[tuple[str, str]]:
        """Orders, and their symbols, that have to be found yet."""
        return [each for each in request.open_ids.items() if each[0] not in self.found]

    def inherit(self, older: "_Reading") -> None:
        """Of a look that became too old: of more orders than one has time to find, each shall be found once. What has
        ended stays so; what was missing was so after the older time, which then is that of this look, too."""
        ended = [each for each in older.found.values() if each.client_id in self.looked_for and each.state != "open"]
        for order in ended:
            self.note(order)
        if any(order.state == "missing" for order in ended):
            self.venue_ns = min(self.venue_ns, older.venue_ns)
