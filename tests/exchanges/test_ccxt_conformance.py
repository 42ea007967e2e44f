"""Every call of ccxt's that the venue has an answer to, over TLS and under Binance's own addresses: what ccxt makes of
the answer is what the venue holds."""

import itertools
import time
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.kit.ccxt_bench import CcxtBench, open_bench
from tradigrade.exchanges.simulated.authentication import OtherAccount

BTC, ETH = "BTC/USDT", "ETH/USDT"
Call = Callable[[Any], Awaitable[Any]]
Check = Callable[[Any, CcxtBench], Any]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CcxtBench]:
    other = OtherAccount(2, "other", "hidden", {"USDT": Decimal(500)})
    yield from open_bench(tmp_path_factory.mktemp("tls"), others=[other])


@pytest.fixture(autouse=True)
def calm(bench: CcxtBench) -> None:
    bench.calm()


def near(expected: float, found: Any, by: float) -> bool:
    return abs(found - expected) <= by


def trades_are_the_markets(found: Any, bench: CcxtBench) -> bool:
    tape = {str(trade.trade_id): trade for trade in bench.venue.engine.market("BTCUSDT").tape.trades}
    return bool(found) and all(
        (each["price"], each["amount"], each["side"])
        == (float(tape[each["id"]].price), 0.5, "sell" if tape[each["id"]].buyer_is_maker else "buy")
        for each in found
    )


def bars_are_the_markets(found: Any, bench: CcxtBench) -> bool:
    last = found[-1]
    in_order = all(after[0] > before[0] for before, after in itertools.pairwise(found))
    return in_order and {last[1], last[2], last[3], last[4]} <= {20_000, 20_001} and last[5] % 0.5 == 0


def ticks(ticker: Any) -> bool:
    return bool(ticker["last"] in (20_000, 20_001) and ticker["baseVolume"] > 0 and ticker["low"] == 20_000)


PUBLIC: dict[str, tuple[Call, Check]] = {
    "fetch_time": (lambda x: x.fetch_time(), lambda r, _: near(time.time() * 1e3, r, 2_000)),
    "fetch_status": (lambda x: x.fetch_status(), lambda r, _: r["status"] == "ok"),
    "fetch_markets": (
        lambda x: x.fetch_markets(),
        lambda r, b: (
            {m["symbol"] for m in r} == {m.instrument.symbol for m in b.venue.engine.markets.values()}
            and all(m["active"] and m["spot"] and m["precision"]["price"] and m["limits"]["cost"]["min"] for m in r)
        ),
    ),
    "fetch_ticker": (lambda x: x.fetch_ticker(BTC), lambda r, _: ticks(r) and (r["bid"], r["ask"]) == (19_999, 20_001)),
    "fetch_tickers": (lambda x: x.fetch_tickers([BTC, ETH]), lambda r, _: set(r) == {BTC, ETH} and ticks(r[BTC])),
    "fetch_tickers of all": (lambda x: x.fetch_tickers(), lambda r, b: len(r) == len(b.venue.engine.markets)),
    "fetch_bids_asks": (
        lambda x: x.fetch_bids_asks([BTC]),
        lambda r, _: (r[BTC]["bid"], r[BTC]["ask"]) == (19_999, 20_001),
    ),
    "fetch_last_prices": (lambda x: x.fetch_last_prices([BTC]), lambda r, _: r[BTC]["price"] in (20_000, 20_001)),
    "fetch_order_book": (
        lambda x: x.fetch_order_book(BTC, 3),
        lambda r, _: (
            (r["bids"], r["asks"])
            == ([[19_999, 1.5], [19_998, 2.5], [19_997, 3.5]], [[20_001, 1.5], [20_002, 2.5], [20_003, 3.5]])
        ),
    ),
    "fetch_trades": (lambda x: x.fetch_trades(BTC, limit=5), lambda r, b: len(r) == 5 and trades_are_the_markets(r, b)),
    "fetch_trades since": (
        lambda x: x.fetch_trades(BTC, since=x.milliseconds() - 60_000, limit=2),
        lambda r, b: [each["id"] for each in r] == ["0", "1"] and trades_are_the_markets(r, b),
    ),
    "fetch_trades, recent": (
        lambda x: x.fetch_trades(BTC, limit=2, params={"fetchTradesMethod": "publicGetTrades"}),
        trades_are_the_markets,
    ),
    "fetch_trades, historical": (
        lambda x: x.fetch_trades(BTC, params={"fetchTradesMethod": "publicGetHistoricalTrades", "fromId": 1}),
        lambda r, b: r[0]["id"] == "1" and trades_are_the_markets(r, b),
    ),
    **{
        f"fetch_ohlcv {interval}": (lambda x, i=interval: x.fetch_ohlcv(BTC, i), bars_are_the_markets)
        for interval in ccxt.binance().timeframes
    },
    "fetch_ohlcv since": (lambda x: x.fetch_ohlcv(BTC, "1s", since=x.milliseconds() + 60_000), lambda r, _: r == []),
    "ping": (lambda x: x.public_get_ping(), lambda r, _: r == {}),
    "avgPrice": (
        lambda x: x.public_get_avgprice({"symbol": "BTCUSDT"}),
        lambda r, _: r["mins"] == 5 and near(20_000.5, float(r["price"]), 0.5),
    ),
    "uiKlines": (
        lambda x: x.public_get_uiklines({"symbol": "BTCUSDT", "interval": "1m"}),
        lambda r, _: len(r[-1]) == 12,
    ),
    "ticker": (
        lambda x: x.public_get_ticker({"symbol": "BTCUSDT", "windowSize": "4h"}),
        lambda r, _: int(r["closeTime"]) - int(r["openTime"]) == 4 * 3_600_000 and "weightedAvgPrice" in r,
    ),
    "ticker/tradingDay": (
        lambda x: x.public_get_ticker_tradingday({"symbols": '["BTCUSDT","ETHUSDT"]', "type": "MINI"}),
        lambda r, _: [each["symbol"] for each in r] == ["BTCUSDT", "ETHUSDT"] and "priceChange" not in r[0],
    ),
    "ticker/price": (
        lambda x: x.public_get_ticker_price({"symbol": "ETHUSDT"}),
        lambda r, _: float(r["price"]) in (1_000, 1_001),
    ),
}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_call(bench: CcxtBench, name: str) -> None:
    call, check = PUBLIC[name]
    result = bench.run(call(bench.ccxt))
    assert check(result, bench), result


