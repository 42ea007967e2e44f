"""Groups of orders by the real account before a scripted venue: brackets, their races, and crashes at every step."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.kit.account import GROUP, RISK, SYMBOL, Account, Listener, assert_level
from tradigrade.actors import topics
from tradigrade.actors.order_manager import OrderManager
from tradigrade.config.risk_settings import RiskSettings
from tradigrade.trading.capabilities import EVERYWHERE
from tradigrade.trading.group_events import GroupClosed, Leg, OrderGroup
from tradigrade.trading.messages import OrderRequested, RiskAlert, Terms
from tradigrade.trading.order_events import OrderIntended
from tradigrade.transports.control import LimitSet, SetLimit
from tradigrade.transports.order_commands import (
    REFUSED,
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
    assert answer.state == REFUSED
    assert answer.detail.isupper(), "the code"
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


@pytest.mark.parametrize(("nth", "ending"), [(1, "stop"), (2, "profit"), (3, "profit")])
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
    assert_level(account)


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
    if not account.venue.trades:  # it died before the order left: that comes too late now
        assert manager(account).groups.open == {}
        return
    if not in_exit:
        assert [kind for kind, _ in standing(account)] == ["stop_loss"]
        account.move(30_310, 30_312)
        account.advance(10)
    assert manager(account).groups.open == {}
    assert account.books.strategy_positions["s", SYMBOL] == 0
    assert_level(account)


# -- single orders ----------------------------------------------------------------------------------------------------


def single(group_id: str, order: Leg, strategy: str = "s") -> OrderGroup:
    return OrderGroup(group_id, "single", strategy, SYMBOL, order)


def hold(account: Account, amount: str = "0.05", strategy: str = "s") -> Decimal:
    """Let a strategy have something."""
    account.signal(amount, strategy=strategy)
    account.advance(1)
    return account.books.strategy_positions[strategy, SYMBOL]


def test_an_order_said_again_is_the_same_one_and_another_under_its_id_is_refused(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    order = single("x", leg("buy", "limit", "0.01", "29900"))
    first, again = place(account, order), place(account, order)
    assert (first.state, again) == ("working", first)
    other = ask(account, PlaceOrders(single("x", leg("buy", "limit", "0.02", "29900"))))
    assert isinstance(other, OrderFault)
    assert other.code == "DUPLICATE_ID"
    ask(account, CancelOrder("x"))
    account.advance(1)
    assert place(account, order).state == "closed"
    account.kill()
    account.boot(seed=2)
    account.serve()
    assert place(account, order).state == "closed", "also in another process"
    assert len(account.records(OrderIntended)) == 1
    assert_level(account)


def test_cancelling_is_idempotent_and_an_unknown_order_is_a_fault(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, single("x", leg("buy", "limit", "0.01", "29900")))
    for _ in range(3):
        assert isinstance(ask(account, CancelOrder("x")), OrderAnswered)
        account.advance(0.5)
    assert standing(account) == []
    assert len(account.venue.cancels) == 1
    assert ask(account, CancelOrder("nobody's")).code == "ORDER_NOT_FOUND"


def test_modifying_cancels_waits_for_the_proof_and_places_the_rest_once(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, single("x", leg("buy", "limit", "0.05", "29900")))
    (first,) = account.venue.open_ids()
    account.venue.fill(first, D("0.02"))
    account.advance(0.5)
    for _ in range(3):
        ask(account, ModifyOrder("x", "m1", price=D("29850.001")))
        account.advance(0.5)
    assert standing(account) == [("limit", D("0.03"))]
    (second,) = account.venue.open_ids()
    assert account.venue.orders[second].intent.price == D(29850)
    assert len(account.records(OrderIntended)) == 2
    account.advance(6)
    assert_level(account)


def alerts(account: Account) -> list[RiskAlert]:
    """What a person hears from now on."""
    heard: list[Any] = []
    account.system.spawn("trader/alerted", lambda: Listener(heard, (topics.ALERTS,)))
    return heard


@pytest.mark.parametrize("refused", [1, 2])
def test_a_stop_whose_modification_is_refused_is_put_back_as_it_was(tmp_path: Path, refused: int) -> None:
    account = Account(tmp_path).serve()
    heard = alerts(account)
    place(account, bracket())
    account.advance(1)
    account.venue.fates.extend(["refused"] * refused)
    ask(account, ModifyOrder("b", "m1", leg="exit", stop_price=D(29_800)))
    account.advance(5)
    (stop_id,) = account.venue.open_ids()
    assert account.venue.orders[stop_id].intent.terms.stop_price == D(29_700)
    assert [alert.code for alert in heard] == ["MODIFICATION_LOST"]
    ask(account, ModifyOrder("b", "m2", leg="exit", stop_price=D(29_800)))
    account.advance(2)
    (stop_id,) = account.venue.open_ids()
    assert account.venue.orders[stop_id].intent.terms.stop_price == D(29_800), "it may be tried again"
    account.advance(6)
    assert_level(account)


def test_a_stop_by_itself_is_put_back_too(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    held = hold(account).quantize(D("0.00001"), "ROUND_DOWN")
    place(account, single("x", leg("sell", "stop_loss", str(held), stop_price=D(29_700))))
    account.venue.fates.append("refused")
    ask(account, ModifyOrder("x", "m1", stop_price=D(29_800)))
    account.advance(3)
    assert standing(account) == [("stop_loss", held)]
    account.advance(6)
    assert_level(account)


def test_an_order_whose_modification_is_refused_ends_and_a_person_hears_of_it(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    heard = alerts(account)
    place(account, single("x", leg("buy", "limit", "0.05", "29900")))
    account.venue.fates.append("refused")
    ask(account, ModifyOrder("x", "m1", price=D(29_950)))
    account.advance(3)
    assert (standing(account), manager(account).groups.open) == ([], {})
    (alert,) = heard
    assert "nothing of it stands" in alert.detail
    assert_level(account)


def test_an_order_that_fills_before_its_modification_is_not_placed_again(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, single("x", leg("buy", "limit", "0.05", "29900")))
    (first,) = account.venue.open_ids()
    ask(account, ModifyOrder("x", "m1", price=D(29_850)), wait_s=0)
    account.venue.fill(first)
    account.advance(8)
    assert account.order_states() == ["filled"]
    assert manager(account).groups.open == {}
    assert_level(account)


@pytest.mark.parametrize(
    ("order", "code", "field"),
    [
        (leg("buy", "limit", "-1", "29900"), "NUMBER_INVALID", "entry.amount"),
        (leg("buy", "limit", "0", "29900"), "NUMBER_INVALID", "entry.amount"),
        (leg("buy", "limit", "NaN", "29900"), "NUMBER_INVALID", "entry.amount"),
        (leg("buy", "limit", "1E+13", "29900"), "NUMBER_INVALID", "entry.amount"),
        (leg("buy", "limit", "10000", "29900"), "QUANTITY_EXCEEDS_MAXIMUM", "entry.amount"),
        (leg("buy", "limit", "0.000001", "29900"), "QUANTITY_BELOW_MINIMUM", "entry.amount"),
        (leg("buy", "limit", "0.00001", "29900"), "NOTIONAL_BELOW_MINIMUM", "entry.amount"),
        (leg("buy", "limit", "0.01", "sNaN"), "NUMBER_INVALID", "entry.price"),
        (leg("buy", "limit", "0.01", "Infinity"), "NUMBER_INVALID", "entry.price"),
        (leg("buy", "limit", "0.01"), "CONTRADICTION", "entry.price"),
        (leg("buy", "market", "0.01", "29900"), "CONTRADICTION", "entry.price"),
        (leg("buy", "stop_loss", "0.01"), "CONTRADICTION", "entry.stop_price"),
        (leg("buy", "market", "0.01", stop_price=D(1)), "CONTRADICTION", "entry.stop_price"),
        (leg("buy", "market", "0.01", time_in_force="ioc"), "CONTRADICTION", "entry.time_in_force"),
        (leg("buy", "limit", "0.01", "29900", post_only=True, time_in_force="fok"), "CONTRADICTION", "entry.post_only"),
        (leg("buy", "market", "0.01", post_only=True), "CONTRADICTION", "entry.post_only"),
        (leg("buy", "limit", "0.01", "29900", display_amount=D("0.02")), "CONTRADICTION", "entry.display_amount"),
        (leg("buy", "limit", "0.01", "29900", time_in_force="gtd"), "CONTRADICTION", "entry.expires_ns"),
        (leg("buy", "limit", "1", "9", time_in_force="gtd", expires_ns=1), "EXPIRE_TIME_IN_PAST", "entry.expires_ns"),
        (leg("buy", "market", "0.01", quote_amount=D(5)), "CONTRADICTION", "entry.quote_amount"),
        (leg("buy", "market", "0.01", reduce_only=True), "CONTRADICTION", "entry.reduce_only"),
        (leg("sell", "stop_loss", "0.01", trail_bps=-5), "NUMBER_INVALID", "entry.trail_bps"),
        (leg("sell", "stop_loss", "0.01", trail_bps=50, stop_price=D(1000)), "CONTRADICTION", "entry.stop_price"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    tmp_path: Path, order: Leg, code: str, field: str
) -> None:
    account = Account(tmp_path).serve()
    before = account.journal.next_sequence
    fault = ask(account, PlaceOrders(single("x", order)), wait_s=0)
    assert isinstance(fault, OrderFault)
    assert (fault.code, fault.field) == (code, field), fault
    assert account.journal.next_sequence == before


@pytest.mark.parametrize(
    ("group", "code", "field"),
    [
        (OrderGroup("x", "single", "s", "BTC/EUR", leg(amount="1")), "INSTRUMENT_NOT_FOUND", "symbol"),
        (OrderGroup("", "single", "s", SYMBOL, leg(amount="1")), "ID_INVALID", "id"),
        (OrderGroup("y" * 65, "single", "s", SYMBOL, leg(amount="1")), "ID_INVALID", "id"),
        (OrderGroup("x", "oco", "s", SYMBOL, leg(amount="1")), "LEGS_INVALID", "legs"),
        (bracket(stop="30500"), "CONTRADICTION", "alternative.price"),
    ],
)
def test_a_group_that_makes_no_sense_is_refused(tmp_path: Path, group: OrderGroup, code: str, field: str) -> None:
    account = Account(tmp_path).serve()
    fault = ask(account, PlaceOrders(group), wait_s=0)
    assert (fault.code, fault.field) == (code, field), fault


@pytest.mark.parametrize(("ask", "bought"), [(30_001, "0.01999"), (30_150, "0.0199"), (29_800, "0.02013")])
def test_an_order_by_quote_amount_is_sent_as_that_and_buys_what_it_pays_for(
    tmp_path: Path, ask: int, bought: str
) -> None:
    """The market may move on the way: the sum stays."""
    account = Account(tmp_path).serve()
    account.system.tell(ORDERS, single("x", leg("buy", "market", quote_amount=D(600))))
    account.settle()
    account.venue.touch[SYMBOL] = (D(ask - 2), D(ask))
    account.advance(2)
    (intent,) = account.records(OrderIntended)
    assert (intent.terms.quote_amount, intent.amount > D(600) / 30_001) == (D(600), True)
    assert [(trade.side, trade.amount) for trade in account.venue.trades] == [("buy", D(bought))]
    assert account.books.open_orders() == (), "what is reserved for it is free again"
    assert account.records(GroupClosed)[-1].reason == "filled"
    account.advance(6)
    assert_level(account)


def test_a_sale_by_quote_amount_brings_that(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    hold(account)
    place(account, single("x", leg("sell", "market", quote_amount=D(600))))
    account.advance(2)
    assert (account.venue.trades[-1].side, account.venue.trades[-1].amount) == ("sell", D("0.02"))
    assert account.books.open_orders() == ()
    account.advance(6)
    assert_level(account)


@pytest.mark.usefixtures("bare")
def test_a_venue_that_knows_no_quote_amounts_is_sent_what_they_buy_now(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, single("x", leg("buy", "market", quote_amount=D(600))))
    account.advance(2)
    assert sent(account) == [("buy", "market", D("0.01999"))]
    assert_level(account)


def test_a_gtd_order_is_cancelled_in_time_also_after_a_restart(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    until_ns = account.clock.now_ns() + 10_000_000_000
    place(account, single("x", leg("buy", "limit", "0.01", "29900", time_in_force="gtd", expires_ns=until_ns)))
    account.kill()
    account.advance(2)
    account.boot(seed=2)
    account.serve()
    assert standing(account) == [("limit", D("0.01"))]
    account.advance(8)
    assert standing(account) == []
    assert manager(account).groups.find("x").reason == "expired"


def test_a_reduce_only_order_is_cut_to_what_is_held_and_follows_it(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    held = hold(account, "0.03")
    place(account, single("x", leg("sell", "limit", "0.05", "30100", reduce_only=True)))
    assert standing(account) == [("limit", held.quantize(D("0.00001"), "ROUND_DOWN"))]
    account.system.tell(ORDERS, single("y", leg("sell", "market", "0.01")))
    account.advance(3)
    assert_level(account)


def test_flatten_cancels_everything_of_a_strategy_then_sells_what_it_holds(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket())
    hold(account, "0.03", "other")
    account.advance(1)
    for _ in range(2):
        ask(account, FlattenPositions("f1", strategy="s"), wait_s=0)
        account.advance(1)
    assert account.books.strategy_positions["s", SYMBOL] == 0
    assert account.books.strategy_positions["other", SYMBOL] > 0
    assert standing(account) == []
    assert manager(account).groups.open == {}
    account.advance(6)
    assert_level(account)


def test_flatten_sells_in_parts_what_one_order_may_not_be(tmp_path: Path) -> None:
    """Also by a limit that a person set meanwhile, and no more than there is."""
    account = Account(tmp_path, risk=RiskSettings(max_position_notional=D(9_000), max_gross_notional=None)).serve()
    for target in ("0.06", "0.12", "0.16"):
        account.signal(target)
        account.advance(1)
    held = account.books.strategy_positions["s", SYMBOL]
    done: list[Any] = []
    smaller = SetLimit("max_order_notional", "1000", "", "", "smaller", "a person")
    account.system.ask(RISK, smaller, 1.0).then(done.append)
    account.advance(0.2)
    account.system.ask(ORDERS, FlattenPositions("f"), 1.0).then(done.append)
    assert isinstance(done[0].value, LimitSet), done
    account.advance(5)
    sales = [trade.amount for trade in account.venue.trades if trade.side == "sell"]
    assert len(sales) == 5, "as few as there can be"
    assert max(sales) * 30_000 <= 1_000
    assert 0 <= held - sum(sales) < D("0.0001")
    assert manager(account).groups.open == {}
    account.advance(6)
    assert_level(account)


def test_cancel_all_leaves_what_guards_a_position_unless_told_otherwise(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket())
    place(account, single("x", leg("buy", "limit", "0.01", "29900")))
    account.signal("0.01", limit="29900", strategy="target")
    account.advance(1)
    ask(account, CancelAllOrders(), wait_s=0)
    account.advance(1)
    assert [kind for kind, _ in standing(account)] == ["stop_loss"]
    ask(account, CancelAllOrders(stops=True), wait_s=0)
    account.advance(1)
    assert standing(account) == []
    assert manager(account).groups.open == {}


# -- what the venue cannot hold ---------------------------------------------------------------------------------------


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue that knows market and limit orders, and nothing else."""
    monkeypatch.setattr("tradigrade.actors.order_manager.capabilities_of", lambda _: EVERYWHERE)


