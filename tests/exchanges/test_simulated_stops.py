"""Orders that wait for a stop price: in the engine, and over Binance's protocol by unmodified ccxt."""

import asyncio
from decimal import Decimal

import pytest

from tests.exchanges.test_simulated_engine import OPENING, balances, make_engine, quote, request, trade
from tests.exchanges.test_simulated_venue import BTC, certificate, run_venue  # noqa: F401 - a fixture
from tradigrade.exchanges.ccxt_parsing import venue_order
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.orders import OrderRequest
from tradigrade.exchanges.simulated.records import OrderTriggered
from tradigrade.exchanges.simulated.state import VenueState


def stop(kind="STOP_LOSS", side="SELL", stop_price="19500", price="0", quantity="0.1", tif="GTC"):
    return OrderRequest(
        "BTCUSDT", side, kind, "", tif, Decimal(price), Decimal(quantity), stop_price=Decimal(stop_price)
    )


def stopped(engine, **options):
    """An engine whose market trades at 20,000, and an order that waits in it."""
    engine.observe("BTCUSDT", quote(), 1)
    engine.observe("BTCUSDT", trade("20000", "1"), 1)
    return engine.place(stop(**options), 2)


def test_a_stop_waits_with_its_amount_locked_and_touches_no_market():
    engine = make_engine()
    order = stopped(engine)
    engine.observe("BTCUSDT", trade("19500.01", "9"), 3)
    engine.observe("BTCUSDT", quote(bid="19000", ask="19001"), 3)  # quotes do not trigger, trades do
    assert (order.status, order.waits, order.executed) == ("NEW", True, 0)
    assert balances(engine)["BTC"] == (Decimal("0.4"), Decimal("0.1"))


def test_a_triggered_stop_loss_sells_at_the_market():
    engine = make_engine()
    order = stopped(engine)
    engine.observe("BTCUSDT", quote(bid="19480", ask="19490"), 3)
    engine.observe("BTCUSDT", trade("19500", "1"), 4)
    assert order.status == "FILLED"
    (fill,) = engine.state.books.fills
    assert (fill.price, fill.quantity, fill.maker) == (Decimal(19480), Decimal("0.1"), False)
    assert balances(engine)["BTC"] == (Decimal("0.4"), 0)
    assert any(isinstance(record, OrderTriggered) for record in engine._listener.records)


@pytest.mark.parametrize(
    ("kind", "side", "stop_price", "before", "at"),
    [
        ("STOP_LOSS", "SELL", "19500", "19501", "19500"),
        ("STOP_LOSS", "BUY", "20500", "20499", "20500"),
        ("TAKE_PROFIT", "SELL", "20500", "20499", "20600"),
        ("TAKE_PROFIT", "BUY", "19500", "19501", "19400"),
    ],
)
def test_which_way_each_kind_is_triggered(kind, side, stop_price, before, at):
    engine = make_engine()
    order = stopped(engine, kind=kind, side=side, stop_price=stop_price)
    engine.observe("BTCUSDT", trade(before, "1"), 3)
    assert order.waits
    engine.observe("BTCUSDT", trade(at, "1"), 4)
    assert not order.waits


def test_a_triggered_stop_limit_rests_at_its_price_and_fills_later():
    engine = make_engine()
    order = stopped(engine, kind="STOP_LOSS_LIMIT", price="19600")
    engine.observe("BTCUSDT", quote(bid="19480", ask="19490"), 3)
    engine.observe("BTCUSDT", trade("19490", "1"), 3)
    assert (order.status, order.waits, order.executed) == ("NEW", False, 0)
    engine.observe("BTCUSDT", trade("19600", "1"), 4)
    assert order.status == "FILLED"
    assert engine.state.books.fills[-1].maker


def test_a_take_profit_limit_that_is_triggered_takes_what_its_limit_allows():
    engine = make_engine()
    order = stopped(engine, kind="TAKE_PROFIT_LIMIT", stop_price="20500", price="20400")
    engine.observe("BTCUSDT", quote(bid="20450", ask="20510", size="0.06"), 3)
    engine.observe("BTCUSDT", trade("20500", "0.01"), 3)
    assert (order.status, order.executed) == ("PARTIALLY_FILLED", Decimal("0.06"))
    assert balances(engine)["BTC"] == (Decimal("0.4"), Decimal("0.04"))


