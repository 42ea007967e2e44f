"""The rungs risk keeps: each fact moves its scope down and, when it is gone, up again; every move is told."""

from decimal import Decimal
from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.actors import topics
from tradigrade.actors.standings import Standings
from tradigrade.kernel.actor import Actor
from tradigrade.trading.messages import MarketDataUpdate, RungChanged
from tradigrade.trading.rungs import AccountFacts, SymbolFacts

SYMBOL = "BTC/USDT"
MAX_AGE_NS = 2_000_000_000
GOOD = AccountFacts(lease_held=True, reconciled=True)


class Keeper(Actor):
    """Holds the standings, as risk does, and hears what they publish."""

    def start(self) -> None:
        self.told: list[RungChanged] = []
        self.context.subscribe(topics.RUNG)
        self.standings = Standings(self.context, (SYMBOL,), MAX_AGE_NS)

    def receive(self, message: Any) -> None:
        self.told.append(message)


def keeper(virtual: VirtualSystem) -> Keeper:
    made = Keeper()
    virtual.place("node/keeper", made)
    virtual.run()
    made.standings.note_account(GOOD)
    made.standings.note_symbol(SYMBOL, SymbolFacts(live=True, reason="the book is in sync"))
    return made


def update(received_ns: int, bid: str = "99", ask: str = "101") -> MarketDataUpdate:
    one = Decimal(1)
    return MarketDataUpdate(SYMBOL, "quote", received_ns, received_ns, 1, Decimal(bid), one, Decimal(ask), one)


def test_a_live_market_of_a_reconciled_account_is_normal_and_the_way_there_is_told() -> None:
    virtual = VirtualSystem()
    kept = keeper(virtual)
    virtual.run()
    assert kept.standings.of(SYMBOL).rung.name == "NORMAL"
    assert [(told.scope, told.rung) for told in kept.told][-1] == (SYMBOL, "NORMAL")


@pytest.mark.parametrize(
    ("facts", "rung"),
    [
        (GOOD._replace(lease_held=False), "FENCED"),
        (GOOD._replace(reconciled=False), "CANCEL_ONLY"),
        (GOOD._replace(stopping=True), "CANCEL_ONLY"),
    ],
)
def test_what_ails_the_account_holds_for_every_symbol(facts: AccountFacts, rung: str) -> None:
    kept = keeper(VirtualSystem())
    kept.standings.note_account(facts)
    assert kept.standings.of(SYMBOL).rung.name == rung
    kept.standings.note_account(GOOD)
    assert kept.standings.of(SYMBOL).rung.name == "NORMAL"


def test_a_crossed_market_may_only_be_cancelled_on_until_it_uncrosses() -> None:
    kept = keeper(VirtualSystem())
    kept.standings.note_market(update(0, "101", "101"))
    assert (kept.standings.of(SYMBOL).rung.name, kept.standings.of(SYMBOL).reason) == (
        "CANCEL_ONLY",
        "the book is crossed",
    )
    kept.standings.note_market(update(0))
    assert kept.standings.of(SYMBOL).rung.name == "NORMAL"


@pytest.mark.parametrize(("age_ns", "rung"), [(MAX_AGE_NS, "NORMAL"), (MAX_AGE_NS + 1, "CANCEL_ONLY")])
def test_a_market_is_stale_once_it_is_older_than_the_bound(age_ns: int, rung: str) -> None:
    kept = keeper(VirtualSystem())
    kept.standings.note_time({SYMBOL: update(0)}, age_ns)
    assert kept.standings.of(SYMBOL).rung.name == rung
    kept.standings.note_market(update(age_ns))
    assert kept.standings.of(SYMBOL).rung.name == "NORMAL"


def test_what_does_not_move_is_not_told_again() -> None:
    virtual = VirtualSystem()
    kept = keeper(virtual)
    virtual.run()
    before = len(kept.told)
    kept.standings.note_market(update(0))
    kept.standings.note_account(GOOD)
    virtual.run()
    assert len(kept.told) == before
