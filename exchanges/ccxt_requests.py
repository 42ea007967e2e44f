"""Requests through unmodified ccxt: each is answered by words of the venue contract, whatever happens to it."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from ..kernel.clock import Clock
from ..trading.order_events import OrderIntended
from . import ccxt_parsing as parsing
from .ccxt_dialect import Dialect
from .ccxt_evidence import AccountLook
from .limit_watch import LimitWatch
from .venue import (
    LOOK_TIMEOUT_S,
    REQUEST_TIMEOUT_S,
    CancelAnswered,
    EvidenceAsked,
    EvidenceFailed,
    EvidenceGathered,
    Outcome,
    PlaceAnswered,
    SwitchAnswered,
    VenueWord,
)
from .venue_clock import VenueClock

Value = TypeVar("Value")


class CcxtRequests:
    """Of one connected exchange."""

    def __init__(
        self, exchange: Any, dialect: Dialect, clock: Clock, venue_clock: VenueClock, limits: LimitWatch
    ) -> None:
        self._exchange = exchange
        self._dialect = dialect
        self._venue_clock = venue_clock
        self._limits = limits
        self._look = AccountLook(exchange, dialect, clock)

    async def place(self, intent: OrderIntended) -> list[VenueWord]:
        """The answer, and the fills it tells of."""
        try:
            arguments = self._dialect.arguments(intent, self._venue_clock.now_ns())
        except ValueError as error:
            return [PlaceAnswered(intent.client_id, "refused", code="NOT_SENT", reason=str(error))]
        try:
            order = await self._ask(self._exchange.create_order(*arguments))
            fills = [*parsing.fills_of_order(order, intent)]
            return [PlaceAnswered(intent.client_id, "done", venue_id=str(order["id"])), *fills]
        except Exception as error:  # noqa: BLE001 - whatever happened, it proves a refusal or nothing
            outcome, reason = self._failure(error)
            return [PlaceAnswered(intent.client_id, outcome, code=type(error).__name__, reason=reason)]

    async def cancel(self, client_id: str, symbol: str) -> list[VenueWord]:
        try:
            await self._ask(self._dialect.cancel(client_id, symbol))
        except Exception as error:  # noqa: BLE001 - as above
            return [CancelAnswered(client_id, *self._failure(error))]
        return [CancelAnswered(client_id, "done")]

    async def gather(self, request: EvidenceAsked) -> list[VenueWord]:
        try:
            evidence = await self._ask(self._look.go_on(request), LOOK_TIMEOUT_S)
        except Exception as error:  # noqa: BLE001 - a failed look proves nothing, and is told
            self._failure(error)
            left = f"{len(self.left(request).trades_of)} of {len(request.trades_of)} symbols were not looked at"
            return [EvidenceFailed(request.request_id, f"{left}; {type(error).__name__}: {error}"[:300])]
        return [EvidenceGathered(request.request_id, evidence)]

    def left(self, request: EvidenceAsked) -> EvidenceAsked:
        """What a look would still ask: without what was read before it was broken off."""
        return self._look.left(request)

    async def arm(self, timeout_s: float) -> list[VenueWord]:
        try:
            await self._ask(self._dialect.arm(timeout_s))
        except Exception as error:  # noqa: BLE001 - as above
            return [SwitchAnswered(timeout_s, *self._failure(error))]
        return [SwitchAnswered(timeout_s, "done")]

    async def _ask(self, request: Awaitable[Value], timeout_s: float = REQUEST_TIMEOUT_S) -> Value:
        async with asyncio.timeout(timeout_s):
            value = await request
        self._limits.hear_headers(self._exchange)
        return value

    def _failure(self, error: Exception) -> tuple[Outcome, str]:
        self._limits.hear_error(self._exchange, error)
        return "refused" if self._dialect.proves_refusal(error) else "unknown", str(error)[:300]
