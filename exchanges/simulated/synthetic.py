"""A market made from a seed: plausible prices, books and trades of several symbols, endless and exactly repeatable.

The middle price wanders with momentum that fades over seconds, is drawn back to its opening price over many minutes,
and moves in calm and wild spells. Sizes at the touch and the aggressors of trades lean the way the momentum points, so
there is something to learn, and noise enough to be wrong.
"""

from collections.abc import Iterable
from decimal import Decimal
from operator import attrgetter
from random import Random
from typing import Annotated, Any
from zlib import crc32

import msgspec

from ...trading.instruments import PAPER_INSTRUMENTS, Instrument
from .source import MarketFrame
from .synthetic_book import Diff, Happening, SymbolState, SyntheticBook, Touch, Trade

STEP_NS = 100_000_000
START_MS = 1_704_067_200_000
"""Event times count from 2024-01-01 UTC."""

OPENING_PRICES = {
    "BTC/USDT": Decimal(30_000),
    "ETH/USDT": Decimal(2_000),
    "BNB/USDT": Decimal(300),
    "SOL/USDT": Decimal(100),
    "XRP/USDT": Decimal("0.6"),
    "ADA/USDT": Decimal("0.4"),
    "DOGE/USDT": Decimal("0.08"),
    "LTC/USDT": Decimal(70),
}
_UNITS = 10**8  # prices and sizes are written with eight decimals


class MarketFault(Exception):
    """The market that is asked for cannot be made. Its text is one sentence: what was expected and what found."""


class _State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the market stands: `index` frames into a step, the symbols as they were at its begin."""

    seed: int
    step: Annotated[int, msgspec.Meta(ge=0)]
    index: Annotated[int, msgspec.Meta(ge=0)]
    symbols: dict[str, SymbolState]


class SyntheticMarket:
    """A `MarketSource` of about 40 frames a second and symbol. A symbol's frames depend on nothing but it and the seed.

    A `bookTicker` that shares its update id with a diff equals the best of the book after that diff.

    Raises:
        MarketFault: a symbol is unknown, or there is none.
    """

    loop = 0
    """A synthetic market never begins anew."""

    def __init__(self, symbols: Iterable[str], seed: int) -> None:
        self.symbols = tuple(dict.fromkeys(symbols))
        _check_symbols(self.symbols)
        self._books = {s: SyntheticBook(PAPER_INSTRUMENTS[s], OPENING_PRICES[s]) for s in self.symbols}
        self._writers = {s: _FrameWriter(PAPER_INSTRUMENTS[s]) for s in self.symbols}
        self._enter(_State(seed, step=0, index=0, symbols=dict.fromkeys(self.symbols, SymbolState())))

    def next(self) -> MarketFrame:
        if self._index == len(self._frames):
            self._enter(_State(self._seed, self._step + 1, 0, self._after))
        frame = self._frames[self._index]
        self._index += 1
        return frame

    def state(self) -> dict[str, Any]:
        """About a kilobyte for each symbol."""
        state = _State(self._seed, self._step, self._index, self._before)
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
        after: dict[str, SymbolState] = {}
        frames: list[MarketFrame] = []
        for symbol in self.symbols:
            random = Random(f"{state.seed} {symbol} {state.step}")  # noqa: S311 - it must repeat, not be secret
            after[symbol], happenings = self._books[symbol].advance(state.symbols[symbol], random)
            offsets = _offsets(state.step, symbol, len(happenings), random)
            frames.extend(map(self._writers[symbol].write, offsets, happenings))
        if state.index > len(frames):
            raise MarketFault(f"expected a state at one of {len(frames)} frames, found {state.index}")
        self._seed, self._step, self._index = state.seed, state.step, state.index
        self._before, self._after = state.symbols, after
        self._frames = sorted(frames, key=attrgetter("offset_ns"))


class _FrameWriter:
    """Writes what happens to one symbol as Binance does."""

    def __init__(self, instrument: Instrument) -> None:
        self._symbol = instrument.symbol
        self._name = instrument.venue_symbol
        self._tick_units = int(instrument.tick_size * _UNITS)
        self._step_units = int(instrument.step_size * _UNITS)

    def write(self, offset_ns: int, happening: Happening) -> MarketFrame:
        at_ms = START_MS + offset_ns // 1_000_000
        match happening:
            case Trade(trade_id, ticks, steps, buyer_is_maker):
                channel, text = (
                    "trade",
                    (
                        f'{{"e":"trade","E":{at_ms},"s":"{self._name}","t":{trade_id},'
                        f'"p":"{self._price(ticks)}","q":"{self._size(steps)}",'
                        f'"T":{at_ms},"m":{"true" if buyer_is_maker else "false"},"M":true}}'
                    ),
                )
            case Touch(update_id, bid, ask):
                channel, text = (
                    "bookTicker",
                    (
                        f'{{"u":{update_id},"s":"{self._name}","b":"{self._price(bid[0])}","B":"{self._size(bid[1])}",'
                        f'"a":"{self._price(ask[0])}","A":"{self._size(ask[1])}"}}'
                    ),
                )
            case Diff(first_id, last_id, bids, asks):
                channel, text = (
                    "depth@100ms",
                    (
                        f'{{"e":"depthUpdate","E":{at_ms},"s":"{self._name}","U":{first_id},"u":{last_id},'
                        f'"b":[{self._levels(bids)}],"a":[{self._levels(asks)}]}}'
                    ),
                )
        return MarketFrame(offset_ns, self._symbol, f"{self._name.lower()}@{channel}", text.encode())

    def _levels(self, levels: list[tuple[int, int]]) -> str:
        return ",".join([f'["{self._price(ticks)}","{self._size(steps)}"]' for ticks, steps in levels])

    def _price(self, ticks: int) -> str:
        whole, rest = divmod(ticks * self._tick_units, _UNITS)
        return f"{whole}.{rest:08d}"

    def _size(self, steps: int) -> str:
        whole, rest = divmod(steps * self._step_units, _UNITS)
        return f"{whole}.{rest:08d}"


def _check_symbols(symbols: tuple[str, ...]) -> None:
    known = [symbol for symbol in OPENING_PRICES if symbol in PAPER_INSTRUMENTS]
    unknown = [symbol for symbol in symbols if symbol not in known]
    if unknown or not symbols:
        raise MarketFault(f"expected symbols of {', '.join(known)}, found {', '.join(unknown) or 'none'}")


def _offsets(step: int, symbol: str, count: int, random: Random) -> list[int]:
    """When the happenings of a step are: the first step, which has no trades, at 0; later ones at random times, and the
    diff last, at a symbol's own moment, as venues do not send all at once."""
    if step == 0:
        return [0] * count
    moment_ns = STEP_NS // 2 + crc32(symbol.encode()) % (STEP_NS // 2)
    times = sorted(random.randrange(moment_ns) for _ in range(count - 1))
    return [step * STEP_NS + time_ns for time_ns in (*times, moment_ns)]
