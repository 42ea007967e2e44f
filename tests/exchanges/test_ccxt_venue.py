"""The venue port before the simulated venue over TLS: orders go one way only, the direct one while it is open."""

import asyncio
import datetime
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest
from msgspec.structs import replace

from tests.exchanges.test_order_params import intend
from tests.exchanges.test_simulated_venue import SPOT_ONLY, Rig, run_venue
from tradigrade.exchanges.ccxt_dialect import Dialect
from tradigrade.exchanges.ccxt_requests import CcxtRequests
from tradigrade.exchanges.ccxt_venue import CcxtVenue
from tradigrade.exchanges.limit_watch import LimitWatch
from tradigrade.exchanges.loopback import open_session
from tradigrade.exchanges.simulated.tls import ensure_certificate
from tradigrade.exchanges.venue import (
    CancelAnswered,
    PlaceAnswered,
    RateLimited,
    SwitchAnswered,
    VenueClosed,
    VenueOpened,
)
from tradigrade.exchanges.venue_clock import VenueClock
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.identity import SystemEntropy
from tradigrade.trading.order_events import OrderFilled, OrderIntended

BOUND_S = 10.0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_certificate(tmp_path_factory.mktemp("tls"), datetime.datetime.now(datetime.UTC))


class Port:
    """A `CcxtVenue` and its words."""

    def __init__(self, rig: Rig, certificate: Path) -> None:
        self.words: list[Any] = []
        self.rig, self.connections = rig, 0

        async def connect() -> Any:
            self.connections += 1
            self.session = open_session(rig.port, certificate)
            settings = {"apiKey": "key", "secret": "secret", "enableRateLimit": False, "session": self.session}
            return ccxt.pro.binance(settings | {"options": SPOT_ONLY | {"recvWindow": 2_000}}), self.session

        loop = asyncio.get_running_loop()
        self.venue = CcxtVenue(loop, SystemClock(), SystemEntropy(), ("BTC/USDT",), connect)
        self.venue.open(self.words.append)

    async def until(self, kind: Any, **fields: Any) -> Any:
        """The first word of that kind which has these fields; it is taken out."""
        async with asyncio.timeout(BOUND_S):
            while True:
                for word in self.words:
                    if isinstance(word, kind) and all(getattr(word, name) == value for name, value in fields.items()):
                        self.words.remove(word)
                        return word
                await asyncio.sleep(0.005)

    async def direct(self, *, is_open: bool = True) -> None:
        async with asyncio.timeout(BOUND_S):
            while (self.venue._direct("BTC/USDT") is not None) != is_open:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    def ways(self, client_id: str) -> list[tuple[str, str]]:
        """How requests that name an order came."""
        ids = ("newClientOrderId", "origClientOrderId")
        lines = [line for line in self.rig.lines() if client_id in [line["params"].get(name) for name in ids]]
        return [(line["method"], line["path"]) for line in lines]

    def place(self, client_id: str, *order: Any, **more: Any) -> None:
        intent = intend(*order, **more)
        self.venue.place(replace(intent, client_id=client_id, at_ns=SystemClock().now_ns()))


def run(certificate: Path, scenario: Callable[[Port], Awaitable[None]], **options: Any) -> None:
    async def with_port(rig: Any, _: Any) -> None:
        await (await rig.session.ws_connect("wss://stream.binance.com:9443/ws/btcusdt@trade")).receive()
        port = Port(rig, certificate)
        try:
            await port.until(VenueOpened)
            await scenario(port)
        finally:
            port.venue.close()
            await asyncio.sleep(0)
            await port.session.close()

    run_venue(certificate, with_port, **options)


