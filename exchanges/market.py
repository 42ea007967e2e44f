"""What the system asks of a venue's market data, and what it hears. A port never waits and never raises."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from .stream_protocol import StreamProtocol
from .tasks import PortBroke


class StreamsOpened(msgspec.Struct, frozen=True):
    """Subscribed to all streams of these symbols; frames follow."""

    symbols: tuple[str, ...] = ()
    """Empty: all that were opened."""


class StreamsClosed(msgspec.Struct, frozen=True):
    """The connection of these symbols is gone; the port connects again by itself, with back-off."""

    reason: str
    symbols: tuple[str, ...] = ()
    """Empty: all that were opened."""


class FrameArrived(msgspec.Struct, frozen=True, gc=False):
    """One raw frame, stamped when it was read from the socket."""

    payload: bytes
    received_ns: int


class SnapshotArrived(msgspec.Struct, frozen=True):
    """The raw answer to `request_snapshot`."""

    symbol: str
    payload: bytes


class SnapshotUnavailable(msgspec.Struct, frozen=True):
    """No answer to `request_snapshot`, or none in the stream; of a book that is live by now it means nothing."""

    symbol: str
    reason: str


class TradesArrived(msgspec.Struct, frozen=True):
    """The raw answer to `request_trades`."""

    symbol: str
    payload: bytes


class TradesUnavailable(msgspec.Struct, frozen=True):
    """No answer to `request_trades`."""

    symbol: str
    reason: str


MarketWord = (
    StreamsOpened
    | StreamsClosed
    | FrameArrived
    | SnapshotArrived
    | SnapshotUnavailable
    | TradesArrived
    | TradesUnavailable
    | PortBroke
)


class MarketPort(Protocol):
    """The way to one venue's market data."""

    @property
    def protocol(self) -> StreamProtocol:
        """How the frames and snapshots are to be read."""

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None: ...

    def request_snapshot(self, symbol: str, delay_s: float) -> None: ...

    def request_trades(self, symbol: str, first_id: int, limit: int) -> None:
        """Trades from that number on, of a venue whose protocol has `NumberedTrades`: they come, or are told to be
        unavailable, while the port is open."""

    def resubscribe(self, symbol: str) -> None:
        """Have the streams of one symbol begin anew on their connection, where the venue can: they fell silent."""

    def close(self) -> None: ...
