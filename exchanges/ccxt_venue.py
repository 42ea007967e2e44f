"""Any exchange behind unmodified ccxt, as a `VenuePort`. It runs as tasks on the node's event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from ..kernel.clock import Clock
from ..kernel.identity import Entropy
from ..trading.order_events import OrderIntended
from . import ccxt_parsing as parsing
from .ccxt_evidence import gather_evidence
from .ccxt_limits import CLOCK_PERIOD_S, compare_clocks, limited
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
    EvidenceGathered,
    OrderReported,
    Outcome,
    PlaceAnswered,
    VenueClosed,
    VenueOpened,
    VenueWord,
)

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
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._entropy = entropy
        self._symbols = symbols
        self._connect = connect
        self._deliver: Callable[[VenueWord], object] = lambda _: None
        self._exchange: Any = None
        self._tasks = TaskSet(loop)

    def open(self, deliver: Callable[[VenueWord], object]) -> None:
        self.close()
        self._deliver = self._tasks.broke = deliver
        self._tasks.run(self._stay_connected())

    def close(self) -> None:
        """Drop the connections; requests under way stay unanswered."""
        self._tasks.cancel()

    def place(self, intent: OrderIntended) -> None:
        if reason := self._not_sent(intent):
            self._deliver(PlaceAnswered(intent.client_id, "refused", code="NOT_SENT", reason=reason))
            return
        self._tasks.run(self._place(self._exchange, intent))

    def _not_sent(self, intent: OrderIntended) -> str:
        """Why an order may not leave: among others, so late that its absence at the venue would prove nothing."""
        if self._exchange is None:
            return "not connected"
        if len(self._tasks) >= IN_FLIGHT_LIMIT:
            return f"{IN_FLIGHT_LIMIT} requests are under way"
        late_s = (self._clock.now_ns() - intent.at_ns) / 1e9
        return f"{late_s:.3f} s late" if late_s > SEND_WITHIN_S else ""

    def cancel(self, client_id: str, symbol: str) -> None:
        if self._exchange is None or len(self._tasks) >= IN_FLIGHT_LIMIT:
            self._deliver(CancelAnswered(client_id, "unknown", "not sent"))
            return
        self._tasks.run(self._cancel(self._exchange, client_id, symbol))

    def gather(self, request: EvidenceAsked) -> None:
        if self._exchange is None:
            self._deliver(EvidenceFailed(request.request_id, "not connected"))
            return
        self._tasks.run(self._gather(self._exchange, request))

    async def _place(self, exchange: Any, intent: OrderIntended) -> None:
        if reason := self._not_sent(intent):  # the loop may have stood still since; ccxt signs without waiting again
            self._deliver(PlaceAnswered(intent.client_id, "refused", code="NOT_SENT", reason=reason))
            return
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                order = await exchange.create_order(
                    intent.symbol,
                    intent.type,
                    intent.side,
                    str(intent.amount),
                    None if intent.price is None else str(intent.price),
                    {"newClientOrderId": intent.client_id},
                )
        except Exception as error:  # noqa: BLE001 - whatever happened, it proves a refusal or nothing
            self._note_limit(exchange, error)
            outcome: Outcome = "refused" if parsing.proves_refusal(error) else "unknown"
            self._deliver(PlaceAnswered(intent.client_id, outcome, code=type(error).__name__, reason=str(error)[:300]))
            return
        self._deliver(PlaceAnswered(intent.client_id, "done", venue_id=str(order["id"])))
        for fill in parsing.fills_of_order(order, intent):
            self._deliver(fill)

    async def _cancel(self, exchange: Any, client_id: str, symbol: str) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await exchange.cancel_order(client_id, symbol, {"clientOrderId": client_id})
        except Exception as error:  # noqa: BLE001 - as above
            self._note_limit(exchange, error)
            outcome: Outcome = "refused" if parsing.proves_refusal(error) else "unknown"
            self._deliver(CancelAnswered(client_id, outcome, str(error)[:300]))
            return
        self._deliver(CancelAnswered(client_id, "done"))

    async def _gather(self, exchange: Any, request: EvidenceAsked) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                evidence = await gather_evidence(exchange, request, self._clock)
        except Exception as error:  # noqa: BLE001 - a failed look proves nothing, and is told
            self._note_limit(exchange, error)
            self._deliver(EvidenceFailed(request.request_id, f"{type(error).__name__}: {error}"[:300]))
            return
        self._deliver(EvidenceGathered(request.request_id, evidence))

    async def _stay_connected(self) -> None:
        """Connect, listen, and connect again for ever, with back-off and jitter."""
        delay_s = RECONNECT_MIN_S
        while True:
            exchange, session = await self._connect()
            try:
                await exchange.load_markets()
                await exchange.authenticate({"type": "spot"})
                self._exchange = exchange
                delay_s = RECONNECT_MIN_S
                self._deliver(VenueOpened(parsing.instruments(exchange, self._symbols)))
                await self._listen(exchange)
            except Exception as error:  # noqa: BLE001 - told, and tried again
                self._deliver(VenueClosed(_first_words(error)))
            finally:
                if self._exchange is exchange:  # whoever opened anew meanwhile has one of its own
                    self._exchange = None
                async with asyncio.timeout(REQUEST_TIMEOUT_S):
                    await session.close()
                    await exchange.close()
            await asyncio.sleep(delay_s * (1.0 - 0.3 * self._entropy.jitter()))
            delay_s = min(delay_s * 2, RECONNECT_MAX_S)

    async def _listen(self, exchange: Any) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch(exchange.watch_my_trades, self._hear_trade))
            group.create_task(self._watch(exchange.watch_orders, self._hear_order))
            group.create_task(self._watch_clock(exchange))

    async def _watch_clock(self, exchange: Any) -> None:
        """Compare the clocks again and again; a comparison that fails proves nothing, and is made again."""
        while True:
            try:
                async with asyncio.timeout(REQUEST_TIMEOUT_S):
                    self._deliver(await compare_clocks(exchange, self._clock))
            except Exception as error:  # noqa: BLE001 - as said
                self._note_limit(exchange, error)
            await asyncio.sleep(CLOCK_PERIOD_S)

    def _note_limit(self, exchange: Any, error: Exception) -> None:
        if (word := limited(exchange, error, self._clock.now_ns())) is not None:
            self._deliver(word)

    async def _watch(self, watch: Callable[[], Awaitable[list[Any]]], hear: Callable[[Any], None]) -> None:
        while True:
            for item in await watch():
                hear(item)

    def _hear_trade(self, trade: Any) -> None:
        if fill := parsing.fill_of_trade(trade, parsing.client_id_of(trade)):
            self._deliver(fill)

    def _hear_order(self, order: Any) -> None:
        state = parsing.reported_state(order)
        if state is not None and order.get("clientOrderId"):
            self._deliver(OrderReported(str(order["clientOrderId"]), str(order["id"]), state))


def _first_words(error: Exception) -> str:
    """What to say of an error; of a group, its first member."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"[:300]
