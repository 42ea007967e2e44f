"""What each rung lets leave."""

import itertools
from decimal import Decimal
from typing import Any

import pytest

from tradigrade.trading.rungs import (
    NORMAL,
    Rung,
    Standing,
    is_protective,
    lowest,
    may_cancel,
    refuse_order,
    shrinks,
)


@pytest.mark.parametrize(("one", "other"), [*itertools.product(Rung, Rung)])
def test_the_lowest_rung_wins_and_the_first_of_equals(one: Rung, other: Rung) -> None:
    standings = (Standing(one, "one"), Standing(other, "other"))
    assert lowest(standings) == (standings[0] if one >= other else standings[1])


def test_nothing_bad_is_normal() -> None:
    assert lowest(()) == NORMAL


def test_the_ladder_goes_from_everything_to_nothing() -> None:
    assert [rung.name for rung in Rung] == ["NORMAL", "FALLBACK", "REDUCING", "CANCEL_ONLY", "HALTED", "FENCED"]


@pytest.mark.parametrize(
    ("rung", "opening", "closing", "ordinary_cancel", "protective_cancel"),
    [
        (Rung.NORMAL, "", "", True, True),
        (Rung.FALLBACK, "", "", True, True),
        (Rung.REDUCING, "REDUCING", "", True, True),
        (Rung.CANCEL_ONLY, "RUNG", "RUNG", True, True),
        (Rung.HALTED, "RUNG", "RUNG", True, False),
        (Rung.FENCED, "RUNG", "RUNG", False, False),
    ],
)
def test_what_may_leave_on_each_rung(
    rung: Rung, opening: str, closing: str, ordinary_cancel: bool, protective_cancel: bool
) -> None:
    held = Decimal(2)
    assert refuse_order(rung, "buy", Decimal(1), held) == opening
    assert refuse_order(rung, "sell", Decimal(1), held) == closing
    assert may_cancel(rung, "limit") is ordinary_cancel
    assert may_cancel(rung, "STOP_LOSS_LIMIT") is protective_cancel


@pytest.mark.parametrize(
    ("side", "amount", "held", "nearer"),
    [
        ("sell", "1", "2", True),
        ("sell", "2", "2", True),
        ("sell", "2.1", "2", False),
        ("sell", "0", "2", False),
        ("sell", "1", "0", False),
        ("sell", "1", "-2", False),
        ("buy", "1", "2", False),
        ("buy", "1", "-2", True),
        ("buy", "2.1", "-2", False),
    ],
)
def test_only_what_brings_a_position_nearer_to_nothing_shrinks_it(
    side: Any, amount: str, held: str, nearer: bool
) -> None:
    assert shrinks(side, Decimal(amount), Decimal(held)) is nearer


@pytest.mark.parametrize("kind", ["STOP_LOSS", "stop_loss_limit", "TAKE_PROFIT", "take_profit_limit"])
def test_stops_and_profit_takers_protect(kind: str) -> None:
    assert is_protective(kind)
    assert not is_protective("limit")
    assert not is_protective("market")
