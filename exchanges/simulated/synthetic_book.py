"""One symbol of the synthetic market: each step some trades at the touch, then the book around the new price."""

import math
from decimal import Decimal
from random import Random
from typing import NamedTuple

import msgspec

from ...trading.instruments import Instrument
from .price_process import BPS, PriceState

DEPTH = 20
SPREAD_BPS = 0.6
LEVEL_GAP_BPS = 0.25
LEVEL_NOTIONAL = 12_000.0
TRADE_SHARE = 0.1
"""Of a usual level's size that a usual trade takes."""
TRADES_PER_STEP_MAX = 4
TRADE_CHANCE = 0.4
EXCITEMENT = 0.015
"""By which a trade makes the next ones likelier."""
EXCITEMENT_FADE_S = 2.0
EXCITEMENT_MAX = 0.3
HERDING = 0.15
"""By which a taker of one side makes the next one of that side likelier."""
REFRESH_CHANCE = 0.1
"""That the size of a level changes during a step."""
LEAN = 0.7
"""How far sizes at the touch follow the momentum, as an exponent."""

Ladder = dict[int, int]  # price in ticks: size in steps, best first


class SymbolState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One symbol between two steps; its published book is `bids` and `asks`, as (ticks, steps), best first."""

    price: PriceState = PriceState()
    update_id: int = 0
    trade_id: int = 0
    bids: tuple[tuple[int, int], ...] = ()
    asks: tuple[tuple[int, int], ...] = ()
    excitement: float = 0.0
    """What recent trades add to the chance of another."""
    taker: int = 0
    """Of the last trade: 1 bought, -1 sold, 0 there was none."""


class Trade(NamedTuple):
    trade_id: int
    ticks: int
    steps: int
    buyer_is_maker: bool


class Touch(NamedTuple):
    """The best bid and ask, each as (ticks, steps), after `update_id`."""

    update_id: int
    bid: tuple[int, int]
    ask: tuple[int, int]


class Diff(NamedTuple):
    first_id: int
    last_id: int
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


Happening = Trade | Touch | Diff


class SyntheticBook:
    """The rules of one symbol. Books are never crossed, hold 20 levels a side, and every change has an update id."""

    def __init__(
        self,
        instrument: Instrument,
        opening_price: Decimal,
        step_s: float = 0.1,
        level_notional: float = LEVEL_NOTIONAL,
    ) -> None:
        """`step_s`: the time between two calls of `advance`; `level_notional`: what a usual level is worth."""
        self._step_s = step_s
        self._opening_ticks = float(opening_price / instrument.tick_size)
        self._level_steps = level_notional / float(opening_price * instrument.step_size)
        self._gap_ticks = max(1, round(self._opening_ticks * LEVEL_GAP_BPS * BPS))

    def advance(self, state: SymbolState, price: PriceState, random: Random) -> tuple[SymbolState, list[Happening]]:
        """The next step, at the end of which the price is `price`, and what happened in it: trades, each followed by
        the new touch, and at the end the diff."""
        bids, asks = dict(state.bids), dict(state.asks)
        happenings: list[Happening] = []
        update_id, trade_id, taker = state.update_id, state.trade_id, state.taker
        excitement = state.excitement * math.exp(-self._step_s / EXCITEMENT_FADE_S)
        while bids and len(happenings) < 2 * TRADES_PER_STEP_MAX and random.random() < TRADE_CHANCE + excitement:
            trade_id, update_id = trade_id + 1, update_id + 1
            trade = self._trade(bids, asks, price, taker, random, trade_id)
            taker = -1 if trade.buyer_is_maker else 1
            excitement = min(EXCITEMENT_MAX, excitement + EXCITEMENT)
            happenings += (trade, _touch(update_id, bids, asks))
        last_touch = _touch(update_id, bids, asks) if bids else None
        bids, asks = self._quote(bids, asks, price, random)
        bid_changes, ask_changes = _changes(dict(state.bids), bids), _changes(dict(state.asks), asks)
        update_id += max(1, len(bid_changes) + len(ask_changes))
        touch = _touch(update_id, bids, asks)
        if last_touch is None or touch[1:] != last_touch[1:]:
            happenings.append(touch)
        happenings.append(Diff(state.update_id + 1, update_id, bid_changes, ask_changes))
        levels = tuple(bids.items()), tuple(asks.items())
        return SymbolState(price, update_id, trade_id, *levels, excitement, taker), happenings

    def _trade(self, bids: Ladder, asks: Ladder, price: PriceState, taker: int, random: Random, trade_id: int) -> Trade:
        """A taker meets the best level of one side, and takes some or all of it."""
        buys = random.random() < 0.5 + 0.3 * math.tanh(price.momentum) + HERDING * taker
        side = asks if buys else bids
        ticks, standing = next(iter(side.items()))
        steps = min(standing, self._size(random, TRADE_SHARE * price.volatility))
        if steps == standing:
            del side[ticks]
        else:
            side[ticks] = standing - steps
        return Trade(trade_id, ticks, steps, buyer_is_maker=not buys)

    def _quote(self, bids: Ladder, asks: Ladder, price: PriceState, random: Random) -> tuple[Ladder, Ladder]:
        """Both sides around the new price; levels that still stand on their side of it stay."""
        middle = self._opening_ticks * math.exp(price.deviation)
        spread = 1 + int(random.expovariate(1 / (middle * SPREAD_BPS * BPS * price.volatility)))
        best_bid = math.floor(middle - spread / 2)
        lean = LEAN * math.tanh(price.momentum)
        return (
            self._ladder(bids, best_bid, -1, math.exp(lean), random),
            self._ladder(asks, best_bid + spread, 1, math.exp(-lean), random),
        )

    def _ladder(self, old: Ladder, best: int, away: int, touch_weight: float, random: Random) -> Ladder:
        standing = [ticks for ticks in old if (ticks - best) * away > 0]
        new = {best: self._size(random, touch_weight)}
        ticks, position, reach = best, 0, 2 * self._gap_ticks
        while len(new) < DEPTH:
            if position < len(standing) and (standing[position] - ticks) * away <= reach:
                ticks = standing[position]
                position += 1
            else:
                ticks += away * random.randint(1, reach)
            stays = ticks in old and random.random() >= REFRESH_CHANCE
            new[ticks] = old[ticks] if stays else self._size(random, 1.0)
        return new

    def _size(self, random: Random, weight: float) -> int:
        return max(1, round(self._level_steps * weight * random.lognormvariate(0, 0.7)))


def _touch(update_id: int, bids: Ladder, asks: Ladder) -> Touch:
    return Touch(update_id, next(iter(bids.items())), next(iter(asks.items())))


def _changes(old: Ladder, new: Ladder) -> list[tuple[int, int]]:
    gone = [(ticks, 0) for ticks in old if ticks not in new]
    return gone + [(ticks, steps) for ticks, steps in new.items() if old.get(ticks) != steps]
