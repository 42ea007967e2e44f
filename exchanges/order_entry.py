"""Direct order entry at a venue: one persistent WebSocket, from the intent to the socket without a wait."""

import asyncio
import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol

import aiohttp
from aiohttp import WSMsgType

from ..kernel.clock import Clock
from ..kernel.identity import Entropy
from ..trading.order_events import OrderIntended
from .retry_after import PAUSE_SEEN_S
from .venue import (
    IN_FLIGHT_LIMIT,
    RECONNECT_MAX_S,
    RECONNECT_MIN_S,
    REQUEST_TIMEOUT_S,
    CancelAnswered,
    PlaceAnswered,
    VenueWord,
)

HEARTBEAT_S = 10.0
STABLE_S = 10.0
"""A connection that lived so long was none that the venue refuses."""
LIMITED = (418, 429)
"""What it answers who comes too often."""
ANSWER_MAX_BYTES = 1 << 20
CANCEL_TIMEOUT_S = 1.0
"""Twice does no harm: a cancel that is not answered by then is left to another way."""


class Answer(Protocol):
    """One frame of the venue. Without a number of ours it answers nothing that we asked."""

    @property
    def id(self) -> str | int | None: ...


class Wire(Protocol):
    """How one venue spells requests and reads answers. Requests are numbered from 1."""

    url: str

    async def greet(self) -> bytes:
        """What a connection begins with; empty where with nothing. Raises OSError where there is none to be had."""
        ...

    def place(self, number: int, intent: OrderIntended, venue_symbol: str, now_ns: int) -> bytes:
        """Raises ValueError for an order that the venue cannot be asked for."""
        ...

    def cancel(self, number: int, client_id: str, venue_symbol: str, now_ns: int) -> bytes:
        """Raises ValueError for an id that the venue cannot hold."""
        ...

    def read(self, payload: bytes) -> Answer:
        """Raises ValueError or RecursionError for what is no answer, and for one that ends the connection."""
        ...

    def placed(self, intent: OrderIntended, answer: Any) -> list[VenueWord]:
        """What the answer to an order says."""
        ...

    def cancelled(self, client_id: str, answer: Any) -> CancelAnswered:
        """`refused` only where the venue says that it has no such open order: all else leaves it to another way."""
        ...

    def ends(self, answer: Any) -> bool:
        """Whether the connection is of no use after this answer."""
        ...


class _Request(NamedTuple):
    """One under way: an order has its intent, a cancel has none."""

    client_id: str
    intent: OrderIntended | None
    deadline: asyncio.TimerHandle


