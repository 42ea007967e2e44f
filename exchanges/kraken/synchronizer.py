"""Keeping a local book equal to Kraken's: a snapshot in the stream, updates on it, and a checksum with each.

The rules are "Book checksum (WebSocket v2)": apply all levels of an update, a size of 0 removes one; cut the book to
the subscribed depth, since nothing is said of levels that fall out of it; then the checksum must be that of the book.
"""

from collections.abc import Mapping

from ..market_events import DepthEvent
from ..stream_books import StreamedBook
from .checksum import LEVELS, Precision, checksum


class KrakenBook(StreamedBook):
    """As `StreamedBook`. Updates bear no numbers, so that one that is lost shows only by the checksum, which is of the
    best ten levels: `last_id` is always 0."""

    def __init__(self, precisions: Mapping[str, Precision], depth: int) -> None:
        super().__init__(depth)
        self._precisions = precisions

    def breaks(self, diff: DepthEvent) -> str:
        return ""

    def disagrees(self, event: DepthEvent) -> str:
        found = checksum(*self.book.top(LEVELS), self._precisions.get(event.symbol))
        return "" if found == event.checksum else f"expected a book of checksum {event.checksum}, found {found}"
