import itertools

import pytest

from tradigrade.trading.rungs import (
    NORMAL,
    AccountFacts,
    Rung,
    Standing,
    SymbolFacts,
    judge_account,
    judge_symbol,
    lowest,
)

GOOD = AccountFacts(lease_held=True, reconciled=True)


@pytest.mark.parametrize(
    ("facts", "rung", "words"),
    [
        (AccountFacts(), "FENCED", "lease"),
        (GOOD._replace(lease_held=False), "FENCED", "lease"),
        (GOOD._replace(lease_held=False, stopping=True), "FENCED", "lease"),
        (GOOD._replace(stopping=True), "CANCEL_ONLY", "stopping"),
        (GOOD._replace(reconciled=False), "CANCEL_ONLY", "not yet reconciled"),
        (GOOD._replace(reconciled=False, differences="balance of BTC"), "CANCEL_ONLY", "balance of BTC"),
        (GOOD, "NORMAL", "everything works"),
    ],
)
def test_the_account_stands_where_its_facts_put_it(facts: AccountFacts, rung: str, words: str) -> None:
    standing = judge_account(facts)
    assert standing.rung.name == rung
    assert words in standing.reason


@pytest.mark.parametrize(
    ("facts", "rung", "words"),
    [
        (SymbolFacts(), "CANCEL_ONLY", "no market data yet"),
        (SymbolFacts(live=False, reason="disconnected"), "CANCEL_ONLY", "disconnected"),
        (SymbolFacts(live=True, crossed=True), "CANCEL_ONLY", "crossed"),
        (SymbolFacts(live=True), "NORMAL", "everything works"),
    ],
)
def test_a_symbol_stands_where_its_facts_put_it(facts: SymbolFacts, rung: str, words: str) -> None:
    standing = judge_symbol(facts)
    assert standing.rung.name == rung
    assert words in standing.reason


@pytest.mark.parametrize(("one", "other"), [*itertools.product(Rung, Rung)])
def test_the_lowest_rung_wins_and_the_first_of_equals(one: Rung, other: Rung) -> None:
    standings = (Standing(one, "one"), Standing(other, "other"))
    assert lowest(standings) == (standings[0] if one >= other else standings[1])


def test_nothing_bad_is_normal() -> None:
    assert lowest(()) == NORMAL


def test_the_ladder_goes_from_everything_to_nothing() -> None:
    assert [rung.name for rung in Rung] == ["NORMAL", "FALLBACK", "REDUCING", "CANCEL_ONLY", "HALTED", "FENCED"]
