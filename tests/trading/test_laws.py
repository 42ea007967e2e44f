"""What judges simulated runs is judged here: what each law lets pass, and what breaks it."""

from decimal import Decimal
from typing import Any

import pytest

from tradigrade.trading.books import ADOPTED, Books
from tradigrade.trading.evidence import VenueOrder, VenueState
from tradigrade.trading.group_laws import GroupLaws
from tradigrade.trading.laws import LawBroken, VenueOrderFact, VenueTradeFact, check_books, check_funds, check_owners
from tradigrade.trading.order_events import (
    BalanceAdopted,
    FundsMoved,
    HistoryAdopted,
    OrderFilled,
    OrderIntended,
    PositionTransferred,
)

SYMBOL = "BTC/USDT"


def intent(slot: str, amount: str) -> OrderIntended:
    return OrderIntended(
        client_id=slot,
        sequence=1,
        epoch=1,
        approval_id="",
        signal_id=f"group.{slot}-0",
        strategy="one",
        symbol=SYMBOL,
        side="buy" if slot.startswith("entry") else "sell",
        type="market",
        amount=Decimal(amount),
        price=None,
        reference_price=Decimal(1),
        at_ns=1,
    )


def at_venue(client_id: str, state: VenueState, amount: str, filled: str) -> VenueOrder:
    return VenueOrder(client_id, "1", SYMBOL, state, amount=Decimal(amount), filled=Decimal(filled))


def bracket(*exits: VenueOrder) -> tuple[GroupLaws, dict[str, VenueOrder]]:
    """An entry that brought 2, and what the venue has of its exits."""
    laws, orders = GroupLaws(), {"entry1": at_venue("entry1", "filled", "2", "2")}
    laws.check_sent(intent("entry1", "2"), lambda: orders)
    for each in exits:
        laws.check_sent(intent(each.client_id, "0"), lambda: orders)
        orders[each.client_id] = each
    return laws, orders


@pytest.mark.parametrize(
    ("exits", "leaving"),
    [
        ((), "2"),
        ((at_venue("exit1", "cancelled", "2", "1"),), "1"),
        ((at_venue("exit1", "cancelled", "2", "0"), at_venue("alternative1", "filled", "1", "1")), "1"),
    ],
)
def test_exits_may_leave_for_what_the_entry_brought(exits: tuple[VenueOrder, ...], leaving: str) -> None:
    laws, orders = bracket(*exits)
    laws.check_sent(intent("exit9", leaving), lambda: orders)
    with pytest.raises(LawBroken, match="its entry brought"):
        laws.check_sent(intent("exit10", str(Decimal(leaving) + 1)), lambda: orders)


def test_an_exit_must_not_leave_beside_one_that_stands() -> None:
    laws, orders = bracket(at_venue("exit1", "open", "2", "0"))
    with pytest.raises(LawBroken, match="2 stands and 2 leaves of 2"):
        laws.check_sent(intent("alternative1", "2"), lambda: orders)


def test_exits_that_sold_too_much_show_in_the_end() -> None:
    laws, orders = bracket(at_venue("exit1", "filled", "2", "2"), at_venue("exit2", "filled", "2", "2"))
    with pytest.raises(LawBroken, match="4 is sold"):
        laws.check_end(orders)


def held(amount: str, moved: str) -> Books:
    books = Books()
    books.apply(BalanceAdopted("BTC", Decimal(0), 1))
    books.apply(HistoryAdopted(SYMBOL, 0, 1))
    books.apply(intent("entry1", amount))
    fill = OrderFilled("entry1", "7", SYMBOL, "buy", Decimal(10), Decimal(amount), Decimal(0), "USDT", False, 1)
    books.apply(fill)
    if moved != "0":
        books.apply(FundsMoved("BTC", Decimal(moved), "deposit", "reference", 1))
    return books


def test_transfers_are_booked_as_what_the_venue_moved() -> None:
    check_funds(held("2", "1"), {"BTC": Decimal(1)})
    with pytest.raises(LawBroken, match="BTC moved in and out: books 1, venue 0"):
        check_funds(held("2", "1"), {})


def test_no_strategy_holds_what_the_account_does_not_have() -> None:
    with pytest.raises(LawBroken, match="strategies hold 2 BTC of 1 that there are"):
        check_funds(held("2", "-1"), {"BTC": Decimal(-1)})


def test_open_orders_of_others_are_no_difference() -> None:
    books, balances = Books(), {"BTC": Decimal(0)}
    orders = {"by-hand": VenueOrderFact("by-hand", True, Decimal(0))}
    check_books(books, balances, orders, (), prefix="tg")
    with pytest.raises(LawBroken, match="open orders"):
        check_books(books, balances, orders, ())


BOUGHT = VenueTradeFact("7", "entry1", SYMBOL, Decimal(2))
BEGAN = HistoryAdopted(SYMBOL, 0, 1)
TAKEN = PositionTransferred(SYMBOL, "one", ADOPTED, Decimal(2), Decimal(1), "sold by hand", 1)


@pytest.mark.parametrize(
    ("owners", "records", "but"),
    [
        pytest.param({"entry1": "one"}, [BEGAN], (), id="as it was sent"),
        pytest.param({}, [BEGAN, PositionTransferred(SYMBOL, "two", "one", Decimal(2), Decimal(1), "", 1)],
                     [("two", SYMBOL)], id="nobody's, and given to it"),
        pytest.param({"entry1": "two"}, [BEGAN], [("one", SYMBOL), ("two", SYMBOL)], id="not judged"),
    ],
)  # fmt: skip
def test_what_an_order_brought_may_be_of_whom_it_was_sent_for(
    owners: dict[str, str], records: list[Any], but: Any
) -> None:
    check_owners(held("2", "0"), records, [BOUGHT], owners, but=but)


@pytest.mark.parametrize(
    ("owners", "records"),
    [
        pytest.param({"entry1": "two"}, [BEGAN], id="another's"),
        pytest.param({}, [BEGAN], id="of no order that left"),
        pytest.param({"entry1": "one"}, [BEGAN, TAKEN], id="taken away before"),
        pytest.param({"entry1": "one"}, [HistoryAdopted(SYMBOL, 7, 1)], id="of before the journal"),
    ],
)
def test_what_an_order_brought_must_not_be_anothers(owners: dict[str, str], records: list[Any]) -> None:
    with pytest.raises(LawBroken, match="its orders brought"):
        check_owners(held("2", "0"), records, [BOUGHT], owners)