def test_orders_and_cancels_go_the_direct_way_while_it_is_open(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        await port.direct()
        port.place("rests", "limit", "15000")
        await port.until(PlaceAnswered, client_id="rests", outcome="done")
        port.venue.cancel("rests", "BTC/USDT")
        await port.until(CancelAnswered, client_id="rests", outcome="done")
        assert port.ways("rests") == [("WS", "order.place"), ("WS", "order.cancel")]

    run(certificate, scenario)


def test_without_the_direct_way_ccxt_sends(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        await port.direct()
        assert port.venue._entry is not None
        port.venue._entry._socket = None  # lost, and not yet there again
        port.place("rests", "limit", "15000")
        await port.until(PlaceAnswered, client_id="rests", outcome="done")
        port.venue.cancel("rests", "BTC/USDT")
        await port.until(CancelAnswered, client_id="rests", outcome="done")
        assert port.ways("rests") == [("POST", "/api/v3/order"), ("DELETE", "/api/v3/order")]

    run(certificate, scenario)


@pytest.mark.parametrize("direct", [True, False])
def test_both_ways_tell_the_same_fills(certificate: Path, direct: bool) -> None:
    async def scenario(port: Port) -> None:
        await port.direct()
        assert port.venue._entry is not None
        port.venue._entry._socket = port.venue._entry._socket if direct else None
        port.place("taken", "market", amount="0.01")
        await port.until(PlaceAnswered, client_id="taken", outcome="done")
        fill: OrderFilled = await port.until(OrderFilled, client_id="taken")
        told = await port.until(OrderFilled, client_id="taken")  # the private stream's
        assert replace(fill, at_ns=0) == replace(told, at_ns=0)
        assert abs(fill.at_ns - told.at_ns) < 2_000_000

    run(certificate, scenario)


def test_a_lost_answer_is_unknown_and_the_order_is_not_sent_by_the_other_way(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        await port.direct()
        port.rig.venue.faults.place_unanswered = 1
        port.place("doubt", "limit", "15000")
        assert (await port.until(PlaceAnswered, client_id="doubt")).outcome == "unknown"
        await port.direct()
        assert port.ways("doubt") == [("WS", "order.place")]
        assert not [word for word in port.words if isinstance(word, VenueClosed)], "the private stream stands"

    run(certificate, scenario)


def test_when_the_private_stream_breaks_what_was_under_way_is_unknown(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        await port.direct()
        port.rig.venue.faults.account_cut = 1
        await port.until(VenueClosed)
        port.place("closed", "limit", "15000")
        refused = await port.until(PlaceAnswered, client_id="closed")
        assert (refused.outcome, refused.code) == ("refused", "NOT_SENT")
        await port.until(VenueOpened)
        await port.direct()
        port.place("again", "limit", "15000")
        await port.until(PlaceAnswered, client_id="again", outcome="done")

    run(certificate, scenario)


def test_what_comes_too_late_is_not_sent(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        await port.direct()
        late: OrderIntended = replace(intend("limit", "15000"), at_ns=SystemClock().now_ns() - 500_000_000)
        port.venue.place(late)
        assert "late" in (await port.until(PlaceAnswered, code="NOT_SENT")).reason
        assert port.ways(late.client_id) == []

    run(certificate, scenario)


def test_near_the_venues_limit_only_cancels_leave(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        await port.direct()
        port.place("first", "limit", "15000")
        await port.until(PlaceAnswered, client_id="first", outcome="done")
        for number in range(100):
            port.place(f"more-{number}", "limit", "15000", amount="0.001")
        await port.until(RateLimited)
        refused = await port.until(PlaceAnswered, outcome="refused")
        assert refused.code == "NOT_SENT"
        port.venue.cancel("first", "BTC/USDT")
        await port.until(CancelAnswered, client_id="first", outcome="done")
        assert not [line for line in port.rig.lines() if line["code"] == -1003], "the venue never had to refuse"

    run(certificate, scenario, weight_limit=100)


class Switching:
    """Of ccxt's exchange what a dead-man switch needs."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.asked = error, list[int]()

    async def cancel_all_orders_after(self, timeout_ms: int) -> None:
        self.asked.append(timeout_ms)
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(None, "done"), (ccxt.NetworkError("gone"), "unknown"), (ccxt.BadRequest("no"), "refused")],
)
def test_the_dead_man_switch_is_set_in_milliseconds_and_its_answer_judged(error: Any, outcome: str) -> None:
    exchange = Switching(error)
    clock = SystemClock()
    dialect, limits = Dialect(exchange, lambda _: None), LimitWatch(clock, lambda _: None)
    requests = CcxtRequests(exchange, dialect, clock, VenueClock(clock), limits)
    (word,) = asyncio.run(requests.arm(15.0))
    assert isinstance(word, SwitchAnswered)
    assert (word.timeout_s, word.outcome, exchange.asked) == (15.0, outcome, [15_000])
