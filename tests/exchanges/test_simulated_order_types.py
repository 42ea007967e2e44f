"""Every type and flag of order that the venue knows: in its engine, in memory, and placed by unmodified ccxt."""

from decimal import Decimal

import pytest

from tests.exchanges.test_simulated_engine import make_engine, quote, trade
from tests.exchanges.test_simulated_venue import BTC, certificate, run_venue  # noqa: F401 - a fixture
from tradigrade.exchanges.ccxt_orders import order_arguments
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.orders import OrderRequest
from tradigrade.exchanges.simulated.parameters import read_order
from tradigrade.exchanges.simulated.state import VenueState
from tradigrade.trading.messages import PLAIN, Terms
from tradigrade.trading.order_events import OrderIntended

D = Decimal


def iceberg(seen):
    return OrderRequest("BTCUSDT", "BUY", "LIMIT", "", "GTC", D(19_000), D("0.5"), iceberg=D(seen))


def trailing(delta=100, side="SELL", quantity="0.1"):
    return OrderRequest("BTCUSDT", side, "STOP_LOSS", "", quantity=D(quantity), trailing_delta=delta)


def traded(*prices):
    """An engine whose market traded at these prices, the last of them 20,000."""
    engine = make_engine()
    engine.observe("BTCUSDT", quote(), 1)
    for price in (*prices, "20000"):
        engine.observe("BTCUSDT", trade(price, "1"), 1)
    return engine


@pytest.mark.parametrize(
    ("side", "prices", "stop", "waits"),
    [
        ("SELL", ["20100", "20050"], "19899.00", True),
        ("SELL", ["20100", "19900"], "19899.00", True),
        ("SELL", ["20100", "19899"], "19899.00", False),
        ("BUY", ["19900", "19950"], "20099.00", True),
        ("BUY", ["19900", "20099"], "20099.00", False),
    ],
)
def test_a_trailing_stop_follows_the_trades_and_never_goes_back(side, prices, stop, waits):
    engine = traded()
    order = engine.place(trailing(side=side), 2)
    for price in prices:
        engine.observe("BTCUSDT", trade(price, "1"), 3)
    assert (order.stop_price, order.waits) == (D(stop), waits)


def test_a_trail_goes_on_where_it_stood_after_a_restart():
    engine = traded()
    order = engine.place(trailing(), 2)
    engine.observe("BTCUSDT", trade("20100", "1"), 3)
    again = VenueState()
    again.replay(engine._log.payloads if hasattr(engine._log, "payloads") else engine._log)
    assert again.books.orders[order.order_id].stop_price == D("19899.00")
    restored = VenueState()
    restored.restore(engine.state.snapshot())
    assert restored.books.orders[order.order_id].trailing_delta == 100


@pytest.mark.parametrize("delta", [9, 2_001])
def test_a_trail_out_of_bounds_is_refused(delta):
    with pytest.raises(RequestRefused, match="TRAILING_DELTA"):
        traded().place(trailing(delta), 2)


def test_a_trail_needs_a_trade_to_begin_at():
    with pytest.raises(RequestRefused, match="TRAILING_DELTA"):
        make_engine().place(trailing(), 2)


def test_of_an_iceberg_a_trade_takes_what_is_seen_and_one_through_it_all():
    engine = traded()
    order = engine.place(iceberg("0.1"), 2)
    for filled in ("0.1", "0.2", "0.3"):
        engine.observe("BTCUSDT", trade("19000", "9"), 3)
        assert order.executed == D(filled)
    engine.observe("BTCUSDT", trade("18999", "9"), 3)
    assert order.status == "FILLED"


@pytest.mark.parametrize(("seen", "refusal"), [("0.04", "ICEBERG_PARTS"), ("0.000001", "LOT_SIZE")])
def test_an_iceberg_of_too_many_or_too_small_parts_is_refused(seen, refusal):
    with pytest.raises(RequestRefused, match=refusal):
        traded().place(iceberg(seen), 2)


