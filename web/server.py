"""The console's HTTP server: the page, its data, metrics and health. It only reads, but for the kill switch."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from ..storage.halt import HaltLatch
from .guard import HEADERS, host_allowed, origin_allowed
from .halt_switch import HaltSwitch
from .history import HistoryReader
from .history_pages import HistoryPages
from .metrics import expose, make_registry
from .pages import PAGES, Page, compose
from .state import ConsoleState
from .window_pages import WindowPages

STATIC = Path(__file__).parent / "static"
PERIOD_MIN_S = 0.25
PERIOD_MAX_S = 1.0
"""Without news the view is still pushed this often, because it ages."""
CLIENTS_MAX = 32
SEND_TIMEOUT_S = 2.0
CLOSE_TIMEOUT_S = 1.0
PING_PERIOD_S = 10.0
MESSAGE_BYTES_MAX = 1024
REQUEST_BYTES_MAX = 4096
HALT_PERIOD_S = 0.5
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class AddressFault(Exception):
    """The configured host and port cannot be served: the message says why and what to change."""


class PortTaken(AddressFault):
    """Another program listens there already."""


class _Client:
    """One browser's slot for the newest view: what it is too slow to fetch is replaced, never queued."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._newest = ""
        self._offered = asyncio.Event()

    def offer(self, text: str) -> None:
        self._newest = text
        self._offered.set()

    async def send_forever(self) -> None:
        """Ends only by an error; TimeoutError where the browser does not take a view within `SEND_TIMEOUT_S`."""
        while True:
            await self._offered.wait()
            self._offered.clear()
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send_str(self._newest)

    async def close(self) -> None:
        await self._socket.close(code=WSCloseCode.GOING_AWAY)


