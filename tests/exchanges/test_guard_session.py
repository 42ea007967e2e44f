"""The guard's own client before a scripted venue over TLS: every request becomes a word, whatever is answered."""

import asyncio
import datetime
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from tradigrade.exchanges.guard_rest import REQUESTS_LIMIT
from tradigrade.exchanges.guard_session import OTHERS_PAUSE_MAX_S, BinanceGuard
from tradigrade.exchanges.loopback import open_session
from tradigrade.exchanges.rate_budget import RateBudget
from tradigrade.exchanges.simulated.tls import ensure_certificate, server_context
from tradigrade.kernel.clock import ManualClock
from tradigrade.trading.guard_events import CancelDone, GuardFailed, OpenOrder, OpenOrdersSeen

ORDER = OpenOrder("BTCUSDT", "5", "tgmain-1-5", "LIMIT")
ROW = {"symbol": "BTCUSDT", "orderId": 5, "clientOrderId": "tgmain-1-5", "type": "LIMIT", "price": "1.0"}
Answer = Callable[[web.Request], web.Response]


def reply(body: Any, status: int = 200, **headers: str) -> Answer:
    return lambda _: web.Response(body=json.dumps(body), status=status, headers=headers)


def refusal(code: int, status: int = 400, **headers: str) -> Answer:
    return reply({"code": code, "msg": "no"}, status, **headers)


class Rig:
    """The client, what the venue is to answer next, what it was asked, and the words that came of it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.answers: list[Answer] = []
        self.asked: list[web.Request] = []
        self.words: asyncio.Queue[Any] = asyncio.Queue()
        self.budget = RateBudget()
        self.guard: BinanceGuard

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return self.answers.pop(0)(request)

    async def word(self) -> Any:
        async with asyncio.timeout(10):
            return await self.words.get()


def run(folder: Path, scenario: Callable[[Rig], Awaitable[None]], symbols: tuple[str, ...] = ()) -> None:
    async def serve() -> None:
        rig = Rig()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", rig.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        certificate = ensure_certificate(folder, datetime.datetime.now(datetime.UTC))
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server_context(certificate)).start()
        port = runner.addresses[0][1]
        loop = asyncio.get_running_loop()
        opener = lambda: open_session(port, certificate)  # noqa: E731
        rig.guard = BinanceGuard(loop, rig.clock, "key", "secret", opener, symbols, rig.budget)
        rig.guard.open(rig.words.put_nowait)
        try:
            await scenario(rig)
        finally:
            rig.guard.close()
            await asyncio.sleep(0)
            await runner.cleanup()

    asyncio.run(serve())


def test_a_look_is_signed_over_the_very_bytes_it_sends(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.answers = [reply([ROW, {**ROW, "orderId": 6, "type": "STOP_LOSS"}])]
        rig.guard.look(3)
        stop = OpenOrder("BTCUSDT", "6", "tgmain-1-5", "STOP_LOSS")
        assert await rig.word() == OpenOrdersSeen(3, (ORDER, stop))
        (request,) = rig.asked
        query, _, signature = request.raw_path.partition("?")[2].partition("&signature=")
        assert signature == hmac.new(b"secret", query.encode(), hashlib.sha256).hexdigest()
        assert request.headers["X-MBX-APIKEY"] == "key"
        assert request.query["timestamp"] == str(rig.clock.now_ns() // 1_000_000)
        assert (request.method, request.path) == ("GET", "/api/v3/openOrders")

    run(tmp_path, scenario)


def test_between_looks_at_all_symbols_only_ours_are_looked_at_for_they_weigh_less(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.answers = [reply([ROW])] * 20
        weights = 0
        for number in range(1, 31):  # half a minute of looks, one a second
            rig.asked.clear()
            rig.answers = [reply([ROW])] * 2
            rig.guard.look(number)
            assert len((await rig.word()).orders) == len(rig.asked)
            weights += sum(6 if "symbol" in request.query else 80 for request in rig.asked)
            symbols = {request.query.get("symbol") for request in rig.asked}
            assert symbols == ({None} if number in (1, 16) else {"BTCUSDT", "ETHUSDT"})
            rig.clock.advance(1.0)
        assert 2 * weights < 1_200

    run(tmp_path, scenario, ("BTCUSDT", "ETHUSDT"))


def test_many_symbols_are_looked_at_together(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        for number in (1, 2):
            rig.answers = [reply([])]
            rig.guard.look(number)
            assert await rig.word() == OpenOrdersSeen(number, ())

    run(tmp_path, scenario, tuple(f"C{number}USDT" for number in range(14)))


def test_a_cancel_names_the_order_by_the_venues_id(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.answers = [reply(ROW)]
        rig.guard.cancel(ORDER)
        assert await rig.word() == CancelDone("5")
        (request,) = rig.asked
        assert (request.method, request.path) == ("DELETE", "/api/v3/order")
        assert (request.query["symbol"], request.query["orderId"]) == ("BTCUSDT", "5")

    run(tmp_path, scenario)


def test_an_order_that_is_not_open_any_more_counts_as_cancelled(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.answers = [refusal(-2011)]
        rig.guard.cancel(ORDER)
        assert await rig.word() == CancelDone("5")

    run(tmp_path, scenario)


def test_a_refusal_says_when_to_come_again(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.answers = [refusal(-1003, 429, **{"Retry-After": "7"})]
        rig.guard.cancel(ORDER)
        word = await rig.word()
        assert isinstance(word, GuardFailed)
        assert (word.venue_id, word.retry_s) == ("5", 7.0)
        assert "429" in word.reason
        assert "-1003" in word.reason

    run(tmp_path, scenario)


def test_a_pause_it_was_told_is_kept_to_its_end_and_told_to_all(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.answers = [refusal(-1003, 418, **{"Retry-After": "259200"}), reply([])]
        rig.guard.look(1)
        assert (await rig.word()).retry_s == 259_200.0
        assert rig.budget.pause_s("order", rig.clock.now_ns()) == 259_200.0
        rig.clock.advance(259_199)
        rig.guard.look(2)
        assert "not asked" in (await rig.word()).reason
        rig.clock.advance(1)
        rig.guard.look(3)
        assert await rig.word() == OpenOrdersSeen(3, ())
        assert len(rig.asked) == 2

    run(tmp_path, scenario)


def test_a_pause_that_others_were_told_is_kept_for_a_while_and_then_seen_for_itself(tmp_path: Path) -> None:
    """A fault of the executor's way to the venue must not keep the guard from its work."""

    async def scenario(rig: Rig) -> None:
        now_ns = rig.clock.now_ns()
        rig.budget.pause(now_ns + 3_600 * 10**9, now_ns)
        rig.guard.look(1)
        assert (await rig.word()).retry_s == OTHERS_PAUSE_MAX_S
        rig.clock.advance(OTHERS_PAUSE_MAX_S)
        rig.answers = [reply([ROW]), reply({**ROW, "status": "CANCELED"})]
        rig.guard.look(2)
        assert await rig.word() == OpenOrdersSeen(2, (ORDER,))
        rig.guard.cancel(ORDER)
        assert await rig.word() == CancelDone("5")

    run(tmp_path, scenario)


