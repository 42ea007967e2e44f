"""Orders that belong together: what a list opens, which of its orders works, and what its account is told."""

from decimal import Decimal

import pytest

from tests.exchanges.test_simulated_engine import balances, make_engine, quote, trade
from tests.kit.memory import Client
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.list_parameters import read_oco, read_oto, read_otoco
from tradigrade.exchanges.simulated.list_payloads import list_cancelled, list_placed
from tradigrade.exchanges.simulated.records import ListDone, ListOpened, LockMoved, OrderClosed, OrderFilled
from tradigrade.exchanges.simulated.user_events import execution_report, list_status
from tradigrade.exchanges.venue import OrderReported

D = Decimal
OCO = {
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.1", "listClientOrderId": "pair",
    "aboveType": "LIMIT_MAKER", "abovePrice": "21000", "aboveClientOrderId": "profit",
    "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": "19000", "belowPrice": "18900", "belowTimeInForce": "GTC",
}  # fmt: skip
BUY_OCO = OCO | {
    "side": "BUY", "aboveType": "STOP_LOSS", "aboveStopPrice": "21000",
    "belowType": "LIMIT_MAKER", "belowPrice": "19000",
}  # fmt: skip
for name in ("abovePrice", "belowStopPrice", "belowTimeInForce"):
    del BUY_OCO[name]
OTO = {
    "symbol": "BTCUSDT", "workingType": "LIMIT", "workingSide": "BUY", "workingPrice": "19500",
    "workingQuantity": "0.1", "workingTimeInForce": "GTC", "workingClientOrderId": "entry",
    "pendingType": "LIMIT_MAKER", "pendingSide": "SELL", "pendingPrice": "20500", "pendingQuantity": "0.1",
}  # fmt: skip
OTOCO = OTO | {
    "pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": "20500",
    "pendingBelowType": "STOP_LOSS", "pendingBelowStopPrice": "19000",
}  # fmt: skip
for name in ("pendingType", "pendingPrice"):
    del OTOCO[name]


def trading(**options):
    engine = make_engine(**options)
    engine.observe("BTCUSDT", quote(), 1)
    engine.observe("BTCUSDT", trade("20000", "1"), 1)
    return engine


def placed(engine, request):
    found = engine.place_list(request, 2)
    return found, [engine.state.books.orders[each] for each in found.order_ids]


def statuses(orders):
    return [order.status for order in orders]


def test_a_pair_locks_once_and_its_stop_comes_first():
    engine = trading()
    found, (stop, limit) = placed(engine, read_oco(OCO))
    assert (stop.type, limit.type, limit.client_id) == ("STOP_LOSS_LIMIT", "LIMIT_MAKER", "profit")
    assert balances(engine)["BTC"] == (D("0.4"), D("0.1"))
    assert (found.contingency, found.status_type, found.order_status) == ("OCO", "EXEC_STARTED", "EXECUTING")


def test_a_buying_pair_locks_what_the_dearer_order_may_cost_and_the_other_takes_it_over():
    engine = trading()
    found, (stop, limit) = placed(engine, read_oco(BUY_OCO))
    assert balances(engine)["USDT"][1] == stop.locked == D("0.1") * 21_000 * D("1.05")
    engine.observe("BTCUSDT", trade("19000", "0.04"), 3)
    assert statuses([stop, limit]) == ["EXPIRED", "PARTIALLY_FILLED"]
    assert balances(engine)["USDT"][1] == limit.locked == D("0.06") * 19_000
    assert not found.done


@pytest.mark.parametrize(
    ("event", "ended"),
    [
        (trade("21000", "1"), ["EXPIRED", "FILLED"]),
        (trade("19000", "1"), ["FILLED", "EXPIRED"]),
        (trade("20500", "1"), ["NEW", "NEW"]),
    ],
    ids=["the limit fills", "the stop is triggered", "neither"],
)
def test_of_a_pair_one_order_works(event, ended):
    engine = trading()
    found, orders = placed(engine, read_oco(OCO))
    engine.observe("BTCUSDT", event, 3)
    assert statuses(orders) == ended
    assert found.done == (ended != ["NEW", "NEW"])
    assert sum(order.executed for order in orders) == (D("0.1") if found.done else 0)


