"""Transfers that the account's stream did not tell of, found in the venue's history. Pure."""

from collections.abc import Iterator

from .books import Books
from .evidence import Evidence
from .messages import ZERO
from .order_events import FundsMoved


def missed_transfers(books: Books, evidence: Evidence) -> Iterator[FundsMoved]:
    """Those that explain, to the last digit, what a currency's balance differs by: all that the books do not know of,
    or the latest one alone. A history may name a transfer otherwise than the stream did, so without a difference
    nothing is taken from it; what it does not explain stays a difference."""
    for currency in sorted({each.currency for each in evidence.transfers}):
        missing = evidence.balances.get(currency, ZERO) - books.balances.get(currency, ZERO)
        found = [each for each in evidence.transfers if each.currency == currency]
        unknown = [each for each in found if not books.knows_transfer(each.reference)]
        if missing and sum((each.amount for each in unknown), ZERO) == missing:
            yield from unknown
        elif missing:
            yield from [each for each in unknown if each.amount == missing][-1:]