def test_a_clock_that_is_off_is_corrected_by_the_venues(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        venue_ms = rig.clock.now_ns() // 1_000_000 + 60_000
        rig.answers = [refusal(-1021), reply({"serverTime": venue_ms}), reply([])]
        rig.guard.look(1)
        assert isinstance(await rig.word(), GuardFailed)
        rig.guard.look(2)
        assert await rig.word() == OpenOrdersSeen(2, ())
        assert rig.asked[-1].query["timestamp"] == str(venue_ms)

    run(tmp_path, scenario)


def test_an_answer_of_another_form_proves_nothing(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        for body in ({}, [{**ROW, "orderId": "5"}], [{"symbol": "BTCUSDT"}], None):
            rig.answers = [reply(body)]
            rig.guard.look(4)
            word = await rig.word()
            assert isinstance(word, GuardFailed), body
            assert word.number == 4
        rig.answers = [lambda _: web.Response(body=b"<html>", status=502)]
        rig.guard.look(5)
        assert "502" in (await rig.word()).reason

    run(tmp_path, scenario)


def test_a_lost_connection_is_told_and_the_next_request_has_a_new_one(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        def abort(request: web.Request) -> web.Response:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        rig.answers = [abort] * 3 + [reply([])] * 2
        rig.guard.look(1)
        word = await rig.word()
        assert isinstance(word, GuardFailed)
        rig.answers = [reply([])]
        rig.guard.look(2)
        assert await rig.word() == OpenOrdersSeen(2, ())

    run(tmp_path, scenario)


def test_requests_beyond_the_bound_fail_before_they_are_sent(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.answers = [reply([])] * REQUESTS_LIMIT
        for number in range(1, REQUESTS_LIMIT + 2):
            rig.guard.look(number)
        words = [await rig.word() for _ in range(REQUESTS_LIMIT + 1)]
        refused = [word for word in words if isinstance(word, GuardFailed)]
        assert [word.number for word in refused] == [REQUESTS_LIMIT + 1]
        assert len(rig.asked) == REQUESTS_LIMIT

    run(tmp_path, scenario)
