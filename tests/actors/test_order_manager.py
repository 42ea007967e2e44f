"""Groups of orders by the real account before a scripted venue: brackets, their races, and crashes at every step."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.kit.account import GROUP, LEDGER, RISK, SYMBOL, Account, assert_level
from tradigrade.actors.order_manager import OrderManager
from tradigrade.trading.group_events import Leg, OrderGroup
from tradigrade.trading.messages import Terms
from tradigrade.trading.order_events import OrderIntended
from tradigrade.transports.order_commands import (
    CancelAllOrders,
    CancelOrder,
    FlattenPositions,
    ModifyOrder,
    OrderAnswered,
    OrderFault,
    PlaceOrders,
)

ORDERS = f"{GROUP}/orders"
D = Decimal


def leg(side: Any = "buy", kind: Any = "market", amount: str = "0", price: str | None = None, **terms: Any) -> Leg:
    return Leg(side, kind, D(amount), None if price is None else D(price), Terms(**terms))


def bracket(group_id: str = "b", entry: Leg | None = None, stop: str = "29700", profit: str = "30300") -> OrderGroup:
    return OrderGroup(
        group_id,
        "bracket",
        "s",
        SYMBOL,
        entry=entry or leg(amount="0.05"),
        exit=leg("sell", "stop_loss", stop_price=D(stop)),
        alternative=leg("sell", "take_profit", stop_price=D(profit)),
    )


def ask(account: Account, question: Any, wait_s: float = 2.5) -> Any:
    done: list[Any] = []
    account.system.ask(ORDERS, question, 3.0).then(done.append)
    account.settle()
    if not done:
        account.advance(wait_s)
    assert done, "a question is always answered"
    assert done[0].error is None, done[0].error
    return done[0].value


def place(account: Account, group: OrderGroup) -> OrderAnswered:
    answer = ask(account, PlaceOrders(group))
    assert isinstance(answer, OrderAnswered), answer
    return answer


def manager(account: Account) -> OrderManager:
    found: OrderManager = account.behaviour(ORDERS)
    return found


def sent(account: Account) -> list[tuple[str, str, Decimal]]:
    """Side, type and amount of every intent, oldest first."""
    return [(each.side, each.type, each.amount) for each in account.records(OrderIntended)]


def standing(account: Account) -> list[tuple[str, Decimal]]:
    orders = [account.venue.orders[client_id] for client_id in sorted(account.venue.open_ids())]
    return [(order.intent.type, order.remaining) for order in orders]


# -- brackets ---------------------------------------------------------------------------------------------------------


def test_a_bracket_rests_its_stop_at_the_venue_as_soon_as_its_entry_is_filled(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket())
    account.advance(1)
    assert standing(account) == [("stop_loss", D("0.04995"))], "what the fee left of 0.05"
    assert_level(account)


def test_a_stop_that_the_market_reaches_ends_the_bracket(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket())
    account.advance(1)
    account.move(29_690, 29_692)
    account.advance(2)
    assert sent(account) == [("buy", "market", D("0.05")), ("sell", "stop_loss", D("0.04995"))]
    assert manager(account).groups.find("b").reason == "filled"
    account.advance(6)
    assert_level(account)


def test_a_take_profit_takes_the_place_of_the_stop_once_that_is_proven_cancelled(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket())
    account.advance(1)
    account.move(30_310, 30_312)
    account.advance(2)
    assert account.order_states() == ["filled", "cancelled", "filled"]
    assert sent(account)[-1] == ("sell", "market", D("0.04995"))
    assert account.books.strategy_positions["s", SYMBOL] == 0
    assert manager(account).groups.open == {}
    account.advance(6)
    assert_level(account)


def test_a_stop_that_fills_while_it_is_cancelled_leaves_nothing_to_take_profit_of(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket())
    account.advance(1)
    account.venue.touch[SYMBOL] = (D(30_310), D(30_312))
    (stop,) = account.venue.open_ids()
    account.quotes.quote()
    account.settle()
    account.venue.fill(stop, None, D(29_700))
    account.advance(8)
    assert account.order_states() == ["filled", "filled"]
    assert manager(account).groups.open == {}
    assert_level(account)


def test_a_take_profit_that_is_refused_brings_the_stop_back(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket())
    account.advance(1)
    account.venue.fates.append("refused")
    account.move(30_310, 30_312)
    account.advance(0.3)
    account.move(30_000, 30_002)
    account.advance(3)
    assert account.order_states() == ["filled", "cancelled", "rejected", "accepted"]
    assert standing(account) == [("stop_loss", D("0.04995"))]
    account.advance(6)
    assert_level(account)


def test_every_part_of_an_entry_is_protected_as_it_fills(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket(entry=leg("buy", "limit", "0.05", "29900")))
    (entry,) = account.venue.open_ids()
    for part in ("0.01", "0.01", "0.01", "0.01", "0.01"):
        account.venue.fill(entry, D(part))
        account.advance(1)
        held = account.books.strategy_positions["s", SYMBOL]
        stops = [amount for kind, amount in standing(account) if kind == "stop_loss"]
        assert held - sum(stops) < D("0.0002"), "all but less than the smallest order"
        assert len(stops) <= 2
    account.advance(6)
    assert_level(account)


def test_a_stop_that_begins_to_fill_ends_the_rest_of_the_entry(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket(entry=leg("buy", "limit", "0.05", "29900")))
    (entry,) = account.venue.open_ids()
    account.venue.fill(entry, D("0.02"))
    account.advance(1)
    (stop,) = account.venue.open_ids() - {entry}
    account.venue.fill(stop, None, D(29_700))
    account.advance(3)
    assert account.venue.open_ids() == set()
    assert manager(account).groups.open == {}
    account.advance(6)
    assert_level(account)


def test_an_entry_that_risk_refuses_ends_the_group_and_says_why(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    answer = place(account, bracket(entry=leg(amount="5")))
    assert answer.state == "closed"
    assert answer.detail.startswith("refused: ")
    assert account.venue.placed == []


# -- crashes ----------------------------------------------------------------------------------------------------------

POINTS = (
    "orders: group accepted",
    "orders: step written",
    "orders: risk asked",
    "orders: cancel asked",
    "risk: reserved",
    "risk: approval told",
    "executor: approval checked",
    "executor: intent written",
    "executor: order sent",
    "executor: answer heard",
    "executor: cancel wanted",
    "commit: booked",
    "commit: written",
    "ledger: fill booked",
    "venue: order not sent",
    "venue: order sent",
    "venue: answer heard",
)


class FailOnce:
    """Fails at the `nth` visit of a place, by a crash of the actor or of the whole process."""

    def __init__(self, place: str, nth: int) -> None:
        self.place, self.left = place, nth
        self.fired = False

    def reach(self, path: str, name: str) -> None:
        if name != self.place or self.fired:
            return
        self.left -= 1
        if self.left == 0:
            self.fired = True
            raise RuntimeError(f"made to fail at {name} in {path}")


@pytest.mark.parametrize("ending", ["stop", "profit"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("place_", POINTS)
def test_a_bracket_goes_on_after_a_crash_at_every_step(tmp_path: Path, place_: str, nth: int, ending: str) -> None:
    account = Account(tmp_path).serve()
    faults = FailOnce(place_, nth)
    account.system.faults = faults  # type: ignore[assignment]
    account.system.tell(ORDERS, bracket())
    account.advance(12)
    if not account.venue.trades:  # its entry was refused, or never sent: nothing was bought, and nothing is left
        assert manager(account).groups.open == {}
        return
    assert [kind for kind, _ in standing(account)] == ["stop_loss"]
    account.move(*((29_690, 29_692) if ending == "stop" else (30_310, 30_312)))
    account.advance(15)
    assert manager(account).groups.open == {}
    assert account.books.strategy_positions["s", SYMBOL] == 0
    assert standing(account) == []
    bought = sum(trade.amount for trade in account.venue.trades if trade.side == "buy")
    assert bought == D("0.05"), "one entry, ever"
    assert_level(account, (LEDGER, RISK))


@pytest.mark.parametrize("moment_s", [0.0, 0.005, 0.02, 0.03, 0.045, 0.06, 0.1, 0.5])
@pytest.mark.parametrize("in_exit", [False, True])
def test_a_bracket_survives_the_process(tmp_path: Path, moment_s: float, in_exit: bool) -> None:
    account = Account(tmp_path).serve()
    account.system.tell(ORDERS, bracket())
    if in_exit:
        account.advance(1)
        account.move(30_310, 30_312)
    account.advance(moment_s)
    account.kill()
    account.advance(3)
    account.boot(seed=2)
    account.advance(12)
    if not in_exit:
        assert [kind for kind, _ in standing(account)] == ["stop_loss"]
        account.move(30_310, 30_312)
        account.advance(10)
    assert manager(account).groups.open == {}
    assert account.books.strategy_positions["s", SYMBOL] == 0
    assert_level(account)
