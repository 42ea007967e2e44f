"""The ladder as risk keeps it: markets speak for themselves; every move is told, and nothing else is."""

from decimal import Decimal
from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.actors import topics
from tradigrade.actors.standings import Standings
from tradigrade.kernel.actor import Actor
from tradigrade.trading.ladder import ACCOUNT
from tradigrade.trading.messages import MarketDataUpdate, RungChanged

SYMBOL, SCOPE = "BTC/USDT", "learned BTC/USDT"
MAX_AGE_NS = 2_000_000_000


class Keeper(Actor):
    """Holds the standings, as risk does, and hears what they publish."""

    def __init__(self, *, lease_held: bool = True) -> None:
        self.lease_held = lease_held

    def start(self) -> None:
        self.told: list[RungChanged] = []
        self.context.subscribe(topics.RUNG)
        self.standings = Standings(self.context, (SYMBOL,), (("learned", SYMBOL),), lease_held=self.lease_held)

    def receive(self, message: Any) -> None:
        self.told.append(message)

    def rung(self, scope: str = SYMBOL) -> str:
        return self.standings.of(scope).rung.name


class Stage:
    """A keeper on virtual time."""

    def __init__(self, *, lease_held: bool = True) -> None:
        self.virtual = VirtualSystem()
        self.keeper = Keeper(lease_held=lease_held)
        self.virtual.place("node/keeper", self.keeper)
        self.standings = self.keeper.standings

    def good(self) -> "Stage":
        self.standings.note(ACCOUNT, "UNRECONCILED", holds=False)
        self.standings.note_feed(SYMBOL, live=True, reason="the book is in sync")
        return self

    def pass_s(self, seconds: float) -> None:
        self.virtual.advance(seconds)
        self.standings.pass_time()


def update(received_ns: int, bid: str = "99", ask: str = "101") -> MarketDataUpdate:
    one = Decimal(1)
    return MarketDataUpdate(SYMBOL, "quote", received_ns, received_ns, 1, Decimal(bid), one, Decimal(ask), one)


def test_everything_is_bad_news_until_proven_good() -> None:
    stage = Stage()
    assert stage.keeper.rung() == stage.keeper.rung(SCOPE) == stage.keeper.rung(ACCOUNT) == "CANCEL_ONLY"
    assert stage.standings.of(ACCOUNT).reason == "not yet reconciled with the venue"
    assert Stage(lease_held=False).keeper.rung() == "FENCED"


def test_a_live_market_of_a_reconciled_account_is_normal_at_once_and_the_way_there_is_told() -> None:
    stage = Stage().good()
    stage.virtual.run()
    assert stage.keeper.rung() == stage.keeper.rung(SCOPE) == "NORMAL"
    last = [told for told in stage.keeper.told if told.scope == SYMBOL][-1]
    assert (last.previous, last.rung, last.causes) == ("CANCEL_ONLY", "NORMAL", ())


def test_a_feed_that_was_live_must_be_live_for_a_while_again() -> None:
    stage = Stage().good()
    stage.standings.note_feed(SYMBOL, live=False, reason="the book lost sync")
    assert stage.standings.of(SYMBOL).reason == "the book lost sync"
    stage.standings.note_feed(SYMBOL, live=True, reason="the book is in sync")
    stage.pass_s(0.4)
    assert stage.keeper.rung() == "CANCEL_ONLY"
    stage.pass_s(0.1)
    assert stage.keeper.rung() == "NORMAL"


def test_a_crossed_market_may_only_be_cancelled_on_until_it_was_uncrossed_for_a_while() -> None:
    stage = Stage().good()
    stage.standings.note_market(update(0, "101", "101"))
    assert (stage.keeper.rung(), stage.standings.of(SYMBOL).reason) == ("CANCEL_ONLY", "the book is crossed")
    stage.standings.note_market(update(0))
    stage.pass_s(0.5)
    assert stage.keeper.rung() == "NORMAL"


@pytest.mark.parametrize(
    ("age_ns", "rung"), [(MAX_AGE_NS, "NORMAL"), (MAX_AGE_NS + 1, "CANCEL_ONLY"), (-1, "CANCEL_ONLY")]
)
def test_a_market_is_stale_once_it_is_older_than_the_bound_or_of_the_future(age_ns: int, rung: str) -> None:
    stage = Stage().good()
    stage.standings.note_ages({SYMBOL: update(0)}, age_ns, MAX_AGE_NS)
    assert stage.keeper.rung() == rung
    stage.standings.note_market(update(age_ns))
    stage.pass_s(0.5)
    assert stage.keeper.rung() == "NORMAL"


def test_what_does_not_move_is_not_told_again() -> None:
    stage = Stage().good()
    stage.virtual.run()
    before = len(stage.keeper.told)
    stage.standings.note_market(update(0))
    stage.good()
    stage.pass_s(1)
    assert len(stage.keeper.told) == before


def test_views_show_every_scope_and_moves_the_newest_first() -> None:
    stage = Stage().good()
    stage.virtual.advance(1)
    stage.standings.note(SCOPE, "PAUSED", holds=True, detail="lunch")
    shown = {view.scope: (view.rung, view.reason) for view in stage.standings.views()}
    assert list(shown) == ["system", "account", SYMBOL, SCOPE]
    assert shown[SCOPE] == ("REDUCING", "lunch")
    newest = stage.standings.moves()[0]
    assert (newest.scope, newest.before, newest.after, newest.causes) == (SCOPE, "NORMAL", "REDUCING", ("PAUSED",))
