"""The bare floor of the hot path: what any Python client must do, with no system in between."""

import asyncio
import hmac
import json
import time

import aiohttp
import msgspec
import uvloop

from tradigrade.actors.credentials import Credentials
from tradigrade.exchanges.binance.protocol import STREAM_URL

from .hot_path_doors import Doors, SentOrders
from .hot_path_frames import SCHEDULE_S, SYMBOLS, TRIGGERS, find_due_times
from .hot_path_strategy import TRIGGER_SIZE

ORDER_URL = "wss://ws-api.binance.com:443/ws-api/v3"
LATE_S = 10.0


class _Frame(msgspec.Struct):
    s: str
    t: int = 0
    q: str = ""


class _Answer(msgspec.Struct):
    status: int


_decode = msgspec.json.Decoder(_Frame).decode
_read_answer = msgspec.json.Decoder(_Answer).decode
_encode = msgspec.json.Encoder().encode


def measure_floor(doors: Doors, credentials: Credentials) -> list[tuple[int, int]]:
    """As `measure_trader`, with nothing but aiohttp on uvloop: read and decode frames, sign and send orders."""
    sent = SentOrders()
    uvloop.run(_trade(doors, credentials, sent))
    sent_ns = {_trade_of(client_id): at_ns for client_id, at_ns in sent.times_ns().items()}
    return sorted((due_ns, sent_ns[trade] - due_ns) for trade, due_ns in find_due_times(sent_ns).items())


def _trade_of(client_id: str) -> tuple[str, int]:
    symbol, _, trade_id = client_id.partition("-")
    return symbol, int(trade_id)


async def _trade(doors: Doors, credentials: Credentials, sent: SentOrders) -> None:
    async with doors.open_session(doors.frames_port) as market, doors.open_session(doors.venue_port) as venue:
        sent.watch(venue)
        orders = await venue.ws_connect(doors.spell(ORDER_URL), compress=0)
        frames = await market.ws_connect(doors.spell(STREAM_URL), compress=0)
        names = [f"{symbol.replace('/', '').lower()}@trade" for symbol in SYMBOLS]
        await frames.send_str(json.dumps({"method": "SUBSCRIBE", "params": names, "id": 1}))
        await frames.receive()
        answers = asyncio.create_task(_read(orders))
        end_s = time.monotonic() + SCHEDULE_S + LATE_S
        while len(sent) < TRIGGERS and time.monotonic() < end_s:
            frame = _decode((await frames.receive(LATE_S)).data)
            if frame.q == TRIGGER_SIZE:
                await orders.send_frame(_make_order(credentials, frame), aiohttp.WSMsgType.TEXT)
        answers.cancel()


def _make_order(credentials: Credentials, frame: _Frame) -> bytes:
    params = {
        "apiKey": credentials.api_key,
        "newClientOrderId": f"{frame.s}-{frame.t}",
        "quantity": "0.001",
        "recvWindow": "2000",
        "side": "BUY",
        "symbol": frame.s,
        "timestamp": str(time.time_ns() // 1_000_000),
        "type": "MARKET",
    }
    text = "&".join([f"{name}={value}" for name, value in params.items()])
    params["signature"] = hmac.digest(credentials.api_secret.encode(), text.encode(), "sha256").hex()
    return _encode({"id": str(frame.t), "method": "order.place", "params": params})


async def _read(orders: aiohttp.ClientWebSocketResponse) -> None:
    """Every answer must be that of an order that was taken."""
    async for message in orders:
        answer = _read_answer(message.data)
        if answer.status != 200:
            raise RuntimeError(f"expected every order to be taken, found {message.data!r}")