class ConsoleServer:
    """Serves `state` as of `clock_ns()`; lives in the event loop in which `state` is folded.

    GET: the `PAGES`, `/static/*`, `/api/state`, those of `WindowPages`, `/api/orders` and `/api/explain` where there is
    a `history`, `/ws`, `/metrics`, `/healthz`. POST, where there is a `latch`: `/api/halt` and `/api/release`, in the
    name of `who`, from this machine and the console's own page only. Requests must name loopback, the host given to
    `start`, or one of `names` in their Host header.
    """

    def __init__(
        self,
        state: ConsoleState,
        clock_ns: Callable[[], int],
        *,
        names: tuple[str, ...] = (),
        history: HistoryReader | None = None,
        latch: HaltLatch | None = None,
        who: str = "the console",
    ) -> None:
        self._state = state
        self._history = history
        self._clock_ns = clock_ns
        self._switch = None if latch is None else HaltSwitch(latch, who, state, clock_ns)
        self._names = frozenset(name.lower() for name in names)
        self._registry = make_registry(state, clock_ns)
        self._clients: set[_Client] = set()
        self._news = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._pusher: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the actual port (`port` 0 takes a free one). Raises AddressFault."""
        assert self._runner is None, "start follows only stop"
        self._names |= {host.lower()}
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            raise _address_fault(host, port, error) from error
        self._runner, self._site = runner, site
        self._watcher = asyncio.create_task(self._watch_halt(), name="console halt")
        self._pusher = asyncio.create_task(self._push_forever(), name="console push")
        return int(runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port, before anything waits so that a successor finds it free, then every connection.

        Does nothing where it does not run.
        """
        if self._runner is None or self._site is None or self._pusher is None or self._watcher is None:
            return
        await self._site.stop()
        tasks = (self._pusher, self._watcher)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *(client.close() for client in self._clients), return_exceptions=True)
        await self._runner.cleanup()
        self._runner = self._site = self._pusher = self._watcher = None

    def notify(self) -> None:
        """Tell that the state changed; pushed to the browsers within `PERIOD_MIN_S`."""
        self._news.set()

    @property
    def fault(self) -> BaseException | None:
        """What ended the pushing of views or the looks at the halt, None while both go on: whoever hosts the server
        should fail with it."""
        ended = (task for task in (self._pusher, self._watcher) if task is not None and task.done())
        return next((task.exception() for task in ended if not task.cancelled()), None)

    # -- pushing ------------------------------------------------------------------------------------------------------

    async def _push_forever(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_MAX_S):  # wait_for may swallow a cancellation
                    await self._news.wait()
            self._news.clear()
            self._push()
            await asyncio.sleep(PERIOD_MIN_S)

    async def _watch_halt(self) -> None:
        while self._switch is not None:
            if await self._switch.look():
                self.notify()
            await asyncio.sleep(HALT_PERIOD_S)

    def _push(self) -> None:
        if self._clients:
            text = self._view_json().decode()
            for client in self._clients:
                client.offer(text)

    def _view_json(self) -> bytes:
        return msgspec.json.encode(self._state.view(self._clock_ns()))

    # -- serving ------------------------------------------------------------------------------------------------------

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._check_host], client_max_size=REQUEST_BYTES_MAX)
        application.on_response_prepare.append(_add_headers)
        for page in PAGES:
            application.router.add_get(page.path, _page_handler(page))
        application.router.add_static("/static", STATIC)
        application.router.add_get("/api/state", self._get_state)
        WindowPages(self._state, self._clock_ns).add_to(application)
        if self._switch is not None:
            self._switch.add_to(application)
        if self._history is not None:
            HistoryPages(self._history, self._state, self._clock_ns).add_to(application)
        application.router.add_get("/ws", self._open_socket)
        application.router.add_get("/metrics", self._get_metrics)
        application.router.add_get("/healthz", self._get_health)
        return application

    @web.middleware
    async def _check_host(self, request: web.Request, handler: Callable[..., object]) -> web.StreamResponse:
        if not host_allowed(request.headers.get("Host", ""), self._names):
            raise web.HTTPMisdirectedRequest(text="this console does not answer to that host name\n")
        return await handler(request)  # type: ignore[misc, no-any-return]  # aiohttp types no handler

    async def _get_state(self, _: web.Request) -> web.Response:
        return web.Response(body=self._view_json(), content_type="application/json")

    async def _get_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=expose(self._registry), headers={"Content-Type": METRICS_TYPE})

    async def _get_health(self, _: web.Request) -> web.Response:
        faults = self._state.faults(self._clock_ns())
        if self.fault is not None:
            faults.append(f"console: pushing ended with {self.fault!r}")
        return web.Response(status=503 if faults else 200, text="\n".join(faults or ["ok"]) + "\n")

    async def _open_socket(self, request: web.Request) -> web.StreamResponse:
        if not origin_allowed(request.headers.get("Origin"), request.headers["Host"]):
            raise web.HTTPForbidden(text="a WebSocket may only be opened by the console's own page\n")
        if len(self._clients) >= CLIENTS_MAX:
            raise web.HTTPServiceUnavailable(text=f"{CLIENTS_MAX} browsers are connected, which is the limit\n")
        socket = web.WebSocketResponse(
            timeout=CLOSE_TIMEOUT_S, heartbeat=PING_PERIOD_S, max_msg_size=MESSAGE_BYTES_MAX, compress=False
        )
        client = _Client(socket)
        self._clients.add(client)
        try:
            await socket.prepare(request)
            client.offer(self._view_json().decode())
            await _serve(request, socket, client)
        finally:
            self._clients.discard(client)
        return socket


def _page_handler(page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    text = compose(page)

    async def get_page(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type="text/html")

    return get_page


async def _serve(request: web.Request, socket: web.WebSocketResponse, client: _Client) -> None:
    """Send until the browser goes. What it says is read and ignored; when it is too slow it is cut off."""
    sender = asyncio.create_task(_send(request, client))
    try:
        async for message in socket:
            assert message.type in (WSMsgType.TEXT, WSMsgType.BINARY)
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


async def _send(request: web.Request, client: _Client) -> None:
    try:
        await client.send_forever()
    except (TimeoutError, ConnectionError):
        if request.transport is not None:
            request.transport.abort()


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _address_fault(host: str, port: int, error: OSError) -> AddressFault:
    if error.errno == errno.EADDRINUSE:
        return PortTaken(
            f"console: port {port} on {host} is taken by another program; stop that or choose another console.port"
        )
    return AddressFault(
        f"console: cannot listen on {host} port {port} ({error.strerror}); change console.host or .port"
    )
