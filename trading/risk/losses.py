"""What was lost of the day's, the week's and the peak equity, unrealised profit and loss included: pure."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from ..limits import Limits
from ..messages import ZERO

DAY_WORDS = "the day's loss reached"


class Marks(NamedTuple):
    """Equities that losses are counted from; 0: not known yet."""

    day: Decimal
    week: Decimal
    peak: Decimal


def warn(marks: Marks, equity: Decimal, limits: Limits) -> str:
    """Why only what shrinks positions may leave; empty where all is well."""
    bound = limits.daily_loss_warning
    if bound is None or fall(marks.day, equity) < bound:
        return ""
    return f"{DAY_WORDS} {bound:.2%} of {marks.day:.2f}"


def stop(marks: Marks, equity: Decimal, limits: Limits) -> str:
    """Why everything must halt until a person releases it; empty where nothing must."""
    return next(_stops(marks, equity, limits), "")


def _stops(marks: Marks, equity: Decimal, limits: Limits) -> Iterator[str]:
    rows = (
        ("drawdown stop", "its peak of", marks.peak, limits.max_drawdown),
        ("weekly loss stop", "the week's", marks.week, limits.max_weekly_loss),
        ("daily loss stop", "the day's", marks.day, limits.max_daily_loss),
    )
    for what, before, mark, bound in rows:
        if bound is not None and mark > 0 and fall(mark, equity) >= bound:
            yield f"{what}: equity {equity:.2f} is {fall(mark, equity):.2%} below {before} {mark:.2f}"


def fall(before: Decimal, now: Decimal) -> Decimal:
    """The lost fraction of `before`; 0 where nothing was lost, or there was nothing to lose."""
    return max((before - now) / before, ZERO) if before > ZERO else ZERO
