"""The known traps of trading through ccxt and of Binance's protocol, each with the test that fails where we fall in.

`ELSEWHERE` says where a trap is tested beside the code that minds it; the others are tested here.
"""

import ast
import asyncio
import importlib.metadata
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import ccxt
import ccxt.pro
import msgspec
import pytest
from aiohttp import web

from tests.actors.test_feed import Stand, trade
from tests.exchanges.test_ccxt_venue import Port, certificate, run
from tests.exchanges.test_order_params import CASES, LISTED, intend
from tradigrade.actors.credentials import Credentials
from tradigrade.config.topology import RECEIVE_WINDOW_MS
from tradigrade.exchanges.binance.account_stream import Report, read_report
from tradigrade.exchanges.binance.dialect import BinanceDialect
from tradigrade.exchanges.binance.order_params import order_params
from tradigrade.exchanges.binance.order_wire import cancel_word, read_answer
from tradigrade.exchanges.ccxt_dialect import Dialect
from tradigrade.exchanges.ccxt_orders import order_arguments
from tradigrade.exchanges.ccxt_requests import CcxtRequests
from tradigrade.exchanges.limit_watch import LimitWatch
from tradigrade.exchanges.market import FrameArrived
from tradigrade.exchanges.venue import CancelAnswered, OrderReported, PlaceAnswered, RateLimited, VenueClosed
from tradigrade.exchanges.venue_clock import VenueClock
from tradigrade.kernel.clock import ManualClock
from tradigrade.trading.order_events import OrderFilled
from tradigrade.venue_ports import connect_binance, connect_kraken

__all__ = ["certificate"]

ROOT = Path(__file__).parents[2]
BTC = "BTC/USDT"
PRODUCTION = ("actors", "app", "exchanges", "trading", "storage", "backtesting", "web")