@pytest.mark.parametrize(
    ("params", "refused"),
    [
        ({"type": "STOP_LOSS", "trailingDelta": "100"}, ""),
        ({"type": "STOP_LOSS", "trailingDelta": "x"}, "trailingDelta"),
        ({"type": "STOP_LOSS", "trailingDelta": "100", "stopPrice": "1"}, ""),
        ({"type": "TAKE_PROFIT", "trailingDelta": "100"}, ""),
        ({"type": "LIMIT_MAKER", "price": "1", "stopPrice": "1"}, "stopPrice"),
        ({"type": "LIMIT_MAKER", "price": "1", "selfTradePreventionMode": "EXPIRE_BOTH"}, ""),
        ({"type": "LIMIT_MAKER", "price": "1", "selfTradePreventionMode": "PLEASE"}, "selfTradePreventionMode"),
        ({"type": "STOP_LOSS"}, "stopPrice"),
        ({"type": "MARKET", "trailingDelta": "100"}, "trailingDelta"),
        ({"type": "MARKET", "icebergQty": "0.1"}, "icebergQty"),
        ({"type": "LIMIT", "price": "1", "timeInForce": "IOC", "icebergQty": "0.1"}, "icebergQty"),
        ({"type": "LIMIT", "price": "1", "timeInForce": "GTC", "icebergQty": "0.1"}, ""),
        ({"type": "LIMIT_MAKER", "price": "1", "icebergQty": "0.1"}, ""),
    ],
)
def test_which_parameters_go_together(params, refused):
    given = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1"} | params
    if not refused:
        read_order(given)
        return
    with pytest.raises(RequestRefused, match=refused):
        read_order(given)


def intent(number, kind, price=None, terms=PLAIN, amount="0.01", side="sell"):
    ids = (f"mine-{number}", number, 1, "a", "s", "taker", BTC, side)
    return OrderIntended(*ids, kind, D(amount), None if price is None else D(price), D(20_000), 0, terms)


def test_unmodified_ccxt_places_every_type_and_flag(certificate):  # noqa: F811 - the fixture
    rests = {
        "LIMIT GTC": intent(1, "limit", "25000"),
        "LIMIT_MAKER GTC": intent(2, "limit", "25000", Terms(post_only=True)),
        "STOP_LOSS GTC": intent(3, "stop_loss", None, Terms(stop_price=D(15_000))),
        "STOP_LOSS_LIMIT GTC": intent(4, "stop_loss_limit", "14900", Terms(stop_price=D(15_000))),
        "TAKE_PROFIT GTC": intent(5, "take_profit", None, Terms(stop_price=D(25_000))),
        "TAKE_PROFIT_LIMIT GTC": intent(6, "take_profit_limit", "25000", Terms(stop_price=D(25_000))),
        "STOP_LOSS trail GTC": intent(7, "stop_loss", None, Terms(trail_bps=1_500)),
        "LIMIT iceberg GTC": intent(8, "limit", "25000", Terms(display_amount=D("0.002"))),
    }
    ends = {
        "market": (intent(11, "market"), "closed", 0.01),
        "by sum": (intent(12, "market", None, Terms(quote_amount=D(100))), "closed", 0.005),
        "ioc": (intent(13, "limit", "25000", Terms(time_in_force="ioc")), "expired", 0.0),
        "fok": (intent(14, "limit", "15000", Terms(time_in_force="fok")), "closed", 0.01),
    }

    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        await exchange.watch_trades(BTC)
        for each in rests.values():
            await exchange.create_order(*order_arguments(each))
        standing = await exchange.fetch_open_orders(BTC)
        ended = {name: await exchange.create_order(*order_arguments(each)) for name, (each, *_) in ends.items()}
        return standing, ended

    standing, ended = run_venue(certificate, scenario)
    raw = [order["info"] for order in standing]
    assert [f"{each['type']} {each['timeInForce']}" for each in raw] == [
        name.replace(" trail", "").replace(" iceberg", "") for name in rests
    ]
    assert [each.get("trailingDelta") for each in raw if each["type"] == "STOP_LOSS"] == [None, 1_500]
    assert raw[-1]["icebergQty"] == "0.00200000"
    for name, (_, status, filled) in ends.items():
        assert (ended[name]["status"], round(ended[name]["filled"], 3)) == (status, filled), name
