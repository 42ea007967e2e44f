"""What the system asks of a venue about its symbols, and what it hears. A port never waits and never raises."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from ..trading.instruments import Instrument
from ..trading.universe import Listing
from .tasks import PortBroke


class ListingArrived(msgspec.Struct, frozen=True):
    listing: Listing


class ListingUnavailable(msgspec.Struct, frozen=True):
    reason: str


class InstrumentsChanged(msgspec.Struct, frozen=True):
    """The rules of these symbols are others than they were; what is not among them keeps its own."""

    instruments: dict[str, Instrument]


ListingWord = ListingArrived | ListingUnavailable | PortBroke


class ListingPort(Protocol):
    """Each `ask` is answered by one word."""

    def ask(self, deliver: Callable[[ListingWord], object]) -> None: ...

    def close(self) -> None: ...
