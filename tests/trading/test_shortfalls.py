"""What strategies hold and the account has no more leaves them, the largest holder first, and no more than that."""

from decimal import Decimal

import pytest

from tests.trading.facts import NOW_NS, accepted, books, fill, intent
from tradigrade.trading.books import ADOPTED, Books
from tradigrade.trading.order_events import BalanceAdopted, FundsMoved, HistoryAdopted
from tradigrade.trading.shortfalls import cover_shortfalls

SYMBOL = "BTC/USDT"
STARTED = (
    BalanceAdopted("USDT", Decimal(100_000), NOW_NS),
    BalanceAdopted("BTC", Decimal(2), NOW_NS),
    HistoryAdopted(SYMBOL, 0, NOW_NS),
)


def holding(**amounts: str) -> Books:
    """Each strategy bought so much, on an account that had two before."""
    folded = books(*STARTED)
    for number, (strategy, amount) in enumerate(amounts.items(), start=1):
        made = intent(f"tgmain-1-{number}", amount=amount, strategy=strategy)
        for event in (*accepted(made), fill(made, str(number), amount)):
            folded.apply(event)
    return folded


@pytest.mark.parametrize(
    ("withdrawn", "taken"),
    [
        ("0", []),
        ("2", []),
        ("2.1", [("one", "0.1")]),
        ("2.6", [("one", "0.5"), ("two", "0.1")]),
        ("2.7", [("one", "0.5"), ("two", "0.2")]),
    ],
)
def test_only_what_the_account_has_no_more_is_taken(withdrawn: str, taken: list[tuple[str, str]]) -> None:
    folded = holding(two="0.2", one="0.5")
    folded.apply(FundsMoved("BTC", -Decimal(withdrawn), "withdrawal", "w1", NOW_NS))
    moves = list(cover_shortfalls(folded, NOW_NS))
    assert [(move.giver, str(move.amount.normalize())) for move in moves] == taken
    before = folded.positions[SYMBOL]
    total = before.amount, before.cost, before.realised
    assert all(folded.apply(move) for move in moves)
    assert not any(folded.apply(move) for move in moves), "once is enough"
    after = folded.positions[SYMBOL]
    assert (after.amount, after.cost, after.realised) == total, "the account's own position stays"
    amounts = [amount for (_, symbol), amount in folded.strategy_positions.items() if symbol == SYMBOL]
    assert sum(amounts) == after.amount
    assert list(cover_shortfalls(folded, NOW_NS)) == []


def test_what_is_taken_goes_at_the_price_it_was_paid_where_nobody_knows_better() -> None:
    folded = holding(one="0.5")
    folded.apply(FundsMoved("BTC", Decimal("-2.5"), "withdrawal", "w1", NOW_NS))
    (move,) = cover_shortfalls(folded, NOW_NS)
    held = folded.holdings["one", SYMBOL]
    assert move.taker == ADOPTED
    assert move.price == (held.cost / held.amount).quantize(Decimal("1e-8"))


def test_what_went_by_hand_is_taken_from_what_is_held_by_hand_first() -> None:
    folded = holding(manual="0.2", one="0.5")
    folded.apply(FundsMoved("BTC", Decimal("-2.3"), "withdrawal", "w1", NOW_NS))
    moves = [(move.giver, str(move.amount.normalize())) for move in cover_shortfalls(folded, NOW_NS)]
    assert moves == [("manual", "0.2"), ("one", "0.1")]


def test_what_was_sold_in_a_symbol_is_taken_from_who_holds_that_symbol_first() -> None:
    folded = holding(one="0.5")
    other = intent("tgmain-1-9", amount="0.1", strategy="two", symbol="BTC/EUR")
    for event in (*accepted(other), fill(other, "90", "0.1")):
        folded.apply(event)
    sold = intent("by-hand", "sell", "2.2", symbol="BTC/EUR")
    folded.apply(fill(sold, "91", "2.2"))
    moves = [(move.giver, move.symbol, str(move.amount.normalize())) for move in cover_shortfalls(folded, NOW_NS)]
    assert moves == [("two", "BTC/EUR", "0.1"), ("one", SYMBOL, "0.1")]
