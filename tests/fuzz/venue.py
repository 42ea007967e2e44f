"""The simulated venue's doors that speak JSON: a market stream's, the WebSocket API's, the public requests', and the
one to its faults."""

import asyncio
import json
from decimal import Decimal
from typing import Any, NamedTuple, cast

from tradigrade.exchanges.simulated.authentication import Authenticator
from tradigrade.exchanges.simulated.desk import Desk
from tradigrade.exchanges.simulated.engine import Engine
from tradigrade.exchanges.simulated.faults import FaultSwitch, read_faults
from tradigrade.exchanges.simulated.outbox import Outbox
from tradigrade.exchanges.simulated.public import CALLS
from tradigrade.exchanges.simulated.requestlog import RequestLog
from tradigrade.exchanges.simulated.rest import read_request
from tradigrade.exchanges.simulated.state import VenueState
from tradigrade.exchanges.simulated.streams import MarketStreams, StreamClient
from tradigrade.exchanges.simulated.userstreams import UserStreams
from tradigrade.exchanges.simulated.weights import OrderCounts, RequestWeight, order_windows
from tradigrade.exchanges.simulated.wsapi import ApiConnection
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

NOW_MS = 1_700_000_000_000
ENOUGH = 10**12


class Refused(Exception):
    """The venue answered with an error."""


class Answers:
    """Takes a connection's place."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def put(self, payload: bytes, after_s: float = 0.0) -> None:
        self.said.append(json.loads(payload))

    def abort(self) -> None:
        raise Refused

    def answered(self) -> bool:
        """Exactly one answer came. Raises Refused where it is an error."""
        said, self.said = self.said, []
        (answer,) = [each for each in said if "subscriptionId" not in each]
        if "error" in answer:
            assert isinstance(answer["error"]["code"], int)
            raise Refused
        return True


class Nowhere:
    def write(self, line: bytes, /) -> object: ...

    def flush(self) -> object: ...


class Venue(NamedTuple):
    desk: Desk
    users: UserStreams


def venue() -> Venue:
    """With an account, and limits that are out of reach."""
    state, switch = VenueState(), FaultSwitch("BTCUSDT")
    users = UserStreams(state, switch)
    engine = Engine(state, list(PAPER_INSTRUMENTS.values()), [], users)
    engine.credit({"USDT": Decimal(10_000), "BTC": Decimal(1)})
    orders = OrderCounts(order_windows(ENOUGH, ENOUGH))
    keys = Authenticator("key", "secret")
    log = RequestLog(Nowhere())
    return Venue(Desk(engine, keys, RequestWeight(ENOUGH), orders, log, lambda: NOW_MS * 1_000_000, switch), users)


class StreamDoor:
    """Every stream is dropped again: the bound on them is no part of this."""

    def __init__(self) -> None:
        self._answers = Answers()
        self._streams = MarketStreams(lambda: None)

    def __call__(self, data: bytes) -> bool:
        client = StreamClient(cast("Outbox", self._answers), combined=False)
        self._streams.handle(client, data.decode(errors="replace"))
        self._streams.drop(client)
        return self._answers.answered()


class ApiDoor:
    """Of a connection that logged on: what is signed would be refused whatever is wrong with it."""

    def __init__(self) -> None:
        self._answers = Answers()
        self._venue = venue()

    def __call__(self, data: bytes) -> bool:
        asyncio.run(self._enter(data)) if not hasattr(self, "_api") else self._api.handle(data.decode(errors="replace"))
        return self._answers.answered()

    async def _enter(self, data: bytes) -> None:
        self._api = ApiConnection(self._venue.desk, self._venue.users, cast("Outbox", self._answers))
        self._api._key = "key"
        self._api.handle(data.decode(errors="replace"))


class PublicDoor:
    """As a request line has it: the name of the call, and its query."""

    def __init__(self) -> None:
        self._desk = venue().desk

    def __call__(self, data: bytes) -> bool:
        name, _, query = data.partition(b"?")
        call = CALLS.get(name.decode(errors="replace"), CALLS["ticker"])
        answer = self._desk.run_public(call, read_request(query).params, "rest")
        if answer.status != 200:
            raise Refused
        return json.dumps(answer.result) != ""


def enter_faults(data: bytes) -> bool:
    return read_faults(data) is not None


def api(method: str, **params: object) -> bytes:
    stamped = params | {"timestamp": NOW_MS}
    return json.dumps({"id": "a", "method": method, "params": stamped}).encode()


ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": 19000}
STREAM_REQUESTS = (
    b'{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@kline_1m"],"id":1}',
    b'{"method":"SET_PROPERTY","params":["combined",true],"id":"a"}',
    b'{"method":"LIST_SUBSCRIPTIONS","id":3}',
)
API_REQUESTS = (
    api("order.test", **ORDER),
    api("account.status"),
    api("allOrders", symbol="BTCUSDT", startTime=1, limit=10),
    b'{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","limit":5}}',
    b'{"id":1,"method":"session.status"}',
)
PUBLIC_REQUESTS = (
    b"klines?symbol=BTCUSDT&interval=1m&startTime=1&endTime=2&limit=3",
    b"depth?symbol=BTCUSDT&limit=5",
    b'ticker?symbols=["BTCUSDT","ETHUSDT"]&windowSize=12h',
    b"ticker/24hr?type=MINI",
    b"aggTrades?symbol=BTCUSDT&fromId=1",
)
FAULT_REQUESTS = (b'{"ban":1,"ban_s":2.0,"symbol":"BTCUSDT"}', b'{"clock_offset_ms":-1500.0,"delay_s":1,"diff_lost":3}')
