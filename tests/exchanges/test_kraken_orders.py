"""Orders over Kraken's WebSocket, beside unmodified ccxt; the venue's counters; trades read over several looks."""

import asyncio
import contextlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exchanges.test_kraken_trading import PREFIX, Port, our_id, run
from tests.exchanges.test_kraken_venue import BTC, Rig, certificate, run_venue
from tests.exchanges.test_order_params import CASES, intend
from tests.exchanges.test_order_wire import JSON
from tradigrade.exchanges.ccxt_orders import order_arguments
from tradigrade.exchanges.kraken.account import Account
from tradigrade.exchanges.kraken.client_ids import ClientIds
from tradigrade.exchanges.kraken.counters import (
    CANCEL_COSTS,
    ORDERS_DECAY_PER_S,
    ORDERS_MAX,
    ORDERS_SHARE,
    OrderCounters,
)
from tradigrade.exchanges.kraken.order_wire import KrakenWire, order_params
from tradigrade.exchanges.kraken.trade_pages import ROWS_MAX, TradePages
from tradigrade.exchanges.simulated.kraken.limits import Limits
from tradigrade.exchanges.venue import CancelAnswered, PlaceAnswered
from tradigrade.trading.messages import Terms
from tradigrade.trading.order_events import OrderIntended

assert certificate  # a fixture of the venue's tests
AT_NS = 1_700_000_000_000_000_000
OURS_ONLY = {"fee_preference", "deadline"}
"""What ccxt cannot be asked for."""
NOT_CCXTS = {
    "market-by-quote": "it says a market order's cost by `order_qty`, which is not its meaning here",
    "iceberg": "it knows none over the WebSocket",
    "limit-gtd": "its `expire_time` is not asked for: who holds the order's time cancels it",
}
UNKNOWN_HERE = {
    name for name, (kind, _, terms) in CASES.items() if terms.trail_bps and (kind != "stop_loss" or terms.stop_price)
}


# -- the wire ---------------------------------------------------------------------------------------------------------


def numbers(value: Any) -> Any:
    """Frames say numbers in digits: they are compared by what they mean."""
    return json.loads(json.dumps(value, default=lambda raw: float(bytes(raw))), parse_int=float)


