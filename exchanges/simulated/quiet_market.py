"""A market for simulations: one trade, one quote and one diff a symbol and step, made at a few microseconds each.

Prices move on a grid of a basis point, with momentum that fades and a pull back to the opening price; five levels stand
on each side. Everything is integers of a small generator whose state is a number, so a state is a line of JSON.
"""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from ...trading.instruments import Instrument
from ...trading.paper_listing import LISTING, OPENING_PRICES
from .frame_writer import START_MS
from .source import MarketFrame
from .synthetic import MarketFault

DEPTH = 5
GRID_PER_PRICE = 10_000
LEVEL_NOTIONAL = 10_000
REACH = 1_000
"""How many levels the price may stray from its opening."""
_UNITS = 10**8
_MASK = (1 << 64) - 1

Place = Annotated[int, msgspec.Meta(ge=0)]


class QuietState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One symbol between two steps: its best bid is level `level` of the grid."""

    draw: int
    level: int = 0
    momentum: int = 0
    update_id: int = 0


class _State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`index` frames into a step, the symbols as they were at its begin."""

    seed: int
    step: Place
    index: Place
    symbols: dict[str, QuietState]


class QuietMarket:
    """A `MarketSource`. All frames of a step have the step's offset. A quote equals the best of the book after the diff
    that follows it. A symbol's frames depend on nothing but it and the seed.

    Raises MarketFault for an unknown symbol, or none.
    """

    loop = 0

    def __init__(self, symbols: Iterable[str], seed: int, step_s: float = 1.0) -> None:
        self.symbols = tuple(dict.fromkeys(symbols))
        if unknown := [symbol for symbol in self.symbols if symbol not in OPENING_PRICES]:
            raise MarketFault(f"expected symbols of {', '.join(OPENING_PRICES)}, found {', '.join(unknown)}")
        if not self.symbols:
            raise MarketFault("expected at least one symbol, found none")
        self._step_ns = round(step_s * 1e9)
        self._grids = {symbol: _Grid(LISTING[symbol]) for symbol in self.symbols}
        first = {symbol: QuietState(draw=_first_draw(seed, symbol)) for symbol in self.symbols}
        self._enter(_State(seed, 0, 0, first))

    def next(self) -> MarketFrame:
        if self._index == len(self._frames):
            self._enter(_State(self._seed, self._step + 1, 0, self._after))
        frame = self._frames[self._index]
        self._index += 1
        return frame

    def state(self) -> dict[str, Any]:
        built: dict[str, Any] = msgspec.to_builtins(_State(self._seed, self._step, self._index, self._before))
        return built

    def restore(self, state: dict[str, Any]) -> None:
        """Raises MarketFault for a state of another market."""
        try:
            wanted = msgspec.convert(state, _State)
        except msgspec.ValidationError as error:
            raise MarketFault(f"expected a state of a quiet market, found another ({error})") from error
        if wanted.seed != self._seed or set(wanted.symbols) != set(self.symbols):
            raise MarketFault(
                f"expected a state of seed {self._seed} and symbols {', '.join(self.symbols)}, "
                f"found seed {wanted.seed} and symbols {', '.join(wanted.symbols)}"
            )
        self._enter(wanted)

    def _enter(self, state: _State) -> None:
        offset_ns = state.step * self._step_ns
        frames: list[MarketFrame] = []
        after: dict[str, QuietState] = {}
        for symbol in self.symbols:
            before = state.symbols[symbol]
            after[symbol] = moved = advance(before) if state.step else _opened(before)
            frames += self._grids[symbol].frames(before, moved, state.step, offset_ns)
        self._seed, self._step, self._index = state.seed, state.step, state.index
        self._before, self._after, self._frames = state.symbols, after, frames


def advance(state: QuietState) -> QuietState:
    """One step: momentum fades by an eighth and is kicked; the price follows it, and leans back to its opening."""
    draw = _draw(state.draw)
    momentum = int(state.momentum * 0.875) + (draw >> 40) % 9 - 4
    push = momentum + (draw >> 50) % 7 - 3 - int(state.level / 64)
    level = max(-REACH, min(REACH, state.level + max(-3, min(3, int(push / 4)))))
    return QuietState(draw, level, momentum, state.update_id + max(1, 4 * abs(level - state.level)))