def test_a_pair_tells_its_end_before_the_trade_and_the_list_last():
    engine = trading()
    found, (stop, limit) = placed(engine, read_oco(OCO))
    engine._listener.records.clear()
    engine.observe("BTCUSDT", trade("21000", "1"), 3)
    told = [record for record in engine._listener.records if not isinstance(record, LockMoved)]
    assert [type(record) for record in told] == [OrderClosed, OrderFilled, ListDone]
    report = execution_report(told[0], stop, 7)
    assert (report["x"], report["X"], report["eR"], report["g"]) == ("EXPIRED", "EXPIRED", "OCO_TRIGGER", 1)
    event = list_status(told[2], found)
    assert {key: event[key] for key in ("e", "s", "g", "c", "l", "L", "r", "C", "T")} == {
        "e": "listStatus", "s": "BTCUSDT", "g": 1, "c": "OCO", "l": "ALL_DONE", "L": "ALL_DONE", "r": "NONE",
        "C": "pair", "T": 3,
    }  # fmt: skip
    assert event["O"] == [{"s": "BTCUSDT", "i": each.order_id, "c": each.client_id} for each in (stop, limit)]


def test_the_answers_have_the_documented_keys():
    engine = trading()
    found, orders = placed(engine, read_oco(OCO))
    answer = list_placed(found, orders)
    assert list(answer) == [
        "orderListId", "contingencyType", "listStatusType", "listOrderStatus", "listClientOrderId",
        "transactionTime", "symbol", "orders", "orderReports",
    ]  # fmt: skip
    stop, limit = answer["orderReports"]
    assert (stop["stopPrice"], stop["workingTime"], stop["orderListId"]) == ("19000.00000000", -1, 1)
    assert (limit["price"], limit["workingTime"], limit["status"]) == ("21000.00000000", 2, "NEW")
    engine.cancel_list(found, "x", 3)
    reports = list_cancelled(found, orders, "x")["orderReports"]
    assert [(each["status"], each["origClientOrderId"]) for each in reports] == [
        ("CANCELED", orders[0].client_id),
        ("CANCELED", "profit"),
    ]


@pytest.mark.parametrize("leg", [0, 1])
def test_cancelling_one_order_cancels_its_list(leg):
    engine = trading()
    found, orders = placed(engine, read_oco(OCO))
    engine.cancel(orders[leg], "c", 3)
    assert (statuses(orders), found.done) == (["CANCELED", "CANCELED"], True)
    assert balances(engine)["BTC"] == (D("0.5"), 0)
    with pytest.raises(RequestRefused, match="-2011: Unknown order list sent"):
        engine.cancel_list(found, "x", 4)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"abovePrice": "19999.5"}, "-2010: The relationship of the prices for the orders is not correct."),
        ({"belowStopPrice": "20000"}, "-2010: The relationship of the prices for the orders is not correct."),
        ({"side": "BUY"}, "-1196: A stop loss order in a buy OCO must be above."),
        ({"belowType": "MARKET"}, "-1106: Parameter 'belowTimeInForce' sent when not required."),
        ({"belowType": "LIMIT"}, "-1106: Parameter 'belowStopPrice' sent when not required."),
        ({"quantity": "0.6"}, "-2010: Account has insufficient balance for requested action."),
        ({"quantity": "0.000011"}, "-1013: Filter failure: LOT_SIZE"),
        ({"aboveClientOrderId": "a", "belowClientOrderId": "a"}, "-2010: Duplicate order sent."),
        ({"aboveType": "STOP"}, "-1116: Invalid orderType."),
    ],
)  # fmt: skip
def test_a_refused_pair_says_why_and_opens_nothing(changed, refusal):
    engine = trading()
    before = engine.state.snapshot()
    with pytest.raises(RequestRefused) as refused:
        engine.place_list(read_oco(OCO | changed), 2)
    assert str(refused.value) == refusal
    assert engine.state.snapshot() == before


def test_a_pending_order_waits_for_the_whole_working_order_and_locks_nothing_before():
    engine = trading()
    found, (entry, pending) = placed(engine, read_oto(OTO))
    assert statuses([entry, pending]) == ["NEW", "PENDING_NEW"]
    engine.observe("BTCUSDT", trade("19500", "0.06"), 3)
    assert (statuses([entry, pending]), pending.locked) == (["PARTIALLY_FILLED", "PENDING_NEW"], 0)
    engine.observe("BTCUSDT", trade("19500", "0.04"), 4)
    assert (statuses([entry, pending]), pending.locked) == (["FILLED", "NEW"], D("0.1"))
    engine.observe("BTCUSDT", trade("20500", "1"), 5)
    assert (pending.status, found.done) == ("FILLED", True)