def test_an_order_is_what_ccxt_asks_for_over_the_websocket(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        exchange = await rig.ccxt(stack)
        asked: list[Any] = []

        async def watch(_url: str, _hash: str, request: Any, _subscription: str) -> Any:
            asked.append(request)

        async def authenticate() -> str:
            return "token"

        exchange.watch, exchange.authenticate = watch, authenticate
        for case, (kind, price, terms) in CASES.items():
            if case in NOT_CCXTS or case in UNKNOWN_HERE:
                continue
            intent = intend(kind, price, terms)
            arguments = order_arguments(intent)
            params = {name: value for name, value in arguments.params.items() if name != "stopLossOrTakeProfit"}
            await exchange.create_order_ws(*arguments[:5], params)
            theirs = asked.pop()["params"]
            ours = order_params(intent, intent.client_id, AT_NS) | {"token": "token"}
            triggers = theirs.pop("triggers", {})
            reduce = {"reduce_only"} & theirs.keys()
            theirs = {name: value for name, value in theirs.items() if name not in reduce}
            assert numbers({name: ours[name] for name in ours.keys() - OURS_ONLY - {"triggers"}}) == numbers(theirs), (
                case
            )
            said = ours.get("triggers", {})
            static = {"reference": "last"} | ({} if "price_type" in triggers else {"price_type": "static"})
            assert numbers(said) == numbers(triggers | static if triggers else {}), case

    run_venue(certificate, scenario)


@pytest.mark.parametrize("case", sorted(UNKNOWN_HERE))
def test_what_the_venue_knows_no_form_of_is_not_sent(case: str) -> None:
    kind, price, terms = CASES[case]
    with pytest.raises(ValueError, match="trailing"):
        order_params(intend(kind, price, terms), "id", AT_NS)


async def no_token() -> str:
    raise OSError("none")


def wire() -> KrakenWire:
    return KrakenWire("wss://ws-auth.kraken.com/v2", ClientIds(PREFIX), no_token)


def test_numbers_go_out_in_all_their_digits_and_ids_in_the_venues_form() -> None:
    intent = intend("limit", "19000.10", amount="0.00000001")
    mine = OrderIntended(our_id(1), *[getattr(intent, name) for name in intent.__struct_fields__[1:]])
    frame = wire().place(7, mine, "XBTUSDT", AT_NS)
    assert b'"order_qty":0.00000001' in frame
    said = json.loads(frame, parse_float=Decimal)
    assert (said["method"], said["req_id"], said["params"]["limit_price"]) == ("add_order", 7, Decimal("19000.10"))
    assert said["params"]["cl_ord_id"] == ClientIds(PREFIX).spell(our_id(1))
    assert said["params"]["deadline"] == "2023-11-14T22:13:23.000+00:00"


ANSWERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "taken": ({"success": True, "result": {"order_id": "OAAAAA-BBBBB-CCCCCC"}}, "done", "done"),
    "no funds": ({"success": False, "error": "EOrder:Insufficient funds"}, "refused", "unknown"),
    "too many": ({"success": False, "error": "EOrder:Rate limit exceeded"}, "refused", "unknown"),
    "too late": ({"success": False, "error": "EService:Deadline elapsed"}, "refused", "unknown"),
    "no session": ({"success": False, "error": "ESession:Invalid session"}, "refused", "unknown"),
    "not open": ({"success": False, "error": "EOrder:Unknown order"}, "refused", "refused"),
    "used id": ({"success": False, "error": "EOrder:Duplicate cl_ord_id"}, "unknown", "unknown"),
    "unavailable": ({"success": False, "error": "EService:Unavailable"}, "unknown", "unknown"),
    "no order": ({"success": True, "result": {}}, "unknown", "done"),
    "nothing": ({}, "unknown", "unknown"),
    "unsure": ({"success": False}, "unknown", "unknown"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_proves_what_it_says_and_no_more(case: str) -> None:
    said, placed, cancelled = ANSWERS[case]
    answer = wire().read(json.dumps({"method": "add_order", "req_id": 3} | said).encode())
    assert answer.id == 3
    (word,) = wire().placed(intend("market"), answer)
    assert isinstance(word, PlaceAnswered)
    assert word.outcome == placed
    assert (word.outcome == "done") or (word.reason and word.code)
    assert wire().cancelled("mine", answer).outcome == cancelled


@given(st.dictionaries(st.sampled_from(["req_id", "success", "error", "result", "method"]), JSON, max_size=5))
def test_whatever_comes_is_refused_whole_or_proves_nothing_by_accident(frame: dict[str, Any]) -> None:
    try:
        answer = wire().read(json.dumps(frame).encode())
    except ValueError:
        return
    (word,) = wire().placed(intend("market"), answer)
    assert isinstance(word, PlaceAnswered)
    assert word.outcome == "unknown" or frame["success"] is True or frame["error"].startswith("E")


def test_a_connection_whose_subscription_is_refused_is_none() -> None:
    refused = b'{"method":"subscribe","req_id":0,"success":false,"error":"ESession:Invalid session"}'
    with pytest.raises(ValueError, match="Invalid session"):
        wire().read(refused)


@pytest.mark.parametrize(
    ("error", "ends", "limits"),
    [
        ("ESession:Invalid session", True, False),
        ("EOrder:Unknown order", False, False),
        ("EOrder:Rate limit exceeded", False, False),
        ("EGeneral:Temporary lockout", False, True),
        ("EGeneral:Too many requests", False, True),
        ("EAPI:Rate limit exceeded", False, True),
    ],
)
def test_what_an_error_means_for_the_connection_and_for_all_requests(error: str, ends: bool, limits: bool) -> None:
    said: list[str] = []
    one = KrakenWire("wss://ws-auth.kraken.com/v2", ClientIds(PREFIX), no_token, said.append)
    answer = one.read(json.dumps({"req_id": 3, "success": False, "error": error}).encode())
    assert (one.ends(answer), said) == (ends, [error] if limits else [])


# -- the connection ---------------------------------------------------------------------------------------------------


def paths(port: Port) -> list[str]:
    return [line["path"] for line in port.rig.lines()]


def test_orders_and_cancels_go_over_the_socket_and_by_rest_where_it_is_lost(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        entry = port.venue._entry
        assert entry is not None
        for number in (1, 2):
            port.place(our_id(number), "limit", "15000")
            await port.until(PlaceAnswered, client_id=our_id(number), outcome="done")
            port.venue.cancel(our_id(number), BTC)
            await port.until(CancelAnswered, client_id=our_id(number), outcome="done")
            entry._socket = None  # lost, and not yet there again
        asked = [path for path in paths(port) if "rder" in path and "Open" not in path]
        assert asked == ["add_order", "cancel_order", "/0/private/AddOrder", "/0/private/CancelOrder"]

    run(certificate, scenario)


def test_an_order_waits_for_no_other_whose_answer_does_not_come(certificate: Path) -> None:
    """By REST the nonces make one wait for the other."""

    async def scenario(port: Port) -> None:
        port.rig.venue.faults.delay_s, port.rig.venue.faults.place_late = 2.0, 1
        port.place(our_id(1), "limit", "15000")
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        port.place(our_id(2), "limit", "15001")
        await port.until(PlaceAnswered, client_id=our_id(2), outcome="done")
        assert loop.time() - began_s < 1.0
        assert not [word for word in port.words if isinstance(word, PlaceAnswered)]

    run(certificate, scenario)


def test_a_socket_lost_with_an_order_on_it_leaves_it_unknown_and_comes_back_with_a_new_token(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        port.rig.venue.faults.place_unanswered = 1
        port.place(our_id(1), "limit", "15000")
        assert (await port.until(PlaceAnswered)).outcome == "unknown"
        (order,) = (await port.look(open_ids={our_id(1): BTC})).orders
        assert (order.client_id, order.state) == (our_id(1), "open")
        await port.direct()
        port.place(our_id(2), "limit", "15001")
        await port.until(PlaceAnswered, client_id=our_id(2), outcome="done")
        assert [path for path in paths(port) if path.startswith("add")] == ["add_order"] * 2
        assert paths(port).count("/0/private/GetWebSocketsToken") == 3

    run(certificate, scenario)


def test_a_token_lasts_as_long_as_its_connection_is_subscribed(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        while len(port.rig.venue._accounts) < 2:  # noqa: ASYNC110 - the account's stream, and the orders' connection
            await asyncio.sleep(0.005)
        port.rig.venue._desk.authenticator._tokens.clear()  # a quarter of an hour is over
        port.place(our_id(1), "limit", "15000")
        await port.until(PlaceAnswered, client_id=our_id(1), outcome="done")
        assert paths(port)[-1] == "add_order"

    run(certificate, scenario)


# -- the venue's counter of orders ------------------------------------------------------------------------------------


class Ticks:
    now_s = 100.0


def counters(ticks: Ticks) -> OrderCounters:
    return OrderCounters(lambda: ticks.now_s)


def test_orders_of_a_pair_stay_below_its_counter_and_cancels_always_leave() -> None:
    ticks = Ticks()
    bounds = counters(ticks)
    sent = 0
    while not bounds.refuse(BTC):
        bounds.placed(f"id-{sent}", BTC)
        sent += 1
    assert sent == int(ORDERS_MAX * ORDERS_SHARE)
    assert not bounds.refuse("ETH/USDT"), "each pair has its own"
    ticks.now_s += 1.0 / ORDERS_DECAY_PER_S
    assert not bounds.refuse(BTC)


@pytest.mark.parametrize("age_s", [0.0, 7.0, 12.0, 20.0, 60.0, 200.0, 400.0])
def test_a_cancel_costs_by_its_orders_age_and_the_room_comes_back(age_s: float) -> None:
    ticks = Ticks()
    bounds = counters(ticks)
    bounds.placed("old", BTC)
    ticks.now_s += age_s
    before = room(bounds)
    bounds.cancelled("old", BTC)
    cost = next((cost for below_s, cost in CANCEL_COSTS if age_s < below_s), 0.0)
    assert before - room(bounds) == cost


def room(bounds: OrderCounters) -> float:
    """How many orders more there is room for, to the whole number that the counter lacks."""
    counter = bounds._of(BTC)
    return round(ORDERS_MAX * ORDERS_SHARE - counter._at(bounds._now_s()), 6)


def test_a_cancel_counts_once_and_one_of_an_unknown_order_not_at_all() -> None:
    bounds = counters(Ticks())
    bounds.placed("one", BTC)
    before = room(bounds)
    for _ in range(100):
        bounds.cancelled("one", BTC)
        bounds.cancelled("of an earlier process", BTC)
    assert before - room(bounds) == CANCEL_COSTS[0][1]


def test_however_much_is_cancelled_orders_are_barred_no_longer_than_the_venue_may_bar_them() -> None:
    ticks = Ticks()
    bounds = counters(ticks)
    for number in range(100):
        bounds.placed(f"id-{number}", BTC)
        bounds.cancelled(f"id-{number}", BTC)
    assert bounds.refuse(BTC)
    ticks.now_s += (ORDERS_MAX * (1 - ORDERS_SHARE) + CANCEL_COSTS[0][1] + 1.1) / ORDERS_DECAY_PER_S
    assert not bounds.refuse(BTC)


def test_the_venues_own_word_fills_the_counter() -> None:
    ticks = Ticks()
    bounds = counters(ticks)
    bounds.placed("one", BTC)
    bounds.hear(PlaceAnswered("one", "refused", code="RateLimitExceeded", reason="EOrder:Rate limit exceeded"))
    assert "counter of orders" in bounds.refuse(BTC)
    ticks.now_s += ORDERS_MAX / ORDERS_DECAY_PER_S
    assert not bounds.refuse(BTC)


def test_the_client_keeps_below_what_the_venue_refuses(certificate: Path) -> None:
    async def scenario(port: Port) -> None:
        port.venue._bounds = OrderCounters(asyncio.get_running_loop().time)
        for number in range(200):
            port.place(our_id(number), "limit", "15000", amount="0.001")
        words = [await port.until(PlaceAnswered) for _ in range(200)]
        assert {word.code for word in words} == {"", "NOT_SENT"}
        assert {line["params"].get("error") for line in port.rig.lines()} == {None}
        (open_id, *_) = (word.client_id for word in words if word.outcome == "done")
        port.venue.cancel(open_id, BTC)
        await port.until(CancelAnswered, client_id=open_id, outcome="done")

    run(certificate, scenario, limits=Limits(orders=ORDERS_MAX, orders_decay_per_s=ORDERS_DECAY_PER_S))


# -- trades, page by page ---------------------------------------------------------------------------------------------

PAGE = 5


class History:
    """The venue's trades, and how many of them are asked for."""

    def __init__(self, count: int) -> None:
        self.trades, self.asked = list(range(1, count + 1)), 0

    def page(self, passed: int) -> tuple[dict[str, Any], int]:
        self.asked += 1
        newest = self.trades[::-1][passed : passed + PAGE]
        return {f"T{number}": {"trade_id": number} for number in newest}, len(self.trades)


@given(st.integers(0, 60), st.lists(st.one_of(st.just("look"), st.just("page"), st.integers(1, 12)), max_size=40))
def test_what_was_read_is_a_row_without_gaps_whatever_comes_meanwhile(count: int, steps: list[Any]) -> None:
    history, pages = History(count), TradePages()
    for step in steps:
        if step == "look":
            pages.begin()
        elif step == "page" and pages.is_complete:
            continue
        elif step == "page":
            pages.take(*history.page(pages.next_offset()))
        else:
            history.trades += range(len(history.trades) + 1, len(history.trades) + 1 + step)
        ids = [row["trade_id"] for row in pages.newest(lambda _: True)]
        assert ids == sorted(ids, reverse=True)
        assert not ids or ids == list(range(ids[0], ids[-1] - 1, -1))
        assert not pages.is_complete or not ids or ids[-1] == 1
    pages.begin()
    while not pages.is_complete:
        pages.take(*history.page(pages.next_offset()))
    assert [row["trade_id"] for row in pages.newest(lambda _: True)] == history.trades[::-1]


class Kraken:
    """What an account asks of ccxt, of one symbol; `patience` pages are told before a look is broken off."""

    def __init__(self, count: int) -> None:
        self.history, self.patience = History(count), 0

    async def privatePostTradesHistory(self, asked: dict[str, int]) -> Any:
        self.patience -= 1
        if self.patience < 0:
            raise TimeoutError
        rows, count = self.history.page(asked["ofs"])
        told = {
            "ordertxid": "O1", "pair": "XBTUSDT", "time": 1.0, "type": "buy", "price": "1", "vol": "1", "fee": "0",
            "maker": False,
        }  # fmt: skip
        return {"result": {"trades": {txid: row | told for txid, row in rows.items()}, "count": count}}

    async def privatePostBalanceEx(self) -> Any:
        return {"result": {}}

    def resolve_market_by_altname_or_id(self, _: str) -> Any:
        return {"symbol": BTC}


def test_more_trades_than_one_look_has_room_for_are_read_by_several_each_page_once() -> None:
    async def scenario() -> None:
        kraken = Kraken(100)
        account = Account(kraken, str)
        told: list[Any] = []
        looks = 0
        while not told:
            looks += 1
            kraken.patience = 3
            account.begin_look()
            with contextlib.suppress(TimeoutError):
                told = await account.trades(BTC, 3)
                break
            kraken.history.trades.append(len(kraken.history.trades) + 1)
        assert [int(fill.trade_id) for _, fill in told] == list(range(3, len(kraken.history.trades) + 1))
        assert looks > 5
        assert kraken.history.asked <= 100 / PAGE + 2 * looks, "the newest again at each look, the rest once"
        await account.balances()
        account.begin_look()
        kraken.patience = 1
        assert [int(fill.trade_id) for _, fill in await account.trades(BTC, len(kraken.history.trades))] == [
            len(kraken.history.trades)
        ]

    asyncio.run(scenario())


def test_who_missed_too_many_is_told_so_without_asking_on() -> None:
    pages = TradePages()
    rows = {f"T{number}": {} for number in range(ROWS_MAX)}
    pages.take(rows, ROWS_MAX + 1)
    with pytest.raises(ValueError, match="expected fewer"):
        pages.next_offset()


def test_an_order_with_terms_that_only_some_know_is_said_in_the_venues_words() -> None:
    iceberg = order_params(intend("limit", "19000", Terms(display_amount=Decimal("0.005"))), "id", AT_NS)
    assert (iceberg["order_type"], bytes(iceberg["display_qty"])) == ("iceberg", b"0.005")
    by_cost = order_params(intend("market", None, Terms(quote_amount=Decimal("250.50"))), "id", AT_NS)
    assert bytes(by_cost["cash_order_qty"]) == b"250.50"
    assert "order_qty" not in by_cost