ELSEWHERE = {
    # the way there
    "a request leaves the machine although the venue is a local one":
        "exchanges/test_loopback.py::test_an_address_spelled_in_the_url_does_not_leave_the_machine",
    "the venue's real names do not reach the local venue":
        "exchanges/test_loopback.py::test_the_venues_real_names_lead_to_the_local_server",
    "a signature is checked over another spelling than was sent":
        "exchanges/test_simulated_venue.py::test_the_signature_covers_the_bytes_as_they_were_sent",
    "the API is signed in another order than by name":
        "exchanges/test_order_wire.py::test_a_frame_is_signed_over_its_parameters_by_name",
    "ccxt's createOrderWs sends two client ids, one of which the venue does not know":
        "exchanges/test_order_entry.py::test_the_venue_is_sent_what_ccxt_sends_it",
    # what an order becomes
    "a price is rounded up past a cap, an amount or a sum is not cut":
        "exchanges/test_rounding.py::test_what_leaves_is_never_worse_nor_more_than_was_wished",
    "ccxt rounds to the nearest tick":
        "exchanges/test_rounding.py::test_a_limit_that_ccxt_would_round_past_its_bound_keeps_to_it",
    "a market order with a price becomes one by cost":
        "exchanges/test_rounding.py::test_a_market_order_with_a_price_beside_it_is_still_one_of_an_amount",
    "ccxt does not enforce the least value of an order; risk does":
        "trading/test_risk_requests.py::test_what_must_not_be_is_refused_with_its_code_and_numbers",
    "a stop or take-profit goes out as another order":
        "exchanges/test_order_params.py::test_the_parameters_of_an_order_are_those_that_ccxt_sends",
    # what an answer proves
    "an order is sent again after a time-out":
        "exchanges/test_ccxt_venue.py::test_a_lost_answer_is_unknown_and_the_order_is_not_sent_by_the_other_way",
    "a time-out is taken for a refusal": "exchanges/test_order_entry.py::test_whatever_is_no_proof_is_unknown",
    "insufficient balance and its kin are told by their text only":
        "exchanges/test_binance_refusals.py::test_every_refusal_of_the_venue_reads_as_ccxt_reads_it",
    "a duplicate client id is ccxt's InvalidOrder":
        "exchanges/test_binance_refusals.py::test_that_an_order_of_the_id_is_there_already_proves_no_refusal",
    "an answer comes after the report of its own order":
        "exchanges/test_ccxt_watching.py::test_an_answer_may_come_after_its_report",
    "a limit of the venue is not recognised, whatever its code":
        "exchanges/test_ccxt_limits.py::test_a_refusal_for_asking_too_much_says_until_when",
    # the account's stream
    "ccxt's caches of orders and trades grow and are walked":
        "exchanges/test_binance_account_stream.py::test_they_are_what_ccxt_reads_and_it_keeps_none_of_them",
    "what happened while disconnected is never told":
        "exchanges/test_lost_orders.py::test_over_the_venues_protocol",
    "an order that the stream never told of is lost":
        "actors/test_complaints.py::test_01_orders_accepted_while_the_network_was_down_are_neither_lost_nor_untracked",
    "balances of the stream are those that changed, and no whole":
        "exchanges/test_transfers.py::test_in_memory_a_transfer_is_told_with_the_total_after_it_and_kept_in_the_history",
    "an error of before is raised at the next call":
        "exchanges/test_ccxt_venue.py::test_when_the_private_stream_breaks_what_was_under_way_is_unknown",
    # books
    "the first diff does not reach around the snapshot":
        "exchanges/test_binance_synchronizer.py::test_the_first_diff_after_a_snapshot_reaches_around_its_id",
    "a gap in the ids goes unnoticed":
        "exchanges/test_binance_synchronizer.py::test_after_a_gap_the_newer_diffs_follow_on_the_next_snapshot",
    "a snapshot older than the stream is taken, where ccxt resolves with it alone":
        "exchanges/test_binance_synchronizer.py::test_a_snapshot_older_than_the_buffer_is_asked_for_again_and_counted",
    "what waits for a snapshot grows without bound":
        "exchanges/test_binance_synchronizer.py::test_the_buffer_is_bounded_and_keeps_the_newest_diffs",
    "frames before the acknowledgement are lost":
        "exchanges/test_streams.py::test_it_is_open_once_all_is_acknowledged_and_frames_of_before_are_not_lost",
    "the simulated venue's snapshot ends in the middle of a diff":
        "exchanges/test_simulated_venue.py::test_ccxts_book_equals_the_venues_at_equal_nonce",
    "the simulated venue's frames come before the acknowledgement":
        "exchanges/test_simulated_venue.py::test_a_subscription_is_acknowledged_before_its_first_frame",
    "frames of ours read otherwise than ccxt's":
        "exchanges/test_decoders_ccxt.py::test_usdm_on_a_recording",
    # connections
    "a closed connection is not made anew":
        "exchanges/test_streams.py::test_after_a_close_it_says_so_and_connects_again",
    "silence of a connection that stands is no error to ccxt":
        "exchanges/test_streams.py::test_a_connection_on_which_nothing_comes_is_closed_and_made_anew",
    "a venue in trouble is dialled without pause":
        "exchanges/test_streams.py::test_a_venue_that_fails_again_and_again_is_left_alone_for_longer_and_longer",
    # clock and limits
    "the clock is compared once, at the start":
        "exchanges/test_ccxt_limits.py::test_requests_carry_the_venues_time_while_ours_is_off_drifts_and_is_set",
    "the venue does not judge the time of a request":
        "exchanges/test_simulated_faults.py::test_a_clock_that_is_off_shows_in_time_and_in_judgement",
    "with ccxt's limiter off nothing bounds what is asked":
        "exchanges/test_rate_budget.py::test_whatever_is_asked_the_limit_is_never_passed",
    "cancels wait behind orders for their turn":
        "exchanges/test_ccxt_venue.py::test_near_the_venues_limit_only_cancels_leave",
}  # fmt: skip