@pytest.mark.usefixtures("bare")
def test_a_stop_held_here_survives_the_process_and_is_set_off_by_the_market(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket())
    account.advance(1)
    assert standing(account) == []
    account.kill()
    account.advance(2)
    account.boot(seed=2)
    account.serve()
    account.move(29_690, 29_692)
    account.advance(2)
    assert sent(account) == [("buy", "market", D("0.05")), ("sell", "market", D("0.04995"))]
    assert manager(account).groups.open == {}
    account.advance(6)
    assert_level(account)


@pytest.mark.usefixtures("bare")
def test_a_trailing_stop_held_here_follows_the_market_and_never_goes_back(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    hold(account)
    place(account, single("x", leg("sell", "stop_loss", "0.04", trail_bps=100)))
    for bid in (30_100, 30_200, 30_150):
        account.move(bid, bid + 2)
        account.advance(0.5)
    account.kill()
    account.boot(seed=2)
    account.serve()
    assert manager(account).groups.open["x"].legs["entry"].leg.terms.stop_price == D(30_200) * D("0.99")
    account.move(29_890, 29_892)
    account.advance(1)
    assert sent(account)[-1] == ("sell", "market", D("0.04"))


@pytest.mark.usefixtures("bare")
def test_an_iceberg_shows_one_part_after_the_other(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, single("x", leg("buy", "limit", "0.05", "29900", display_amount=D("0.02"))))
    shown = []
    while account.venue.open_ids():
        shown.append(standing(account)[0][1])
        account.venue.fill(*account.venue.open_ids())
        account.advance(1)
    assert shown == [D("0.02"), D("0.02"), D("0.01")]
    assert manager(account).groups.open == {}


@pytest.mark.usefixtures("bare")
def test_what_is_left_of_an_ioc_order_is_cancelled_at_once(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, single("x", leg("buy", "limit", "0.05", "29900", time_in_force="ioc")))
    account.advance(1)
    assert account.order_states() == ["cancelled"]


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("terms", "field"), [({"post_only": True}, "post_only"), ({"time_in_force": "fok"}, "fok")])
def test_what_only_a_venue_can_promise_is_refused_where_it_does_not(tmp_path: Path, terms: Any, field: str) -> None:
    account = Account(tmp_path).serve()
    fault = ask(account, PlaceOrders(single("x", leg("buy", "limit", "0.05", "29900", **terms))))
    assert (fault.code, fault.field) == ("UNSUPPORTED", f"entry.{field}")


