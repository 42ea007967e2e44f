"""Who is connected to the venue in memory right now."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from ..market_events import MarketEvent
from ..venue import VenueWord


class Published(NamedTuple):
    """One frame of a stream, raw and decoded."""

    symbol: str
    payload: bytes
    event: MarketEvent


class AccountConnection(Protocol):
    def hear(self, words: Iterable[VenueWord]) -> None: ...

    def cut(self, reason: str) -> None: ...


class MarketConnection(Protocol):
    def publish(self, frames: Sequence[Published]) -> None: ...

    def mute(self, symbol: str, kinds: frozenset[str]) -> None: ...

    def cut(self, reason: str) -> None: ...


class Connections:
    """In the order they were made: a set's own order would not repeat."""

    def __init__(self) -> None:
        self.accounts: dict[AccountConnection, None] = {}
        self.streams: dict[MarketConnection, None] = {}

    def cut_accounts(self, reason: str) -> None:
        for account in tuple(self.accounts):
            account.cut(reason)

    def cut_streams(self, reason: str) -> None:
        for stream in tuple(self.streams):
            stream.cut(reason)
