"""The rungs of degraded modes: the lowest that applies wins, and each says what may leave."""

from collections.abc import Iterable
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from .messages import ZERO, Side


class Rung(IntEnum):
    """What may leave, from everything to nothing."""

    NORMAL = 0
    FALLBACK = 1
    REDUCING = 2
    CANCEL_ONLY = 3
    HALTED = 4
    FENCED = 5


class Standing(NamedTuple):
    """A rung, why, by which causes, and since when (UTC)."""

    rung: Rung
    reason: str
    causes: tuple[str, ...] = ()
    since_ns: int = 0


NORMAL = Standing(Rung.NORMAL, "everything works")

FALLBACK_MODEL = "linear"
"""The model whose orders may leave on FALLBACK."""

PROTECTIVE = ("STOP", "TAKE_PROFIT")
"""Types of orders that guard a position begin so."""


def lowest(standings: Iterable[Standing]) -> Standing:
    """The standing that wins; the first of equals."""
    return max(standings, key=lambda standing: standing.rung, default=NORMAL)


def is_protective(order_type: str) -> bool:
    """True for an order that guards a position: it outlives a halt."""
    return order_type.upper().startswith(PROTECTIVE)


def may_cancel(rung: Rung, order_type: str) -> bool:
    """Cancels leave above FENCED; on HALTED protective orders stay."""
    return rung < Rung.HALTED or (rung == Rung.HALTED and not is_protective(order_type))


def shrinks(side: Side, amount: Decimal, held: Decimal) -> bool:
    """True for an order that brings the position nearer to nothing and never past it."""
    return ZERO < amount <= (held if side == "sell" else -held)


def refuse_order(rung: Rung, side: Side, amount: Decimal, held: Decimal) -> str:
    """The code by which a rung refuses an order of somebody who holds `held`; empty where it may leave."""
    if rung >= Rung.CANCEL_ONLY:
        return "RUNG"
    return "REDUCING" if rung == Rung.REDUCING and not shrinks(side, amount, held) else ""
