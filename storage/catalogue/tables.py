"""What a row is: columns, key, order and the laws that every row keeps. Nothing here is a float.

Prices and sizes are DECIMAL(38,18): 20 digits before the point and 18 behind it, exact. Times are int64 ns UTC.
"""

from typing import NamedTuple

DECIMAL = "DECIMAL(38,18)"
NUMBER_WORDS = "a number of at most 20 digits before the point and 18 behind it"


class Law(NamedTuple):
    """`broken` is SQL that is true for a bad row; `words` say what was expected."""

    broken: str
    words: str


class Table(NamedTuple):
    """`time` is the column that partitions; `key` tells rows apart; rows lie in the order of `order`."""

    columns: dict[str, str]
    time: str
    key: str
    order: str
    laws: tuple[Law, ...]
    optional: frozenset[str] = frozenset()

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name != self.key)


def _positive(*columns: str) -> tuple[Law, ...]:
    return tuple(Law(f"{name} <= 0", f"{name} above zero") for name in columns)


def _shape(prefix: str) -> tuple[Law, ...]:
    names = {name: f"{prefix}{name}" for name in ("open", "high", "low", "close")}
    inside = f"{names['low']} and {names['high']}"
    return (
        Law(f"{names['high']} < {names['low']}", f"{names['high']} not below {names['low']}"),
        Law(f"{names['open']} not between {inside}", f"{names['open']} between {inside}"),
        Law(f"{names['close']} not between {inside}", f"{names['close']} between {inside}"),
    )


_PRICES = ("open", "high", "low", "close")
_QUOTES = tuple(f"{side}_{price}" for side in ("bid", "ask") for price in _PRICES)

BARS = Table(
    columns={"start_ns": "BIGINT", **dict.fromkeys((*_PRICES, "volume"), DECIMAL)},
    time="start_ns",
    key="start_ns",
    order="start_ns",
    laws=(*_positive(*_PRICES), *_shape(""), Law("volume < 0", "volume not below zero")),
)

QUOTES = Table(
    columns={
        "start_ns": "BIGINT",
        **dict.fromkeys((*_QUOTES[:4], "bid_size", *_QUOTES[4:], "ask_size"), DECIMAL),
    },
    time="start_ns",
    key="start_ns",
    order="start_ns",
    laws=(*_positive(*_QUOTES), *_shape("bid_"), *_shape("ask_"), Law("bid_size < 0 or ask_size < 0", "sizes >= 0")),
    optional=frozenset((*_QUOTES, "bid_size", "ask_size")),  # one side of a book may be empty
)

TRADES = Table(
    columns={"at_ns": "BIGINT", "trade_id": "VARCHAR", "price": DECIMAL, "size": DECIMAL, "side": "VARCHAR"},
    time="at_ns",
    key="trade_id",
    order="at_ns, length(trade_id), trade_id",
    laws=(
        *_positive("price", "size"),
        Law("trade_id = ''", "a trade id"),
        Law("side not in ('buy', 'sell')", "side buy or sell: of who took, not of who rested"),
    ),
    optional=frozenset(("side",)),
)
