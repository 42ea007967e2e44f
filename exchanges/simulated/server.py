"""The venue's doors over TLS: REST, market streams and the WebSocket API, told apart by their paths."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from .desk import Answer, Desk, PublicCall, Request
from .errors import OUT_OF_ORDER
from .faults import FaultsRefused, read_faults
from .latency import Latency, Way
from .operation import Operation
from .operations import BY_ROUTE
from .public import BY_PATH
from .rest import read_request
from .sockets import POLICY_VIOLATION, Connection, SocketRules, Sockets
from .streams import MarketStreams, MessageCount, StreamClient, shutdown_notice
from .userstreams import UserStreams
from .wsapi import ApiConnection

BODY_MAX_BYTES = 64 * 1024
FIRST_DEPTH_WAIT_S = 1.0
POLL_S = 0.01


class Server:
    """The request handlers; `application` binds them to their paths. `admin` opens the door to the faults."""

    def __init__(
        self,
        desk: Desk,
        streams: MarketStreams,
        users: UserStreams,
        *,
        admin: bool,
        latency: Latency,
        rules: SocketRules,
    ) -> None:
        self._desk = desk
        self._streams = streams
        self._users = users
        self._admin = admin
        self._way_in, self._way_out = Way(latency, "in"), Way(latency, "out")
        self.sockets = Sockets(rules, self._way_in, self._way_out)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_MAX_BYTES)
        for path, call in BY_PATH.items():
            app.router.add_get(path, self._public_handler(path, call))
        for (method, path), operation in (BY_ROUTE | self._desk.own_routes).items():
            app.router.add_route(method, path, self._signed_handler(path, operation))
        app.router.add_get("/sapi/v1/system/status", self._tell_status)
        for path in ("/stream", "/stream/{name:.*}", "/ws", "/ws/{name:.*}"):
            app.router.add_get(path, self._serve_streams)
        app.router.add_get("/ws-api/v3", self._serve_api)
        if self._admin:
            app.router.add_post("/admin/faults", self._set_faults)
            app.router.add_get("/admin/faults", self._show_faults)
        app.on_shutdown.append(self._close_sockets)
        return app

    # -- requests -------------------------------------------------------------------------------------------------

    def _public_handler(self, path: str, call: PublicCall) -> Any:
        async def handle(request: web.Request) -> web.Response:
            params = read_request(_query_of(request)).params
            if path.endswith("/depth"):
                await self._first_depth(params.get("symbol", ""))
            await self._travel(self._way_in)
            return await self._respond(request, self._desk.run_public(call, params, "rest"))

        return handle

    def _signed_handler(self, path: str, operation: Operation) -> Any:
        async def handle(request: web.Request) -> web.Response:
            params, signed = read_request(_query_of(request), await request.read())
            key = request.headers.get("X-MBX-APIKEY")
            await self._travel(self._way_in)
            if self._desk.switch.fires("request_delayed"):
                await asyncio.sleep(self._desk.faults.delay_s)
            answer = self._desk.run(operation, Request(request.method, path, params, key, signed))
            return await self._respond(request, answer)

        return handle

    async def _travel(self, way: Way) -> None:
        if not way.is_off:
            await asyncio.sleep(way.draw_s())

    async def _first_depth(self, symbol: str) -> None:
        """A snapshot from before the first published diff bridges to no diff: wait for one, but not for long."""
        market = self._desk.engine.markets.get(symbol)
        waits = int(FIRST_DEPTH_WAIT_S / POLL_S) if self._streams.clients else 0
        for _ in range(waits):
            if market is None or market.last_update_id:
                return
            await asyncio.sleep(POLL_S)

    async def _respond(self, request: web.Request, answer: Answer) -> web.Response:
        if answer.lost and request.transport is not None:
            request.transport.abort()
        if answer.late_s:
            await asyncio.sleep(answer.late_s)
        await self._travel(self._way_out)
        body = msgspec.json.encode(answer.body)
        headers = self._desk.headers_of(answer)
        return web.Response(body=body, status=answer.status, headers=headers, content_type="application/json")

    async def _tell_status(self, _: web.Request) -> web.Response:
        closed = self._desk.faults.maintenance > 0
        return web.json_response({"status": int(closed), "msg": "system_maintenance" if closed else "normal"})

    # -- connections ----------------------------------------------------------------------------------------------

    async def _serve_streams(self, request: web.Request) -> web.StreamResponse:
        if self._desk.switch.fires("maintenance") or self._desk.switch.fires("streams_down"):
            return await self._respond(request, Answer.of(OUT_OF_ORDER))
        notice = shutdown_notice(self._desk.now_ms)
        async with self.sockets.open(request, notice) as connection:
            client = StreamClient(connection.outbox, request.path == "/stream")
            count = MessageCount(lambda: _close_for_messages(connection), asyncio.get_running_loop().time)
            try:
                if named := _streams_in(request):
                    self._streams.subscribe(client, named)
                await connection.read(lambda text: self._streams.handle(client, text), count.add)
            finally:
                self._streams.drop(client)
            return connection.socket

    async def _serve_api(self, request: web.Request) -> web.StreamResponse:
        if self._desk.switch.fires("maintenance"):
            return await self._respond(request, Answer.of(OUT_OF_ORDER))
        notice = b'{"event":%b}' % shutdown_notice(self._desk.now_ms)
        async with self.sockets.open(request, notice) as connection:
            api = ApiConnection(self._desk, self._users, connection.outbox)
            try:
                await connection.read(api.handle)
            finally:
                api.close()
            return connection.socket

    async def _close_sockets(self, _: web.Application) -> None:
        self.sockets.close()

    # -- faults ---------------------------------------------------------------------------------------------------

    async def _set_faults(self, request: web.Request) -> web.Response:
        try:
            self._desk.faults = read_faults(await request.read())
        except FaultsRefused as error:
            return web.json_response({"code": -1100, "msg": str(error)}, status=400)
        return web.json_response(msgspec.to_builtins(self._desk.faults))

    async def _show_faults(self, _: web.Request) -> web.Response:
        switch = self._desk.switch
        return web.json_response({"faults": msgspec.to_builtins(switch.faults), "fired": dict(switch.fired)})


def _close_for_messages(connection: Connection) -> None:
    connection.outbox.close(POLICY_VIOLATION, "Too many requests")


def _query_of(request: web.Request) -> bytes:
    """As it was sent: a parsed and re-encoded one need not be what was signed."""
    return request.raw_path.partition("?")[2].encode(errors="surrogateescape")


def _streams_in(request: web.Request) -> list[str]:
    """The streams which the URL itself names: `/ws/btcusdt@trade`, `/stream?streams=a/b`."""
    names = request.query.get("streams", "") or request.match_info.get("name", "")
    return [name for name in names.split("/") if "@" in name or name.startswith("!")]
