"""What was earned: the profit that a fill, an order or a day realised, in quote currency."""

from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from ..equity import day_of
from ..messages import ZERO
from ..order_events import OrderFilled
from ..positions import EXACT, Position

DAYS_KEPT = 20_000
"""Rows of a day, a strategy and a symbol."""


class Gain(NamedTuple):
    """Realised by average cost and by first in, first out, fees taken off already; and those fees."""

    average: Decimal = ZERO
    fifo: Decimal = ZERO
    fees: Decimal = ZERO

    def plus(self, other: "Gain") -> "Gain":
        return Gain(*(EXACT.add(mine, theirs) for mine, theirs in zip(self, other, strict=True)))

    def minus(self, other: "Gain") -> "Gain":
        return Gain(*(EXACT.subtract(mine, theirs) for mine, theirs in zip(self, other, strict=True)))


NOTHING = Gain()


def gain_of(position: Position | None) -> Gain:
    """What a position came to since it began."""
    return NOTHING if position is None else Gain(position.realised, position.fifo_realised, position.fees)


@dataclass(slots=True)
class Day:
    """Of one strategy on one symbol; what was bought and sold, in quote currency."""

    gain: Gain = NOTHING
    fills: int = 0
    bought: Decimal = ZERO
    sold: Decimal = ZERO


DayKey = tuple[int, str, str]
"""Days since 1970 (UTC), strategy, symbol."""


class Days:
    """The latest `DAYS_KEPT`."""

    def __init__(self) -> None:
        self.rows: OrderedDict[DayKey, Day] = OrderedDict()

    def note(self, strategy: str, fill: OrderFilled, gain: Gain) -> None:
        day = self.rows.setdefault((day_of(fill.at_ns), strategy, fill.symbol), Day())
        notional = EXACT.multiply(fill.price, fill.amount)
        day.gain, day.fills = day.gain.plus(gain), day.fills + 1
        if fill.side == "buy":
            day.bought = EXACT.add(day.bought, notional)
        else:
            day.sold = EXACT.add(day.sold, notional)
        while len(self.rows) > DAYS_KEPT:
            self.rows.popitem(last=False)
