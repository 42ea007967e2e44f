"""One WebSocket connection to a venue's market streams that stays: it subscribes, reads, and comes back when lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import aiohttp

from ..kernel.clock import Clock
from ..kernel.identity import Entropy
from .breaker import Breaker
from .market import FrameArrived, MarketWord, SnapshotUnavailable, StreamsClosed, StreamsOpened
from .market_events import ControlEvent, MalformedFrame, StreamEvent
from .stream_protocol import Sequenced, StreamProtocol

CONNECT_TIMEOUT_S = 3.0
"""Until all subscriptions are acknowledged."""
CLOSE_TIMEOUT_S = 0.5
SILENCE_S = 10.0
"""A connection this quiet is taken for dead: live symbols have some frame in that time, or the keepalive its answer."""
SNAPSHOT_DUE_S = 5.0
"""A snapshot that has not come in the stream by then is told to be unavailable; nobody minds where it has."""
SNAPSHOT_MISSING = f"none came in the stream within {SNAPSHOT_DUE_S:.0f} s"
RECONNECT_MIN_S = 0.05
RECONNECT_MAX_S = 5.0
STEADY_S = 10.0
"""A connection that lasted so long was a good one: the next is tried at once."""
READ_AT_ONCE = 50
"""Frames read while nobody else gets to work: what is read but not handled only grows old."""
FRAME_LIMIT = 16 << 20
"""A whole book in one frame is of megabytes."""
EARLY_LIMIT = 50_000
"""Frames that may come before the last acknowledgement."""

OpenSession = Callable[[], Awaitable[aiohttp.ClientSession]]
Socket = aiohttp.ClientWebSocketResponse[Literal[False]]
"""One that leaves texts as bytes."""
Broken = (aiohttp.ClientError, TimeoutError, OSError, TypeError, ValueError)
"""What a connection may fail by; anything else is a fault of ours."""
TEXT_EVERY_S, TEXTS_AT_ONCE = 0.4, 2
"""Who says more than five texts a second, answers to pings among them, is cut off by Binance."""
_TEXTS = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


class StreamConnection:
    """`symbols` over one connection. `breaker` is the venue's: connections share it. Words go to `deliver`."""

    def __init__(
        self,
        protocol: StreamProtocol,
        symbols: tuple[str, ...],
        open_session: OpenSession,
        breaker: Breaker,
        clock: Clock,
        entropy: Entropy,
        deliver: Callable[[MarketWord], object],
    ) -> None:
        self.symbols = symbols
        self.session: aiohttp.ClientSession | None = None
        """While it is open."""
        self._socket: Socket | None = None
        self._protocol = protocol
        self._open_session = open_session
        self._breaker = breaker
        self._clock = clock
        self._entropy = entropy
        self._deliver = deliver
        self._frames = 0
        self._next_number: int | None = None
        self._sending = asyncio.Lock()
        self._said_until_ns = 0
        """When all that was said would have been, at one text every `TEXT_EVERY_S`."""

    async def stay(self) -> None:
        """Never ends by itself; each failure is told as `StreamsClosed`."""
        delay_s = RECONNECT_MIN_S
        while True:
            began_ns = self._clock.monotonic_ns()
            refused = bool(self._breaker.refuse(began_ns))
            reason = "not connecting: too many attempts failed" if refused else await self._live_once()
            self._deliver(StreamsClosed(reason, self.symbols))
            now_ns = self._clock.monotonic_ns()
            if now_ns - began_ns >= STEADY_S * 1e9:
                delay_s = RECONNECT_MIN_S
            await asyncio.sleep(delay_s * (1.0 - 0.3 * self._entropy.jitter()))
            self._breaker.probed(self._clock.monotonic_ns())  # nothing is cheaper to ask than the connection itself
            delay_s = min(delay_s * 2, RECONNECT_MAX_S)

    async def send(self, texts: tuple[str, ...]) -> str:
        """Why they were not sent; empty where they were. They wait for their turn: a connection takes few at a time."""
        try:
            async with self._sending:
                for text in texts:
                    await asyncio.sleep(self._turn_s())
                    if self._socket is None:
                        return "not connected"
                    await self._socket.send_str(text)
        except Broken as error:
            return _tell(error)
        return ""

    def _turn_s(self, texts: int = 1) -> float:
        """How long the next must wait, which then counts as said."""
        now_ns, every_ns = self._clock.monotonic_ns(), round(TEXT_EVERY_S * 1e9)
        begun_ns = max(self._said_until_ns, now_ns)
        self._said_until_ns = begun_ns + texts * every_ns
        return max(0, begun_ns - now_ns - (TEXTS_AT_ONCE - 1) * every_ns) / 1e9

    async def _live_once(self) -> str:
        """Connect, subscribe and read to the end; why it ended."""
        opened = False
        try:
            async with await self._open_session() as session:
                socket, early = await self._subscribe(session)
                opened = True
                self._breaker.heard(self._clock.monotonic_ns(), proven=True)
                self.session, self._socket = session, socket
                await self._listen(socket, early)
            return "the venue closed the connection"
        except Broken as error:
            if not opened:
                self._breaker.heard(self._clock.monotonic_ns(), proven=False)
            return _tell(error)
        finally:
            self.session = self._socket = None

    async def _subscribe(self, session: aiohttp.ClientSession) -> tuple[Socket, list[FrameArrived]]:
        """All of it is acknowledged; with the frames that came meanwhile."""
        wanted, self._next_number = self._protocol.subscribe(self.symbols), None
        limits = aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S)
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            socket = await session.ws_connect(
                wanted.url, max_msg_size=FRAME_LIMIT, compress=0, timeout=limits, decode_text=False
            )
            self._said_until_ns = 0  # of the connection before
            self._turn_s(len(wanted.texts))
            for text in wanted.texts:
                await socket.send_str(text)
            return socket, await self._hear_acknowledgements(socket, wanted.acknowledgements)

    async def _hear_acknowledgements(self, socket: Socket, missing: int) -> list[FrameArrived]:
        early: list[FrameArrived] = []
        while missing > 0:
            message = await socket.receive()
            if message.type not in _TEXTS or len(early) >= EARLY_LIMIT:
                raise aiohttp.ClientError(f"the subscription was not acknowledged: {missing} answers missing")
            self._check_sequence(message.data)
            controls = [event for event in self._events(message.data) if isinstance(event, ControlEvent)]
            for event in controls:
                if event.kind == "refused":
                    raise aiohttp.ClientError(f"the venue refused the subscription: {event.detail}")
                missing -= event.kind == "subscribed"
            if not controls:
                early.append(FrameArrived(message.data, self._clock.now_ns()))
        return early

    def _check_sequence(self, payload: bytes) -> None:
        """Nobody can say of which symbol a message was that is missing: all of them begin anew."""
        if not isinstance(self._protocol, Sequenced) or (number := self._protocol.sequence_of(payload)) is None:
            return
        expected, self._next_number = self._next_number, number + 1
        if expected is not None and number != expected:
            raise aiohttp.ClientError(f"expected message {expected} of the connection, found {number}")

    def _events(self, payload: bytes) -> tuple[StreamEvent, ...]:
        try:
            return self._protocol.decode(payload)
        except MalformedFrame:
            return ()  # who reads the frames counts it

    async def _listen(self, socket: Socket, early: list[FrameArrived]) -> None:
        self._deliver(StreamsOpened(self.symbols))
        for frame in early:
            self._deliver(frame)
        duties = (self._cut_silence(socket), self._keep_alive(), self._expect_snapshots())
        beside = [asyncio.create_task(duty) for duty in duties]
        try:
            await self._read(socket)
        finally:
            for task in beside:
                task.cancel()

    async def _read(self, socket: Socket) -> None:
        deliver, now_ns, receive = self._deliver, self._clock.now_ns, socket.receive
        check = self._check_sequence if isinstance(self._protocol, Sequenced) else None
        while True:
            message = await receive()
            if message.type in _TEXTS:
                self._frames += 1
                if check is not None:
                    check(message.data)
                deliver(FrameArrived(message.data, now_ns()))
                if not self._frames % READ_AT_ONCE:
                    await asyncio.sleep(0)
            elif message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING):
                return
            elif message.type is aiohttp.WSMsgType.ERROR:
                raise aiohttp.ClientError(f"the stream broke: {socket.exception()}")

    async def _cut_silence(self, socket: Socket) -> None:
        """Close a connection on which nothing comes; cheaper than a time-out for every frame."""
        keepalive = self._protocol.keepalive
        limit_s = max(SILENCE_S, 1.5 * keepalive[1]) if keepalive else SILENCE_S
        while True:
            before = self._frames
            await asyncio.sleep(limit_s)
            if self._frames == before:
                await socket.close()

    async def _expect_snapshots(self) -> None:
        """Those that come of subscribing: whose did not come has to be asked for."""
        if self._protocol.snapshots_in_stream:
            await asyncio.sleep(SNAPSHOT_DUE_S)
            for symbol in self.symbols:
                self._deliver(SnapshotUnavailable(symbol, SNAPSHOT_MISSING))

    async def _keep_alive(self) -> None:
        while (keepalive := self._protocol.keepalive) is not None:
            await asyncio.sleep(keepalive[1])
            if await self.send((keepalive[0],)):
                return


def _tell(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
