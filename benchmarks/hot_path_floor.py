"""The bare floor of the hot path: what any Python client must do, with no system in between."""

import asyncio
import hmac
import json
import time

import aiohttp
import msgspec
import uvloop

from tradigrade.actors.credentials import Credentials
from tradigrade.exchanges.binance.streams import STREAM_URL

from .hot_path_doors import Doors, SentOrders
from .hot_path_frames import SCHEDULE_S, TRIGGERS
from .hot_path_strategy import TRIGGER_SIZE

ORDER_URL = "https://api.binance.com/api/v3/order"
LATE_S = 10.0


class _Frame(msgspec.Struct):
    s: str
    t: int = 0
    q: str = ""


_decode = msgspec.json.Decoder(_Frame).decode


def measure_floor(doors: Doors, credentials: Credentials) -> list[tuple[int, int]]:
    """As `measure_trader`, with nothing but aiohttp on uvloop: read and decode frames, sign and send orders."""
    sent = SentOrders()
    uvloop.run(_trade(doors, credentials, sent))
    return sorted((int(due_ns), at_ns - int(due_ns)) for due_ns, at_ns in sent.times_ns().items())


async def _trade(doors: Doors, credentials: Credentials, sent: SentOrders) -> None:
    async with doors.open_session(doors.frames_port) as market, doors.open_session(doors.venue_port) as venue:
        sent.watch(venue)
        frames = await market.ws_connect(doors.spell(STREAM_URL), compress=0)
        await frames.send_str(json.dumps({"method": "SUBSCRIBE", "params": [], "id": 1}))
        await frames.receive()
        end_s = time.monotonic() + SCHEDULE_S + LATE_S
        async with asyncio.TaskGroup() as orders:
            while len(sent) < TRIGGERS and time.monotonic() < end_s:
                frame = _decode((await frames.receive(LATE_S)).data)
                if frame.q == TRIGGER_SIZE:
                    orders.create_task(_place(venue, doors.spell(ORDER_URL), credentials, frame))


async def _place(venue: aiohttp.ClientSession, url: str, credentials: Credentials, frame: _Frame) -> None:
    order = f"symbol={frame.s}&side=BUY&type=MARKET&quantity=0.001&newClientOrderId={frame.t}"
    query = f"{order}&recvWindow=2000&timestamp={time.time_ns() // 1_000_000}"
    signature = hmac.new(credentials.api_secret.encode(), query.encode(), "sha256").hexdigest()
    headers = {"X-MBX-APIKEY": credentials.api_key, "Content-Type": "application/x-www-form-urlencoded"}
    async with venue.post(url, data=f"{query}&signature={signature}".encode(), headers=headers) as answer:
        await answer.read()
        answer.raise_for_status()
