"""Amends, edits, batches and conditional closes on Kraken's protocol, by unmodified ccxt where it knows them."""

import io
import itertools
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exchanges.test_kraken_venue import ACCOUNT, BTC, PLENTY, SECRET, Rig, certificate, run_venue
from tests.exchanges.test_order_wire import JSON
from tests.exchanges.test_simulated_venue import SwingingMarket
from tradigrade.exchanges.market_events import TickerEvent
from tradigrade.exchanges.simulated.kraken.limits import AMEND_COSTS, CANCEL_COSTS, EDIT_COSTS, Limits, RateLimiter
from tradigrade.exchanges.simulated.kraken.names import order_txid
from tradigrade.exchanges.simulated.kraken.operations import METHODS
from tradigrade.exchanges.simulated.kraken.socket import Connection
from tradigrade.exchanges.simulated.kraken.venue import KrakenVenue
from tradigrade.exchanges.simulated.orders import Order
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

assert certificate  # a fixture of the venue's tests
UNKNOWN = "OAAAAA-AAAAA-AAAAAA"


def order_row(number: int, **other: Any) -> dict[str, Any]:
    return {"ordertype": "limit", "type": "buy", "volume": "0.01", "price": str(15_000 + number)} | other


async def call_batch(rig: Rig, rows: list[dict[str, Any]], **more: Any) -> Any:
    """As a form puts it."""
    said = {f"orders[{at}][{name}]": value for at, row in enumerate(rows) for name, value in row.items()}
    return await rig.call("AddOrderBatch", **{"pair": "XBTUSDT"} | said | more)


class Socket:
    """A connection of the account, and what it is told."""

    def __init__(self, rig: Rig) -> None:
        self._rig, self._number = rig, 0
        self.reports: list[Any] = []

    async def open(self, stack: AsyncExitStack) -> "Socket":
        self._token = (await self._rig.call("GetWebSocketsToken"))["token"]
        self._socket = await stack.enter_async_context(self._rig.session.ws_connect(ACCOUNT))
        await self.ask("subscribe", channel="executions", snap_orders=False)
        return self

    async def ask(self, method: str, **params: Any) -> Any:
        """The answer; reports that come before it are kept."""
        self._number += 1
        params["token"] = self._token
        await self._socket.send_json({"method": method, "params": params, "req_id": self._number})
        while (said := await self._socket.receive_json()).get("req_id") != self._number:
            self.reports += said.get("data", []) if said.get("channel") == "executions" else []
        return said

    async def until(self, means: Callable[[Any], bool]) -> Any:
        while not (found := [each for each in self.reports if means(each)]):
            said = await self._socket.receive_json()
            self.reports += said.get("data", []) if said.get("channel") == "executions" else []
        return found[0]


# -- amends -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["edit_order", "edit_order_ws"])
def test_ccxt_amends_an_order_in_its_place(certificate: Path, way: str) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        exchange = await rig.ccxt(stack)
        placed = await exchange.create_order(BTC, "limit", "buy", 0.02, 15_000, {"clientOrderId": "mine-1"})
        held = rig.venue.engine.account.balances["USDT"].locked
        amended = await getattr(exchange, way)(placed["id"], BTC, "limit", "buy", 0.01, 15_100)
        assert amended["info"]["amend_id"].startswith("T")
        (found,) = await exchange.fetch_open_orders(BTC)
        assert (found["id"], found["clientOrderId"], found["amount"], found["price"]) == (
            placed["id"], "mine-1", 0.01, 15_100,
        )  # fmt: skip
        assert rig.venue.engine.account.balances["USDT"].locked == held * 151 / 300
        await exchange.cancel_order(placed["id"], BTC)
        assert not rig.venue.engine.account.balances["USDT"].locked
        with pytest.raises(ccxt.BaseError, match="Unknown order"):
            await getattr(exchange, way)(placed["id"], BTC, "limit", "buy", 0.01, 15_100)

    run_venue(certificate, scenario)


