"""Direct order entry before the simulated venue over TLS, beside unmodified ccxt; and before a scripted one."""

import asyncio
import contextlib
import datetime
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest
from aiohttp import WSMsgType, web

from tests.exchanges.test_order_params import CASES, intend
from tests.exchanges.test_simulated_venue import SPOT_ONLY, Rig, run_venue
from tradigrade.exchanges.binance.order_wire import BinanceWire, Signer
from tradigrade.exchanges.ccxt_direct import make_entry
from tradigrade.exchanges.ccxt_orders import order_arguments
from tradigrade.exchanges.ccxt_parsing import fills_of_order
from tradigrade.exchanges.limit_watch import LimitWatch
from tradigrade.exchanges.loopback import open_session
from tradigrade.exchanges.order_entry import OrderEntry
from tradigrade.exchanges.rate_budget import RateBudget
from tradigrade.exchanges.retry_after import PAUSE_DEFAULT_S
from tradigrade.exchanges.simulated.tls import ensure_certificate, server_context
from tradigrade.exchanges.venue import IN_FLIGHT_LIMIT, RECONNECT_MIN_S, CancelAnswered, PlaceAnswered
from tradigrade.kernel.clock import ManualClock, SystemClock
from tradigrade.kernel.identity import SystemEntropy
from tradigrade.trading.messages import Terms
from tradigrade.trading.order_events import OrderFilled, OrderIntended

URL = "wss://ws-api.binance.com:443/ws-api/v3"
BTC = "BTCUSDT"
BOUND_S = 10.0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_certificate(tmp_path_factory.mktemp("tls"), datetime.datetime.now(datetime.UTC))


class Words:
    """What an entry said."""

    def __init__(self, entry: OrderEntry) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        entry.listen(self._queue.put_nowait)

    async def next(self) -> Any:
        async with asyncio.timeout(BOUND_S):
            return await self._queue.get()

    @property
    def silent(self) -> bool:
        return self._queue.empty()


def named(client_id: str, *rest: Any, **more: Any) -> OrderIntended:
    intent = intend(*rest, **more)
    return OrderIntended(client_id, *[getattr(intent, name) for name in intent.__struct_fields__[1:]])


async def opened(entry: OrderEntry) -> None:
    async with asyncio.timeout(BOUND_S):
        while not entry.is_open:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def connected(rig: Rig, exchange: Any) -> Any:
    entry = make_entry(exchange, asyncio.get_running_loop(), SystemClock(), SystemEntropy())
    assert entry is not None
    words = Words(entry)
    task = asyncio.create_task(entry.stay_connected(rig.session))
    try:
        await opened(entry)
        yield entry, words
    finally:
        entry.drop()
        task.cancel()


def sent(line: dict[str, Any]) -> dict[str, str]:
    """A request's parameters, without its time."""
    return {name: value for name, value in line["params"].items() if name not in {"timestamp", "returnRateLimits"}}


# -- beside ccxt ------------------------------------------------------------------------------------------------------


def test_the_venue_is_sent_what_ccxt_sends_it(certificate: Path) -> None:
    async def scenario(rig: Any, stack: Any) -> None:
        exchange = await rig.ccxt(stack, options=SPOT_ONLY | {"recvWindow": 2_000})
        await exchange.watch_trades("BTC/USDT")  # the market begins
        async with connected(rig, exchange) as (entry, words):
            for case, (kind, price, terms) in CASES.items():
                if terms.trail_bps or terms.display_amount:
                    continue  # compared by their parameters alone
                theirs, ours, rest = (named(f"{case}-{way}", kind, price, terms) for way in ("ws", "direct", "rest"))
                arguments = order_arguments(theirs)
                params = arguments.params | {"newClientOrderId": theirs.client_id}
                del params["clientOrderId"]
                with contextlib.suppress(ccxt.BaseError):
                    await exchange.create_order_ws(*arguments[:5], params)
                with contextlib.suppress(ccxt.BaseError):
                    await exchange.create_order(*order_arguments(rest))
                entry.place(ours, BTC)
                while not isinstance(await words.next(), PlaceAnswered):
                    pass
                *_, by_ws, by_rest, by_us = (sent(line) for line in rig.lines() if "side" in line["params"])
                same = {"newClientOrderId": "", "apiKey": ""}
                assert by_us | same == by_rest | same, case
                # Over its WebSocket ccxt sends its own unified names along, which Binance does not know.
                known = {name: value for name, value in by_ws.items() if name in by_us or name not in params}
                assert by_us | same == known | same, case

    run_venue(certificate, scenario)


