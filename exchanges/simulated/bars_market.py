"""A market made of recorded bars: quotes, books and trades that would have made them, exactly repeatable."""

import math
from collections.abc import Sequence
from decimal import Decimal
from random import Random
from statistics import median
from typing import Annotated, Any

import msgspec

from ...trading.paper_listing import LISTING
from .bar_path import PriceBar, make_path, usual_interval_ms
from .frame_writer import FrameWriter
from .price_process import PriceState
from .source import MarketFrame
from .synthetic import MarketFault
from .synthetic_book import TRADE_SHARE, SymbolState, SyntheticBook

STEPS_MAX = 600
STEP_MIN_MS = 100
TRADES_PER_STEP = 0.8
MOMENTUM_PER_RANGE = 20.0
"""How strongly takers follow the last step's move, by its part of the bar's range."""


class _State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`index` frames into a step of a bar; the book is that of the step's begin."""

    bars: int
    bar: Annotated[int, msgspec.Meta(ge=0)]
    """Counted on over the loops."""
    step: Annotated[int, msgspec.Meta(ge=0)]
    index: Annotated[int, msgspec.Meta(ge=0)]
    book: SymbolState


class BarsMarket:
    """A `MarketSource` of one symbol. Each bar takes its usual time: what is missing between two bars is left out, and
    after the last comes the first again. Books are never crossed; the middle touches the bar's high and low, and ends
    at its close.
    """

    def __init__(self, symbol: str, bars: Sequence[PriceBar], seed: int) -> None:
        self.symbols: tuple[str, ...] = (symbol,)
        self._bars = tuple(bars)
        self._seed = seed
        interval_ms = usual_interval_ms(bars)
        self._steps = max(4, min(STEPS_MAX, interval_ms // STEP_MIN_MS))
        self._step_ns = interval_ms * 1_000_000 // self._steps
        traded = median(bar.volume * bar.close for bar in bars) / self._steps
        notional = max(10.0, traded / TRADES_PER_STEP / TRADE_SHARE)
        opening = LISTING[symbol].round_price(Decimal(str(bars[0].open)), "buy")
        self._opening = float(opening)
        self._book = SyntheticBook(LISTING[symbol], opening, self._step_ns / 1e9, notional)
        self._writer = FrameWriter(LISTING[symbol])
        self._path: tuple[int, list[float]] = (-1, [])
        self._enter(_State(len(self._bars), 0, 0, 0, SymbolState()))

    @property
    def loop(self) -> int:
        """How often the bars have been played to their end."""
        return self._state.bar // len(self._bars)

    def next(self) -> MarketFrame:
        if self._index == len(self._frames):
            state = self._state
            ends = state.step + 1 == self._steps
            bar, step = (state.bar + 1, 0) if ends else (state.bar, state.step + 1)
            self._enter(_State(state.bars, bar, step, 0, self._after))
        self._index += 1
        return self._frames[self._index - 1]

    def state(self) -> dict[str, Any]:
        built: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(self._state, index=self._index))
        return built

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken. Raises MarketFault where it is not one of these bars."""
        try:
            wanted = msgspec.convert(state, _State)
        except msgspec.ValidationError as error:
            raise MarketFault(f"expected a state of a market of bars, found another ({error})") from error
        if wanted.bars != len(self._bars) or wanted.step >= self._steps:
            raise MarketFault(f"expected a state of {len(self._bars)} bars, found one of {wanted.bars}")
        self._enter(wanted)

    def _enter(self, state: _State) -> None:
        random = Random(f"{self._seed} {state.bar} {state.step}")  # noqa: S311 - it must repeat, not be secret
        self._after, happenings = self._book.advance(state.book, self._price(state), random)
        begin_ns = (state.bar * self._steps + state.step) * self._step_ns
        spacing_ns = self._step_ns // (len(happenings) + 1)
        offsets = [begin_ns + position * spacing_ns for position in range(len(happenings))]
        self._frames = [self._writer.write(*pair) for pair in zip(offsets, happenings, strict=True)]
        self._state, self._index = state, state.index
        if state.index > len(self._frames):
            raise MarketFault(f"expected a state at one of {len(self._frames)} frames, found {state.index}")

    def _price(self, state: _State) -> PriceState:
        """The middle at the end of the step; takers follow where it went in the step before."""
        bar = self._bars[state.bar % len(self._bars)]
        if self._path[0] != state.bar:
            random = Random(f"{self._seed} {state.bar}")  # noqa: S311 - it must repeat, not be secret
            self._path = (state.bar, [bar.open, *make_path(bar, self._steps, random)])
        way = self._path[1]
        moved = way[state.step] - way[max(0, state.step - 1)]
        momentum = MOMENTUM_PER_RANGE * moved / (bar.high - bar.low or bar.close)
        return PriceState(deviation=math.log(way[state.step + 1] / self._opening), momentum=momentum)
