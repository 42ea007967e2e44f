"""Keeping a local book equal to OKX's: each update names the one before it, and may carry a checksum.

The rules are those of the order book channel (v5): `prevSeqId` is the `seqId` of the message before, also where the
venue begins to count anew; the checksum is of the best 25 levels of each side, as the venue spells them.
"""

from itertools import chain, zip_longest
from zlib import crc32

from ...trading.book import OrderBook
from ..market_events import DepthEvent
from ..stream_books import StreamedBook

DEPTH = 400
CHECKED_LEVELS = 25


def checksum(book: OrderBook) -> int:
    """CRC32 of price and size of the best levels, bids and asks in turns."""
    levels = chain.from_iterable(zip_longest(*book.top(CHECKED_LEVELS)))
    text = ":".join([f"{price:f}:{size:f}" for price, size in filter(None, levels)])
    return crc32(text.encode())


class OkxBook(StreamedBook):
    """As `StreamedBook`. Recordings without sequence numbers are judged by their checksums alone."""

    def __init__(self) -> None:
        super().__init__(DEPTH)

    def breaks(self, diff: DepthEvent) -> str:
        if diff.previous_id is None or diff.previous_id == self.last_id:
            return ""
        return f"expected an update that follows on {self.last_id}, found one on {diff.previous_id}"

    def disagrees(self, event: DepthEvent) -> str:
        if event.checksum is None or (found := checksum(self.book)) == event.checksum:
            return ""
        return f"expected a book of checksum {event.checksum}, found {found}"
