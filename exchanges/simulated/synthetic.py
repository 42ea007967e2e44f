"""A market made from a seed: plausible prices, books and trades of several symbols, endless and exactly repeatable.

The middle price wanders with momentum that fades over seconds, is drawn back to its opening price over many minutes,
and moves in calm and wild spells. Sizes at the touch and the aggressors of trades lean the way the momentum points, so
there is something to learn, and noise enough to be wrong.
"""

from collections.abc import Iterable
from operator import attrgetter
from random import Random
from typing import Annotated, Any
from zlib import crc32

import msgspec

from ...trading.paper_listing import LISTING, OPENING_PRICES
from .frame_writer import FrameWriter
from .price_process import MarketState, advance_market, advance_price
from .source import MarketFrame
from .synthetic_book import SymbolState, SyntheticBook

STEP_NS = 100_000_000
STEP_S = STEP_NS / 1e9
BUSY, USUAL, QUIET = 1, 2, 5
"""In how many steps there is one of a symbol of the ten most traded, of the next twenty, and of the others."""


class MarketFault(Exception):
    """The market that is asked for cannot be made. Its text is one sentence: what was expected and what found."""


class _State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the market stands: `index` frames into a step, the symbols as they were at its begin."""

    seed: int
    step: Annotated[int, msgspec.Meta(ge=0)]
    index: Annotated[int, msgspec.Meta(ge=0)]
    symbols: dict[str, SymbolState]
    market: MarketState = MarketState()


class SyntheticMarket:
    """A `MarketSource` of about 40 frames a second and symbol, of the less traded ones 8 to 20. A symbol's frames
    depend on nothing but it and the seed, which makes the market that all of them follow.

    A `bookTicker` that shares its update id with a diff equals the best of the book after that diff.

    Raises:
        MarketFault: a symbol is unknown, or there is none.
    """

    loop = 0
    """A synthetic market never begins anew."""

    def __init__(self, symbols: Iterable[str], seed: int) -> None:
        self.symbols = tuple(dict.fromkeys(symbols))
        _check_symbols(self.symbols)
        self._books = {symbol: _book(symbol) for symbol in self.symbols}
        self._writers = {symbol: FrameWriter(LISTING[symbol]) for symbol in self.symbols}
        self._enter(_State(seed, step=0, index=0, symbols=dict.fromkeys(self.symbols, SymbolState())))

    def next(self) -> MarketFrame:
        while self._index == len(self._frames):  # a step may be one of no symbol
            self._enter(_State(self._seed, self._step + 1, 0, self._after, self._market_after))
        frame = self._frames[self._index]
        self._index += 1
        return frame

    def state(self) -> dict[str, Any]:
        """About a kilobyte for each symbol."""
        state = _State(self._seed, self._step, self._index, self._before, self._market)
        built: dict[str, Any] = msgspec.to_builtins(state)
        return built

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken, in this process or another.

        Raises:
            MarketFault: the state is of other symbols, another seed, or no state of a synthetic market.
        """
        try:
            wanted = msgspec.convert(state, _State)
        except msgspec.ValidationError as error:
            raise MarketFault(f"expected a state of a synthetic market, found another ({error})") from error
        if wanted.seed != self._seed or set(wanted.symbols) != set(self.symbols):
            raise MarketFault(
                f"expected a state of seed {self._seed} and symbols {', '.join(self.symbols)}, "
                f"found seed {wanted.seed} and symbols {', '.join(wanted.symbols)}"
            )
        self._enter(wanted)

    def _enter(self, state: _State) -> None:
        after = dict(state.symbols)
        market = advance_market(state.market, _random(state, "market"), STEP_S)
        frames: list[MarketFrame] = []
        for symbol in self.symbols:
            if state.step % _steps_between(symbol):
                continue
            random, before = _random(state, symbol), state.symbols[symbol]
            price = advance_price(before.price, market, _beta(symbol), random, STEP_S * _steps_between(symbol))
            after[symbol], happenings = self._books[symbol].advance(before, price, random)
            offsets = _offsets(state.step, symbol, len(happenings), random)
            frames.extend(map(self._writers[symbol].write, offsets, happenings))
        if state.index > len(frames):
            raise MarketFault(f"expected a state at one of {len(frames)} frames, found {state.index}")
        self._seed, self._step, self._index = state.seed, state.step, state.index
        self._before, self._after = state.symbols, after
        self._market, self._market_after = state.market, market
        self._frames = sorted(frames, key=attrgetter("offset_ns"))


def _random(state: _State, what: str) -> Random:
    return Random(f"{state.seed} {what} {state.step}")  # noqa: S311 - it must repeat, not be secret


def _book(symbol: str) -> SyntheticBook:
    return SyntheticBook(LISTING[symbol], OPENING_PRICES[symbol], STEP_S * _steps_between(symbol))


def _beta(symbol: str) -> float:
    """Its share of the market's moves, from half to one and a half; the first of the list moves just as it does."""
    return 0.5 + crc32(symbol.encode()) % 1_000 / 1_000 if _RANKS[symbol] else 1.0


def _steps_between(symbol: str) -> int:
    rank = _RANKS[symbol]
    return BUSY if rank < 10 else USUAL if rank < 30 else QUIET


_RANKS = {symbol: rank for rank, symbol in enumerate(LISTING)}


def _check_symbols(symbols: tuple[str, ...]) -> None:
    unknown = [symbol for symbol in symbols if symbol not in LISTING]
    if unknown or not symbols:
        raise MarketFault(f"expected symbols of {', '.join(LISTING)}, found {', '.join(unknown) or 'none'}")


def _offsets(step: int, symbol: str, count: int, random: Random) -> list[int]:
    """When the happenings of a step are: the first step, which has no trades, at 0; later ones at random times, and the
    diff last, at a symbol's own moment, as venues do not send all at once."""
    if step == 0:
        return [0] * count
    moment_ns = STEP_NS // 2 + crc32(symbol.encode()) % (STEP_NS // 2)
    times = sorted(random.randrange(moment_ns) for _ in range(count - 1))
    return [step * STEP_NS + time_ns for time_ns in (*times, moment_ns)]