@pytest.mark.parametrize("trap", ELSEWHERE)
def test_each_trap_that_is_tested_elsewhere_names_a_test_that_is_there(trap: str) -> None:
    path, _, name = ELSEWHERE[trap].partition("::")
    tree = ast.parse((ROOT / "tests" / path).read_text())
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


# -- what we never call -----------------------------------------------------------------------------------------------

NEVER = {
    "create_order_ws|cancel_order_ws": "each leaves an entry in the client that no event passes without walking",
    "watch_trades|watch_trades_for_symbols": "a burst drops all but the last thousand trades, silently",
    r"watch_\w+_for_symbols|watch_multiple": "futures pile up, and what comes late is told late",
    "watch_order_book": "after a fault the cache of diffs grows, and a pause of the loop breaks the book",
    "watch_ticker|watch_tickers|watch_bids_asks": "of a ticker ccxt's default has neither bid nor ask",
    r"un_watch_\w+": "breaks other subscriptions of the same connection",
    "set_sandbox_mode": "replaces every address, and some have none",
    "load_time_difference|adjustForTimeDifference": "compares the clock once; ours is compared again and again",
    "rollingWindow": "takes a millisecond a request",
}


@pytest.mark.parametrize("call", NEVER)
def test_what_is_a_trap_in_itself_is_not_called(call: str) -> None:
    called = re.compile(rf"\.({call})\(|[\"']({call})[\"']")
    found = [
        str(path)
        for folder in PRODUCTION
        for path in (ROOT / folder).rglob("*.py")
        if called.search(path.read_text())
    ]  # fmt: skip
    assert found == [], NEVER[call]


def test_ccxt_is_of_a_version_that_releases_its_connections_and_futures() -> None:
    """Before 4.5.44 a closed client leaked its connection, before 4.5.69 futures piled up."""
    (needed,) = (line for line in importlib.metadata.requires("tradigrade") or () if line.startswith("ccxt"))
    assert {">=4.5.90", "<5"} == set(needed.removeprefix("ccxt").split(","))


# -- the exchange as it is made ---------------------------------------------------------------------------------------


def with_exchange(check: Any) -> None:
    """`check` one as the executor has it."""

    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            exchange = connect_binance(session, Credentials("key", "c2VjcmV0"))
            try:
                await check(exchange)
            finally:
                await exchange.close()

    asyncio.run(main())


def test_the_venue_is_spoken_to_under_its_own_names() -> None:
    """Under others ccxt takes a spot trade for a contract's, and reads errors by the wrong table."""

    async def check(exchange: Any) -> None:
        assert exchange.urls == ccxt.pro.binance().urls
        assert "/stream" in exchange.urls["api"]["ws"]["spot"]
        errors = exchange.get_exceptions_by_url(exchange.urls["api"]["public"], "exact")
        assert {"-1004", "-1008", "-1131", "-1135", "-2016", "-2021", "-2026"} <= set(errors)

    with_exchange(check)


def test_loading_the_markets_is_one_request_without_a_key() -> None:
    """Left alone, ccxt asks for currencies, margins and two futures markets too, some with the key."""
    asked: list[str] = []

    async def check(exchange: Any) -> None:
        async def fetch(url: str, *_: Any, **__: Any) -> Any:
            asked.append(url)
            return {"symbols": [LISTED]}

        exchange.fetch = fetch
        await exchange.load_markets()
        assert list(exchange.markets) == [BTC]

    with_exchange(check)
    assert asked == ["https://api.binance.com/api/v3/exchangeInfo"]


def test_ccxts_limiter_is_off_its_window_for_signatures_short_and_its_session_ours() -> None:
    """The limiter's bucket lets a hundred orders a second pass; its window for a signed request is ten seconds."""

    async def check(exchange: Any) -> None:
        assert exchange.enableRateLimit is False
        assert exchange.options["recvWindow"] == RECEIVE_WINDOW_MS <= 5_000
        session = exchange.session
        kraken = connect_kraken(session, Credentials("key", "c2VjcmV0"))
        assert kraken.enableRateLimit is False
        await kraken.close()
        await exchange.close()
        assert not session.closed, "which ccxt does not close: whoever made it has to"

    with_exchange(check)