def test_a_buy_stop_never_spends_more_than_it_locked():
    engine = make_engine()
    order = stopped(engine, side="BUY", stop_price="20500")
    locked = balances(engine)["USDT"][1]
    assert locked == Decimal("0.1") * 20500 * Decimal("1.05")
    engine.observe("BTCUSDT", quote(bid="29999", ask="30000"), 3)
    engine.observe("BTCUSDT", trade("30000", "1"), 3)
    assert order.status == "EXPIRED"
    assert 0 < order.executed_quote <= locked
    free, still_locked = balances(engine)["USDT"]
    assert (free, still_locked) == (OPENING["USDT"] - order.executed_quote, 0)


def test_a_cancelled_stop_gives_back_what_it_locked_and_triggers_no_more():
    engine = make_engine()
    order = stopped(engine)
    engine.cancel(order, "c", 3)
    engine.observe("BTCUSDT", trade("19000", "1"), 4)
    assert order.status == "CANCELED"
    assert balances(engine) == {asset: (amount, 0) for asset, amount in OPENING.items()}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"stop_price": "20000"}, "Stop price would trigger immediately."),
        ({"stop_price": "19500.001"}, "PRICE_FILTER"),
        ({"kind": "STOP_LOSS_LIMIT", "price": "19400.001"}, "PRICE_FILTER"),
        ({"quantity": "0.6"}, "insufficient balance"),
        ({"quantity": "0.00001"}, "NOTIONAL"),
    ],
)
def test_a_stop_that_breaks_a_rule_is_refused(options, why):
    with pytest.raises(RequestRefused, match=why):
        stopped(make_engine(), **options)


def test_no_more_than_five_stops_of_a_symbol_wait():
    engine = make_engine()
    stopped(engine, quantity="0.01")
    for _ in range(4):
        engine.place(stop(quantity="0.01"), 3)
    with pytest.raises(RequestRefused, match="MAX_NUM_ALGO_ORDERS"):
        engine.place(stop(quantity="0.01"), 3)
    engine.place(request(price="19000"), 3)


def test_a_restarted_venue_still_has_its_stops():
    log = []
    engine = make_engine(log)
    stopped(engine)
    replayed, restored = VenueState(), VenueState()
    replayed.replay(log)
    restored.restore(engine.state.snapshot())
    for state in (replayed, restored):
        again = make_engine(state=state)
        again.observe("BTCUSDT", quote(bid="19480"), 3)
        again.observe("BTCUSDT", trade("19400", "1"), 3)
        assert [order.status for order in state.books.orders.values()] == ["FILLED"]


def test_ccxt_places_sees_cancels_and_hears_stops(certificate):  # noqa: F811 - the fixture
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        away = {"stopLossPrice": 15_000}
        market_stop = await exchange.create_order(BTC, "market", "sell", 0.01, None, away)
        limit_stop = await exchange.create_order(BTC, "limit", "sell", 0.01, 14_900, away)
        await exchange.create_order(BTC, "limit", "sell", 0.01, 25_000, {"takeProfitPrice": 25_000})
        standing = await exchange.fetch_open_orders(BTC)
        balance = await exchange.fetch_balance()
        await exchange.cancel_order(limit_stop["id"], BTC)
        watching = asyncio.ensure_future(exchange.watch_my_trades(BTC))
        await rig.user_stream()
        while (await exchange.watch_trades(BTC))[-1]["price"] < 20_005:
            pass  # far enough from the stop price, and the market has begun
        near = await exchange.create_order(BTC, "market", "sell", 0.01, None, {"stopLossPrice": 19_985})
        (heard,) = await watching
        return market_stop, standing, balance, near, heard, await exchange.fetch_order(near["id"], BTC)

    market_stop, standing, balance, near, heard, ended = run_venue(certificate, scenario)
    assert market_stop["status"] in ("open", None)
    kinds = [(order["info"]["type"], order["stopPrice"], order["info"]["isWorking"]) for order in standing]
    expected = [("STOP_LOSS", 15_000, False), ("STOP_LOSS_LIMIT", 15_000, False), ("TAKE_PROFIT_LIMIT", 25_000, False)]
    assert kinds == expected
    assert balance["used"]["BTC"] == 0.03
    assert heard["order"] == near["id"]
    assert ended["status"] == "closed"
    evidence = [venue_order(order) for order in standing]
    assert [(order.state, order.amount) for order in evidence] == [("open", Decimal("0.01"))] * 3
    assert [order.price for order in evidence] == [None, Decimal(14_900), Decimal(25_000)]
    assert [order.type for order in evidence] == ["stop_loss", "stop_loss_limit", "take_profit_limit"]
