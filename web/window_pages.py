"""What the running trader answers when somebody looks: limits, books against the venue, one symbol's market."""

import re
from collections.abc import Callable

import msgspec
from aiohttp import web

from ..trading.candles import COARSE
from .state import ConsoleState
from .view import View

SYMBOL = re.compile(r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20}")
SINCE = re.compile(r"[0-9]{1,15}")


class WindowPages:
    """GET `/api/data`, `/api/risk`, `/api/reconciliation` and `/api/chart?symbol=`, of candles only those from
    `&since_ms=` on. To look is to have it asked for a while."""

    def __init__(self, state: ConsoleState, clock_ns: Callable[[], int]) -> None:
        self._state = state
        self._clock_ns = clock_ns

    def add_to(self, application: web.Application) -> None:
        application.router.add_get("/api/data", self._get_data)
        application.router.add_get("/api/risk", self._get_risk)
        application.router.add_get("/api/reconciliation", self._get_reconciliation)
        application.router.add_get("/api/chart", self._get_chart)

    async def _get_data(self, _: web.Request) -> web.Response:
        return _json(self._state.data.look(self._clock_ns()))

    async def _get_risk(self, _: web.Request) -> web.Response:
        return _json(self._state.risk.look(self._clock_ns()))

    async def _get_reconciliation(self, _: web.Request) -> web.Response:
        return _json(self._state.reconciliation.look(self._clock_ns()))

    async def _get_chart(self, request: web.Request) -> web.Response:
        symbol = request.query.get("symbol", "")
        if not SYMBOL.fullmatch(symbol):
            raise web.HTTPBadRequest(text=f"symbol: expected one such as BTC/USDT, found {symbol[:40]!r}\n")
        since = request.query.get("since_ms", "0")
        if not SINCE.fullmatch(since):
            raise web.HTTPBadRequest(text=f"since_ms: expected milliseconds since 1970, found {since[:40]!r}\n")
        view = self._state.charts.look(symbol, self._clock_ns())
        coarse_ms = COARSE * (view["interval_ms"] or 0)
        return _json(
            view
            | {"candles": _since(view["candles"], int(since)), "coarse": _since(view["coarse"], int(since) - coarse_ms)}
        )


def _since(rows: list[list[float]], since_ms: float) -> list[list[float]]:
    return [row for row in rows if row[0] >= since_ms]


def _json(view: View) -> web.Response:
    return web.Response(body=msgspec.json.encode(view), content_type="application/json")
