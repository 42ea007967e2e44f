"""Whatever is asked, lost or restarted: all accounts together may never come to more than the total."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.trading.messages import ZERO
from tradigrade.trading.risk.budgets import NOTHING, Bound, BudgetGranted, Budgets, Share, ask, begin, hold

TOTAL, LASTS_NS = Decimal(1_000), 5
NAMES = ("a", "b", "c")


def awake(*accounts: str) -> Budgets:
    """One whose earlier incarnations have nothing out any more."""
    return begin(TOTAL, accounts or NAMES, Decimal("0.3"), LASTS_NS, -LASTS_NS)


class Holder:
    """An account: it uses as much as it may, by what it heard."""

    def __init__(self, guaranteed: Decimal) -> None:
        self.grant = NOTHING
        self.guaranteed = guaranteed
        self.used = ZERO

    def hear(self, share: Share, asked_ns: int) -> None:
        held = hold(BudgetGranted("", share, None, asked_ns)).gross
        assert held is not None
        self.grant = held

    def may(self, now_ns: int) -> Decimal:
        return self.grant.at(now_ns)[0]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(NAMES),
            st.sampled_from(["ask", "ask", "ask", "lose", "restart", "wait"]),
            st.sampled_from([0, 1, 2, 300, 900]),
        )
    )
)
def test_all_accounts_together_may_never_come_to_more_than_the_total(steps: list[tuple[str, str, int]]) -> None:
    now_ns, budgets = 0, awake()
    holders = {name: Holder(budgets.guaranteed[name]) for name in NAMES}
    for name, what, number in steps:
        match what:
            case "ask" | "lose":
                holders[name].used = min(Decimal(number), holders[name].may(now_ns))
                budgets, granted = ask(budgets, name, holders[name].used, now_ns)
                if granted is not None and what == "ask":
                    holders[name].hear(granted, now_ns)
            case "restart":
                budgets = begin(TOTAL, NAMES, Decimal("0.3"), LASTS_NS, now_ns)
            case "wait":
                now_ns += number % 4 + 1
        for each in holders.values():  # who has nothing more to hold on to gives it back
            each.used = min(each.used, each.may(now_ns))
        assert sum((each.may(now_ns) for each in holders.values()), ZERO) <= TOTAL
        assert all(each.may(now_ns) in (ZERO, *[each.grant.amount, each.guaranteed]) for each in holders.values())


def test_an_account_that_uses_little_leaves_room_to_one_that_uses_much() -> None:
    budgets, first = ask(awake("a", "b"), "a", Decimal(400), 0)
    assert first is not None
    assert first.amount == 800, "twice what it uses; the other has its guaranteed 150"
    budgets, second = ask(budgets, "b", Decimal(100), 1)
    assert second is not None
    assert second.amount == 200, "what is left"


def test_an_old_grant_falls_back_to_the_guaranteed_share() -> None:
    grant = Bound(Decimal(800), Decimal(150), 5)
    assert grant.at(4) == (800, "the budget granted to the account")
    assert grant.at(5) == (150, "the account's guaranteed share: its grant is too old")


def test_after_a_restart_nothing_above_the_guaranteed_share_is_granted_until_old_grants_ended() -> None:
    budgets = begin(TOTAL, ("a", "b"), Decimal("0.3"), LASTS_NS, 10)
    budgets, early = ask(budgets, "a", Decimal(100), 14)
    _, later = ask(budgets, "a", Decimal(100), 15)
    assert early is not None
    assert later is not None
    assert (early.amount, later.amount) == (150, 500)


@pytest.mark.parametrize(("who", "used"), [("nobody", "0"), ("a", "NaN"), ("a", "-1"), ("a", "Infinity")])
def test_who_is_not_known_or_asks_nonsense_gets_nothing(who: str, used: str) -> None:
    assert ask(awake(), who, Decimal(used), 0)[1] is None


def test_a_smaller_grant_does_not_end_a_larger_one_before() -> None:
    budgets, _ = ask(awake("a", "b"), "a", Decimal(400), 0)
    budgets, smaller = ask(budgets, "a", Decimal(10), 1)
    assert smaller is not None
    assert smaller.amount == 500
    _, other = ask(budgets, "b", Decimal(400), 2)
    assert other is not None
    assert other.amount == 200, "the first may still count for the other: its successor may be lost"