async def placed(x: Any, kind: str = "limit", price: float | None = 19_000, **params: Any) -> Any:
    return await x.create_order(BTC, kind, "buy", 0.01, price, params)


def told(order: Any, **fields: Any) -> bool:
    return all(order[name] == value for name, value in fields.items())


async def then(x: Any, follow: Callable[[Any, Any], Awaitable[Any]], **params: Any) -> Any:
    """What follows an order that rests."""
    order = await placed(x, clientOrderId=f"c{time.time_ns()}", **params)
    return order, await follow(x, order)


async def filled(x: Any) -> Any:
    return await placed(x, "market", None)


async def after_fill(x: Any, follow: Callable[[Any, Any], Awaitable[Any]]) -> Any:
    order = await filled(x)
    return order, await follow(x, order)


def waits(order: Any, kind: str, stop_price: float | None) -> bool:
    return told(order, status="open", filled=0, triggerPrice=stop_price) and order["info"]["type"] == kind


RESTS = {"status": "open", "filled": 0, "amount": 0.01, "symbol": BTC}
CLOSED = {"status": "closed", "filled": 0.01, "remaining": 0}
ORDERS: dict[str, tuple[Call, Check]] = {
    "create_order limit": (
        lambda x: placed(x, clientOrderId="mine-1"),
        lambda r, _: told(r, **RESTS, price=19_000, clientOrderId="mine-1", type="limit", timeInForce="GTC"),
    ),
    "create_order market": (
        filled,
        lambda r, _: (
            told(r, **CLOSED, average=20_001, cost=200.01) and r["fee"] == {"currency": "BTC", "cost": 0.00001}
        ),
    ),
    "create_market_buy_order_with_cost": (
        lambda x: x.create_market_buy_order_with_cost(BTC, 100),
        lambda r, _: told(r, status="closed") and 99 < r["cost"] <= 100,
    ),
    "create_market_sell_order_with_cost": (
        lambda x: x.create_market_sell_order_with_cost(BTC, 100),
        lambda r, _: told(r, status="closed", side="sell") and 99 < r["cost"] <= 100,
    ),
    "create_post_only_order": (
        lambda x: x.create_post_only_order(BTC, "limit", "buy", 0.01, 19_000),
        lambda r, _: told(r, **RESTS, postOnly=True),
    ),
    "create_stop_limit_order": (
        lambda x: x.create_stop_limit_order(BTC, "sell", 0.01, 18_000, 18_500),
        lambda r, _: waits(r, "STOP_LOSS_LIMIT", 18_500),
    ),
    "create_stop_loss_order": (
        lambda x: x.create_stop_loss_order(BTC, "market", "sell", 0.01, None, 18_500),
        lambda r, _: waits(r, "STOP_LOSS", 18_500) and r["type"] == "market",
    ),
    "create_take_profit_order": (
        lambda x: x.create_take_profit_order(BTC, "limit", "sell", 0.01, 22_000, 21_900),
        lambda r, _: waits(r, "TAKE_PROFIT_LIMIT", 21_900) and r["price"] == 22_000,
    ),
    "create_trigger_order": (
        lambda x: x.create_trigger_order(BTC, "limit", "buy", 0.01, 21_000, 20_900),
        lambda r, _: waits(r, "STOP_LOSS_LIMIT", 20_900),
    ),
    "create_order trailing": (
        lambda x: x.create_order(
            BTC, "limit", "sell", 0.01, 19_000, {"trailingPercent": 5, "stopLossOrTakeProfit": "stopLoss"}
        ),
        lambda r, _: waits(r, "STOP_LOSS_LIMIT", None) and r["info"]["trailingDelta"] == 500,
    ),
    "create_order iceberg": (
        lambda x: placed(x, icebergAmount=0.005, selfTradePrevention="expire_maker"),
        lambda r, _: told(r, **RESTS),
    ),
    "create_order ioc": (lambda x: placed(x, timeInForce="IOC"), lambda r, _: told(r, status="expired", filled=0)),
    "create_order fok": (lambda x: placed(x, price=20_100, timeInForce="FOK"), lambda r, _: told(r, **CLOSED)),
    "create_order test": (lambda x: placed(x, test=True), lambda r, b: r["id"] is None and not len(b.venue.state.open)),
    "edit_order": (
        lambda x: then(x, lambda x, o: x.edit_order(o["id"], BTC, "limit", "buy", 0.02, 19_100)),
        lambda r, b: told(r[1], status="open", amount=0.02, price=19_100) and len(b.venue.state.open) == 1,
    ),
    "fetch_order": (
        lambda x: then(x, lambda x, o: x.fetch_order(o["id"], BTC)),
        lambda r, _: told(r[1], id=r[0]["id"], **RESTS),
    ),
    "fetch_order by client id": (
        lambda x: then(x, lambda x, o: x.fetch_order(None, BTC, {"clientOrderId": o["clientOrderId"]})),
        lambda r, _: told(r[1], id=r[0]["id"]),
    ),
    "fetch_open_orders": (
        lambda x: then(x, lambda x, _: x.fetch_open_orders(BTC)),
        lambda r, _: [o["id"] for o in r[1]] == [r[0]["id"]],
    ),
    "fetch_open_orders of all": (
        lambda x: then(x, lambda x, _: x.fetch_open_orders()),
        lambda r, _: [o["id"] for o in r[1]] == [r[0]["id"]],
    ),
    "fetch_orders": (
        lambda x: then(x, lambda x, _: x.fetch_orders(BTC, limit=1)),
        lambda r, _: [o["id"] for o in r[1]] == [r[0]["id"]],
    ),
    "fetch_closed_orders": (
        lambda x: after_fill(x, lambda x, _: x.fetch_closed_orders(BTC)),
        lambda r, _: r[1][-1]["id"] == r[0]["id"] and {o["status"] for o in r[1]} == {"closed"},
    ),
    "fetch_canceled_orders": (
        lambda x: then(x, lambda x, o: x.cancel_order(o["id"], BTC)),
        lambda r, b: b.run(b.ccxt.fetch_canceled_orders(BTC))[-1]["id"] == r[0]["id"],
    ),
    "cancel_order": (
        lambda x: then(x, lambda x, o: x.cancel_order(o["id"], BTC)),
        lambda r, b: told(r[1], id=r[0]["id"], status="canceled") and not len(b.venue.state.open),
    ),
    "cancel_order by client id": (
        lambda x: then(x, lambda x, o: x.cancel_order(None, BTC, {"clientOrderId": o["clientOrderId"]})),
        lambda r, b: told(r[1], id=r[0]["id"], status="canceled"),
    ),
    "cancel_all_orders": (
        lambda x: then(x, lambda x, _: x.cancel_all_orders(BTC)),
        lambda r, b: len(r[1]) == 1 and not len(b.venue.state.open),
    ),
    "fetch_balance": (
        lambda x: then(x, lambda x, _: x.fetch_balance()),
        lambda r, b: (
            r[1]["USDT"]["used"] == 190
            and Decimal(str(r[1]["USDT"]["free"])) == b.venue.state.books.account.free("USDT")
        ),
    ),
    "fetch_my_trades": (
        lambda x: after_fill(x, lambda x, _: x.fetch_my_trades(BTC, limit=1)),
        lambda r, _: (
            [(t["order"], t["price"], t["amount"], t["takerOrMaker"], t["fee"]["currency"]) for t in r[1]]
            == [(r[0]["id"], 20_001, 0.01, "taker", "BTC")]
        ),
    ),
    "fetch_my_trades since": (
        lambda x: after_fill(x, lambda x, o: x.fetch_my_trades(BTC, since=o["timestamp"])),
        lambda r, _: r[1][-1]["order"] == r[0]["id"],
    ),
    "fetch_order_trades": (
        lambda x: after_fill(x, lambda x, o: x.fetch_order_trades(o["id"], BTC)),
        lambda r, _: len(r[1]) == 1,
    ),
    "create_order_ws": (
        lambda x: x.create_order_ws(BTC, "limit", "buy", 0.01, 19_000, {"newClientOrderId": "ws-1"}),
        lambda r, _: told(r, **RESTS, clientOrderId="ws-1"),
    ),
    "create_order_ws market": (
        lambda x: x.create_order_ws(BTC, "market", "sell", 0.01),
        lambda r, _: told(r, **CLOSED, average=19_999),
    ),
    "edit_order_ws": (
        lambda x: then(x, lambda x, o: x.edit_order_ws(o["id"], BTC, "limit", "buy", 0.02, 19_100)),
        lambda r, b: told(r[1], price=19_100) and len(b.venue.state.open) == 1,
    ),
    "cancel_order_ws": (
        lambda x: then(x, lambda x, o: x.cancel_order_ws(o["id"], BTC)),
        lambda r, _: told(r[1], status="canceled"),
    ),
    "cancel_all_orders_ws": (
        lambda x: then(x, lambda x, _: x.cancel_all_orders_ws(BTC)),
        lambda r, b: not len(b.venue.state.open),
    ),
    "fetch_order_ws": (
        lambda x: then(x, lambda x, o: x.fetch_order_ws(o["id"], BTC)),
        lambda r, _: told(r[1], id=r[0]["id"], **RESTS),
    ),
    "fetch_orders_ws": (
        lambda x: then(x, lambda x, _: x.fetch_orders_ws(BTC)),
        lambda r, _: r[1][-1]["id"] == r[0]["id"],
    ),
    "fetch_open_orders_ws": (
        lambda x: then(x, lambda x, _: x.fetch_open_orders_ws(BTC)),
        lambda r, _: [o["id"] for o in r[1]] == [r[0]["id"]],
    ),
    "fetch_closed_orders_ws": (
        lambda x: after_fill(x, lambda x, _: x.fetch_closed_orders_ws(BTC)),
        lambda r, _: r[1][-1]["id"] == r[0]["id"],
    ),
    "fetch_my_trades_ws": (
        lambda x: after_fill(x, lambda x, _: x.fetch_my_trades_ws(BTC)),
        lambda r, _: r[1][-1]["order"] == r[0]["id"],
    ),
    "fetch_balance_ws": (
        lambda x: then(x, lambda x, _: x.fetch_balance_ws()),
        lambda r, _: r[1]["info"]["accountType"] == "SPOT",
    ),
    "fetch_trades_ws": (lambda x: x.fetch_trades_ws(BTC), trades_are_the_markets),
    "fetch_ohlcv_ws": (lambda x: x.fetch_ohlcv_ws(BTC, "1s"), bars_are_the_markets),
}


