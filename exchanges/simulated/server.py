"""The venue's doors over TLS: REST, market streams and the WebSocket API, told apart by their paths."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from .desk import Desk, PublicCall
from .doors import DelayedReader, Doors
from .errors import OUT_OF_ORDER, RETIRED, TOO_MANY_CONNECTIONS
from .latency import Latency
from .operation import Operation
from .operations import BY_ROUTE
from .public import BY_PATH
from .rest import read_request
from .sockets import CONNECTIONS_SPAN_S, POLICY_VIOLATION, Allowance, Connection, SocketRules
from .streams import MESSAGES_MAX, MESSAGES_SPAN_S, MarketStreams, StreamClient, shutdown_notice
from .userstreams import UserStreams
from .venue_desk import Answer
from .wsapi import ApiConnection

FIRST_DEPTH_WAIT_S = 1.0
POLL_S = 0.01


class Server(Doors):
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
        super().__init__(desk.switch, admin=admin, latency=latency, rules=rules)
        self._desk = desk
        self._streams = streams
        self._users = users
        self._stream_connections = Allowance(rules.connections_per_5_min, CONNECTIONS_SPAN_S)
        self._api_connections = Allowance(rules.connections_per_5_min, CONNECTIONS_SPAN_S)

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        for path, call in BY_PATH.items():
            router.add_get(path, self._public_handler(path, call))
        for (method, path), operation in (BY_ROUTE | self._desk.own_routes).items():
            router.add_route(method, path, self._signed_handler(path, operation))
        router.add_get("/sapi/v1/system/status", self._tell_status)
        for path in ("/stream", "/stream/{name:.*}", "/ws", "/ws/{name:.*}"):
            router.add_get(path, self._serve_streams)
        router.add_get("/ws-api/v3", self._serve_api)
        router.add_route("*", "/api/v3/userDataStream", self._retired)

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
            asked = self._desk.signed(request.method, path, params, key, signed)
            return await self._respond(request, await self._run(self._desk, operation, asked))

        return handle

    async def _first_depth(self, symbol: str) -> None:
        """A snapshot from before the first published diff bridges to no diff: wait for one, but not for long."""
        market = self._desk.engine.markets.get(symbol)
        waits = int(FIRST_DEPTH_WAIT_S / POLL_S) if self._streams.clients else 0
        for _ in range(waits):
            if market is None or market.last_update_id:
                return
            await asyncio.sleep(POLL_S)

    def _written(self, answer: Answer) -> web.Response:
        body = msgspec.json.encode(answer.result if answer.refusal is None else answer.refusal.body())
        headers = self._desk.headers_of(answer)
        return web.Response(body=body, status=answer.status, headers=headers, content_type="application/json")

    async def _retired(self, request: web.Request) -> web.Response:
        """Listen keys: an account's stream comes over the WebSocket API instead."""
        return await self._respond(request, Answer(refusal=RETIRED))

    async def _tell_status(self, _: web.Request) -> web.Response:
        closed = self._desk.faults.maintenance > 0
        return web.json_response({"status": int(closed), "msg": "system_maintenance" if closed else "normal"})

    # -- connections ----------------------------------------------------------------------------------------------

    async def _serve_streams(self, request: web.Request) -> web.StreamResponse:
        if self._switch.fires("maintenance") or self._switch.fires("streams_down"):
            return await self._respond(request, Answer(refusal=OUT_OF_ORDER))
        if not self._stream_connections.spend(asyncio.get_running_loop().time()):
            return await self._respond(request, Answer(refusal=TOO_MANY_CONNECTIONS))
        notice = shutdown_notice(self._desk.now_ms)
        async with self.sockets.open(request, notice) as connection:
            client = StreamClient(connection.outbox, request.path == "/stream")
            messages = Allowance(MESSAGES_MAX, MESSAGES_SPAN_S)
            try:
                if named := _streams_in(request):
                    self._streams.subscribe(client, named)
                await connection.read(
                    lambda text: self._streams.handle(client, text), lambda: _count_message(connection, messages)
                )
            finally:
                self._streams.drop(client)
            return connection.socket

    async def _serve_api(self, request: web.Request) -> web.StreamResponse:
        if self._switch.fires("maintenance"):
            return await self._respond(request, Answer(refusal=OUT_OF_ORDER))
        if not self._api_connections.spend(asyncio.get_running_loop().time()):
            return await self._respond(request, Answer(refusal=TOO_MANY_CONNECTIONS))
        notice = b'{"event":%b}' % shutdown_notice(self._desk.now_ms)
        async with self.sockets.open(request, notice) as connection:
            api = ApiConnection(self._desk, self._users, connection.outbox)
            reader = DelayedReader(self._switch, lambda text: '"signature"' in text, api.handle)
            try:
                await connection.read(reader.read)
            finally:
                reader.close()
                api.close()
            return connection.socket


def _count_message(connection: Connection, messages: Allowance) -> None:
    if not messages.spend(asyncio.get_running_loop().time()):
        connection.outbox.close(POLICY_VIOLATION, "Too many requests")


def _query_of(request: web.Request) -> bytes:
    """As it was sent: a parsed and re-encoded one need not be what was signed."""
    return request.raw_path.partition("?")[2].encode(errors="surrogateescape")


def _streams_in(request: web.Request) -> list[str]:
    """The streams which the URL itself names: `/ws/btcusdt@trade`, `/stream?streams=a/b`."""
    names = request.query.get("streams", "") or request.match_info.get("name", "")
    return [name for name in names.split("/") if "@" in name or name.startswith("!")]
