"""What the orders page asks for: the account's history, read in threads so that the server never waits for a disk."""

import asyncio
from collections.abc import Callable

import msgspec
from aiohttp import web

from ..trading.history.find import ID_MAX, NotFound
from ..trading.history.fold import LastPrice
from ..trading.messages import ZERO
from .history import HistoryReader
from .state import ConsoleState
from .view import View

FRESH_S = 0.5
"""How old what was folded may be before it is caught up again."""
PATIENCE_S = 0.4
"""How long an answer waits for that; then it tells what is known and how far the reading is."""
FILTERS = ("symbol", "strategy", "state", "all")


class HistoryPages:
    """Handlers of `/api/orders` and `/api/explain`."""

    def __init__(self, reader: HistoryReader, state: ConsoleState, clock_ns: Callable[[], int]) -> None:
        self._reader = reader
        self._state = state
        self._clock_ns = clock_ns
        self._task: asyncio.Task[None] | None = None
        self._caught_up_s = float("-inf")

    def add_to(self, application: web.Application) -> None:
        application.router.add_get("/api/orders", self._get_orders)
        application.router.add_get("/api/explain", self._get_explanation)
        application.on_shutdown.append(self._stop)

    async def _get_orders(self, request: web.Request) -> web.Response:
        wanted = {name: request.query[name][:ID_MAX] for name in FILTERS if name in request.query}
        await self._catch_up()
        now_ns = self._clock_ns()
        bids = known_bids(self._state, now_ns)
        return await _answer(lambda: self._reader.orders_view(wanted, bids, now_ns))

    async def _get_explanation(self, request: web.Request) -> web.Response:
        wanted = request.query.get("id", "")[:ID_MAX]
        await self._catch_up()
        try:
            return await _answer(lambda: self._reader.explanation(wanted))
        except NotFound as fault:
            return web.json_response({"error": str(fault)})  # an answer too: a page that asks on is no fault

    async def _catch_up(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._task is None and now_s - self._caught_up_s > FRESH_S:
            self._reader.closed = False
            self._task = asyncio.create_task(asyncio.to_thread(self._reader.catch_up), name="console history")
            self._task.add_done_callback(self._caught_up)
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=PATIENCE_S)

    def _caught_up(self, task: asyncio.Task[None]) -> None:
        self._task, self._caught_up_s = None, task.get_loop().time()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._reader.fault = f"reading the journal ended with {error!r}"

    async def _stop(self, _: web.Application) -> None:
        self._reader.closed = True  # a first look at much may take long: it ends after a slice


def known_bids(state: ConsoleState, now_ns: int) -> dict[str, LastPrice]:
    """The running trader's, where it is heard of."""
    if state.trading is None or state.trading_fault(now_ns):
        return {}
    told = state.trading.report
    live = [each for each in told.symbols if each.live and each.bid > ZERO]
    return {each.symbol: LastPrice(each.bid, told.at_ns, "the running system's bid") for each in live}


async def _answer(view: Callable[[], View]) -> web.Response:
    body = await asyncio.to_thread(lambda: msgspec.json.encode(view()))
    return web.Response(body=body, content_type="application/json")