@pytest.mark.parametrize("name", ORDERS)
def test_a_call_of_the_account(bench: CcxtBench, name: str) -> None:
    call, check = ORDERS[name]
    result = bench.run(call(bench.ccxt))
    assert check(result, bench), result


WALLET: dict[str, tuple[Call, Check]] = {
    "fetch_trading_fee": (lambda x: x.fetch_trading_fee(BTC), lambda r, _: (r["maker"], r["taker"]) == (0.001, 0.001)),
    "fetch_trading_fees": (lambda x: x.fetch_trading_fees(), lambda r, b: len(r) == len(b.venue.engine.markets)),
    "fetch_deposits": (
        lambda x: x.fetch_deposits(),
        lambda r, _: [(t["amount"], t["status"]) for t in r] == [(50, "ok")],
    ),
    "fetch_withdrawals": (
        lambda x: x.fetch_withdrawals(),
        lambda r, _: [(t["amount"], t["status"]) for t in r] == [(20, "ok")],
    ),
    "fetch_deposit_withdraw_fees": (lambda x: x.fetch_deposit_withdraw_fees(["BTC"]), lambda r, _: set(r) == {"BTC"}),
    "rateLimit/order": (
        lambda x: x.private_get_ratelimit_order(),
        lambda r, _: [each["interval"] for each in r] == ["SECOND", "DAY"],
    ),
    "account/commission": (
        lambda x: x.private_get_account_commission({"symbol": "BTCUSDT"}),
        lambda r, _: r["standardCommission"]["taker"] == "0.00100000",
    ),
    "account, held only": (
        lambda x: x.private_get_account({"omitZeroBalances": "true"}),
        lambda r, _: len(r["balances"]) == 2,
    ),
    "myPreventedMatches": (
        lambda x: x.private_get_mypreventedmatches({"symbol": "BTCUSDT"}),
        lambda r, _: isinstance(r, list),
    ),
    "myAllocations": (lambda x: x.private_get_myallocations({"symbol": "BTCUSDT"}), lambda r, _: r == []),
}


