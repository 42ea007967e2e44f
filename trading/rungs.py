"""The ladder of degraded modes: the lowest rung that applies wins. A pure function of facts."""

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple


class Rung(IntEnum):
    """What may leave, from everything to nothing."""

    NORMAL = 0
    FALLBACK = 1
    REDUCING = 2
    CANCEL_ONLY = 3
    HALTED = 4
    FENCED = 5


class Standing(NamedTuple):
    """A rung and why."""

    rung: Rung
    reason: str


NORMAL = Standing(Rung.NORMAL, "everything works")


class AccountFacts(NamedTuple):
    """What is known of an account. Everything is bad news until proven good."""

    lease_held: bool = False
    reconciled: bool = False
    differences: str = ""
    stopping: bool = False


class SymbolFacts(NamedTuple):
    """What is known of one symbol's market."""

    live: bool = False
    reason: str = "no market data yet"
    crossed: bool = False
    stale: bool = False


def judge_account(facts: AccountFacts) -> Standing:
    """The account's own rung."""
    if not facts.lease_held:
        return Standing(Rung.FENCED, "the lease of the account is not held")
    if facts.stopping:
        return Standing(Rung.CANCEL_ONLY, "stopping")
    if not facts.reconciled:
        return Standing(Rung.CANCEL_ONLY, facts.differences or "not yet reconciled with the venue")
    return NORMAL


def judge_symbol(facts: SymbolFacts) -> Standing:
    """One symbol's own rung."""
    if not facts.live:
        return Standing(Rung.CANCEL_ONLY, facts.reason)
    if facts.stale:
        return Standing(Rung.CANCEL_ONLY, "the market is stale")
    if facts.crossed:
        return Standing(Rung.CANCEL_ONLY, "the book is crossed")
    return NORMAL


def lowest(standings: Iterable[Standing]) -> Standing:
    """The standing that wins; the first of equals."""
    return max(standings, key=lambda standing: standing.rung, default=NORMAL)
