"""Whose an order is that the journal lost: by the tags of its client id, or nobody's."""

from decimal import Decimal
from typing import Any

import pytest

from tests.trading.facts import NOW_NS, SYMBOL, intent
from tradigrade.trading.adoption import owner_of, sent_before
from tradigrade.trading.books import ADOPTED, Books
from tradigrade.trading.evidence import VenueOrder
from tradigrade.trading.group_events import GroupAccepted, GroupClosed, Leg, OrderGroup
from tradigrade.trading.group_fold import fold
from tradigrade.trading.messages import OrderRequested, Terms
from tradigrade.trading.order_groups import Groups, request_id_of
from tradigrade.trading.order_ids import make_client_id

GROUP = OrderGroup(
    "b",
    "bracket",
    "s",
    SYMBOL,
    Leg("buy", "market", Decimal(2)),
    Leg("sell", "stop_loss", terms=Terms(stop_price=Decimal(90))),
    Leg("sell", "take_profit", terms=Terms(stop_price=Decimal(110))),
)
LOST = request_id_of("b", "exit", 7, "salt")


def found(signal_id: str = LOST, side: Any = "sell", strategy: str = "s", **changed: Any) -> VenueOrder:
    facts = {"type": "stop_loss", "amount": Decimal(2), "symbol": SYMBOL} | changed
    return VenueOrder(make_client_id("main", 1, 62, strategy, signal_id), "v1", state="open", side=side, **facts)


def groups(*requests: OrderRequested) -> Groups:
    made = Groups()
    for record in (GroupAccepted(GROUP, NOW_NS), *requests):
        fold(made, record)
    return made


def request(number: int, amount: str = "2", slot: Any = "exit") -> OrderRequested:
    name = request_id_of("b", slot, number, "old")
    return OrderRequested(name, "s", SYMBOL, "sell", "stop_loss", Decimal(amount), None, NOW_NS, "")


@pytest.mark.parametrize(
    ("requests", "signal_id"),
    [
        pytest.param((), "b.exit0-{}", id="no request is known"),
        pytest.param((request(1),), "b.exit1-old", id="the one that waits for an answer"),
        pytest.param((request(1), request(2)), "b.exit2-old", id="the newest of its size"),
        pytest.param((request(1), request(2, "1")), "b.exit1-old", id="the one of its size"),
        pytest.param((request(1, "1"),), "b.exit1-old", id="the last, where none is of its size"),
        pytest.param((request(1, slot="alternative"),), "b.exit0-{}", id="not another leg's"),
    ],
)
def test_an_order_of_a_groups_leg_is_that_legs(requests: tuple[OrderRequested, ...], signal_id: str) -> None:
    order, known = found(), groups(*requests)
    owner = owner_of(order, (), known)
    assert owner == ("s", signal_id.format(order.client_id))
    taken = intent(order.client_id, "sell", "2", signal_id=owner.signal_id, sequence=0)
    for _ in range(2):
        assert fold(known, taken) == "b"
    leg = known.open["b"].legs["exit"]
    assert (leg.attempts[owner.signal_id].client_id, len(leg.attempts)) == (order.client_id, max(len(
        [each for each in requests if ".exit" in each.request_id]), 1))  # fmt: skip
    fold(known, GroupClosed("b", "done", NOW_NS))
    assert (known.requests, known.orders) == ({}, {})


@pytest.mark.parametrize(
    ("order", "names", "strategy"),
    [
        pytest.param(found("signal-1"), ("s", "t"), "s", id="a signal's"),
        pytest.param(found("signal-1", strategy="t"), ("s", "t"), "t", id="another strategy's"),
        pytest.param(found("gone.exit1-0"), ("s", "t"), "s", id="of a group that is lost, too"),
        pytest.param(found("signal-1"), (), "s", id="a strategy that groups name"),
        pytest.param(found(side="buy"), (), "s", id="not the leg's side"),
        pytest.param(found(symbol="ETH/USDT"), (), "s", id="not the group's symbol"),
        pytest.param(found("signal-1", strategy="t"), ("s",), ADOPTED, id="nobody has its tag"),
        pytest.param(found("signal-1", strategy=ADOPTED), (ADOPTED,), ADOPTED, id="nobody's before"),
    ],
)
def test_an_order_of_no_leg_is_its_strategys(order: VenueOrder, names: tuple[str, ...], strategy: str) -> None:
    assert owner_of(order, names, groups()) == (strategy, f"adopted:{order.client_id}")


@pytest.mark.parametrize("client_id", ["tgmain-1-62", "tgmain-0-1", "tgmain-x"])
def test_an_order_of_a_version_without_tags_is_nobodys(client_id: str) -> None:
    order = VenueOrder(client_id, "v1", SYMBOL, "open")
    assert owner_of(order, ("s",), groups()) == (ADOPTED, f"adopted:{client_id}")


def test_two_strategies_of_one_tag_leave_an_order_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradigrade.trading.adoption.strategy_tag", lambda _: found("signal-1").client_id[7:11])
    assert owner_of(found("signal-1"), ("s", "t"), Groups()).strategy == ADOPTED


@pytest.mark.parametrize(
    ("changed", "known"),
    [
        pytest.param({"sequence": 0}, True, id="adopted"),
        pytest.param({"sequence": 5}, False, id="sent, and its group is known"),
        pytest.param({"sequence": 0, "symbol": "ETH/USDT"}, False, id="of another symbol"),
    ],
)
def test_a_group_of_which_an_order_was_adopted_was_placed_before(changed: dict[str, Any], known: bool) -> None:
    order, books = found(), Books()
    books.apply(intent(order.client_id, "sell", "2", **changed))
    assert sent_before(GROUP, books) == (order.client_id if known else "")
