"""What judges simulated runs is judged here: what each law lets pass, and what breaks it."""

from decimal import Decimal

import pytest

from tradigrade.trading.books import Books
from tradigrade.trading.evidence import VenueOrder, VenueState
from tradigrade.trading.group_laws import GroupLaws
from tradigrade.trading.laws import LawBroken, VenueOrderFact, check_books, check_funds
from tradigrade.trading.order_events import BalanceAdopted, FundsMoved, HistoryAdopted, OrderFilled, OrderIntended

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


def test_exits_that_sold_too_much_show_in_the_end_unless_the_journal_lost_one() -> None:
    laws, orders = bracket(at_venue("exit1", "filled", "2", "2"), at_venue("exit2", "filled", "2", "2"))
    with pytest.raises(LawBroken, match="4 is sold"):
        laws.check_end(orders)
    laws.forget(lambda client_id: client_id == "exit1")
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