@pytest.mark.parametrize("name", WALLET)
def test_a_call_of_the_wallet(bench: CcxtBench, name: str) -> None:
    if not bench.venue.state.books.transfers:
        bench.venue.transfer("USDT", Decimal(50))
        bench.venue.transfer("USDT", Decimal(-20))
    call, check = WALLET[name]
    result = bench.run(call(bench.ccxt))
    assert check(result, bench), result


OCO = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "quantity": "0.01",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "21000",
    "belowType": "STOP_LOSS_LIMIT",
    "belowStopPrice": "19000",
    "belowPrice": "18900",
    "belowTimeInForce": "GTC",
}
WORKING = {
    "symbol": "BTCUSDT",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "19000",
    "workingQuantity": "0.01",
    "workingTimeInForce": "GTC",
}
OTO = WORKING | {
    "pendingType": "STOP_LOSS",
    "pendingSide": "SELL",
    "pendingQuantity": "0.01",
    "pendingStopPrice": "18000",
}
OTOCO = WORKING | {
    "pendingSide": "SELL",
    "pendingQuantity": "0.01",
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "21000",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "18000",
}
OLD_OCO = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "price": "21000", "stopPrice": "19000"}
PLACED_LISTS: dict[str, tuple[Call, str, list[tuple[str, str]]]] = {
    "oco": (
        lambda x: x.private_post_orderlist_oco(OCO),
        "OCO",
        [("STOP_LOSS_LIMIT", "NEW"), ("LIMIT_MAKER", "NEW")],
    ),
    "oto": (
        lambda x: x.private_post_orderlist_oto(OTO),
        "OTO",
        [("LIMIT", "NEW"), ("STOP_LOSS", "PENDING_NEW")],
    ),
    "otoco": (
        lambda x: x.private_post_orderlist_otoco(OTOCO),
        "OTO",
        [("LIMIT", "NEW"), ("STOP_LOSS", "PENDING_NEW"), ("LIMIT_MAKER", "PENDING_NEW")],
    ),
    "the older oco": (
        lambda x: x.private_post_order_oco(OLD_OCO),
        "OCO",
        [("STOP_LOSS", "NEW"), ("LIMIT_MAKER", "NEW")],
    ),
}


