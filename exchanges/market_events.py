"""What a venue's market streams say, in one form for every venue: exact numbers, symbols as the venue spells them."""

import re
from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec

from ..trading.messages import Level

# Plain digits only: no sign, exponent, NaN or infinity, and below 1e15.
_is_plain = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,18})?").fullmatch

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
LAST_MS = 2**63 // 10**6
"""Times are nanoseconds of 63 bits elsewhere: beyond this (the year 2262) none is one."""
Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=LAST_MS)]
PriceRange = Annotated[float, msgspec.Meta(gt=0, lt=1e15)]
SizeRange = Annotated[float, msgspec.Meta(ge=0, lt=1e15)]
"""What a number may be; decoded as a float, it is only checked: no price or size is ever made of one."""
NUMBERS_KEPT = 4_096
"""Texts of numbers, whose meaning is remembered."""
VenueSymbol = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class MalformedFrame(ValueError):
    """The venue sent a frame that is not what its stream promises; the message says what was expected and found."""


class TradeEvent(msgspec.Struct, frozen=True, gc=False):
    """One trade. `buyer_is_maker` means that a seller was the aggressor."""

    kind: ClassVar[str] = "trade"

    symbol: str
    event_ms: int
    trade_ms: int
    trade_id: int
    price: Decimal
    size: Decimal
    buyer_is_maker: bool


class DepthEvent(msgspec.Struct, frozen=True, gc=False):
    """All changes of a book between two update ids, both included; a size of 0 means that the level is gone.

    A venue that numbers nothing has both ids 0. `snapshot`: the whole book instead, sent in the stream.
    """

    kind: ClassVar[str] = "book"

    symbol: str
    event_ms: int
    first_id: int
    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    previous_id: int | None = None
    """The `last_id` of the diff before, where the venue says it."""
    checksum: int | None = None
    """The venue's own sum over its book after this, where it sends one."""
    snapshot: bool = False


class TickerEvent(msgspec.Struct, frozen=True, gc=False):
    """The best bid and ask as they stand after one update id."""

    kind: ClassVar[str] = "quote"

    symbol: str
    update_id: int
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal
    event_ms: int = 0
    """0 where the venue does not say when."""


class StatusEvent(msgspec.Struct, frozen=True, gc=False):
    """A symbol's own state of trading: `halted` takes no orders or matches none; `gone` will not be back."""

    kind: ClassVar[str] = "status"

    symbol: str
    state: str
    """`online`, `halted` or `gone`."""


class ControlEvent(msgspec.Struct, frozen=True, gc=False):
    """What the venue says of the connection itself; it is no market data, and proves none."""

    kind: str
    """`subscribed`, `refused` or `heartbeat`."""
    detail: str = ""


MarketEvent = TradeEvent | DepthEvent | TickerEvent
StreamEvent = MarketEvent | StatusEvent | ControlEvent


def to_number(text: str) -> Decimal:
    """At least 0, exact; `MalformedFrame` where the text is not a plain decimal in range."""
    if not _is_plain(text):
        raise MalformedFrame(f"expected a number like 0.00123, found {text!r}")
    return Decimal(text)


class _Sizes(dict[str, Decimal]):
    """Numbers by their text: most of a busy book were seen a moment ago, and a look-up costs a fifth."""

    def __missing__(self, text: str) -> Decimal:
        if not _is_plain(text):
            raise MalformedFrame(f"expected a number like 0.00123, found {text!r}")
        if len(self) >= NUMBERS_KEPT:
            self.clear()
        number = self[text] = Decimal(text)
        return number


class _Prices(dict[str, Decimal]):
    """As `_Sizes`, without 0."""

    def __missing__(self, text: str) -> Decimal:
        if not (number := to_number(text)):
            raise MalformedFrame(f"expected a number above 0, found {text!r}")
        if len(self) >= NUMBERS_KEPT:
            self.clear()
        self[text] = number
        return number


SIZES, PRICES = _Sizes(), _Prices()
to_size = SIZES.__getitem__
"""At least 0, exact; `MalformedFrame` where the text is not a plain decimal in range."""
to_price = PRICES.__getitem__
"""Above 0, exact; `MalformedFrame` otherwise. Also of a traded size, which is no less."""


def to_level(level: tuple[str, str]) -> Level:
    """Price and size of one level, checked; `MalformedFrame` where they are not plain decimals in range."""
    return to_price(level[0]), to_size(level[1])
