"""The venue's doors over TLS: REST, market streams and the WebSocket API, told apart by their paths."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import WSMsgType, web

from .authentication import signed_bytes
from .desk import Answer, Desk, Request
from .errors import OUT_OF_ORDER
from .faults import Faults
from .operations import BY_ROUTE, Operation
from .outbox import Outbox
from .public import BY_PATH, PublicCall
from .streams import MarketStreams, StreamClient
from .userstreams import UserStreams
from .wsapi import ApiConnection

BODY_MAX_BYTES = 64 * 1024
PING_PERIOD_S = 20.0
FIRST_DEPTH_WAIT_S = 1.0
POLL_S = 0.01


class Server:
    """The request handlers; `application` binds them to their paths. `admin` opens the door to the faults."""

    def __init__(self, desk: Desk, streams: MarketStreams, users: UserStreams, admin: bool) -> None:
        self._desk = desk
        self._streams = streams
        self._users = users
        self._admin = admin
        self._sockets: set[web.WebSocketResponse] = set()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_MAX_BYTES)
        for path, route in BY_PATH.items():
            app.router.add_get(path, self._public_handler(path, route))
        for (method, path), operation in BY_ROUTE.items():
            app.router.add_route(method, path, self._signed_handler(path, operation))
        for path in ("/stream", "/stream/{name:.*}", "/ws", "/ws/{name:.*}"):
            app.router.add_get(path, self._serve_streams)
        app.router.add_get("/ws-api/v3", self._serve_api)
        if self._admin:
            app.router.add_post("/admin/faults", self._set_faults)
        app.on_shutdown.append(self._close_sockets)
        return app

    def _public_handler(self, path: str, route: PublicCall) -> Any:
        async def handle(request: web.Request) -> web.Response:
            params = dict(request.query)
            if path.endswith("/depth"):
                await self._first_depth(params.get("symbol", ""))
                if self._desk.switch.fires("snapshot_lost"):
                    return self._respond(Answer.of(OUT_OF_ORDER))
            answer = self._desk.run_public(lambda: route.run(self._desk, params), route.weigh(params))
            return self._respond(answer)

        return handle

    def _signed_handler(self, path: str, operation: Operation) -> Any:
        async def handle(request: web.Request) -> web.Response:
            # The query as it was sent: a parsed and re-encoded one need not be what was signed.
            query, body = request.raw_path.partition("?")[2].encode(), await request.read()
            raw = b"&".join(part for part in (query, body) if part)
            params = dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True))
            signed = signed_bytes(query) + signed_bytes(body)
            key = request.headers.get("X-MBX-APIKEY")
            if self._desk.switch.fires("request_delayed"):
                await asyncio.sleep(self._desk.faults.delay_s)
            answer = self._desk.run(operation, Request(request.method, path, params, key, signed))
            if answer.lost and request.transport is not None:
                request.transport.abort()
            return self._respond(answer)

        return handle

    async def _first_depth(self, symbol: str) -> None:
        """A snapshot from before the first published diff bridges to no diff: wait for one, but not for long."""
        market = self._desk.engine.markets.get(symbol)
        waits = int(FIRST_DEPTH_WAIT_S / POLL_S) if self._streams.clients else 0
        for _ in range(waits):
            if market is None or market.last_update_id:
                return
            await asyncio.sleep(POLL_S)

    def _respond(self, answer: Answer) -> web.Response:
        headers = {"X-MBX-USED-WEIGHT-1M": str(self._desk.weight.used)}
        if answer.status in (418, 429):
            headers["Retry-After"] = str(self._desk.weight.seconds_left(self._desk.clock_ns()))
        body = msgspec.json.encode(answer.body)
        return web.Response(body=body, status=answer.status, headers=headers, content_type="application/json")

    async def _serve_streams(self, request: web.Request) -> web.WebSocketResponse:
        socket = await self._open(request)
        combined = request.path == "/stream"
        async with Outbox(request, socket) as outbox:
            client = StreamClient(outbox, combined)
            try:
                if named := _streams_in(request):
                    self._streams.subscribe(client, named)
                async for message in socket:
                    if message.type is WSMsgType.TEXT:
                        self._streams.handle(client, message.data)
            finally:
                self._streams.drop(client)
                self._sockets.discard(socket)
        return socket

    async def _serve_api(self, request: web.Request) -> web.WebSocketResponse:
        socket = await self._open(request)
        async with Outbox(request, socket) as outbox:
            connection = ApiConnection(self._desk, self._users, outbox)
            try:
                async for message in socket:
                    if message.type is WSMsgType.TEXT:
                        if '"signature"' in message.data and self._desk.switch.fires("request_delayed"):
                            await asyncio.sleep(self._desk.faults.delay_s)
                        connection.handle(message.data)
            finally:
                connection.close()
                self._sockets.discard(socket)
        return socket

    async def _open(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=PING_PERIOD_S, compress=False, max_msg_size=BODY_MAX_BYTES)
        await socket.prepare(request)
        self._sockets.add(socket)
        return socket

    async def _close_sockets(self, _: web.Application) -> None:
        for socket in tuple(self._sockets):
            await socket.close(code=1001, message=b"the venue stops")

    async def _set_faults(self, request: web.Request) -> web.Response:
        try:
            self._desk.faults = msgspec.json.decode(await request.read(), type=Faults)
        except msgspec.DecodeError as error:
            return web.json_response({"code": -1100, "msg": str(error)}, status=400)
        return web.json_response(msgspec.to_builtins(self._desk.faults))


def _streams_in(request: web.Request) -> list[str]:
    """The streams which the URL itself names: `/ws/btcusdt@trade`, `/stream?streams=a/b`."""
    names = request.query.get("streams", "") or request.match_info.get("name", "")
    return [name for name in names.split("/") if "@" in name]
