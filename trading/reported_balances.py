"""The venue's word on balances beside the books', between two looks at everything."""

from collections.abc import Mapping
from decimal import Decimal

from .messages import ZERO

LOOKS_BORNE = 2


class ReportedBalances:
    """Holds what was reported last of each currency until the books say the same: the fill that explains it may still
    be on its way, or a later one be booked already."""

    def __init__(self) -> None:
        self._reported: dict[str, tuple[Decimal, int]] = {}

    def hear(self, totals: Mapping[str, Decimal]) -> None:
        for currency, total in totals.items():
            self._reported[currency] = (total, 0)

    def compare(self, balances: Mapping[str, Decimal]) -> tuple[str, ...]:
        """The currencies whose latest report was not that of the books at `LOOKS_BORNE` comparisons; each is told
        once. To be called now and then."""
        waiting, differing = {}, []
        for currency, (total, looks) in self._reported.items():
            if balances.get(currency, ZERO) == total:
                continue
            if looks + 1 >= LOOKS_BORNE:
                differing.append(currency)
            else:
                waiting[currency] = (total, looks + 1)
        self._reported = waiting
        return tuple(differing)
