"""Whom an order meets: own accounts and strangers in one queue, what is prevented, what is left of a market."""

from decimal import Decimal

import pytest

from tests.exchanges.test_simulated_engine import depth, make_engine, quote, request, trade
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.filters import Rules
from tradigrade.exchanges.simulated.orders import OrderRequest
from tradigrade.exchanges.simulated.payloads import order_full, order_status, prevented_match
from tradigrade.exchanges.simulated.records import TradePrevented
from tradigrade.exchanges.simulated.user_events import execution_report

D = Decimal


def two_accounts(**options):
    engine = make_engine(**options)
    other = engine.of(2)
    other.credit({"USDT": D(10_000), "BTC": D(1)})
    engine.observe("BTCUSDT", quote(), 1)
    return engine, other


def limit(side, price, quantity, mode=None, tif="GTC", iceberg="0"):
    return OrderRequest("BTCUSDT", side, "LIMIT", "", tif, D(price), D(quantity), iceberg=D(iceberg), prevention=mode)


def fills(engine):
    return [(str(fill.price), str(fill.quantity), fill.maker) for fill in engine.fills_from(0)]


# -- two accounts -----------------------------------------------------------------------------------------------------


def test_accounts_trade_with_each_other_at_the_earlier_ones_price():
    engine, other = two_accounts()
    resting = engine.place(limit("SELL", "20000", "0.1"), 2)
    taker = other.place(limit("BUY", "20000.5", "0.04"), 3)
    assert (fills(engine), fills(other)) == ([("20000", "0.04", True)], [("20000", "0.04", False)])
    (made,), (took,) = engine.fills_from(0), other.fills_from(0)
    assert (made.trade_id, made.counter_id, took.counter_id) == (took.trade_id, taker.order_id, resting.order_id)
    assert other.balance("BTC") == 1 + D("0.04") * D("0.999")
    assert engine.balance("USDT") == 10_000 + 800 * D("0.999")


def test_an_account_sees_nothing_of_another():
    engine, other = two_accounts()
    order = engine.place(request(client_id="mine"), 2)
    assert other.place(request(client_id="mine"), 2).client_id == "mine"
    assert other.find_order("BTCUSDT", order.order_id, "") is None
    assert len(list(engine.open_orders())) == len(list(other.orders())) == 1
    assert engine.account.balances["USDT"].locked == 190


def test_a_taker_meets_strangers_before_those_who_came_after_them():
    engine, other = two_accounts()
    engine.observe("BTCUSDT", quote(ask="20001", size="0.05"), 1)
    engine.place(limit("SELL", "20001", "0.1"), 2)
    other.place(request(kind="MARKET", quantity="0.08"), 3)
    assert [(fill.quantity, bool(fill.counter_id)) for fill in other.fills_from(0)] == [
        (D("0.05"), False),
        (D("0.03"), True),
    ]


def test_what_an_iceberg_hides_comes_after_all_that_is_shown():
    engine, other = two_accounts()
    engine.observe("BTCUSDT", depth(1, 2, asks=[("20001", "1"), ("20002", "0.05")]), 1)
    ice = engine.place(limit("SELL", "20000", "0.1", iceberg="0.02"), 2)
    engine.place(limit("SELL", "20000", "0.03"), 2)
    other.place(limit("BUY", "20000", "0.06"), 3)
    assert [fill[1] for fill in fills(other)] == ["0.02", "0.03", "0.01"]
    assert (ice.executed, ice.shown) == (D("0.03"), D("0.01"))


# -- self-trade prevention --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        ("NONE", "FILLED", "PARTIALLY_FILLED"),
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
        (None, "EXPIRED_IN_MATCH", "NEW"),
    ],
)
def test_the_takers_mode_says_who_ends_where_an_account_meets_itself(mode, maker, taker):
    engine, _ = two_accounts()
    first = engine.place(limit("SELL", "20000", "0.1"), 2)
    second = engine.place(limit("BUY", "20000", "0.3", mode), 3)
    assert (first.status, second.status) == (maker, taker)
    assert bool(fills(engine)) == (mode == "NONE")
    locked = sum(held.locked * (20_000 if asset == "BTC" else 1) for asset, held in engine.account.balances.items())
    assert locked == sum(order.remaining * 20_000 for order in (first, second) if order.is_open)