def _opened(state: QuietState) -> QuietState:
    return QuietState(_draw(state.draw), state.level, 0, 2 * DEPTH)


def _draw(state: int) -> int:
    """A linear congruential step of 64 bits; its upper bits are good enough for a price."""
    return (state * 6364136223846793005 + 1442695040888963407) & _MASK


def _first_draw(seed: int, symbol: str) -> int:
    return _draw(int.from_bytes(f"{seed} {symbol}".encode(), "big") & _MASK)


class _Grid:
    """Writes the steps of one symbol as Binance does. What a level holds depends on the level alone."""

    def __init__(self, instrument: Instrument) -> None:
        opening = OPENING_PRICES[instrument.symbol]
        self._symbol = instrument.symbol
        self._name = instrument.venue_symbol
        stream = self._name.lower()
        self._streams = (f"{stream}@trade", f"{stream}@bookTicker", f"{stream}@depth@100ms")
        self._tick_units = int(instrument.tick_size * _UNITS)
        self._step_units = int(instrument.step_size * _UNITS)
        self._opening_ticks = int(opening / instrument.tick_size)
        self._gap_ticks = max(1, self._opening_ticks // GRID_PER_PRICE)
        self._level_steps = max(8, int(LEVEL_NOTIONAL / (opening * instrument.step_size)))
        self._texts: dict[int, tuple[str, str]] = {}

    def frames(self, before: QuietState, after: QuietState, step: int, offset_ns: int) -> list[MarketFrame]:
        at_ms = START_MS + offset_ns // 1_000_000
        trade, quote, depth = self._streams
        texts = [(quote, self._quote(after)), (depth, self._diff(before, after, step, at_ms))]
        if step:
            texts.insert(0, (trade, self._trade(before, after, step, at_ms)))
        return [MarketFrame(offset_ns, self._symbol, stream, text.encode()) for stream, text in texts]

    def _trade(self, before: QuietState, after: QuietState, step: int, at_ms: int) -> str:
        """Somebody takes at the touch before the step, on the side that the price moves to."""
        draw = after.draw >> 30
        sells = draw & 1 if after.level == before.level else after.level < before.level
        price, _ = self._level(before.level + (not sells))
        size = self._number((1 + draw % 97) * self._level_steps // 400 + 1, self._step_units)
        maker = "true" if sells else "false"
        return (
            f'{{"e":"trade","E":{at_ms},"s":"{self._name}","t":{step},"p":"{price}","q":"{size}",'
            f'"T":{at_ms},"m":{maker},"M":true}}'
        )

    def _quote(self, after: QuietState) -> str:
        (bid, bid_size), (ask, ask_size) = self._level(after.level), self._level(after.level + 1)
        return f'{{"u":{after.update_id},"s":"{self._name}","b":"{bid}","B":"{bid_size}","a":"{ask}","A":"{ask_size}"}}'

    def _diff(self, before: QuietState, after: QuietState, step: int, at_ms: int) -> str:
        old, new = before.level, after.level
        bids = self._side(range(old - DEPTH + 1, old + 1) if step else range(0), range(new - DEPTH + 1, new + 1))
        asks = self._side(range(old + 1, old + DEPTH + 1) if step else range(0), range(new + 1, new + DEPTH + 1))
        return (
            f'{{"e":"depthUpdate","E":{at_ms},"s":"{self._name}","U":{before.update_id + 1},"u":{after.update_id},'
            f'"b":[{bids}],"a":[{asks}]}}'
        )

    def _side(self, old: range, new: range) -> str:
        if old == new:
            return ""
        gone = [f'["{self._level(level)[0]}","0.00000000"]' for level in old if level not in new]
        come = ['["{}","{}"]'.format(*self._level(level)) for level in new if level not in old]
        return ",".join(gone + come)

    def _level(self, level: int) -> tuple[str, str]:
        """Price and size of a level as texts; at most `2 * REACH` and a few are ever kept."""
        if (texts := self._texts.get(level)) is None:
            ticks = self._opening_ticks + level * self._gap_ticks
            steps = self._level_steps * (4 + level * 7 % 5) // 4
            texts = self._number(ticks, self._tick_units), self._number(steps, self._step_units)
            self._texts[level] = texts
        return texts

    def _number(self, count: int, units: int) -> str:
        whole, rest = divmod(count * units, _UNITS)
        return f"{whole}.{rest:08d}"
