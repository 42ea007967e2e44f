"""The doors of the simulated Kraken over TLS: REST, and the WebSocket's two addresses, told apart by their hosts."""

import asyncio
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import WSMsgType, web

from ..faults import Faults
from ..outbox import Outbox
from .desk import Answer, KrakenDesk, Operation, Parameters
from .errors import UNAVAILABLE, UNKNOWN_METHOD
from .executions import AccountFeeds
from .feeds import MarketFeeds
from .private import OPERATIONS
from .public import ROUTES
from .socket import Connection

BODY_MAX_BYTES = 64 * 1024
PING_PERIOD_S = 20.0
ACCOUNT_HOST = "ws-auth."
REQUESTS = re.compile(r'"method"\s*:\s*"(add|cancel)_').search
SECRETS = ("nonce", "token")
"""What the request log does not show."""


class Server:
    """The request handlers; `application` binds them to their paths. `admin` opens the door to the faults."""

    def __init__(
        self,
        desk: KrakenDesk,
        feeds: MarketFeeds,
        account_feeds: AccountFeeds,
        begin: Callable[[], None],
        *,
        admin: bool,
    ) -> None:
        self._desk, self._feeds, self._account_feeds = desk, feeds, account_feeds
        self._begin, self._admin = begin, admin
        self._sockets: set[web.WebSocketResponse] = set()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_MAX_BYTES)
        for name, route in ROUTES.items():
            app.router.add_get(f"/0/public/{name}", self._public_handler(route))
        for name, operation in OPERATIONS.items():
            app.router.add_post(f"/0/private/{name}", self._private_handler(operation))
        app.router.add_route("*", "/0/{rest:.*}", self._unknown)
        app.router.add_get("/v2", self._serve_socket)
        if self._admin:
            app.router.add_post("/admin/faults", self._set_faults)
            app.router.add_get("/admin/faults", self._show_faults)
        app.on_shutdown.append(self._close_sockets)
        return app

    def _public_handler(self, route: Callable[[KrakenDesk, Parameters], Any]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            return _respond(self._desk.run_public(route, dict(request.query)))

        return handle

    def _private_handler(self, operation: Operation) -> Any:
        async def handle(request: web.Request) -> web.Response:
            body, desk = await request.read(), self._desk
            params = _parameters(request.content_type, body)
            nonce = params.get("nonce", "")

            def authenticate() -> None:
                key, sign = request.headers.get("API-Key"), request.headers.get("API-Sign")
                desk.authenticator.check(key, sign, request.path, body, nonce)

            if desk.switch.fires("request_delayed"):
                await asyncio.sleep(desk.faults.delay_s)
            shown = {name: value for name, value in params.items() if name not in SECRETS}
            answer = desk.run(operation, request.method, request.path, shown, authenticate)
            if answer.lost and request.transport is not None:
                request.transport.abort()
            if answer.late_s:
                await asyncio.sleep(answer.late_s)
            return _respond(answer)

        return handle

    async def _unknown(self, _: web.Request) -> web.Response:
        return _respond(Answer(UNKNOWN_METHOD, None, 404))

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        account, fires = request.host.startswith(ACCOUNT_HOST), self._desk.switch.fires
        if fires("maintenance") or (not account and fires("streams_down")):
            return _respond(Answer(UNAVAILABLE, None, 503))
        socket = web.WebSocketResponse(heartbeat=PING_PERIOD_S, compress=False, max_msg_size=BODY_MAX_BYTES)
        await socket.prepare(request)
        self._sockets.add(socket)
        async with Outbox(request, socket) as outbox:
            connection = Connection(self._desk, self._feeds, self._account_feeds, outbox, self._begin, account=account)
            try:
                async for message in socket:
                    if message.type is WSMsgType.TEXT:
                        if REQUESTS(message.data) and fires("request_delayed"):
                            await asyncio.sleep(self._desk.faults.delay_s)
                        connection.handle(message.data)
            finally:
                connection.close()
                self._sockets.discard(socket)
        return socket

    async def _close_sockets(self, _: web.Application) -> None:
        for socket in tuple(self._sockets):
            await socket.close(code=1001, message=b"the venue stops")

    async def _set_faults(self, request: web.Request) -> web.Response:
        try:
            self._desk.faults = msgspec.json.decode(await request.read(), type=Faults)
        except msgspec.DecodeError as error:
            return web.json_response({"error": [str(error)]}, status=400)
        return await self._show_faults(request)

    async def _show_faults(self, _: web.Request) -> web.Response:
        switch = self._desk.switch
        return web.json_response({"faults": msgspec.to_builtins(switch.faults), "fired": dict(switch.fired)})


def _parameters(content_type: str, body: bytes) -> dict[str, str]:
    """Of a form or a JSON object; none where the body is neither."""
    if content_type != "application/json":
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    try:
        said = json.loads(body, parse_float=Decimal)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in said.items()} if isinstance(said, dict) else {}


def _respond(answer: Answer) -> web.Response:
    body: dict[str, Any] = {"error": [answer.error] if answer.error else []}
    if not answer.error:
        body["result"] = answer.result
    return web.Response(body=msgspec.json.encode(body), status=answer.status, content_type="application/json")