@pytest.mark.parametrize("name", PLACED_LISTS)
def test_an_order_list_is_placed_found_and_cancelled(bench: CcxtBench, name: str) -> None:
    place, contingency, reports = PLACED_LISTS[name]

    async def scenario() -> Any:
        x = bench.ccxt
        made = await place(x)
        found = await x.private_get_orderlist({"orderListId": made["orderListId"]})
        among = [await x.private_get_openorderlist(), await x.private_get_allorderlist()]
        orders = await x.fetch_open_orders(BTC)
        named = {"symbol": "BTCUSDT", "orderListId": made["orderListId"]}
        return made, found, among, orders, await x.private_delete_orderlist(named)

    made, found, among, orders, cancelled = bench.run(scenario())
    assert (made["contingencyType"], made["listOrderStatus"]) == (contingency, "EXECUTING")
    assert [(each["type"], each["status"]) for each in made["orderReports"]] == reports
    assert found["orders"] == made["orders"]
    assert all(lists[-1]["orderListId"] == made["orderListId"] for lists in among)
    assert len(among[0]) == 1
    assert {order["info"]["orderListId"] for order in orders} == {made["orderListId"]}
    assert (cancelled["listOrderStatus"], {each["status"] for each in cancelled["orderReports"]}) == (
        "ALL_DONE",
        {"CANCELED"},
    )
    assert not len(bench.venue.state.open)


