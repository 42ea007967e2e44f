"""The ladder as plain JSON values: where each scope stands, how it came there, and what a person should look at. Pure
functions, each bounded."""

from collections.abc import Sequence
from typing import TypeVar

from ..storage.halt import Halt
from ..trading.messages import RiskAlert
from ..trading.views import RungMove, StandingView
from .view import UNKNOWN_RUNG, View, clip, milliseconds

STANDINGS_MAX = 500
ROWS_KEPT = 200
CAUSES_MAX = 16


Row = TypeVar("Row", bound=RungMove | RiskAlert)


def continue_rows(known: tuple[Row, ...], told: Sequence[Row]) -> tuple[Row, ...]:
    """Newest first: what is told, then what is known and no longer told. A sender that restarts forgets."""
    if not told:
        return known
    fresh = set(told)
    return (*told, *(row for row in known if row not in fresh))[:ROWS_KEPT]


def ladder_view(standings: Sequence[StandingView], moves: Sequence[RungMove], *, stale: bool) -> View:
    """Where it is stale, no scope is known to stand anywhere."""
    return {
        "standings": [_standing_view(each, stale=stale) for each in standings[:STANDINGS_MAX]],
        "moves": [_move_view(move) for move in moves[:ROWS_KEPT]],
    }


def _standing_view(standing: StandingView, *, stale: bool) -> View:
    return {
        "scope": clip(standing.scope),
        "rung": UNKNOWN_RUNG if stale else standing.rung,
        "reason": clip(standing.reason),
        "since_ms": milliseconds(standing.since_ns),
    }


def _move_view(move: RungMove) -> View:
    return {
        "scope": clip(move.scope),
        "before": move.before,
        "after": move.after,
        "reason": clip(move.reason),
        "causes": [clip(cause) for cause in move.causes[:CAUSES_MAX]],
        "at_ms": milliseconds(move.at_ns),
    }


def alert_view(alert: RiskAlert) -> View:
    return {"code": clip(alert.code), "detail": clip(alert.detail), "at_ms": milliseconds(alert.at_ns)}


def halt_view(halt: Halt | None) -> View | None:
    """`at_ms` is 0 where the latch does not read: that counts as a halt, and nobody knows since when."""
    return (
        None if halt is None else {"reason": clip(halt.reason), "by": clip(halt.by), "at_ms": milliseconds(halt.at_ns)}
    )
