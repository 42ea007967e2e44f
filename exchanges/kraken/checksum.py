"""Kraken's checksum of a book: CRC32 over the digits of the best ten levels of each side. Pure.

The rules are "Book checksum (WebSocket v2)": asks from the lowest, then bids from the highest, of each level price and
size without their point and leading zeros, with as many decimals as the instrument has.
"""

import zlib
from collections.abc import Iterable
from typing import NamedTuple

from ...trading.messages import Level

LEVELS = 10


class Precision(NamedTuple):
    """Decimals of an instrument's prices and sizes."""

    price: int
    size: int


def checksum(bids: Iterable[Level], asks: Iterable[Level], precision: Precision | None) -> int:
    """Of the best ten levels of each side, best first. Without a precision the numbers count as they were spelled."""
    return zlib.crc32("".join([_digits(level, precision) for side in (asks, bids) for level in side]).encode())


def _digits(level: Level, precision: Precision | None) -> str:
    if precision is None:
        return _of(f"{level[0]:f}") + _of(f"{level[1]:f}")
    return _of(f"{level[0]:.{precision.price}f}") + _of(f"{level[1]:.{precision.size}f}")


def _of(text: str) -> str:
    return text.replace(".", "").lstrip("0")