def test_an_order_of_a_list_may_be_cancelled_with_the_list(bench: CcxtBench) -> None:
    made = bench.run(bench.ccxt.private_post_orderlist_oco(OCO))
    bench.run(bench.ccxt.cancel_order(made["orders"][0]["orderId"], BTC))
    assert not len(bench.venue.state.open)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"abovePrice": "19500"}, -2010),
        ({"aboveType": "STOP_LOSS", "aboveStopPrice": "21000"}, -1106),
        ({"belowTimeInForce": ""}, -1105),
        ({"belowPrice": "18900.001"}, -1013),
        ({"aboveType": "TRAILING"}, -1116),
        ({"quantity": "much"}, -1100),
    ],
    ids=lambda change: ",".join(change) if isinstance(change, dict) else "",
)
def test_a_wrong_order_list_is_refused_and_leaves_nothing(bench: CcxtBench, change: dict[str, str], code: int) -> None:
    with pytest.raises(ccxt.BaseError, match=str(code)):
        bench.run(bench.ccxt.private_post_orderlist_oco(OCO | change))
    assert not len(bench.venue.state.open)


def test_accounts_at_one_venue_have_their_own_orders_money_and_reports(bench: CcxtBench) -> None:
    other = bench.exchange(apiKey="other", secret="hidden")

    async def scenario() -> Any:
        mine, theirs = await placed(bench.ccxt), await placed(other)
        with pytest.raises(ccxt.OrderNotFound):
            await other.fetch_order(mine["id"], BTC)
        balance = await other.fetch_balance()
        orders = await other.fetch_open_orders(BTC)
        counts = await other.private_get_ratelimit_order()
        await other.cancel_all_orders(BTC)
        return theirs["id"], [order["id"] for order in orders], balance["USDT"], counts[1]["count"]

    their_id, open_ids, usdt, count = bench.run(scenario())
    assert open_ids == [their_id]
    assert (usdt["used"], usdt["total"], count) == (190, 500, 1)
    assert len(bench.venue.state.open) == 1


def test_markets_load_with_currencies_and_margins_too(bench: CcxtBench) -> None:
    exchange = bench.exchange(options={"fetchMarkets": {"types": ["spot"]}})
    markets = bench.run(exchange.load_markets())
    assert markets[BTC]["base"] == "BTC"
    assert exchange.currencies["BTC"]["networks"]["BTC"]["id"] == "BTC"


def test_a_halted_symbol_is_not_active(bench: CcxtBench) -> None:
    bench.venue.faults.symbol_halted = 2
    markets = {market["symbol"]: market for market in bench.run(bench.ccxt.fetch_markets())}
    assert (markets[BTC]["active"], markets[ETH]["active"]) == (False, True)
    with pytest.raises(ccxt.MarketClosed):
        bench.run(placed(bench.ccxt))