def test_a_prevented_trade_is_told_as_documented():
    engine, _ = two_accounts()
    maker = engine.place(limit("SELL", "20000", "0.1"), 2)
    taker = engine.place(limit("BUY", "20000", "0.3", "EXPIRE_BOTH"), 3)
    first, second = [record for record in engine._listener.records if isinstance(record, TradePrevented)]
    report = execution_report(first, maker, 9)
    assert {key: report[key] for key in ("x", "X", "v", "A", "B", "u", "U", "Cs", "pl", "pL", "pY", "w")} == {
        "x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH", "v": 1, "A": "0.10000000", "B": "0.10000000", "u": -1,
        "U": taker.order_id, "Cs": "BTCUSDT", "pl": "0.10000000", "pL": "20000.00000000", "pY": "2000.00000000",
        "w": False,
    }  # fmt: skip
    assert second.order_id == taker.order_id
    status = order_status(maker)
    assert (status["preventedMatchId"], status["preventedQuantity"]) == (1, "0.10000000")
    (match,) = engine.prevented()
    assert prevented_match(match) == {
        "symbol": "BTCUSDT", "preventedMatchId": 1, "takerOrderId": 2, "makerSymbol": "BTCUSDT", "makerOrderId": 1,
        "tradeGroupId": -1, "selfTradePreventionMode": "EXPIRE_BOTH", "price": "20000.00000000",
        "takerPreventedQuantity": "0.30000000", "makerPreventedQuantity": "0.10000000", "transactTime": 3,
    }  # fmt: skip
    assert order_full(taker, [], engine.prevented())["preventedMatches"][0]["makerOrderId"] == 1


def test_a_mode_that_the_symbol_does_not_allow_is_refused():
    engine, _ = two_accounts(rules={"BTCUSDT": Rules(preventions=("NONE",), default_prevention="NONE")})
    with pytest.raises(RequestRefused, match="-1013: This symbol does not allow the specified self-trade prevention"):
        engine.place(limit("BUY", "19000", "0.1", "EXPIRE_TAKER"), 2)
    assert engine.place(limit("BUY", "19000", "0.1"), 2).prevention == "NONE"


# -- the queue --------------------------------------------------------------------------------------------------------


def queued(size="2"):
    """A buy of 0.1 behind `size` of strangers at the best bid."""
    engine = make_engine()
    engine.observe("BTCUSDT", quote(bid="19999", size=size), 1)
    return engine, engine.place(limit("BUY", "19999", "0.1"), 2)


@pytest.mark.parametrize(
    ("events", "ahead", "executed"),
    [
        ([], "2", "0"),
        ([trade("19999", "1.5")], "0.5", "0"),
        ([trade("19999", "2.04")], "0", "0.04"),
        ([trade("19999", "1.5"), trade("19999", "0.55")], "0", "0.05"),
        ([trade("19998", "9")], "0", "0.1"),
        ([quote(bid="19999", size="5")], "2", "0"),
        ([quote(bid="19999", size="5"), quote(bid="19999", size="2.5")], "1", "0"),
        ([trade("19999", "1"), quote(bid="19999", size="1")], "1", "0"),
        ([trade("19999", "1"), quote(bid="19999", size="0.5")], "0.5", "0"),
        ([quote(bid="19998", ask="19999.5")], "0", "0"),
        ([depth(1, 1, bids=[("19999", "0.1")])], "2", "0"),
        ([quote(bid="20000", size="1"), depth(1, 1, bids=[("19999", "0.5")])], "0.5", "0"),
    ],
    ids=[
        "joins behind what is displayed", "a trade moves it", "a trade reaches it", "two trades reach it",
        "a trade goes through it", "more behind it changes nothing", "cancels take from before and behind alike",
        "what traded did not cancel", "what is beyond it did", "all before it left",
        "of the best level diffs are late to tell", "of others they are not",
    ],
)  # fmt: skip
def test_what_moves_an_order_forward_in_its_queue(events, ahead, executed):
    engine, order = queued()
    for event in events:
        engine.observe("BTCUSDT", event, 3)
    assert (order.ahead, order.executed) == (D(ahead), D(executed))


