"""The doors of the simulated Kraken over TLS: REST, and the WebSocket's two addresses, told apart by their hosts."""

import json
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from ..doors import DelayedReader, Doors
from ..latency import Latency
from ..records import MAIN
from ..sockets import SocketRules
from ..venue_desk import Answer, Request
from .desk import KrakenDesk, Operation, Parameters
from .errors import UNAVAILABLE, UNKNOWN_METHOD, own
from .executions import AccountFeeds
from .feeds import MarketFeeds
from .operations import OPERATIONS
from .public import ROUTES
from .socket import Connection

RULES = SocketRules(life_s=math.inf, notice_s=math.inf)
"""No connection is ended for its age."""
ACCOUNT_HOST = "ws-auth."
REQUESTS = re.compile(r'"method"\s*:\s*"(add|amend|edit|cancel|batch)_').search


class Server(Doors):
    def __init__(
        self,
        desk: KrakenDesk,
        feeds: MarketFeeds,
        account_feeds: AccountFeeds,
        begin: Callable[[], None],
        *,
        admin: bool,
        latency: Latency,
    ) -> None:
        super().__init__(desk.switch, admin=admin, latency=latency, rules=RULES)
        self._desk, self._feeds, self._account_feeds = desk, feeds, account_feeds
        self._begin = begin

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        for name, route in ROUTES.items():
            router.add_get(f"/0/public/{name}", self._public_handler(route))
        for name, operation in OPERATIONS.items():
            router.add_post(f"/0/private/{name}", self._private_handler(operation))
        router.add_route("*", "/0/{rest:.*}", self._unknown)
        router.add_get("/v2", self._serve_socket)

    def _public_handler(self, route: Callable[[KrakenDesk, Parameters], Any]) -> Any:
        async def handle(request: web.Request) -> web.Response:
            await self._travel(self._way_in)
            return await self._respond(request, self._desk.run_public(route, dict(request.query)))

        return handle

    def _private_handler(self, operation: Operation) -> Any:
        async def handle(request: web.Request) -> web.Response:
            body, desk = await request.read(), self._desk
            params = _parameters(request.content_type, body)

            def authenticate() -> int:
                key, sign = request.headers.get("API-Key"), request.headers.get("API-Sign")
                desk.authenticator.check(key, sign, request.path, body, params.get("nonce", ""))
                return MAIN

            asked = Request(request.method, request.path, params, authenticate)
            return await self._respond(request, await self._run(desk, operation, asked))

        return handle

    async def _unknown(self, request: web.Request) -> web.Response:
        return await self._respond(request, Answer(refusal=own(UNKNOWN_METHOD, 404)))

    def _written(self, answer: Answer) -> web.Response:
        body: dict[str, Any] = {"error": [answer.error] if answer.refusal else []}
        if answer.refusal is None:
            body["result"] = answer.result
        return web.Response(body=msgspec.json.encode(body), status=answer.status, content_type="application/json")

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        account, fires = request.host.startswith(ACCOUNT_HOST), self._switch.fires
        if fires("maintenance") or (not account and fires("streams_down")):
            return await self._respond(request, Answer(refusal=own(UNAVAILABLE, 503)))
        async with self.sockets.open(request) as opened:
            connection = Connection(
                self._desk, self._feeds, self._account_feeds, opened.outbox, self._begin, account=account
            )
            reader = DelayedReader(self._switch, REQUESTS, connection.handle)
            try:
                await opened.read(reader.read)
            finally:
                reader.close()
                connection.close()
            return opened.socket


def _parameters(content_type: str, body: bytes) -> dict[str, str]:
    """Of a form or a JSON object; none where the body is neither."""
    if content_type != "application/json":
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    try:
        said = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return {}
    return dict(_flat(said)) if isinstance(said, dict) else {}


def _flat(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """As a form would put it: what is nested is named by its way in brackets."""
    for name, value in said.items():
        inner = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(inner, dict):
            yield from _flat({f"{name}[{each}]": part for each, part in inner.items()})
        else:
            yield str(name), str(value).lower() if isinstance(value, bool) else str(value)