class OrderEntry:
    """One account's orders and cancels. Every request that was handed over is answered exactly once, within
    `REQUEST_TIMEOUT_S`, and never sent again: what no answer proves is unknown. Without a connection nothing is taken.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        entropy: Entropy,
        wire: Wire,
        pause_s: Callable[[], float] = lambda: 0.0,
        limited: Callable[[str, str], object] = lambda _retry_after, _reason: None,
    ) -> None:
        """`pause_s` says how long the venue is to be left alone; `limited` is told that it wants that of us."""
        self._pause_s = pause_s
        self._limited = limited
        self._loop = loop
        self._clock = clock
        self._entropy = entropy
        self._wire = wire
        self._socket: aiohttp.ClientWebSocketResponse[Literal[False]] | None = None
        self._waiting: dict[str, _Request] = {}
        self._requests = 0
        self._delay_s = RECONNECT_MIN_S
        self._deliver: Callable[[VenueWord], object] = lambda _: None

    def listen(self, deliver: Callable[[VenueWord], object]) -> None:
        self._deliver = deliver

    def __len__(self) -> int:
        """Requests under way."""
        return len(self._waiting)

    @property
    def is_open(self) -> bool:
        """Whether a request would be handed to the venue's connection now."""
        return self._socket is not None and not self._socket.closed and len(self._waiting) < IN_FLIGHT_LIMIT

    # -- requests -----------------------------------------------------------------------------------------------------

    def place(self, intent: OrderIntended, venue_symbol: str) -> None:
        """Sent when this returns. To be called only where `is_open`."""
        try:
            frame = self._wire.place(self._requests + 1, intent, venue_symbol, self._clock.now_ns())
        except ValueError as error:
            self._deliver(PlaceAnswered(intent.client_id, "refused", code="NOT_SENT", reason=str(error)))
            return
        self._send(frame, intent.client_id, intent, REQUEST_TIMEOUT_S)

    def cancel(self, client_id: str, venue_symbol: str) -> None:
        """As `place`."""
        try:
            frame = self._wire.cancel(self._requests + 1, client_id, venue_symbol, self._clock.now_ns())
        except ValueError as error:  # under that id nothing was ever sent
            self._deliver(CancelAnswered(client_id, "refused", str(error)))
            return
        self._send(frame, client_id, None, CANCEL_TIMEOUT_S)

    def _send(self, frame: bytes, client_id: str, intent: OrderIntended | None, within_s: float) -> None:
        self._requests += 1
        number, fault = str(self._requests), ""
        try:
            self._write(frame)
        except (aiohttp.ClientError, OSError) as error:
            fault = f"{type(error).__name__}: {error}"
        finally:  # whatever became of the frame, which need not wait for this: no answer is read before we return
            deadline = self._loop.call_later(within_s, self._give_up, number, "RequestTimeout", "no answer in time")
            self._waiting[number] = _Request(client_id, intent, deadline)
        if fault:
            self._give_up(number, "NetworkError", fault)

    def _write(self, frame: bytes) -> None:
        """The frame is with the transport once this coroutine was begun; it then only waits where too much lies there,
        which the bound of requests under way sees to."""
        assert self._socket is not None, "expected a connection: `is_open` says whether there is one"
        sending = self._socket.send_frame(frame, WSMsgType.TEXT)
        try:
            sending.send(None)
        except StopIteration:
            return
        sending.close()

    def drop(self) -> None:
        """Requests under way stay unanswered."""
        for request in self._waiting.values():
            request.deadline.cancel()
        self._waiting.clear()

    # -- answers ------------------------------------------------------------------------------------------------------

    def _answered(self, answer: Answer) -> None:
        request = self._waiting.pop(str(answer.id), None)
        if request is None:
            return  # of one that was given up, or of none: it proves nothing of ours
        self._delay_s = RECONNECT_MIN_S
        request.deadline.cancel()
        if request.intent is None:
            self._deliver(self._wire.cancelled(request.client_id, answer))
            return
        for word in self._wire.placed(request.intent, answer):
            self._deliver(word)

    def _give_up(self, number: str, code: str, reason: str) -> None:
        """Its outcome is in doubt."""
        if (request := self._waiting.pop(number, None)) is None:
            return
        request.deadline.cancel()
        if request.intent is None:
            self._deliver(CancelAnswered(request.client_id, "unknown", f"{code}: {reason}"[:300]))
        else:
            self._deliver(PlaceAnswered(request.client_id, "unknown", code=code, reason=reason[:300]))

    # -- the connection -----------------------------------------------------------------------------------------------

    async def stay_connected(self, session: aiohttp.ClientSession) -> None:
        """For ever, with back-off and jitter; not while the venue refuses us. A connection that answers none of our
        requests, and does not last, counts as a failure."""
        while True:
            while pause_s := self._pause_s():  # noqa: ASYNC110 - another process may have been told
                await asyncio.sleep(min(pause_s, PAUSE_SEEN_S))
            reason = "the connection was dropped"
            try:
                reason = await self._converse(session)
            finally:
                for number in tuple(self._waiting):
                    self._give_up(number, "NetworkError", reason)
            await asyncio.sleep(self._delay_s * (1.0 - 0.3 * self._entropy.jitter()))
            self._delay_s = min(self._delay_s * 2, RECONNECT_MAX_S)

    async def _converse(self, session: aiohttp.ClientSession) -> str:
        """One connection's life; returns why it ended."""
        began_s = math.inf
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                greeting = await self._wire.greet()
                socket = await session.ws_connect(
                    self._wire.url, compress=0, heartbeat=HEARTBEAT_S, max_msg_size=ANSWER_MAX_BYTES, decode_text=False
                )
            async with socket:
                if greeting:
                    await socket.send_frame(greeting, WSMsgType.TEXT)
                self._socket, began_s = socket, self._loop.time()
                async for message in socket:
                    if message.type is not WSMsgType.TEXT:
                        continue
                    answer = self._wire.read(message.data)
                    self._answered(answer)
                    if self._wire.ends(answer):
                        self._socket = None
                        return "the venue does not know the connection any more"
            return f"the connection was closed: {socket.close_code}"
        except aiohttp.WSServerHandshakeError as error:
            if error.status in LIMITED:
                retry_after = "" if error.headers is None else error.headers.get("Retry-After", "")
                self._limited(retry_after, f"{error.status} to the orders' connection")
            return f"{type(error).__name__}: {error}"
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, RecursionError) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            self._socket = None
            if self._loop.time() - began_s > STABLE_S:
                self._delay_s = RECONNECT_MIN_S
