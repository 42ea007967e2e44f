"""The ladder as plain JSON values: where each scope stands, and how it came there. Pure functions, each bounded."""

from collections.abc import Sequence

from ..trading.views import RungMove, StandingView
from .view import UNKNOWN_RUNG, View, clip, milliseconds

STANDINGS_MAX = 500
MOVES_MAX = 200
CAUSES_MAX = 16


def continue_moves(known: tuple[RungMove, ...], told: Sequence[RungMove]) -> tuple[RungMove, ...]:
    """Newest first: what is told, then what is known and no longer told. A sender that restarts forgets."""
    if not told:
        return known
    fresh = set(told)
    return (*told, *(move for move in known if move not in fresh))[:MOVES_MAX]


def ladder_view(standings: Sequence[StandingView], moves: Sequence[RungMove], *, stale: bool) -> View:
    """Where it is stale, no scope is known to stand anywhere."""
    return {
        "standings": [_standing_view(each, stale=stale) for each in standings[:STANDINGS_MAX]],
        "moves": [_move_view(move) for move in moves[:MOVES_MAX]],
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
