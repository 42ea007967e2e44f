"""What of a venue's symbols can be traded now: a pure fold over its listings and what it says in its streams."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec

from .instruments import Instrument

State = Literal["online", "halted", "gone"]
WORST: dict[State, int] = {"online": 0, "halted": 1, "gone": 2}
LISTING, STREAM = "listing", "stream"


class Listing(msgspec.Struct, frozen=True):
    """All that a venue lists, by ccxt's spelling. `halted`: those that are listed and do not trade, with its words."""

    instruments: dict[str, Instrument]
    halted: dict[str, str] = {}


class Change(NamedTuple):
    """A symbol is in another state than before."""

    symbol: str
    state: State
    detail: str


class Universe(NamedTuple):
    """`said`: by source, the last word on each symbol. A symbol is what the worst of them says."""

    symbols: tuple[str, ...]
    instruments: Mapping[str, Instrument]
    said: Mapping[str, Mapping[str, tuple[State, str]]]
    doubted: bool = False
    """The last listing had none of our symbols: once is taken for a fault of the answer."""


def begin(symbols: Iterable[str]) -> Universe:
    """Nothing was said yet, and nothing is held against a symbol."""
    return Universe(tuple(symbols), {}, {LISTING: {}, STREAM: {}})


def state_of(universe: Universe, symbol: str) -> tuple[State, str]:
    """What counts, and the words of whoever said it."""
    words = [each[symbol] for each in universe.said.values() if symbol in each]
    return max(words, key=lambda word: WORST[word[0]], default=("online", "nothing is known against it"))


def hear_listing(universe: Universe, listing: Listing) -> tuple[Universe, tuple[Change, ...]]:
    """A fresh listing is the whole truth of it; but one that has none of our symbols must say so twice."""
    listed = {symbol: listing.instruments[symbol] for symbol in universe.symbols if symbol in listing.instruments}
    if not listed and not universe.doubted:
        return universe._replace(doubted=True), ()
    new = sorted(listing.instruments.keys() - universe.instruments.keys()) if universe.instruments else []
    words: dict[str, tuple[State, str]] = {}
    for symbol in universe.symbols:
        if symbol not in listed:
            words[symbol] = ("gone", _gone(symbol, new))
        elif symbol in listing.halted:
            words[symbol] = ("halted", f"its status at the venue is {listing.halted[symbol]}")
        else:
            words[symbol] = ("online", "the venue trades it")
    after = Universe(universe.symbols, listing.instruments, {**universe.said, LISTING: words})
    return after, _changes(universe, after)


def hear_stream(universe: Universe, symbol: str, state: State, detail: str) -> tuple[Universe, tuple[Change, ...]]:
    """One symbol's state as the venue said it by itself."""
    said = {**universe.said, STREAM: {**universe.said[STREAM], symbol: (state, detail)}}
    after = universe._replace(said=said)
    return after, _changes(universe, after) if symbol in universe.symbols else ()


def _changes(before: Universe, after: Universe) -> tuple[Change, ...]:
    pairs = ((symbol, state_of(before, symbol)[0], state_of(after, symbol)) for symbol in after.symbols)
    return tuple(Change(symbol, state, detail) for symbol, earlier, (state, detail) in pairs if state != earlier)


def _gone(symbol: str, new: list[str]) -> str:
    """A renamed symbol is one that went while another came: who trades it has to say so in the settings."""
    quote = symbol.partition("/")[2]
    came = [other for other in new if other.endswith(f"/{quote}")]
    hint = f"; perhaps renamed, for {', '.join(came[:3])} came" if 0 < len(came) <= 3 else ""
    return f"the venue does not list it any more{hint}"