@pytest.mark.parametrize(("quantity", "keeps"), [("0.005", True), ("0.02", False)])
def test_less_of_an_order_keeps_its_place_and_more_of_it_does_not(
    certificate: Path, quantity: str, keeps: bool
) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        first, second = [(await rig.place(price="15000"))["txid"][0] for _ in range(2)]
        assert "amend_id" in await rig.call("AmendOrder", txid=first, order_qty=quantity)
        queue = [order_txid(order.order_id) for order in rig.venue.state.open.on_book("BTCUSDT", "BUY")]
        assert queue == ([first, second] if keeps else [second, first])

    run_venue(certificate, scenario)


def test_an_amended_price_may_fill_the_order_and_post_only_refuses_that(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        socket = await Socket(rig).open(stack)
        (txid,) = (await rig.place(cl_ord_id="mine-1", price="15000"))["txid"]
        refused = await socket.ask("amend_order", cl_ord_id="mine-1", limit_price=25_000, post_only=True)
        assert (refused["success"], refused["error"]) == (False, "EOrder:Post only order")
        done = await socket.ask("amend_order", cl_ord_id="mine-1", limit_price=25_000, order_qty=0.015)
        assert (done["success"], done["result"]["cl_ord_id"]) == (True, "mine-1")
        report = await socket.until(lambda each: each["exec_type"] == "amended")
        assert (report["order_id"], report["limit_price"], report["order_qty"]) == (txid, 25_000, 0.015)
        filled = await socket.until(lambda each: each["exec_type"] == "filled")
        assert (filled["order_id"], filled["cum_qty"]) == (txid, 0.015)

    run_venue(certificate, scenario)


def test_the_trigger_of_a_stop_is_amended_and_no_more_than_is_filled_ends_an_order(certificate: Path) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        (stop,) = (await rig.place(type="sell", ordertype="stop-loss", price="15000"))["txid"]
        assert "amend_id" in await rig.call("AmendOrder", txid=stop, trigger_price="15500")
        assert (await rig.call("QueryOrders", txid=stop))[stop]["descr"]["price"] == "15500.00"
        assert await rig.call("AmendOrder", txid=stop, trigger_price="90000") == "EOrder:Invalid price"
        (txid,) = (await rig.place(price="15000"))["txid"]
        order = rig.venue.state.books.orders[rig.venue.state.books.last_order_id]
        order.executed = Decimal("0.005")
        assert "amend_id" in await rig.call("AmendOrder", txid=txid, order_qty="0.004")
        assert (await rig.call("QueryOrders", txid=txid))[txid]["status"] == "canceled"

    run_venue(certificate, scenario)


WRONG_AMENDS = {
    "nothing": {},
    "no number": {"order_qty": "much"},
    "relative": {"limit_price": "+1%"},
    "no such field": {"volume": "1"},
    "no trigger": {"trigger_price": "15000"},
    "no iceberg": {"display_qty": "0.001"},
    "too fine": {"order_qty": "0.000000001"},
    "no tick": {"limit_price": "15000.001"},
    "no funds": {"order_qty": "50"},
    "late": {"order_qty": "0.02", "deadline": "2020-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("case", WRONG_AMENDS)
def test_a_wrong_amend_is_refused_and_changes_nothing(certificate: Path, case: str) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        (txid,) = (await rig.place(price="15000"))["txid"]
        before = (await rig.call("QueryOrders", txid=txid))[txid]
        assert str(await rig.call("AmendOrder", txid=txid, **WRONG_AMENDS[case])).startswith("E")
        assert (await rig.call("QueryOrders", txid=txid))[txid] == before

    run_venue(certificate, scenario)


def test_an_edit_cancels_the_order_and_places_another(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        (old,) = (await rig.place(price="15000", cl_ord_id="mine-1"))["txid"]
        said = await rig.call("EditOrder", pair="XBTUSDT", txid=old, price="15001", validate="true")
        assert said["orders_cancelled"] == 0
        edited = await rig.call("EditOrder", pair="XBTUSDT", txid=old, price="15001")
        assert (edited["status"], edited["originaltxid"], edited["orders_cancelled"]) == ("ok", old, 1)
        rows = await rig.call("QueryOrders", txid=f"{old},{edited['txid']}")
        assert [(row["status"], row["descr"]["price"], row["vol"], row["cl_ord_id"]) for row in rows.values()] == [
            ("canceled", "15000.00", "0.01000000", "mine-1"), ("open", "15001.00", "0.01000000", None),
        ]  # fmt: skip
        assert await rig.call("EditOrder", pair="XBTUSDT", txid=old, price="15001") == "EOrder:Unknown order"
        socket = await Socket(rig).open(stack)
        said = await socket.ask("edit_order", symbol=BTC, order_id=edited["txid"], limit_price=15_002, order_qty=0.02)
        assert said["success"], said
        assert said["result"]["original_order_id"] == edited["txid"]
        (found,) = (await rig.call("OpenOrders"))["open"].items()
        assert (found[0], found[1]["vol"]) == (said["result"]["order_id"], "0.02000000")

    run_venue(certificate, scenario)


# -- batches ----------------------------------------------------------------------------------------------------------


def test_ccxt_places_and_cancels_orders_together(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        exchange = await rig.ccxt(stack)
        wanted = [
            {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": 15_000 + number,
             "params": {"clientOrderId": f"mine-{number}"}}
            for number in range(3)
        ]  # fmt: skip
        placed = await exchange.create_orders(wanted)
        found = await exchange.fetch_open_orders(BTC)
        assert {(each["id"], each["price"]) for each in found} == {
            (each["id"], 15_000 + number) for number, each in enumerate(placed)
        }
        assert {each["clientOrderId"] for each in found} == {"mine-0", "mine-1", "mine-2"}
        (told,) = await exchange.cancel_orders([each["id"] for each in placed[:2]], BTC)
        assert told["info"]["result"]["count"] in (2, "2")
        (left,) = await exchange.fetch_open_orders(BTC)
        assert left["id"] == placed[2]["id"]
        assert (await exchange.cancel_orders_ws([left["id"]]))["success"]

    run_venue(certificate, scenario)


def test_of_a_batch_one_that_cannot_be_paid_is_refused_alone(certificate: Path) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        rows = (await call_batch(rig, [order_row(0), order_row(1, volume="50"), order_row(2)]))["orders"]
        assert ["txid" in row for row in rows] == [True, False, True]
        assert rows[1] == {"error": "EOrder:Insufficient funds"}
        socket = await Socket(rig).open(stack)
        legs = [
            {"order_type": "limit", "side": "buy", "order_qty": 0.01, "limit_price": 15_010, "cl_ord_id": "w-1"},
            {"order_type": "limit", "side": "buy", "order_qty": 50, "limit_price": 15_011},
        ]
        said = await socket.ask("batch_add", symbol=BTC, orders=legs)
        assert said["success"], said
        assert (said["result"][0]["cl_ord_id"], said["result"][1]) == ("w-1", {"error": "EOrder:Insufficient funds"})
        txids = [rows[0]["txid"], rows[2]["txid"]]
        gone = await socket.ask("batch_cancel", orders=txids, cl_ord_id=["w-1"])
        assert (gone["success"], gone["orders_cancelled"]) == (True, 3)
        assert not rig.venue.stats()["open_orders"]

    run_venue(certificate, scenario)


WRONG_BATCHES: dict[str, list[dict[str, Any]]] = {
    "one": [order_row(0)],
    "sixteen": [order_row(number) for number in range(16)],
    "one is wrong": [order_row(0), order_row(1, ordertype="better")],
    "one is too small": [order_row(0), order_row(1, volume="0.00000001")],
}


@pytest.mark.parametrize("case", WRONG_BATCHES)
def test_what_is_wrong_with_one_refuses_the_batch(certificate: Path, case: str) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        assert str(await call_batch(rig, WRONG_BATCHES[case])).startswith("E")
        assert str(await rig.call("CancelOrderBatch")).startswith("EGeneral:Invalid arguments")
        assert await rig.call("CancelOrderBatch", **{"orders[0]": UNKNOWN}) == "EOrder:Unknown order"
        assert not rig.venue.stats()["orders"]

    run_venue(certificate, scenario)


# -- conditional closes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["rest", "ccxt", "socket"])
def test_a_fill_places_its_close_on_the_other_side(certificate: Path, door: str) -> None:
    async def scenario(rig: Rig, stack: Any) -> None:
        await rig.market()
        if door == "ccxt":
            exchange = await rig.ccxt(stack)
            close = {"ordertype": "stop-loss-limit", "price": 15_000, "price2": 14_900}
            parent = (await exchange.create_order(BTC, "market", "buy", 0.02, None, {"close": close}))["id"]
            rig._nonces = itertools.count(time.time_ns() // 1_000_000 + 1_000)  # past ccxt's
        elif door == "rest":
            close = {"close[ordertype]": "stop-loss-limit", "close[price]": "15000", "close[price2]": "14900"}
            (parent,) = (await rig.place(ordertype="market", volume="0.02", price="", **close))["txid"]
        else:
            socket = await Socket(rig).open(stack)
            close = {"order_type": "stop-loss-limit", "trigger_price": 15_000, "limit_price": 14_900}
            said = await socket.ask(
                "add_order", order_type="market", side="buy", symbol=BTC, order_qty=0.02, conditional=close
            )
            parent = said["result"]["order_id"]
        done = (await rig.call("QueryOrders", txid=parent, trades="true"))[parent]
        assert done["status"] == "closed"
        assert done["descr"]["close"] == "close position @ stop loss 15000.00 -> limit 14900.00"
        rows = list((await rig.call("OpenOrders"))["open"].values())
        assert len(rows) == len(done["trades"])
        assert sum(Decimal(row["vol"]) for row in rows) == Decimal("0.02")
        told = {(row["refid"], row["descr"]["type"], row["descr"]["ordertype"], row["cl_ord_id"]) for row in rows}
        assert told == {(parent, "sell", "stop-loss-limit", None)}

    run_venue(certificate, scenario)


@pytest.mark.parametrize(
    "close",
    [{"close[ordertype]": "market"}, {"close[ordertype]": "limit"}, {"close[ordertype]": "limit", "close[price]": "x"}],
)
def test_a_close_of_no_form_is_refused(certificate: Path, close: dict[str, str]) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        assert (await rig.place(**close)).startswith("EGeneral:Invalid arguments")

    run_venue(certificate, scenario)


# -- the counter of orders --------------------------------------------------------------------------------------------


def test_past_its_counter_a_pair_takes_no_orders_but_cancels(certificate: Path) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        (txid,) = (await rig.place())["txid"]
        assert await rig.place(volume="") == "EGeneral:Invalid arguments:volume"
        assert "txid" in await rig.place(), "what is refused counts, too"
        assert await rig.place() == "EOrder:Rate limit exceeded"
        assert await rig.call("AmendOrder", txid=txid, order_qty="0.02") == "EOrder:Rate limit exceeded"
        other = await rig.place(pair="ETHUSDT", price="10")
        assert other == "EOrder:Cost minimum not met", "each pair has its own"
        assert await rig.call("CancelOrder", txid=txid) == {"count": 1}

    run_venue(certificate, scenario, limits=Limits(calls=1_000, orders=3, orders_decay_per_s=0))


def test_a_batch_costs_half_of_its_orders(certificate: Path) -> None:
    async def scenario(rig: Rig, _: Any) -> None:
        await rig.market()
        assert len((await call_batch(rig, [order_row(number) for number in range(4)]))["orders"]) == 4
        assert "txid" in await rig.place()
        assert await rig.place() == "EOrder:Rate limit exceeded"

    run_venue(certificate, scenario, limits=Limits(calls=1_000, orders=3, orders_decay_per_s=0))


@pytest.mark.parametrize("costs", [CANCEL_COSTS, AMEND_COSTS, EDIT_COSTS], ids=["cancel", "amend", "edit"])
def test_what_is_done_to_an_order_costs_by_its_age_since_it_was_changed(costs: Any) -> None:
    zero = Decimal(0)
    order = Order(1, "a", "S", "B", "Q", "BUY", "LIMIT", "GTC", zero, zero, zero, zero, created_ms=0, updated_ms=0)
    limiter = RateLimiter(Limits(), lambda: 0)
    for below_s, cost in costs:
        assert limiter._by_age(order, costs, int(below_s * 1_000) - 1) == cost
        assert limiter._by_age(order, costs, int(below_s * 1_000)) < cost
    limiter.amended(order, 400_000)
    assert limiter._by_age(order, costs, 400_001) == costs[0][1]


# -- hostile requests -------------------------------------------------------------------------------------------------


class Told:
    """An outbox that keeps what it is given."""

    def __init__(self) -> None:
        self.frames: list[Any] = []

    def put(self, payload: bytes, _after_s: float = 0.0) -> None:
        self.frames.append(json.loads(payload))

    def abort(self) -> None:
        raise AssertionError("a request cut its connection")


def account_connection() -> tuple[KrakenVenue, Connection, Told, str]:
    venue = KrakenVenue(
        SwingingMarket(), list(PAPER_INSTRUMENTS.values()), [], io.BytesIO(), clock_ns=time.time_ns, api_key="key",
        api_secret=SECRET, opening_balances={"USDT": Decimal(10_000), "BTC": Decimal(1)}, limits=PLENTY,
    )  # fmt: skip
    venue.engine.observe(
        "BTCUSDT", TickerEvent("BTCUSDT", 1, Decimal(19_999), Decimal(5), Decimal(20_001), Decimal(5)), 1
    )
    told: Any = Told()
    connection = Connection(venue._desk, venue._feeds, venue._accounts, told, lambda: None, account=True)
    return venue, connection, told, venue._desk.authenticator.issue_token(time.time_ns())


FIELDS = [
    "symbol", "side", "order_type", "order_qty", "limit_price", "trigger_price", "cl_ord_id", "order_id", "orders",
    "conditional", "triggers", "deadline", "validate", "display_qty", "time_in_force", "post_only", "cash_order_qty",
]  # fmt: skip
VALUES = st.one_of(
    JSON,
    st.sampled_from(["BTC/USDT", "buy", "limit", "market", "mine", order_txid(1), 0.01, 15_000, "1", True]),
    st.just([order_txid(1), order_txid(2)]),
    st.just([{"order_type": "limit", "side": "buy", "order_qty": 0.01, "limit_price": 15_000}] * 2),
    st.just({"order_type": "limit", "limit_price": 21_000}),
)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(METHODS)), st.dictionaries(st.sampled_from(FIELDS), VALUES)), max_size=8)
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_asked_for_over_the_socket_is_answered_and_changes_nothing_where_it_is_refused(
    asked: list[tuple[str, dict[str, Any]]],
) -> None:
    venue, connection, told, token = account_connection()
    whole = {"symbol": BTC, "side": "buy", "order_type": "limit", "order_qty": 0.01, "limit_price": 15_000}
    for number, (method, params) in enumerate([("add_order", whole), *asked]):
        told.frames.clear()
        held = dict(venue.engine.account.balances), len(venue.state.open)
        said = json.dumps({"method": method, "params": params | {"token": token}, "req_id": number})
        connection.handle(said)
        answers = [frame for frame in told.frames if frame.get("req_id") == number]
        if not answers:
            assert "Infinity" in said or "NaN" in said, "what is no JSON has no number to answer to"
            continue
        if not any(answer["success"] for answer in answers) and method != "edit_order":
            assert (dict(venue.engine.account.balances), len(venue.state.open)) == held
        locked = sum((order.locked for order in venue.state.open if order.side == "BUY"), Decimal(0))
        assert venue.engine.account.balances["USDT"].locked == locked