def test_an_order_is_answered_with_its_fills_as_ccxt_reads_them(certificate: Path) -> None:
    async def scenario(rig: Any, stack: Any) -> None:
        exchange = await rig.ccxt(stack)
        await exchange.watch_trades("BTC/USDT")  # the market begins
        async with connected(rig, exchange) as (entry, words):
            intent = named("taken", "market", amount="2.00")
            entry.place(intent, BTC)
            refused = await words.next()
            assert (refused.outcome, refused.code) == ("refused", "InsufficientFunds")
            intent = named("bought", "market", amount="0.01")
            entry.place(intent, BTC)
            done = await words.next()
            assert (done.client_id, done.outcome) == ("bought", "done")
            trades = await exchange.fetch_my_trades("BTC/USDT")
            fills: list[OrderFilled] = [await words.next() for _ in trades]
            order = {"trades": trades, "timestamp": fills[0].at_ns // 10**6}
            assert fills == list(fills_of_order(order, intent))

    run_venue(certificate, scenario)


def test_a_cancel_is_answered_and_a_second_one_refused(certificate: Path) -> None:
    async def scenario(rig: Any, stack: Any) -> None:
        async with connected(rig, await rig.ccxt(stack)) as (entry, words):
            entry.place(named("rests", "limit", "15000"), BTC)
            entry.cancel("rests", BTC)
            assert (await words.next()).outcome == "done"
            assert await words.next() == CancelAnswered("rests", "done")
            entry.cancel("rests", BTC)
            assert (await words.next()).outcome == "refused"
            assert rig.venue.stats()["open_orders"] == 0

    run_venue(certificate, scenario)


@pytest.mark.parametrize(
    ("fault", "outcome", "held"),
    [
        ("place_lost", "unknown", 0),
        ("place_unanswered", "unknown", 1),
        ("place_failed", "unknown", 1),
        ("place_refused", "refused", 0),
        ("request_failed", "unknown", 0),
        ("ban", "refused", 0),
    ],
)
def test_only_proof_refuses_whatever_the_venue_does(certificate: Path, fault: str, outcome: str, held: int) -> None:
    async def scenario(rig: Any, stack: Any) -> None:
        async with connected(rig, await rig.ccxt(stack)) as (entry, words):
            setattr(rig.venue.faults, fault, 1)
            entry.place(named("once", "limit", "15000"), BTC)
            assert (await words.next()).outcome == outcome
            assert rig.venue.stats()["open_orders"] == held
            await asyncio.sleep(0.1)
            assert words.silent
            placed = [line for line in rig.lines() if line["path"] == "order.place"]
            assert len(placed) == (fault != "place_lost"), "an order is sent once"

    run_venue(certificate, scenario)


def test_after_a_cut_it_connects_anew_and_goes_on(certificate: Path) -> None:
    async def scenario(rig: Any, stack: Any) -> None:
        async with connected(rig, await rig.ccxt(stack)) as (entry, words):
            rig.venue.faults.place_unanswered = 1
            entry.place(named("doubt", "limit", "15000"), BTC)
            assert (await words.next()).outcome == "unknown"
            await opened(entry)
            entry.cancel("doubt", BTC)
            assert await words.next() == CancelAnswered("doubt", "done")

    run_venue(certificate, scenario)


# -- before a scripted venue ------------------------------------------------------------------------------------------

Reply = Callable[[dict[str, Any]], "list[Any] | None"]
"""What the venue says to a request: frames; None cuts the connection."""


def done(request: dict[str, Any]) -> dict[str, Any]:
    return {"id": request["id"], "status": 200, "result": {"orderId": 5, "transactTime": 1, "fills": []}}


class Script:
    """A venue that answers as it is told."""

    def __init__(self) -> None:
        self.reply: Reply = lambda request: [done(request)]
        self.asked: list[dict[str, Any]] = []
        self.heard: list[Any] = []
        self.connections = self.knocks = self.refusals = self.pause_s = 0
        self.told: list[tuple[str, str]] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.knocks += 1
        if self.refusals:
            self.refusals -= 1
            return web.Response(status=429, headers={"Retry-After": "7"})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.asked.append(json.loads(message.data))
                if (frames := self.reply(self.asked[-1])) is None:
                    assert request.transport is not None
                    request.transport.abort()
                    break
                for frame in frames:
                    await socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        return socket


def run_script(certificate: Path, scenario: Callable[[Script, OrderEntry, Words], Awaitable[None]]) -> None:
    async def run() -> None:
        script, app = Script(), web.Application()
        app.router.add_get("/ws-api/v3", script.serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(certificate)).start()
        wire = BinanceWire(URL, Signer("key", "secret", 2_000), script.heard.append)
        loop, refused = asyncio.get_running_loop(), lambda *words: script.told.append(words)
        entry = OrderEntry(loop, ManualClock(), SystemEntropy(), wire, lambda: script.pause_s, refused)
        words = Words(entry)
        async with open_session(runner.addresses[0][1], certificate) as session:
            task = asyncio.create_task(entry.stay_connected(session))
            try:
                await opened(entry)
                await scenario(script, entry, words)
            finally:
                entry.drop()
                task.cancel()
                await asyncio.wait([task])
        await runner.cleanup()

    asyncio.run(run())


def test_a_request_is_signed_over_its_parameters_by_name(certificate: Path) -> None:
    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        entry.place(named("signed", "limit", "15000"), BTC)
        await words.next()
        params = script.asked[0]["params"]
        signature = params.pop("signature")
        theirs = ccxt.pro.binance({"apiKey": "key", "secret": "secret", "options": {"recvWindow": 2_000}})
        assert theirs.sign_params(dict(params))["signature"] == signature
        assert (params["apiKey"], params["recvWindow"]) == ("key", 2_000)

    run_script(certificate, scenario)


def wrong(**other: Any) -> Reply:
    return lambda request: [{"id": request["id"], **other}]


@pytest.mark.parametrize(
    "reply",
    [
        wrong(status=200),
        wrong(status=400),
        wrong(status=400, error={"code": -1, "msg": "?"}),
        wrong(status=500, error={"code": -2010, "msg": "?"}),
        wrong(status=200, result={}),
        wrong(status="200", result={"orderId": 5}),
        lambda _: ["{"],
        lambda _: ["[]"],
        lambda _: None,
    ],
    ids=["no result", "no error", "code unknown", "server fault", "result empty", "status text", "cut", "list", "gone"],
)
def test_whatever_is_no_proof_is_unknown(certificate: Path, reply: Reply) -> None:
    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        script.reply = reply
        entry.place(named("doubt", "limit", "15000"), BTC)
        word = await words.next()
        assert (word.client_id, word.outcome) == ("doubt", "unknown")
        assert word.code
        assert word.reason
        assert len(entry) == 0

    run_script(certificate, scenario)


def test_answers_out_of_order_and_of_others_find_only_their_own_requests(certificate: Path) -> None:
    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        held: list[dict[str, Any]] = []

        def reply(request: dict[str, Any]) -> list[Any]:
            held.append(done(request))
            if len(held) < 2:
                return []
            strangers = [{"id": None, "status": 400, "error": {"code": -2010, "msg": ""}}, {"id": "99", "status": 400}]
            return [*strangers, {"event": {"e": "serverShutdown"}}, held[1], held[0], held[0]]

        script.reply = reply
        entry.place(named("first", "limit", "15000"), BTC)
        entry.place(named("second", "limit", "15000"), BTC)
        assert [(await words.next()).client_id for _ in range(2)] == ["second", "first"]
        await asyncio.sleep(0.05)
        assert words.silent

    run_script(certificate, scenario)


def test_without_an_answer_a_request_is_unknown_at_its_deadline(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradigrade.exchanges.order_entry.REQUEST_TIMEOUT_S", 0.1)

    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        script.reply = lambda request: []
        entry.place(named("silent", "limit", "15000"), BTC)
        entry.cancel("other", BTC)
        word = await words.next()
        assert (word.outcome, word.code) == ("unknown", "RequestTimeout")
        assert (await words.next()).outcome == "unknown"

    run_script(certificate, scenario)


def test_it_takes_no_more_than_its_bound(certificate: Path) -> None:
    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        script.reply = lambda request: []
        for number in range(IN_FLIGHT_LIMIT):
            assert entry.is_open
            entry.place(named(f"many-{number}", "limit", "15000"), BTC)
        assert not entry.is_open
        script.reply = lambda request: None
        assert len(entry) == IN_FLIGHT_LIMIT

    run_script(certificate, scenario)


def test_a_venue_that_answers_nothing_readable_is_left_alone_longer_and_longer(certificate: Path) -> None:
    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        script.reply = lambda _: ["?"]
        waits = []
        for number in range(3):
            await opened(entry)
            entry.place(named(f"bad-{number}", "limit", "15000"), BTC)
            await words.next()
            began_s = time.monotonic()
            await opened(entry)
            waits.append(time.monotonic() - began_s)
        assert waits[2] > 2 * waits[0]

    run_script(certificate, scenario)


def test_frames_that_answer_nothing_of_ours_do_not_make_a_connection_good(certificate: Path) -> None:
    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        script.reply = lambda _: [{"event": {"e": "hello"}}, "?"]
        for number in range(3):
            await opened(entry)
            entry.place(named(f"bad-{number}", "limit", "15000"), BTC)
            await words.next()
        await opened(entry)
        assert entry._delay_s >= 8 * RECONNECT_MIN_S
        script.reply = lambda request: [done(request)]
        entry.place(named("good", "limit", "15000"), BTC)
        await words.next()
        assert entry._delay_s == RECONNECT_MIN_S

    run_script(certificate, scenario)


def test_a_connection_that_lived_is_none_that_was_refused(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradigrade.exchanges.order_entry.STABLE_S", 0.05)

    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        entry._delay_s = 0.8
        await asyncio.sleep(0.1)
        script.reply = lambda _: None
        entry.place(named("cut", "limit", "15000"), BTC)
        await words.next()
        assert entry._delay_s <= 2 * RECONNECT_MIN_S

    run_script(certificate, scenario)


def test_while_the_venue_refuses_us_it_is_not_knocked_at(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradigrade.exchanges.order_entry.PAUSE_SEEN_S", 0.02)

    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        script.reply, script.pause_s = lambda _: None, 60
        entry.place(named("cut", "limit", "15000"), BTC)
        await words.next()
        await asyncio.sleep(0.3)
        assert script.knocks == 1
        script.pause_s = 0
        await opened(entry)

    run_script(certificate, scenario)


def test_a_refused_handshake_is_told_with_the_time_that_the_venue_names(certificate: Path) -> None:
    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        script.reply, script.refusals = lambda _: None, 1
        entry.place(named("cut", "limit", "15000"), BTC)
        await words.next()
        await opened(entry)
        assert script.told == [("7", "429 to the orders' connection")]

    run_script(certificate, scenario)


def test_what_refuses_the_connection_pauses_all_who_share_the_budget() -> None:
    for said, wait_s in (("7", 7.0), ("", PAUSE_DEFAULT_S)):
        words: list[Any] = []
        budget, clock = RateBudget(), ManualClock()
        LimitWatch(clock, words.append, budget).hear_refusal(said, "EGeneral:Temporary lockout")
        assert budget.pause_s("market", clock.now_ns()) == wait_s
        assert [word.reason for word in words] == ["EGeneral:Temporary lockout"]


def test_what_an_answer_says_of_limits_is_told(certificate: Path) -> None:
    async def scenario(script: Script, entry: OrderEntry, words: Words) -> None:
        limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6_000, "count": 7}
        script.reply = lambda request: [done(request) | {"rateLimits": [limit]}]
        entry.place(named("counted", "limit", "15000", Terms(post_only=True), amount="1"), BTC)
        await words.next()
        assert [(each.limit, each.count) for each in script.heard[0].rate_limits] == [(6_000, 7)]

    run_script(certificate, scenario)
