"""Order lists, self-trade prevention and a second account through the venue's doors."""

import asyncio
from decimal import Decimal

from tests.exchanges.test_simulated_venue import BTC, certificate, run_venue  # noqa: F401 - a fixture
from tradigrade.exchanges.simulated.authentication import OtherAccount

SECOND = OtherAccount(2, "key2", "secret2", {"USDT": Decimal(5_000), "BTC": Decimal(2)})
PAIR = {
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.1", "listClientOrderId": "pair",
    "aboveType": "LIMIT_MAKER", "abovePrice": "25000",
    "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": "15000", "belowPrice": "14900", "belowTimeInForce": "GTC",
}  # fmt: skip


def test_a_pair_is_placed_looked_up_and_cancelled_over_rest(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        await exchange.watch_trades(BTC)
        placed = await exchange.private_post_orderlist_oco(PAIR)
        looked_up = await exchange.private_get_orderlist({"origClientOrderId": "pair"})
        standing = await exchange.private_get_openorderlist()
        orders = await exchange.fetch_open_orders(BTC)
        cancelled = await exchange.private_delete_orderlist({"symbol": "BTCUSDT", "listClientOrderId": "pair"})
        left = await exchange.private_get_openorderlist()
        everything = await exchange.private_get_allorderlist()
        unknown = await rig.call("GET", "/orderList", orderListId=99)
        return placed, looked_up, standing, orders, cancelled, left, everything, unknown

    placed, looked_up, standing, orders, cancelled, left, everything, unknown = run_venue(certificate, scenario)
    assert [each["type"] for each in placed["orderReports"]] == ["STOP_LOSS_LIMIT", "LIMIT_MAKER"]
    assert {each["info"]["orderListId"] for each in orders} == {placed["orderListId"]}
    reports = placed.pop("orderReports")
    assert looked_up == standing[0] == placed
    assert (cancelled["listOrderStatus"], [each["status"] for each in cancelled["orderReports"]]) == (
        "ALL_DONE",
        ["CANCELED", "CANCELED"],
    )
    assert (left, len(everything), len(reports)) == ([], 1, 2)
    assert unknown[:2] == (400, {"code": -2018, "msg": "Order list does not exist."})


def test_a_bracket_is_placed_by_ccxt_and_its_ends_follow_its_entry(certificate):  # noqa: F811 - the fixture
    bracket = {
        "symbol": "BTCUSDT", "workingType": "LIMIT", "workingSide": "BUY", "workingPrice": "21000",
        "workingQuantity": "0.1", "workingTimeInForce": "GTC", "pendingSide": "SELL", "pendingQuantity": "0.1",
        "pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": "25000",
        "pendingBelowType": "STOP_LOSS", "pendingBelowStopPrice": "15000",
    }  # fmt: skip

    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        await exchange.watch_trades(BTC)
        placed = await exchange.private_post_orderlist_otoco(bracket)
        return placed, await exchange.fetch_orders(BTC)

    placed, orders = run_venue(certificate, scenario)
    assert (placed["contingencyType"], placed["listOrderStatus"]) == ("OTO", "EXECUTING")
    assert [each["status"] for each in placed["orderReports"]] == ["FILLED", "PENDING_NEW", "PENDING_NEW"]
    assert [(order["type"], order["status"], order["info"]["status"]) for order in orders] == [
        ("limit", "closed", "FILLED"),
        ("market", "open", "NEW"),
        ("limit", "open", "NEW"),
    ]


def test_the_mode_of_self_trade_prevention_is_told_back(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, stack):
        mode = {"selfTradePreventionMode": "EXPIRE_BOTH"}
        return [(await rig.place(price="19000", **each))[1] for each in ({}, mode)]

    answers = run_venue(certificate, scenario)
    assert [each["selfTradePreventionMode"] for each in answers] == ["EXPIRE_MAKER", "EXPIRE_BOTH"]


def test_a_second_account_has_its_own_key_balances_orders_and_stream(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, stack):
        first = await rig.ccxt(stack)
        second = await rig.ccxt(stack, apiKey="key2", secret="secret2")
        watching = asyncio.ensure_future(second.watch_orders(BTC))
        await rig.user_stream()
        await first.watch_trades(BTC)
        mine = await first.create_order(BTC, "limit", "buy", 0.1, 15_000, {"clientOrderId": "same"})
        theirs = await second.create_order(BTC, "limit", "sell", 0.2, 25_000, {"clientOrderId": "same"})
        heard = await watching
        balances = [(await each.fetch_balance())["total"] for each in (first, second)]
        orders = [await each.fetch_open_orders(BTC) for each in (first, second)]
        stranger = await rig.call("GET", "/order", "key2", "secret2", symbol="BTCUSDT", orderId=mine["id"])
        wrong = await rig.call("GET", "/account", "key2", "secret")
        account = await rig.call("GET", "/account", "key2", "secret2")
        return theirs, heard, balances, orders, stranger[1], wrong[1], account[1]

    theirs, heard, balances, orders, stranger, wrong, account = run_venue(certificate, scenario, others=(SECOND,))
    assert [order["id"] for order in heard] == [theirs["id"]]
    assert (balances[0]["BTC"], balances[1]["BTC"], balances[1]["USDT"]) == (1, 2, 5_000)
    assert [[order["side"] for order in each] for each in orders] == [["buy"], ["sell"]]
    assert (stranger["code"], wrong["code"], account["uid"]) == (-2013, -1022, 2)