def test_a_bracket_fills_one_of_its_two_ends():
    engine = trading()
    found, (entry, stop, limit) = placed(engine, read_otoco(OTOCO))
    assert found.contingency == "OTO"
    engine.observe("BTCUSDT", trade("19400", "1"), 3)
    assert statuses([entry, stop, limit]) == ["FILLED", "NEW", "NEW"]
    engine.observe("BTCUSDT", trade("19000", "1"), 4)
    assert statuses([entry, stop, limit]) == ["FILLED", "FILLED", "EXPIRED"]
    assert found.done


@pytest.mark.parametrize(("which", "status"), [(0, "CANCELED"), (1, "CANCELED")])
def test_whoever_of_an_oto_is_cancelled_takes_the_other_with_it(which, status):
    engine = trading()
    found, orders = placed(engine, read_oto(OTO))
    engine.cancel(orders[which], "c", 3)
    assert (statuses(orders), found.done) == ([status, status], True)


def test_a_pending_order_that_cannot_be_placed_expires_and_says_so():
    engine = trading()
    found, (entry, pending) = placed(engine, read_oto(OTO | {"pendingQuantity": "0.7"}))
    engine.observe("BTCUSDT", trade("19400", "1"), 3)
    assert (statuses([entry, pending]), pending.reason, found.done) == (["FILLED", "EXPIRED"], "REJECTED", True)


def test_a_working_order_that_expires_ends_the_list():
    engine = trading()
    _found, (entry, pending) = placed(engine, read_oto(OTO | {"workingTimeInForce": "IOC"}))
    assert statuses([entry, pending]) == ["EXPIRED", "EXPIRED"]
    assert (entry.reason, pending.reason) == ("UNFILLED_IOC_QUANTITY_EXPIRED", "OTO_PHASE_ONE_EXPIRED")


def test_of_a_list_filled_at_once_the_pending_order_is_placed_after_the_answer():
    engine = trading()
    _found, (entry, pending) = placed(engine, read_oto(OTO | {"workingPrice": "20001"}))
    assert statuses([entry, pending]) == ["FILLED", "PENDING_NEW"]
    engine.release_due(2)
    assert pending.status == "NEW"
    kinds = [type(record) for record in engine._listener.records]
    assert kinds.index(ListOpened) < kinds.index(OrderFilled)


def test_a_list_id_may_be_used_again_once_its_list_is_done():
    engine = trading()
    first, _ = placed(engine, read_oco(OCO))
    with pytest.raises(RequestRefused, match="Duplicate"):
        engine.place_list(read_oco(OCO | {"aboveClientOrderId": "other"}), 3)
    engine.cancel_list(first, "x", 3)
    second, _ = placed(engine, read_oco(OCO))
    assert engine.find_list(None, "pair") is second
    assert engine.find_list(first.list_id, "") is first


def test_the_venue_ends_all_orders_for_maintenance():
    engine = trading()
    found, orders = placed(engine, read_oco(OCO))
    engine.expire_all(3)
    assert (statuses(orders), found.done) == (["EXPIRED", "EXPIRED"], True)
    assert orders[0].reason == "EXCHANGE_CANCELED"
    assert balances(engine)["BTC"] == (D("0.5"), 0)


def test_the_venue_in_memory_takes_lists_and_tells_of_their_orders():
    client = Client().start()
    client.loop.advance(3.0)
    last = client.venue.engine.market("BTCUSDT").last_price
    prices = {"abovePrice": str(last + 1_000), "belowStopPrice": str(last - 1_000), "belowPrice": str(last - 1_100)}
    found = client.venue.place_list(read_oco(OCO | prices))
    client.loop.advance(1.0)
    told = [word for word in client.words if isinstance(word, OrderReported)]
    assert [(word.client_id == "profit", word.state) for word in told] == [(False, "open"), (True, "open")]
    client.venue.cancel("profit")
    assert (found.done, client.venue.open_orders()) == (True, {})
