"""How one venue speaks of its market: addresses, subscriptions, frames and the rules of its books. Pure, no socket."""

from typing import NamedTuple, Protocol, runtime_checkable

from .book_sync import BookSnapshot, Synchronizer
from .market_events import StreamEvent, TradeEvent


class Subscription(NamedTuple):
    """What one connection says to hear all streams of its symbols."""

    url: str
    texts: tuple[str, ...]
    """Sent in order once connected."""
    acknowledgements: int
    """So many `subscribed` events mean that all of it is heard; until then it counts as not open."""


class StreamProtocol(Protocol):
    """One venue's market streams. Decoders never guess: what is not as promised is a `MalformedFrame`."""

    name: str
    snapshots_in_stream: bool
    """A new snapshot of a book comes of subscribing to it anew, not of a request over REST."""
    keepalive: tuple[str, float] | None
    """A text to send every so many seconds, where the venue wants one."""
    symbols_per_connection: int

    def venue_symbol(self, symbol: str) -> str:
        """`BTC/USDT` as the frames of this venue spell it."""

    def subscribe(self, symbols: tuple[str, ...]) -> Subscription: ...

    def resubscribe(self, symbol: str) -> tuple[str, ...]:
        """What to send to have the symbol's streams begin anew, and with them its snapshot where that comes in the
        stream; empty where that cannot be."""

    def decode(self, payload: bytes) -> tuple[StreamEvent, ...]:
        """The events of one raw frame, oldest first. Raises `MalformedFrame`, and nothing else, for bad input."""

    def make_synchronizer(self) -> Synchronizer: ...

    def snapshot_url(self, symbol: str, levels: int) -> str:
        """Where REST answers with the best `levels` of each side of the book: 100, 500 or 1,000; empty where snapshots
        come in the stream."""

    def decode_snapshot(self, payload: bytes) -> BookSnapshot:
        """That answer. Raises `MalformedFrame`."""


@runtime_checkable
class NumberedTrades(Protocol):
    """A `StreamProtocol` of a venue that numbers a symbol's trades one by one, and tells them by number over REST."""

    trades_weight: int
    """Of one request."""

    def trades_url(self, symbol: str, first_id: int, limit: int) -> str:
        """Where at most `limit` trades are told, from `first_id` on."""

    def decode_trades(self, payload: bytes) -> tuple[TradeEvent, ...]:
        """That answer, oldest first; of no symbol, for it names none. Raises `MalformedFrame`."""


@runtime_checkable
class Sequenced(Protocol):
    """A `StreamProtocol` of a venue that numbers the messages of a connection, whatever they are of."""

    def sequence_of(self, payload: bytes) -> int | None:
        """The next number after that of the frame before; None of a frame that has none. Never raises."""
