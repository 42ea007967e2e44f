"""Transfers that the account's stream did not tell of, found in the venue's history. Pure."""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal

from .books import Books
from .evidence import Evidence
from .messages import ZERO
from .order_events import FundsMoved, OrderEvent

SAME_WITHIN_NS = 3_600_000_000_000
"""Between a venue's times of one transfer, by whichever door it tells of it."""
FOUND_KEPT = 100


class FoundTransfers:
    """Those that a history told first, or the opening balances held: the stream may still tell them."""

    def __init__(self) -> None:
        self._found: deque[FundsMoved] = deque(maxlen=FOUND_KEPT)
        self._began_ns = 0

    def begin(self, now_ns: int) -> None:
        """The books open with the balances of now: what the stream tells of before is in them. By how much the venue's
        clock is off, something may be taken for that wrongly, and is a difference then."""
        self._began_ns = now_ns

    def note(self, moved: FundsMoved) -> None:
        self._found.append(moved)

    def are_told_by(self, word: OrderEvent) -> bool:
        """Whether the stream means one of these; each found one is meant once. Another that is taken for it is a
        difference, and found in the history."""
        if not isinstance(word, FundsMoved):
            return False
        if word.at_ns < self._began_ns:
            return True
        for each in self._found:
            near = abs(each.at_ns - word.at_ns) <= SAME_WITHIN_NS
            if near and (each.currency, each.amount) == (word.currency, word.amount):
                self._found.remove(each)
                return True
        return False


def missed_transfers(books: Books, evidence: Evidence) -> Iterator[FundsMoved]:
    """Those that explain, to the last digit, what a currency's balance differs by: of those that the books do not know,
    the latest ones, as many as it takes, or a single one. A history may name a transfer otherwise than the stream did,
    and goes back to before the books began: without a difference nothing is taken from it, and what it does not explain
    stays one."""
    for currency in sorted({each.currency for each in evidence.transfers}):
        missing = evidence.balances.get(currency, ZERO) - books.balances.get(currency, ZERO)
        told = [each for each in evidence.transfers if each.currency == currency]
        if missing:
            yield from _explain(missing, [each for each in told if not books.knows_transfer(each.reference)])


def _explain(missing: Decimal, unknown: list[FundsMoved]) -> list[FundsMoved]:
    total = ZERO
    for count, each in enumerate(reversed(unknown), start=1):
        total += each.amount
        if total == missing:
            return unknown[-count:]
    return [each for each in unknown if each.amount == missing][-1:]