def test_a_private_stream_whose_peer_is_gone_is_found_out_within_half_a_minute() -> None:
    """ccxt asks Binance for a sign of life every three minutes, and misses two of them."""

    async def check(exchange: Any) -> None:
        client = exchange.client(exchange.urls["api"]["ws"]["ws-api"]["spot"])
        assert client.keepAlive * (client.maxPingPongMisses + 1) <= 30_000

    with_exchange(check)


def test_a_peer_that_answers_no_ping_ends_the_watch() -> None:
    over = asyncio.Event()

    async def deaf(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await over.wait()
        return socket

    async def check(exchange: Any) -> None:
        application = web.Application()
        application.add_routes([web.get("/stream", deaf)])
        runner = web.AppRunner(application, shutdown_timeout=0.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        exchange.streaming = {**exchange.streaming, "keepAlive": 20}
        url = f"ws://127.0.0.1:{runner.addresses[0][1]}/stream"
        try:
            async with asyncio.timeout(3):
                with pytest.raises(ccxt.RequestTimeout):
                    await exchange.watch(url, "orders", {"id": 1}, "orders")
        finally:
            over.set()
            await exchange.close()
            await runner.cleanup()

    with_exchange(check)


# -- orders -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_every_order_carries_our_id_and_never_one_that_ccxt_invents(case: str) -> None:
    """Without one ccxt makes up `x-TKT5PX2F…`, of which nobody knows after a lost answer."""
    intent = intend(*CASES[case])
    assert order_params(intent, "BTCUSDT")["newClientOrderId"] == intent.client_id
    assert order_arguments(intent).params["clientOrderId"] == intent.client_id


def test_the_answer_to_a_cancel_names_our_order_and_not_the_cancel() -> None:
    """In it `clientOrderId` is the id of the cancel; in the stream, `C` is that of the order."""
    result = {"orderId": 7, "clientOrderId": "the-cancels-own", "origClientOrderId": "ours"}
    answer = read_answer(json.dumps({"id": "1", "status": 200, "result": result}))
    assert cancel_word("ours", answer) == CancelAnswered("ours", "done")
    told = report("CANCELED", 0) | {"c": "the-cancels-own", "C": "ours"}
    (word,) = read_report(msgspec.convert(told, Report), BTC, "")
    assert word == OrderReported("ours", "7", "cancelled")


def report(status: str, trade_id: int) -> dict[str, Any]:
    return {
        "e": "executionReport", "E": 1, "s": "BTCUSDT", "c": "ours", "C": "", "S": "BUY", "i": 7, "m": False,
        "x": "TRADE" if trade_id else "NEW" if status == "NEW" else status, "X": status, "t": trade_id or -1,
        "L": "20000", "l": "0.001" if trade_id else "0", "n": "0", "N": "BTC", "T": 1_700_000_000_000,
    }  # fmt: skip


def test_of_a_burst_of_reports_every_fill_is_told_and_every_state() -> None:
    """ccxt's cache makes one order of them, of which only the last state is seen, and drops all but a thousand."""
    words: list[Any] = []
    count = 3_000

    async def check(exchange: Any) -> None:
        exchange.options |= {"crossMarginPairsData": [], "isolatedMarginPairsData": []}
        exchange.set_markets([exchange.parse_market(LISTED)])
        BinanceDialect(exchange, words.append)
        client = exchange.client(exchange.urls["api"]["ws"]["ws-api"]["spot"])
        states = ["NEW", *["PARTIALLY_FILLED"] * (count - 1), "FILLED"]
        for number, status in enumerate(states):
            exchange.handle_message(client, {"subscriptionId": 0, "event": report(status, number)})
        assert not exchange.orders
        assert not client.futures

    with_exchange(check)
    fills = [word for word in words if isinstance(word, OrderFilled)]
    assert [fill.trade_id for fill in fills] == [str(number) for number in range(1, count + 1)]
    assert sum(fill.amount for fill in fills) == Decimal("0.001") * count
    assert [word.state for word in words if isinstance(word, OrderReported)] == ["open"] * count


class Failing:
    """An exchange whose every order fails so."""

    id, last_response_headers, options = "binance", {}, {}

    def __init__(self, error: Exception) -> None:
        self.error, self.orders = error, 0

    async def create_order(self, *_: Any) -> Any:
        self.orders += 1
        raise self.error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ccxt.InvalidNonce("binance -1021 Timestamp for this request is outside of the recvWindow."), "refused"),
        (ccxt.DDoSProtection("binance 429 Too Many Requests"), "refused"),
        (ccxt.RateLimitExceeded("binance -1003"), "refused"),
        (ccxt.InvalidOrder('binance {"code":-2010,"msg":"Duplicate order sent."}'), "unknown"),
        (ccxt.DuplicateOrderId("binance -4116"), "unknown"),
        (ccxt.RequestTimeout("binance POST"), "unknown"),
        (ccxt.ExchangeNotAvailable("binance 503"), "unknown"),
        (ccxt.NetworkError("reset"), "unknown"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_whatever_an_order_fails_with_it_is_sent_once(error: Exception, outcome: str) -> None:
    """A wrong clock and a limit are subclasses of NetworkError: whoever tries those again spins."""
    exchange: Any = Failing(error)
    words: list[Any] = []
    clock = ManualClock()
    dialect, limits = Dialect(exchange, words.append), LimitWatch(clock, words.append)
    requests = CcxtRequests(exchange, dialect, clock, VenueClock(clock), limits)
    (answer,) = asyncio.run(requests.place(intend("limit", "19000")))
    assert isinstance(answer, PlaceAnswered)
    assert (answer.outcome, exchange.orders) == (outcome, 1)
    limited = isinstance(error, ccxt.DDoSProtection | ccxt.RateLimitExceeded)
    assert [type(word) for word in words] == [RateLimited] * limited


@pytest.mark.parametrize("direct", [True, False])
def test_orders_leave_nothing_behind_in_ccxts_clients(certificate: Path, monkeypatch: Any, direct: bool) -> None:
    """ccxt's own orders over the API keep an entry each for ever, which every event of the balance walks over."""
    exchanges: list[Any] = []
    make = ccxt.pro.binance
    monkeypatch.setattr(ccxt.pro, "binance", lambda settings: exchanges.append(make(settings)) or exchanges[-1])

    def kept() -> int:
        clients = exchanges[-1].clients.values()
        return sum(len(client.subscriptions) + len(client.futures) + len(client.rejections) for client in clients)

    async def scenario(port: Port) -> None:
        await port.direct()
        if not direct:
            port.venue._entry = None
        before = kept()
        for number in range(20):
            port.place(f"rests-{number}", "limit", "15000")
            await port.until(PlaceAnswered, client_id=f"rests-{number}", outcome="done")
            port.venue.cancel(f"rests-{number}", BTC)
            await port.until(CancelAnswered, client_id=f"rests-{number}", outcome="done")
        assert kept() <= before
        first = port.session
        port.rig.venue.faults.account_cut = 1
        await port.until(VenueClosed)
        async with asyncio.timeout(5):
            while len(exchanges) == 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert first.closed, "nothing of an exchange that failed is used again"

    run(certificate, scenario)


# -- the market -------------------------------------------------------------------------------------------------------


def test_of_a_burst_of_trades_every_one_is_told_in_order() -> None:
    """ccxt keeps the last thousand of what came while nobody looked: of 3,000 at once it told 1,570."""
    stand = Stand().live()
    first, count = 100, 3_000
    now_ns = stand.loop.clock.now_ns()
    for number in range(first, first + count):
        stand.market.deliver(FrameArrived(json.dumps(trade() | {"t": number}).encode(), now_ns))
    stand.loop.run()
    told = [update.sequence for update in stand.updates() if update.kind == "trade"]
    assert told == list(range(first, first + count))
