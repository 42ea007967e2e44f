"""The pure machine of the ladder: every row of its table, and what holds whatever happens."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.trading.causes import CAUSES, within
from tradigrade.trading.ladder import (
    ACCOUNT,
    MOVES_KEPT,
    SYSTEM,
    Applied,
    Ladder,
    Move,
    Noted,
    Now,
    Released,
    TimePassed,
    above,
    begin,
    judge,
    step,
    waits,
)
from tradigrade.trading.rungs import NORMAL, Rung

BTC, ETH, MINE = "BTC/USDT", "ETH/USDT", "learned BTC/USDT"
SCOPES = (SYSTEM, ACCOUNT, BTC, ETH, MINE)
UTC_NS = 1_700_000_000_000_000_000


def at(seconds: float) -> Now:
    return Now(round(seconds * 1e9), UTC_NS + round(seconds * 1e9))


class Player:
    """A ladder and what it told."""

    def __init__(self) -> None:
        self.ladder = begin((BTC, ETH, MINE), (), at(0))
        self.told: list[Move] = []

    def do(self, event: Any, seconds: float) -> "Player":
        self.ladder, told = step(self.ladder, event, at(seconds))
        self.told += told
        return self

    def rung(self, scope: str) -> str:
        return self.ladder.standings[scope].rung.name


# -- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", [name for name, each in CAUSES.items() if not each.latched])
def test_every_row_is_reached_at_once_and_left_once_its_cause_was_gone_for_its_time(cause: str) -> None:
    row, player = CAUSES[cause], Player()
    player.do(Noted(BTC, cause, True), 1)
    assert player.rung(BTC) == player.rung(MINE) == row.rung.name
    assert player.rung(ETH) == player.rung(ACCOUNT) == "NORMAL"
    assert player.ladder.standings[BTC].reason == row.words
    player.do(Noted(BTC, cause, False), 10)
    if row.hold_s:
        assert player.rung(BTC) == row.rung.name
        assert player.ladder.standings[BTC].reason == f"over, and borne out for {row.hold_s:g} s: {row.words}"
        assert waits(player.ladder)
        player.do(TimePassed(), 10 + row.hold_s - 0.001)
        assert player.rung(BTC) == row.rung.name
        player.do(TimePassed(), 10 + row.hold_s)
    assert player.rung(BTC) == player.rung(MINE) == "NORMAL"
    assert not waits(player.ladder)
    moves = [(move.before, move.after) for move in player.ladder.moves if move.scope == BTC]
    assert moves == [("NORMAL", row.rung.name), (row.rung.name, "NORMAL")]


@pytest.mark.parametrize("cause", [name for name, each in CAUSES.items() if each.latched])
def test_a_latched_row_is_left_by_release_alone(cause: str) -> None:
    player = Player().do(Noted(SYSTEM, cause, True, "the kill switch"), 1)
    assert {player.rung(scope) for scope in SCOPES} == {"HALTED"}
    player.do(Noted(SYSTEM, cause, False), 2).do(TimePassed(), 1e6)
    assert {player.rung(scope) for scope in SCOPES} == {"HALTED"}
    assert player.ladder.standings[MINE].reason == "the kill switch"
    player.do(Released(), 1e6)
    assert {player.rung(scope) for scope in SCOPES} == {"NORMAL"}


def test_the_rungs_of_the_design_each_have_a_row() -> None:
    assert {each.rung for each in CAUSES.values()} == set(Rung) - {Rung.NORMAL}


# -- moves ------------------------------------------------------------------------------------------------------------


def test_a_cause_that_comes_back_while_it_is_borne_out_waits_anew() -> None:
    player = Player().do(Noted(BTC, "FEED_DOWN", True), 1).do(Noted(BTC, "FEED_DOWN", False), 2)
    player.do(Noted(BTC, "FEED_DOWN", True), 2.4).do(Noted(BTC, "FEED_DOWN", False), 3).do(TimePassed(), 3.4)
    assert player.rung(BTC) == "CANCEL_ONLY"
    player.do(TimePassed(), 3.5)
    assert player.rung(BTC) == "NORMAL"


@pytest.mark.parametrize("other", [BTC, ETH])
def test_what_was_gone_for_its_time_takes_nothing_with_it_that_was_not(other: str) -> None:
    player = Player().do(Noted(BTC, "FEED_DOWN", True), 1).do(Noted(other, "CLOCK_SKEW", True), 1)
    player.do(Noted(BTC, "FEED_DOWN", False), 2).do(Noted(other, "CLOCK_SKEW", False), 2).do(TimePassed(), 2.5)
    assert "FEED_DOWN" not in player.ladder.applied.get(BTC, {})
    assert player.rung(other) == "CANCEL_ONLY"
    player.do(TimePassed(), 7)
    assert player.rung(other) == player.rung(BTC) == "NORMAL"


def test_what_is_said_to_be_gone_again_and_again_does_not_wait_longer() -> None:
    player = Player().do(Noted(BTC, "FEED_DOWN", True), 1)
    for tenth in range(10, 16):
        player.do(Noted(BTC, "FEED_DOWN", False), tenth / 10)
    assert player.rung(BTC) == "NORMAL"


def test_a_move_says_from_where_to_where_why_by_what_and_when() -> None:
    player = Player().do(Noted(ACCOUNT, "PAUSED", True, "lunch"), 1).do(Noted(BTC, "FEED_STALE", True), 2)
    assert player.ladder.moves[-1] == Move(
        MINE,
        "REDUCING",
        "CANCEL_ONLY",
        "the market is stale",
        ("FEED_STALE", "PAUSED"),
        at(2).utc_ns,
        at(2).utc_ns,
    )


def test_another_reason_on_the_same_rung_is_told_and_is_no_move() -> None:
    player = Player().do(Noted(ACCOUNT, "UNRECONCILED", True, "balance of USDT"), 1)
    kept, told = len(player.ladder.moves), len(player.told)
    player.do(Noted(ACCOUNT, "UNRECONCILED", True, "balance of BTC"), 2)
    assert len(player.ladder.moves) == kept
    assert {(move.before, move.after, move.reason) for move in player.told[told:]} == {
        ("CANCEL_ONLY", "CANCEL_ONLY", "balance of BTC")
    }
    assert player.ladder.standings[ACCOUNT].since_ns == at(1).utc_ns


def test_what_changes_nothing_is_not_told() -> None:
    player = Player().do(Noted(BTC, "FEED_DOWN", True), 1)
    told = len(player.told)
    player.do(Noted(BTC, "FEED_DOWN", True), 2).do(TimePassed(), 3).do(Noted(ETH, "FEED_DOWN", False), 4)
    assert len(player.told) == told


def test_the_history_is_bounded_and_keeps_the_latest() -> None:
    player = Player()
    for number in range(MOVES_KEPT):
        player.do(Noted(BTC, "PAUSED", number % 2 == 0, str(number)), number)
    assert len(player.ladder.moves) == MOVES_KEPT
    assert player.ladder.moves[-1].at_ns == at(MOVES_KEPT - 1).utc_ns


def test_a_strategy_nobody_configured_has_a_standing_once_something_is_noted_of_it() -> None:
    player = Player().do(Noted("other ETH/USDT", "LEARNER_SILENT", True), 1)
    assert player.rung("other ETH/USDT") == "FALLBACK"
    assert player.rung(ETH) == "NORMAL"


def test_what_holds_from_the_start_is_no_move() -> None:
    ladder = begin((BTC,), (Noted(BTC, "FEED_UNHEARD", True), Noted(ACCOUNT, "UNRECONCILED", True)), at(0))
    assert ladder.standings[BTC].rung is Rung.CANCEL_ONLY
    assert ladder.moves == ()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.001, 1.001])
def test_no_number_that_proves_nothing_is_within_a_bound(value: float) -> None:
    assert not within(value, 1.0)
    assert within(1.0, 1.0)
    assert within(0.0, 1.0)


# -- whatever happens -------------------------------------------------------------------------------------------------

EVENTS = st.one_of(
    st.builds(Noted, st.sampled_from(SCOPES), st.sampled_from(list(CAUSES)), st.booleans(), st.sampled_from(["", "x"])),
    st.just(TimePassed()),
    st.just(Released()),
)
RUNS = st.lists(st.tuples(EVENTS, st.floats(0, 8)), max_size=40)


def play(run: list[tuple[Any, float]]) -> list[tuple[Any, Now, Ladder]]:
    player, seconds, seen = Player(), 0.0, []
    for event, passed in run:
        seconds += passed
        player.do(event, seconds)
        seen.append((event, at(seconds), player.ladder))
    return seen


@given(RUNS)
def test_the_lowest_rung_that_applies_wins_and_every_standing_explains_itself(run: list[tuple[Any, float]]) -> None:
    for _, _, ladder in play(run):
        for scope, standing in ladder.standings.items():
            causes = {name for line in above(scope) for name in ladder.applied.get(line, {})}
            assert standing.rung == max((CAUSES[name].rung for name in causes), default=Rung.NORMAL)
            assert set(standing.causes) == causes
            assert standing.reason
            if Rung.FENCED in {CAUSES[name].rung for name in causes}:
                assert standing.rung is Rung.FENCED


@given(RUNS)
def test_nothing_goes_up_before_its_causes_were_gone_for_their_time(run: list[tuple[Any, float]]) -> None:
    held_at: dict[tuple[str, str], int] = {}
    for event, now, ladder in play(run):
        if isinstance(event, Noted):
            key = (event.scope, event.cause)
            if event.holds:
                held_at[key] = now.monotonic_ns
        for (scope, cause), since_ns in held_at.items():
            young = now.monotonic_ns - since_ns < CAUSES[cause].hold_s * 1e9
            if young and not isinstance(event, Released):
                assert cause in ladder.applied.get(scope, {}) or CAUSES[cause].latched


@given(RUNS)
def test_halted_is_never_left_without_a_release(run: list[tuple[Any, float]]) -> None:
    halted: set[str] = set()
    for event, _, ladder in play(run):
        if isinstance(event, Released):
            halted.clear()
        if isinstance(event, Noted) and event.holds and CAUSES[event.cause].latched:
            halted |= {scope for scope in ladder.standings if event.scope in above(scope)}
        assert all(ladder.standings[scope].rung >= Rung.HALTED for scope in halted)


@given(st.lists(st.tuples(st.sampled_from(SCOPES), st.sampled_from(list(CAUSES))), unique=True, max_size=12), st.data())
def test_the_same_facts_give_the_same_standings_in_any_order(facts: list[tuple[str, str]], data: Any) -> None:
    other = data.draw(st.permutations(facts))
    ladders = [begin(SCOPES, (Noted(*each, holds=True) for each in order), at(1)) for order in (facts, other)]
    assert ladders[0].standings == ladders[1].standings


# -- the same, plainly ------------------------------------------------------------------------------------------------


def plain_step(ladder: Ladder, event: Any, now: Now) -> tuple[Ladder, list[tuple[str, str, str]]]:
    """As `step`, looking at everything each time."""
    applied = {
        scope: {
            name: each
            for name, each in causes.items()
            if each.gone_ns is None or now.monotonic_ns - each.gone_ns < CAUSES[name].hold_s * 1e9
        }
        for scope, causes in ladder.applied.items()
    }
    if isinstance(event, Noted):
        causes = applied.setdefault(event.scope, {})
        known, cause = causes.get(event.cause), CAUSES[event.cause]
        if event.holds:
            causes[event.cause] = Applied(event.detail)
        elif known is not None and known.gone_ns is None and not cause.latched:
            causes[event.cause] = known._replace(gone_ns=now.monotonic_ns)
            if not cause.hold_s:
                del causes[event.cause]
    elif isinstance(event, Released):
        applied = {
            scope: {name: each for name, each in causes.items() if not CAUSES[name].latched}
            for scope, causes in applied.items()
        }
    standings = {scope: NORMAL for scope in applied if applied[scope]} | dict(ladder.standings)
    standings = {scope: standings[scope] for scope in (*ladder.standings, *standings)}
    told = []
    for scope, before in standings.items():
        after = judge(applied, scope)
        if (after.rung, after.reason) != (before.rung, before.reason):
            told.append((scope, before.rung.name, after.reason))
        standings[scope] = after
    return Ladder({scope: causes for scope, causes in applied.items() if causes}, standings), told


@given(RUNS)
def test_a_step_that_looks_at_what_changed_says_the_same_as_one_that_looks_at_everything(
    run: list[tuple[Any, float]],
) -> None:
    ladder = plain = begin((BTC, MINE), (), at(0))
    seconds = 0.0
    for event, passed in run:
        seconds += passed
        ladder, told = step(ladder, event, at(seconds))
        plain, expected = plain_step(plain, event, at(seconds))
        assert [(move.scope, move.before, move.reason) for move in told] == expected
        assert ladder.applied == plain.applied
        assert {scope: each[:3] for scope, each in ladder.standings.items()} == {
            scope: judge(plain.applied, scope)[:3] for scope in ladder.standings
        }
