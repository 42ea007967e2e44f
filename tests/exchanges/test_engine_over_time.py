"""What the engine keeps as days go by and over restarts: no more than it needs, and nothing that is stale."""

from decimal import Decimal

import pytest

from tests.exchanges.test_engine_matching import limit, two_accounts
from tests.exchanges.test_order_lists import OTO
from tests.exchanges.test_simulated_engine import depth, make_engine, quote, request, trade
from tradigrade.exchanges.simulated.list_parameters import read_oto
from tradigrade.exchanges.simulated.placing import answer_to
from tradigrade.exchanges.simulated.state import VenueState

D = Decimal


@pytest.mark.parametrize("away", ["filled", "cancelled"])
def test_trades_at_a_price_are_forgotten_once_the_level_is_stated_or_nobody_stands_there(away: str) -> None:
    engine = make_engine()
    engine.observe("BTCUSDT", quote(), 1)
    engine.observe("BTCUSDT", depth(1, 2, [("19000", "5")]), 1)
    order = engine.place(request(price="19000"), 2)
    engine.observe("BTCUSDT", trade("19000", "1"), 3)
    market = engine.markets["BTCUSDT"]
    assert market.traded == {("bid", D(19000)): 1}
    if away == "filled":
        engine.place(request(price="18000"), 3)
        engine.cancel(order, "c", 4)
        engine.observe("BTCUSDT", depth(3, 4, [("19000", "4")]), 5)
    else:
        engine.cancel(order, "c", 4)
        engine.observe("BTCUSDT", quote(update_id=2), 5)
    assert not market.traded


def test_an_answer_has_its_fills_where_they_released_an_order_that_traded_too() -> None:
    engine, other = two_accounts()
    pending = {"pendingType": "LIMIT", "pendingPrice": "19990", "pendingTimeInForce": "GTC"}
    found = engine.place_list(read_oto(OTO | pending | {"workingPrice": "20000"}), 2)
    order = other.place(limit("SELL", "20000", "0.1"), 3)
    assert engine.state.books.orders[found.order_ids[1]].status == "FILLED"
    answer = answer_to(other, order, "FULL")
    assert [(fill["price"], fill["qty"]) for fill in answer["fills"]] == [("20000.00000000", "0.10000000")]


def test_a_restart_in_the_middle_of_healing_feels_no_less_than_was_felt() -> None:
    log: list[bytes] = []
    engine = make_engine(log=log)
    engine.observe("BTCUSDT", quote(size="1"), 1)
    engine.place(request(kind="MARKET", quantity="0.1"), 1_000)
    engine.place(request(kind="MARKET", quantity="0.1"), 6_000)
    felt = engine.markets["BTCUSDT"].impact.taken("ask", D(20001), 6_000)
    state = VenueState()
    state.replay(log)
    again = make_engine(state=state)
    assert again.markets["BTCUSDT"].impact.taken("ask", D(20001), 6_000) == felt
    assert felt == D("0.1") + D("0.05")
