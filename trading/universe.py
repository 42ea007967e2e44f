"""What of a venue's symbols can be traded now: a pure fold over its listings and what it says in its streams."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from .instruments import Instrument

State = Literal["online", "halted", "gone"]
WORST: dict[State, int] = {"online": 0, "halted": 1, "gone": 2}
LISTING, STREAM = "listing", "stream"
CAME_KEPT = 50
HINTS_MAX = 3
"""Of more that came none is taken for the same under another name."""


class Listing(msgspec.Struct, frozen=True):
    """All that a venue lists, by ccxt's spelling. `halted`: those that are listed and do not trade, with its words."""

    instruments: dict[str, Instrument]
    halted: dict[str, str] = {}
    whole: bool = True
    """False: of our symbols alone."""


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
    came: tuple[str, ...] = ()
    """The latest symbols that were not listed when the first listing was read."""


def begin(symbols: Iterable[str]) -> Universe:
    """Nothing was said yet, and nothing is held against a symbol."""
    return Universe(tuple(symbols), {}, {LISTING: {}, STREAM: {}})


def state_of(universe: Universe, symbol: str) -> tuple[State, str]:
    """What counts, and the words of whoever said it."""
    words = [each[symbol] for each in universe.said.values() if symbol in each]
    return max(words, key=lambda word: WORST[word[0]], default=("online", "nothing is known against it"))


def hear_listing(universe: Universe, listing: Listing) -> tuple[Universe, tuple[Change, ...]]:
    """A fresh listing is the whole truth of it; but one that has none of our symbols must say so twice."""
    if not listing.whole:
        others = {each: rules for each, rules in universe.instruments.items() if each not in universe.symbols}
        listing = replace(listing, instruments=others | listing.instruments)
    listed = {symbol: listing.instruments[symbol] for symbol in universe.symbols if symbol in listing.instruments}
    if not listed and not universe.doubted:
        return universe._replace(doubted=True), ()
    new = sorted(listing.instruments.keys() - universe.instruments.keys()) if universe.instruments else []
    came = tuple(each for each in (*universe.came, *new) if each in listing.instruments)[-CAME_KEPT:]
    words: dict[str, tuple[State, str]] = {}
    for symbol in universe.symbols:
        if symbol not in listed:
            words[symbol] = ("gone", _gone(symbol, came))
        elif symbol in listing.halted:
            words[symbol] = ("halted", f"its status at the venue is {listing.halted[symbol]}")
        else:
            words[symbol] = ("online", "the venue trades it")
    after = Universe(universe.symbols, listing.instruments, {**universe.said, LISTING: words}, came=came)
    return after, _changes(universe, after)


def hear_stream(universe: Universe, symbol: str, state: State, detail: str) -> tuple[Universe, tuple[Change, ...]]:
    """One symbol's state as the venue said it by itself."""
    said = {**universe.said, STREAM: {**universe.said[STREAM], symbol: (state, detail)}}
    after = universe._replace(said=said)
    return after, _changes(universe, after) if symbol in universe.symbols else ()


def _changes(before: Universe, after: Universe) -> tuple[Change, ...]:
    pairs = ((symbol, state_of(before, symbol)[0], state_of(after, symbol)) for symbol in after.symbols)
    return tuple(Change(symbol, state, detail) for symbol, earlier, (state, detail) in pairs if state != earlier)


def successors(symbol: str, came: Iterable[str]) -> tuple[str, ...]:
    """Which of those that came may be the same under another name, the likeliest first: paid in the same currency, and
    a base that holds the old one, or is part of it, before others."""
    base, _, quote = symbol.partition("/")

    def unlike(other: str) -> bool:
        name = other.partition("/")[0]
        return base not in name and name not in base

    return tuple(sorted((each for each in came if each.endswith(f"/{quote}")), key=unlike))


def _gone(symbol: str, came: Iterable[str]) -> str:
    """What to do where it may have been renamed is the user's to decide: nothing is traded that he did not name."""
    words = "the venue does not list it any more"
    if not (found := successors(symbol, came)) or len(found) > HINTS_MAX:
        return f"{words}; take it out of symbols and of the strategies' symbols in the settings"
    return (
        f"{words}; perhaps it was renamed, for {', '.join(found)} came: to trade that, put it in place of {symbol} "
        "in symbols and in the strategies' symbols of the settings, and start anew"
    )
