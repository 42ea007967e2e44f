"""Trading on Kraken's protocol while the venue fails: cancels behind a lost answer, nonces, limits, every fault."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.exchanges.test_kraken_trading import PREFIX, Port, our_id, run
from tests.exchanges.test_kraken_venue import BTC, SECRET, Rig, certificate, run_venue
from tradigrade.config.settings import Settings, VenueSettings
from tradigrade.config.topology import RECEIVE_WINDOW_MS, lost_after_s
from tradigrade.exchanges.kraken.client_ids import ClientIds
from tradigrade.exchanges.kraken.counters import CALLS_DECAY_PER_S, CALLS_MAX, LOOKS_SHARE, Counter
from tradigrade.exchanges.kraken.dialect import KrakenDialect
from tradigrade.exchanges.kraken.guard import KrakenGuard
from tradigrade.exchanges.kraken.order_wire import DEADLINE_MS
from tradigrade.exchanges.kraken.private_requests import LOOK_ROOM
from tradigrade.exchanges.loopback import open_session
from tradigrade.exchanges.simulated.kraken.limits import Limits
from tradigrade.exchanges.venue import (
    SEND_WITHIN_S,
    CancelAnswered,
    EvidenceAsked,
    OrderReported,
    PlaceAnswered,
    SwitchAnswered,
)
from tradigrade.kernel.clock import SystemClock
from tradigrade.trading.guard_events import CancelDone, OpenOrdersSeen

assert certificate  # a fixture of the venue's tests
LATE_S = 0.3


async def placed(port: Port, sequence: int) -> str:
    mine = our_id(sequence)
    port.place(mine, "limit", "15000")
    await port.until(PlaceAnswered, client_id=mine, outcome="done")
    return mine


def test_a_cancel_waits_for_no_look_whose_answer_does_not_come(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        mine = await placed(port, 1)
        faults = port.rig.venue.faults
        faults.delay_s, faults.request_delayed = 2.0, 1
        port.venue.gather(EvidenceAsked(9, (BTC,), {}, {}, {}))
        while faults.request_delayed:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        began = time.monotonic()
        port.venue.cancel(mine, BTC)
        await port.until(CancelAnswered, client_id=mine, outcome="done")
        assert time.monotonic() - began < 1.0

    run(certificate, scenario)


def test_a_cancel_goes_by_rest_where_the_account_stream_is_silent(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        mine = await placed(port, 9)
        faults = port.rig.venue.faults
        faults.delay_s, faults.request_delayed = 2.5, 1
        began = time.monotonic()
        port.venue.cancel(mine, BTC)
        await port.until(CancelAnswered, client_id=mine, outcome="done")
        assert time.monotonic() - began < 2.0
        assert port.rig.lines()[-1]["path"] == "/0/private/CancelOrder"

    run(certificate, scenario)


CANCELS = {
    "cancel_lost": (1, "done", False),
    "cancel_lost both ways": (2, "unknown", True),
    "cancel_unanswered": (1, "refused", False),
    "cancel_refused": (1, "refused", True),
    "cancel_late": (1, "done", False),
}
"""How often, what is told at last, and whether the order still stands."""


@pytest.mark.parametrize("fault", CANCELS)
def test_what_becomes_of_a_cancel_is_told_as_far_as_it_is_proven(certificate: Path, fault: str) -> None:
    times, outcome, stays = CANCELS[fault]

    async def scenario(port: Port) -> None:
        mine = await placed(port, 2)
        port.rig.venue.faults.delay_s = LATE_S
        setattr(port.rig.venue.faults, fault.split(maxsplit=1)[0], times)
        port.venue.cancel(mine, BTC)
        assert (await port.until(CancelAnswered, client_id=mine)).outcome == outcome
        assert bool(port.rig.venue.stats()["open_orders"]) == stays

    run(certificate, scenario)


def test_a_cancel_of_what_is_not_open_is_refused(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        port.venue.cancel(our_id(3), BTC)
        answer = await port.until(CancelAnswered)
        assert (answer.outcome, answer.reason) == ("refused", "EOrder:Unknown order")

    run(certificate, scenario)


def test_the_dead_man_switch_leaves_nothing_behind_in_the_connection(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        port.venue.arm(15.0)
        await port.until(SwitchAnswered, outcome="done")
        (client,) = [each for url, each in port.exchange.clients.items() if url.endswith("/v2")]
        assert not [name for name in (*client.subscriptions, *client.futures) if str(name).isdecimal()]

    run(certificate, scenario)


def test_an_order_answered_late_was_reported_before(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        port.rig.venue.faults.delay_s, port.rig.venue.faults.place_late = LATE_S, 1
        port.place(our_id(5), "limit", "15000")
        await port.until(OrderReported, client_id=our_id(5), state="open")
        assert not [word for word in port.words if isinstance(word, PlaceAnswered)]
        assert (await port.until(PlaceAnswered)).outcome == "done"

    run(certificate, scenario)


def test_an_order_waits_for_no_look_whose_answer_does_not_come(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        faults = port.rig.venue.faults
        faults.delay_s, faults.request_delayed = 2.0, 1
        port.venue.gather(EvidenceAsked(9, (BTC,), {}, {}, {}))
        while faults.request_delayed:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        began = time.monotonic()
        await placed(port, 8)
        assert time.monotonic() - began < 1.0

    run(certificate, scenario)


def test_an_id_that_cannot_be_spelled_here_was_never_sent_and_is_missing(certificate: Path) -> None:
    old = "tg-paper-3-00000000000000000000000007"

    async def scenario(port: Port) -> None:
        (order,) = (await port.look(open_ids={old: BTC})).orders
        assert (order.client_id, order.state) == (old, "missing")

    run(certificate, scenario)


# -- limits and deadlines ---------------------------------------------------------------------------------------------


def test_looks_stay_below_the_counter_of_calls_and_orders_do_not_wait_for_them(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        for number in range(12):
            port.venue.gather(EvidenceAsked(number, (BTC,), {}, {BTC: 0}, {}, (BTC,)))
        mine = await placed(port, 6)
        port.venue.cancel(mine, BTC)
        await port.until(CancelAnswered, client_id=mine, outcome="done")
        await asyncio.sleep(0.5)
        refused = [line for line in port.rig.lines() if line["code"]]
        assert not refused, refused[0]

    run(certificate, scenario, limits=Limits())


def test_looks_are_kept_up_for_as_long_as_they_are_asked_for() -> None:
    """One a second: none that begins is broken off for want of room."""
    counter, now_s, done = Counter(CALLS_MAX, CALLS_DECAY_PER_S, LOOKS_SHARE), 0.0, 0
    for _ in range(300):
        now_s += 1.0
        if not counter.wait_s(LOOK_ROOM, now_s):
            for cost in (1.0, 2.0, 1.0):
                assert not counter.wait_s(cost, now_s)
                counter.spend(cost, now_s)
            done += 1
    assert done >= 300 * CALLS_DECAY_PER_S / 4


def test_one_look_reads_the_trades_once_for_all_symbols(certificate: Path) -> None:
    symbols = tuple(f"{base}/USDT" for base in ("BTC", "ETH", "SOL"))

    async def scenario(port: Port) -> None:
        await port.look(symbols=symbols, trades_of=symbols, since=dict.fromkeys(symbols, 0))
        asked = [line["path"] for line in port.rig.lines()]
        assert asked.count("/0/private/TradesHistory") == 1

    run(certificate, scenario)


@pytest.mark.parametrize(("protocol", "window_ms"), [("kraken", DEADLINE_MS), ("binance", RECEIVE_WINDOW_MS)])
def test_past_the_age_that_proves_it_lost_no_order_can_arrive(protocol: Any, window_ms: int) -> None:
    settings = Settings(venue=VenueSettings(protocol=protocol))
    told_in_s = KrakenDialect.time_step_ms / 1_000 if protocol == "kraken" else 0.0
    ahead_s = settings.ladder.max_clock_skew_s + told_in_s / 2  # as far as the venue's clock may be, unnoticed
    assert SEND_WITHIN_S + window_ms / 1_000 + ahead_s < lost_after_s(settings)


@pytest.mark.parametrize(("offset_s", "taken"), [(1.5, False), (2.5, True), (59.0, True), (61.0, False)])
def test_a_deadline_is_two_to_sixty_seconds_ahead(certificate: Path, offset_s: float, taken: bool) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        deadline = datetime.fromtimestamp(time.time() + offset_s, UTC).isoformat(timespec="milliseconds")
        answer = await rig.place(deadline=deadline)
        assert ("txid" in answer) == taken, answer

    run_venue(certificate, scenario)


# -- the guard --------------------------------------------------------------------------------------------------------


def guarded(certificate: Path, scenario: Callable[[Rig, KrakenGuard, asyncio.Queue[Any]], Awaitable[None]]) -> None:
    async def with_guard(rig: Rig, _: Any) -> None:
        await rig.market()
        words: asyncio.Queue[Any] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        guard = KrakenGuard(loop, SystemClock(), "key", SECRET, lambda: open_session(rig.port, certificate), PREFIX)
        guard.open(words.put_nowait)
        await scenario(rig, guard, words)
        guard.close()
        await asyncio.sleep(0.01)

    run_venue(certificate, with_guard)


def test_the_guards_cancels_overtake_none_of_their_own(certificate: Path) -> None:
    """Of two on the way together, the one that arrives first would bar the other by its nonce."""

    async def scenario(rig: Rig, guard: KrakenGuard, words: asyncio.Queue[Any]) -> None:
        for number in range(8):
            await rig.place(cl_ord_id=ClientIds(PREFIX).spell(our_id(number)))
        guard.look(1)
        seen = await words.get()
        rig.venue.faults.delay_s, rig.venue.faults.request_delayed = 0.1, 3
        for order in seen.orders:
            guard.cancel(order)
        assert {type(await words.get()) for _ in range(8)} == {CancelDone}
        assert not rig.venue.stats()["open_orders"]

    guarded(certificate, scenario)


def test_the_guard_asks_again_at_once_where_another_was_ahead_with_its_nonce(certificate: Path) -> None:
    async def scenario(rig: Rig, guard: KrakenGuard, words: asyncio.Queue[Any]) -> None:
        assert "open" in await rig.call("OpenOrders", nonce=str(time.time_ns() // 1_000_000 + 100))
        guard.look(1)
        assert isinstance(await words.get(), OpenOrdersSeen)

    guarded(certificate, scenario)


# -- the venue's other faults -----------------------------------------------------------------------------------------

REFUSED = {
    "maintenance": "EService:Unavailable",
    "overloaded": "EService:Busy",
    "rest_down": "EService:Unavailable",
    "symbol_down": "EService:Unavailable",
    "symbol_halted": "EService:Market in cancel_only mode",
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_venue_out_of_order_says_so_and_takes_nothing(certificate: Path, fault: str) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        setattr(rig.venue.faults, fault, 1)
        assert await rig.place() == REFUSED[fault]
        setattr(rig.venue.faults, fault, 0)
        assert "txid" in await rig.place()
        assert rig.venue.fired[fault] == 1

    run_venue(certificate, scenario)


def test_a_venue_under_maintenance_breaks_every_connection(certificate: Path) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        async with rig.session.ws_connect("wss://ws.kraken.com/v2") as socket:
            await socket.send_str('{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USDT"]}}')
            await socket.receive()
            rig.venue.faults.maintenance = 1_000
            while not (await socket.receive()).type.name.startswith("CLOS"):
                pass

    run_venue(certificate, scenario)


@pytest.mark.parametrize("fault", ["diff_held", "symbol_silent"])
def test_what_is_held_back_of_a_book_comes_in_order_or_not_at_all(certificate: Path, fault: str) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        async with rig.session.ws_connect("wss://ws.kraken.com/v2") as socket:
            await socket.send_str('{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USDT"]}}')

            async def books(count: int) -> list[Any]:
                said: list[Any] = []
                while len(said) < count:
                    message = await socket.receive_json()
                    if message.get("channel") == "book":
                        said.append(message["data"][0].get("timestamp", ""))
                return said

            await books(3)
            told = 0
            rig.venue.faults.symbol = "BTCUSDT"
            setattr(rig.venue.faults, fault, 10_000)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    while await books(1):
                        told += 1
            assert told <= 2, "what was on its way"
            setattr(rig.venue.faults, fault, 0)
            said = await books(5)
            assert said == sorted(said)

    run_venue(certificate, scenario)
