"""Strategies that return orders: what becomes of a bracket, a change, a cancel, and of what is none of these."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.actors.test_strategy_runner import Probe, Stand
from tradigrade.trading.messages import OrderRefused
from tradigrade.trading.order_events import OrderIntended
from tradigrade.trading.strategy import Target
from tradigrade.trading.strategy_orders import OCO, Bracket, Cancel, Modify, Place

D = Decimal


@pytest.fixture(autouse=True)
def _silent() -> None:
    Probe.seen, Probe.wish = [], None


def say(stand: Stand, wish: Any) -> None:
    """Return this at the next update, and nothing after it."""
    Probe.wish = wish
    stand.quotes.quote()
    stand.settle()
    Probe.wish = None
    stand.advance(1)


def trading(folder: Path) -> Stand:
    stand = Stand(folder)
    stand.serve()
    stand.trade().advance(1)
    return stand


def standing(stand: Stand) -> list[tuple[str, Decimal, Decimal | None]]:
    orders = (stand.venue.orders[client_id].intent for client_id in sorted(stand.venue.open_ids()))
    return [(order.type, order.amount, order.price or order.terms.stop_price) for order in orders]


def test_a_bracket_of_a_strategy_rests_its_stop_and_counts_as_its_position(tmp_path: Path) -> None:
    stand = trading(tmp_path)
    say(stand, Bracket("buy", D("0.05"), D(29_700), D(30_300), id="one"))
    assert standing(stand) == [("stop_loss", D("0.04995"), D(29_700))]
    assert stand.books.strategy_positions["probe", "BTC/USDT"] == D("0.04995")
    assert len([each for each in Probe.seen if isinstance(each, tuple)]) == 1, "it hears its own fill"


def test_an_order_said_again_under_its_id_is_placed_once(tmp_path: Path) -> None:
    stand = trading(tmp_path)
    for _ in range(3):
        say(stand, Place("buy", D("0.01"), "limit", D(29_900), id="one"))
    assert len(stand.records(OrderIntended)) == 1


def test_a_tuple_places_modifies_and_cancels(tmp_path: Path) -> None:
    stand = trading(tmp_path)
    first = Place("buy", D("0.01"), "limit", D(29_900), id="one")
    say(stand, (first, None, Place("buy", D("0.01"), "limit", D(29_800), id="two")))
    say(stand, (Modify("one", price=D(29_850)), Cancel("two")))
    assert standing(stand) == [("limit", D("0.01"), D(29_850))]


def test_a_target_beside_orders_leaves_them_alone(tmp_path: Path) -> None:
    stand = trading(tmp_path)
    say(stand, Bracket("buy", D("0.03"), D(29_700), D(30_300)))
    say(stand, Target(D("0.05")))
    assert [kind for kind, *_ in standing(stand)] == ["stop_loss"]


def test_exits_of_what_is_held(tmp_path: Path) -> None:
    stand = trading(tmp_path)
    say(stand, Target(D("0.05")))
    say(stand, OCO("sell", D("0.04"), D(29_700), D(30_300)))
    assert standing(stand) == [("stop_loss", D("0.04"), D(29_700))]


def test_an_order_that_makes_no_sense_is_refused_and_harms_nobody(tmp_path: Path) -> None:
    stand = trading(tmp_path)
    say(stand, Bracket("buy", D("NaN"), D(29_700), D(30_300), id="bad"))
    (refused,) = stand.of(OrderRefused)
    assert (refused.strategy, refused.code, refused.numbers["field"]) == ("probe", "NUMBER_INVALID", "entry.amount")
    assert stand.counter("restarts") == 0


@pytest.mark.parametrize(
    "wish",
    ["buy everything", Place("buy", 0.01), Place("buy", D("0.01"), "Limit", D(29_900))],  # type: ignore[arg-type]
    ids=["no order", "a float", "a type there is not"],
)
def test_what_is_no_order_fails_the_strategy_alone(tmp_path: Path, wish: Any) -> None:
    stand = trading(tmp_path)
    say(stand, wish)
    assert stand.counter("restarts") == 1
    assert stand.rung() == "NORMAL"