RAW = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "19000"}
ERRORS: dict[str, tuple[dict[str, Any], Call, type[Exception]]] = {
    "funds": ({}, lambda x: x.create_order(BTC, "limit", "buy", 1, 19_000), ccxt.InsufficientFunds),
    "post-only that takes": (
        {},
        lambda x: x.create_post_only_order(BTC, "limit", "buy", 0.01, 20_100),
        ccxt.OrderImmediatelyFillable,
    ),
    "stop that triggers": (
        {},
        lambda x: x.create_stop_loss_order(BTC, "market", "sell", 0.01, None, 21_000),
        ccxt.OrderImmediatelyFillable,
    ),
    "no such order": ({}, lambda x: x.fetch_order("999999", BTC), ccxt.OrderNotFound),
    "cancel of none": ({}, lambda x: x.cancel_order("999999", BTC), ccxt.OrderNotFound),
    "cancel all of none": ({}, lambda x: x.cancel_all_orders(BTC), ccxt.OrderNotFound),
    "cancel of none by ws": ({}, lambda x: x.cancel_order_ws("999999", BTC), ccxt.OrderNotFound),
    "edit of none": ({}, lambda x: x.edit_order("999999", BTC, "limit", "buy", 0.01, 19_000), ccxt.BadResponse),
    "notional": ({}, lambda x: x.create_order(BTC, "limit", "buy", 0.0001, 19_000), ccxt.BadRequest),
    "lot size": ({}, lambda x: x.private_post_order(RAW | {"quantity": "0.000011"}), ccxt.InvalidOrder),
    "tick size": ({}, lambda x: x.private_post_order(RAW | {"price": "19000.001"}), ccxt.InvalidOrder),
    "symbol": ({}, lambda x: x.public_get_depth({"symbol": "NOPE"}), ccxt.BadSymbol),
    "symbol twice": ({}, lambda x: x.public_get_ticker_price({"symbols": '["BTCUSDT","BTCUSDT"]'}), ccxt.BadSymbol),
    "interval": ({}, lambda x: x.public_get_klines({"symbol": "BTCUSDT", "interval": "7m"}), ccxt.BadRequest),
    "mandatory": ({}, lambda x: x.private_get_order({"symbol": "BTCUSDT"}), ccxt.BadRequest),
    "more than a day": (
        {},
        lambda x: x.private_get_mytrades({"symbol": "BTCUSDT", "startTime": 1, "endTime": 10**9}),
        ccxt.BadRequest,
    ),
    "clock": ({"clock_skewed": 1, "skew_ms": 60_000}, lambda x: x.fetch_balance(), ccxt.InvalidNonce),
    "clock the other way": ({"clock_skewed": 1, "skew_ms": -60_000}, lambda x: x.fetch_balance(), ccxt.InvalidNonce),
    "clock by ws": ({"clock_skewed": 1, "skew_ms": -60_000}, lambda x: x.fetch_balance_ws(), ccxt.InvalidNonce),
    "overloaded": ({"overloaded": 1}, placed, ccxt.OperationFailed),
    "maintenance": ({"maintenance": 1}, placed, ccxt.OperationFailed),
    "rest down": ({"rest_down": 1}, placed, ccxt.OperationFailed),
    "symbol down": ({"symbol_down": 1}, lambda x: x.fetch_order_book(BTC), ccxt.OperationFailed),
    "refused": ({"place_refused": 1}, placed, ccxt.ExchangeError),
    "cancel refused": (
        {"cancel_refused": 1},
        lambda x: then(x, lambda x, o: x.cancel_order(o["id"], BTC)),
        ccxt.ExchangeError,
    ),
    "ban": ({"ban": 1, "ban_s": 0.0}, lambda x: x.fetch_balance(), ccxt.DDoSProtection),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_the_one_ccxt_knows(bench: CcxtBench, name: str) -> None:
    faults, call, expected = ERRORS[name]
    for fault, value in faults.items():
        setattr(bench.venue.faults, fault, value)
    with pytest.raises(expected):
        bench.run(call(bench.ccxt))


def test_maintenance_shows_in_the_systems_status(bench: CcxtBench) -> None:
    bench.venue.faults.maintenance = 5
    assert bench.run(bench.ccxt.fetch_status())["status"] == "maintenance"
    bench.venue.faults.maintenance = 0


def test_one_symbol_down_leaves_the_others_up(bench: CcxtBench) -> None:
    bench.venue.faults.symbol_down, bench.venue.faults.symbol = 1, "ETHUSDT"
    assert bench.run(bench.ccxt.fetch_order_book(BTC))["bids"]
    with pytest.raises(ccxt.OperationFailed):
        bench.run(bench.ccxt.fetch_order_book(ETH))


def test_rest_may_be_down_alone(bench: CcxtBench) -> None:
    bench.venue.faults.rest_down = 1
    assert bench.run(bench.ccxt.fetch_open_orders_ws(BTC)) == []
    with pytest.raises(ccxt.OperationFailed):
        bench.run(bench.ccxt.fetch_balance())