def test_a_strangers_cancel_never_clears_the_queue_unless_the_level_is_gone():
    engine, order = queued("2")
    for size in ("1", "0.3", "0.0001"):
        engine.observe("BTCUSDT", quote(bid="19999", size=size), 3)
        assert order.ahead > 0


def test_the_next_part_of_an_iceberg_stands_at_the_end():
    engine = make_engine()
    engine.observe("BTCUSDT", quote(bid="19999", size="1"), 1)
    ice = engine.place(limit("BUY", "19999", "0.1", iceberg="0.02"), 2)
    plain = engine.place(limit("BUY", "19999", "0.1"), 2)
    engine.observe("BTCUSDT", trade("19999", "1.03"), 3)
    assert (ice.executed, plain.executed, ice.ahead, ice.shown) == (D("0.02"), D("0.01"), 1, D("0.02"))
    assert ice.rank > plain.rank


def test_a_queue_is_where_it_was_after_a_restart():
    engine, order = queued()
    engine.observe("BTCUSDT", trade("19999", "1.5"), 3)
    again = make_engine(state=type(engine.state)())
    again.state.restore(engine.state.snapshot())
    assert next(again.open_orders()).ahead == order.ahead == D("0.5")


# -- own impact -------------------------------------------------------------------------------------------------------


def take(engine, now_ms, quantity="0.6"):
    return engine.place(OrderRequest("BTCUSDT", "BUY", "LIMIT", "", "IOC", D(20_001), D(quantity)), now_ms).executed


def rich(**options):
    engine = make_engine(**options)
    engine.credit({"USDT": D(1_000_000)})
    engine.observe("BTCUSDT", quote(), 1)
    return engine


@pytest.mark.parametrize(
    ("event", "second"),
    [(None, "0.4"), (quote(), "0.4"), (quote(size="1.1"), "0.5"), (quote(size="0.3"), "0"), (quote(ask="20002"), "0")],
    ids=["nothing new", "the same again", "more", "less", "it moved away"],
)
def test_what_was_taken_is_not_there_a_second_time(event, second):
    engine = rich()
    assert take(engine, 2) == D("0.6")
    if event:
        engine.observe("BTCUSDT", event, 2)
    assert take(engine, 2) == D(second)


@pytest.mark.parametrize(("later_ms", "there"), [(0, "0.4"), (5_000, "0.6"), (10_000, "0.6")])
def test_a_market_heals_with_time(later_ms, there):
    engine = rich()
    take(engine, 2)
    assert take(engine, 2 + later_ms) == D(there)


def test_a_market_may_be_told_to_feel_nothing():
    engine = rich(rules={"BTCUSDT": Rules(impact_ms=0)})
    assert [take(engine, 2), take(engine, 2)] == [D("0.6"), D("0.6")]


def test_a_quote_that_crosses_resting_orders_fills_them_once():
    engine = rich()
    order = engine.place(limit("BUY", "20000", "0.1"), 2)
    for _ in range(3):
        engine.observe("BTCUSDT", quote(bid="19990", ask="20000", size="0.04"), 3)
    assert order.executed == D("0.04")


# -- fees -------------------------------------------------------------------------------------------------------------


def test_the_rates_of_a_day_follow_from_the_thirty_days_before_it():
    engine = rich()
    day_ms = 86_400_000
    engine.state.account().volumes[0] = D(25_000_000)
    assert [engine.tier(day * day_ms).taker for day in (0, 1, 30, 31)] == [
        D(f"0.00{part}") for part in (1, "06", "06", 1)
    ]
    take(engine, day_ms)
    fill = engine.state.books.fills[-1]
    assert (fill.fee, engine.account.volumes[1]) == (fill.quantity * D("0.0006"), fill.quantity * 20_001)
    maker = engine.place(limit("SELL", "20500", "0.1"), day_ms + 1)
    engine.observe("BTCUSDT", trade("20500", "1"), day_ms + 2)
    assert (maker.status, engine.state.books.fills[-1].fee) == ("FILLED", D(2050) * D("0.0004"))


def test_a_restarted_venue_still_misses_what_was_just_taken():
    engine = rich()
    take(engine, 2)
    again = make_engine(state=engine.state)
    again.observe("BTCUSDT", quote(), 2)
    assert take(again, 2) == D("0.4")
