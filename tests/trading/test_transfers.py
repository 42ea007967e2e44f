"""Transfers found in a venue's history: only what explains a difference to the last digit."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.trading.facts import NOW_NS, SYMBOL, books, evidence
from tradigrade.trading.order_events import BalanceAdopted, FundsMoved, HistoryAdopted
from tradigrade.trading.transfers import FoundTransfers, missed_transfers


def moved(amount: str, reference: str, currency: str = "USDT") -> FundsMoved:
    return FundsMoved(currency, Decimal(amount), "deposit", reference, NOW_NS)


KNOWN = moved("10", "known")


@pytest.mark.parametrize(
    ("usdt", "history", "found"),
    [
        ("1010", [moved("10", "other name")], []),
        ("1060", [KNOWN, moved("50", "a")], ["a"]),
        ("1060", [moved("20", "a"), moved("30", "b")], ["a", "b"]),
        ("1060", [moved("10", "other name"), moved("50", "a")], ["a"]),
        ("1060", [moved("50", "old"), moved("50", "new")], ["new"]),
        ("1060", [moved("7", "before"), moved("20", "a"), KNOWN, moved("30", "b")], ["a", "b"]),
        ("1060", [moved("50", "a"), moved("7", "other name")], ["a"]),
        ("1060", [moved("49.99", "a")], []),
        ("960", [moved("-50", "a")], ["a"]),
        ("1060", [moved("50", "a", "BTC")], []),
        ("1060", [], []),
    ],
    ids=[
        "no difference",
        "one",
        "two together",
        "one of two",
        "the latest",
        "of the latest",
        "in between",
        "not quite",
        "out",
        "another",
        "none",
    ],
)
def test_only_what_explains_the_difference_is_taken(usdt: str, history: Any, found: list[str]) -> None:
    held = books(BalanceAdopted("USDT", Decimal(1000), NOW_NS), HistoryAdopted(SYMBOL, 0, NOW_NS), KNOWN)
    seen = replace(evidence(USDT=usdt), transfers=tuple(history))
    assert [each.reference for each in missed_transfers(held, seen)] == found


def test_what_the_opening_balances_hold_is_not_booked_when_the_stream_tells_it_late() -> None:
    found = FoundTransfers()
    assert not found.are_told_by(moved("100", "a"))
    found.begin(NOW_NS + 1)
    assert found.are_told_by(moved("100", "a"))
    assert not found.are_told_by(replace(moved("100", "b"), at_ns=NOW_NS + 1))