@pytest.mark.parametrize("up", [True, False])
def test_of_an_oco_the_first_to_come_is_the_only_one(tmp_path: Path, up: bool) -> None:
    account = Account(tmp_path).serve()
    held = hold(account).quantize(D("0.00001"), "ROUND_DOWN")
    stop = leg("sell", "stop_loss", str(held), stop_price=D(29_700))
    profit = leg("sell", "limit", str(held), "30300")
    place(account, OrderGroup("o", "oco", "s", SYMBOL, None, stop, profit))
    assert standing(account) == [("stop_loss", held)]
    account.move(*((30_310, 30_312) if up else (29_690, 29_692)))
    account.advance(2)
    assert account.books.strategy_positions["s", SYMBOL] == D("0.04995") - held
    assert manager(account).groups.open == {}
    account.advance(6)
    assert_level(account)


def test_a_stop_that_the_venue_does_not_take_is_held_here(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.fates.extend(["fine", "refused", "refused", "refused"])
    place(account, bracket())
    account.advance(10)
    assert standing(account) == []
    account.move(29_690, 29_692)
    account.advance(2)
    assert account.books.strategy_positions["s", SYMBOL] == 0
    account.advance(6)
    assert_level(account)


def test_a_market_beyond_the_stop_before_that_stands_sells_at_once(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.system.tell(ORDERS, bracket(entry=leg("buy", "limit", "0.05", "29900")))
    account.advance(0.5)
    account.venue.touch[SYMBOL] = (D(29_600), D(29_602))
    account.quotes.quote()
    account.venue.fill(*account.venue.open_ids())
    account.advance(2)
    assert sent(account)[1] == ("sell", "market", D("0.04995"))
    account.advance(6)
    assert_level(account)


@pytest.mark.parametrize("sold", ["0", "0.02"])
def test_a_group_ends_whose_exit_is_refused_since_the_strategy_holds_nothing_any_more(
    tmp_path: Path, sold: str
) -> None:
    account = Account(tmp_path).serve()
    held = hold(account).quantize(D("0.00001"), "ROUND_DOWN")
    stop = leg("sell", "stop_loss", str(held), stop_price=D(29_700))
    place(account, OrderGroup("o", "oco", "s", SYMBOL, None, stop, leg("sell", "limit", str(held), "30300")))
    (stop_id,) = account.venue.open_ids()
    if D(sold):
        account.venue.fill(stop_id, D(sold))
    account.venue._cancelled(stop_id, answered=True)
    account.venue.transfer("BTC", -account.venue.balances["BTC"])
    account.advance(30)
    assert manager(account).groups.open == {}
    assert account.books.strategy_positions["s", SYMBOL] == 0
    ended = account.records(GroupClosed)[-1].reason
    assert ended == ("filled in part, and nothing is left to sell" if D(sold) else f"refused: {account.codes()[-1]}")
    asked = len(account.records(OrderRequested))
    account.advance(20)
    assert len(account.records(OrderRequested)) == asked, "it is not asked for again"
    assert_level(account)


def test_an_exit_refused_for_a_moment_is_asked_for_again_while_the_strategy_holds_something(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    place(account, bracket())
    account.advance(1)
    (stop_id,) = account.venue.open_ids()
    account.venue.balances["BTC"] -= D("0.02")
    account.venue._cancelled(stop_id, answered=True)
    account.advance(3)
    account.venue.balances["BTC"] += D("0.02")
    account.advance(15)
    assert [kind for kind, _ in standing(account)] == ["stop_loss"]
    assert_level(account)
