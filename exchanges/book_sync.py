"""What keeps a local book equal to the venue's: the words in and out, and one contract for every venue's rules."""

from typing import Protocol

import msgspec

from ..trading.book import OrderBook
from ..trading.messages import Level
from .market_events import DepthEvent


class StreamOpened(msgspec.Struct, frozen=True):
    """The diff stream of the symbol is subscribed, for the first time or anew."""


class StreamLost(msgspec.Struct, frozen=True):
    """The diff stream ended or is no longer trusted."""

    reason: str


class BookSnapshot(msgspec.Struct, frozen=True):
    """The answer to a `RequestSnapshot`: the venue's book as it stood at one update id."""

    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class SnapshotFailed(msgspec.Struct, frozen=True):
    """The request of a snapshot was answered with an error, or not at all."""

    reason: str


Input = StreamOpened | StreamLost | DepthEvent | BookSnapshot | SnapshotFailed


class RequestSnapshot(msgspec.Struct, frozen=True):
    """Ask for the book anew: over REST, or by another subscription where the venue sends snapshots in the stream.
    `attempt` counts from 1 since the book was last live: the asker backs off by it."""

    reason: str
    attempt: int


class BookReady(msgspec.Struct, frozen=True):
    """The book equals the venue's at `last_id`, and does so until a `BookLost`."""

    last_id: int


class BookLost(msgspec.Struct, frozen=True):
    """The book can no longer be trusted, and is empty."""

    reason: str


Effect = RequestSnapshot | BookReady | BookLost


class Synchronizer(Protocol):
    """One symbol's book, pure. Guaranteed: while `live`, `book` equals the venue's at `last_id`; else it is empty."""

    book: OrderBook
    last_id: int
    live: bool

    def step(self, event: Input) -> tuple[Effect, ...]: ...
