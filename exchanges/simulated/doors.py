"""What the doors of the venue's faces share: how requests travel, how connections live, and the door to the faults."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from .faults import FaultsRefused, FaultSwitch, read_faults
from .latency import Latency, Way
from .sockets import SocketRules, Sockets
from .venue_desk import Answer, Request, VenueDesk

BODY_MAX_BYTES = 64 * 1024


class Doors:
    """Base of a face's request handlers; `admin` opens the door to the faults."""

    def __init__(self, switch: FaultSwitch, *, admin: bool, latency: Latency, rules: SocketRules) -> None:
        self._switch = switch
        self._admin = admin
        self._way_in, self._way_out = Way(latency, "in"), Way(latency, "out")
        self.sockets = Sockets(rules, self._way_in, self._way_out)

    def application(self) -> web.Application:
        """The handlers bound to their paths."""
        app = web.Application(client_max_size=BODY_MAX_BYTES)
        self._add_routes(app.router)
        if self._admin:
            app.router.add_post("/admin/faults", self._set_faults)
            app.router.add_get("/admin/faults", self._show_faults)
        app.on_shutdown.append(self._close_sockets)
        return app

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        raise NotImplementedError

    def _written(self, answer: Answer) -> web.Response:
        """As the protocol puts it."""
        raise NotImplementedError

    async def _run(self, desk: VenueDesk[Any], operation: Any, request: Request) -> Answer:
        await self._travel(self._way_in)
        if self._switch.fires("request_delayed"):
            await asyncio.sleep(self._switch.faults.delay_s)
        return desk.run(operation, request)

    async def _respond(self, request: web.Request, answer: Answer) -> web.Response:
        if answer.lost and request.transport is not None:
            request.transport.abort()
        if answer.late_s:
            await asyncio.sleep(answer.late_s)
        await self._travel(self._way_out)
        return self._written(answer)

    async def _travel(self, way: Way) -> None:
        if not way.is_off:
            await asyncio.sleep(way.draw_s())

    async def _close_sockets(self, _: web.Application) -> None:
        self.sockets.close()

    async def _set_faults(self, request: web.Request) -> web.Response:
        try:
            self._switch.faults = read_faults(await request.read())
        except FaultsRefused as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(msgspec.to_builtins(self._switch.faults))

    async def _show_faults(self, _: web.Request) -> web.Response:
        switch = self._switch
        return web.json_response({"faults": msgspec.to_builtins(switch.faults), "fired": dict(switch.fired)})


class DelayedReader:
    """Hands over what a connection sends, in order: a request that a fault delays delays what follows it."""

    def __init__(self, switch: FaultSwitch, is_request: Callable[[str], object], handle: Callable[[str], None]) -> None:
        self._switch, self._is_request, self._handle = switch, is_request, handle
        self._held: list[str] = []
        self._loop = asyncio.get_running_loop()

    def read(self, text: str) -> None:
        if self._held:
            self._held.append(text)
        elif self._is_request(text) and self._switch.fires("request_delayed"):
            self._held.append(text)
            self._loop.call_later(self._switch.faults.delay_s, self._hand_over)
        else:
            self._handle(text)

    def close(self) -> None:
        self._held.clear()

    def _hand_over(self) -> None:
        held, self._held = self._held, []
        for text in held:
            self._handle(text)
