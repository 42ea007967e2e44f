"""Every filter of a symbol: what it lets in, and the exact text of what it refuses; and how trails are followed."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.exchanges.test_simulated_engine import BTC, make_engine, quote, trade
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.filters import Rules, check_notional, check_stop_price, describe
from tradigrade.exchanges.simulated.orders import OrderRequest
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

D = Decimal
STRICT = Rules(
    price_max=D(30_000),
    market_amount_max=D("0.3"),
    notional_max=D(8_000),
    bid_multiplier_up=D("1.1"),
    bid_multiplier_down=D("0.5"),
    ask_multiplier_up=D("1.5"),
    ask_multiplier_down=D("0.9"),
    trailing_above=(10, 500),
    trailing_below=(20, 1_000),
    iceberg_parts=4,
    waiting_orders_max=2,
    position_max=D(1),
)


def order(kind="LIMIT", side="BUY", price="20000", quantity="0.1", **more):
    return OrderRequest("BTCUSDT", side, kind, "", "GTC", D(price), D(quantity), **more)


def market(**more):
    return order("MARKET", price="0", **more)


def strict(rules=STRICT, **options):
    engine = make_engine(rules={"BTCUSDT": rules}, **options)
    engine.credit({"USDT": D(1_000_000)})
    engine.observe("BTCUSDT", quote(ask="20010", size="2"), 1)
    engine.observe("BTCUSDT", trade("20000", "1"), 1)
    return engine


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (order(price="20000.001"), "PRICE_FILTER"),
        (order(price="30000.01"), "PRICE_FILTER"),
        (order("STOP_LOSS", price="0", stop_price=D("21000.001")), "PRICE_FILTER"),
        (order(quantity="0.100001"), "LOT_SIZE"),
        (order(quantity="9001"), "LOT_SIZE"),
        (market(quantity="0.31"), "MARKET_LOT_SIZE"),
        (order(quantity="0.0002"), "NOTIONAL"),
        (order(quantity="0.41"), "NOTIONAL"),
        (market(quantity="0.0002"), "NOTIONAL"),
        (order(price="22000.01"), "PERCENT_PRICE_BY_SIDE"),
        (order(price="9999.99"), "PERCENT_PRICE_BY_SIDE"),
        (order(side="SELL", price="17999.99"), "PERCENT_PRICE_BY_SIDE"),
        (order(quantity="0.1", iceberg=D("0.024")), "ICEBERG_PARTS"),
        (order("STOP_LOSS", price="0", trailing_delta=501), "TRAILING_DELTA"),
        (order("STOP_LOSS", "SELL", price="0", trailing_delta=19), "TRAILING_DELTA"),
        (order("TAKE_PROFIT", "SELL", price="0", trailing_delta=501), "TRAILING_DELTA"),
    ],
)
def test_what_breaks_a_filter_is_refused_by_its_name(request_, name):
    with pytest.raises(RequestRefused) as refused:
        strict().place(request_, 2)
    assert (refused.value.refusal.code, refused.value.refusal.message) == (-1013, f"Filter failure: {name}")


@pytest.mark.parametrize(
    "request_",
    [
        order(price="10000"),
        order(side="SELL", price="30000"),
        order(side="SELL", price="18000"),
        order(quantity="0.4", price="20000"),
        market(quantity="0.3"),
        market(quantity="0", quote_quantity=D(7_000)),
        order(quantity="0.1", iceberg=D("0.025")),
        order("STOP_LOSS", "SELL", price="0", trailing_delta=1_000),
        order("TAKE_PROFIT", "SELL", price="0", trailing_delta=500),
    ],
)
def test_what_keeps_to_the_filters_is_let_in(request_):
    strict().place(request_, 2)


def test_prices_are_compared_with_the_average_of_the_last_minutes():
    engine = strict()
    for number in range(20):
        engine.observe("BTCUSDT", trade("22000", "1", number), 2)
    engine.place(order(price="23000", quantity="0.01"), 3)
    with pytest.raises(RequestRefused, match="PERCENT_PRICE"):
        engine.place(order(price="24100", quantity="0.01"), 3)
    last_only = strict(Rules(average_minutes=0, bid_multiplier_up=D("1.1")))
    last_only.observe("BTCUSDT", trade("22000", "1"), 2)
    last_only.place(order(price="24100", quantity="0.01"), 3)


def test_a_position_may_not_grow_beyond_its_bound():
    engine = strict()
    engine.place(order(price="19000", quantity="0.4"), 2)
    with pytest.raises(RequestRefused, match="Filter failure: MAX_POSITION"):
        engine.place(order(price="19000", quantity="0.11"), 3)
    engine.place(order(price="19000", quantity="0.1"), 3)
    engine.place(order(side="SELL", price="21000", quantity="0.2"), 3)


def test_the_bounds_of_open_and_waiting_orders_are_each_accounts_own():
    engine = strict(open_orders_max=3)
    engine.of(2).credit({"BTC": D(1)})
    stop = order("STOP_LOSS", "SELL", price="0", quantity="0.01", stop_price=D(19_000))
    for _ in range(2):
        engine.place(stop, 2)
        engine.of(2).place(stop, 2)
    with pytest.raises(RequestRefused, match="Filter failure: MAX_NUM_ALGO_ORDERS"):
        engine.place(stop, 3)
    engine.place(order(price="19000", quantity="0.01"), 3)
    with pytest.raises(RequestRefused, match="Filter failure: MAX_NUM_ORDERS"):
        engine.place(order(price="19000", quantity="0.01"), 3)


def test_an_iceberg_shows_no_more_than_it_is():
    with pytest.raises(RequestRefused, match="-2010: IcebergQty exceeds QTY"):
        strict().place(order(quantity="0.1", iceberg=D("0.2")), 2)


def test_an_order_by_cost_that_nobody_meets_is_refused():
    engine = make_engine()
    with pytest.raises(RequestRefused, match="-2010: Order book liquidity is less than `LOT_SIZE` filter minimum"):
        engine.place(market(quantity="0", quote_quantity=D(100)), 2)


@pytest.mark.parametrize(
    ("own", "rules", "highest", "largest"),
    [
        ({}, Rules(), "1000.00000000", "9000000.00000000"),
        ({"max_price": D(70), "max_notional": D(400)}, Rules(), "70.00000000", "400.00000000"),
        ({"max_price": D(70)}, Rules(price_max=D(60), notional_max=D(5_000)), "60.00000000", "5000.00000000"),
    ],
    ids=["usual", "the symbol's own", "the venue's"],
)
def test_the_highest_price_and_the_largest_order_are_the_symbols(own, rules, highest, largest):
    doge = replace(PAPER_INSTRUMENTS["DOGE/USDT"], **own)
    told = {each["filterType"]: each for each in describe(doge, rules, 3)}
    assert (told["PRICE_FILTER"]["maxPrice"], told["NOTIONAL"]["maxNotional"]) == (highest, largest)
    check_stop_price(doge, rules, D(highest))
    with pytest.raises(RequestRefused, match="PRICE_FILTER"):
        check_stop_price(doge, rules, D(highest) + doge.tick_size)
    check_notional(doge, rules, D(largest), market=False)
    with pytest.raises(RequestRefused, match="NOTIONAL"):
        check_notional(doge, rules, D(largest) + 1, market=False)


def test_all_that_is_enforced_is_published():
    names = {each["filterType"] for each in describe(BTC, STRICT, 3)}
    assert names == {
        "PRICE_FILTER", "LOT_SIZE", "ICEBERG_PARTS", "MARKET_LOT_SIZE", "TRAILING_DELTA", "PERCENT_PRICE_BY_SIDE",
        "NOTIONAL", "MAX_NUM_ORDERS", "MAX_NUM_ALGO_ORDERS", "MAX_POSITION",
    }  # fmt: skip
    assert len(describe(PAPER_INSTRUMENTS["DOGE/USDT"], Rules(), 3)) == 9


@pytest.mark.parametrize(
    ("kind", "side", "stop", "delta", "prices", "triggered_at"),
    [
        ("STOP_LOSS", "BUY", 22_000, 500, [18_500, 22_000, 23_000, 21_000, 22_049, 22_050], 22_050),
        ("STOP_LOSS", "SELL", 19_500, 1_000, [20_750, 19_500, 18_500, 20_500, 18_451, 18_450], 18_450),
        ("TAKE_PROFIT", "BUY", 19_000, 850, [21_000, 19_000, 18_500, 19_500, 19_000, 20_073], 20_073),
        ("TAKE_PROFIT", "SELL", 21_000, 750, [20_750, 19_500, 21_000, 22_500, 23_200, 21_460], 21_460),
        ("STOP_LOSS", "SELL", 0, 700, [21_000, 19_750, 22_750, 21_158, 21_157], 21_157),
        ("TAKE_PROFIT", "SELL", 0, 700, [21_000, 19_750, 22_750, 21_158, 21_157], 21_157),
    ],
    ids=["stop, buy", "stop, sell", "profit, buy", "profit, sell", "from the placement on", "a profit falls back too"],
)
def test_a_trail_begins_at_its_stop_price_and_works_once_the_market_came_back(
    kind, side, stop, delta, prices, triggered_at
):
    """The paths of the venue's own examples, at half their prices."""
    engine = strict(Rules())
    waits = engine.place(order(kind, side, price="0", quantity="0.01", stop_price=D(stop), trailing_delta=delta), 2)
    for price in prices:
        assert waits.waits, price
        engine.observe("BTCUSDT", trade(str(price), "1"), 3)
    assert (waits.waits, prices[-1]) == (False, triggered_at)
