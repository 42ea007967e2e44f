"""A market of two symbols where every figure is known beforehand: prices stay, sizes of one deep level change."""

import json
from typing import Any

from tradigrade.exchanges.simulated.source import MarketFrame

BTC, ETH = "BTC/USDT", "ETH/USDT"
MIDDLES = {BTC: 20_000, ETH: 1_000}
PERIOD_NS = 4_000_000


class CalmMarket:
    """A frame every 4 ms. Trades of 0.5 are at the middle price and one above it, in turns; the quotes are one below
    and one above; the book goes five levels deep behind them."""

    symbols = (BTC, ETH)

    def __init__(self) -> None:
        self.turn = 0

    def next(self) -> MarketFrame:
        turn, self.turn = self.turn, self.turn + 1
        step, kind = divmod(turn, 6)
        symbol = self.symbols[kind // 3]
        name, middle = symbol.replace("/", ""), MIDDLES[symbol]
        stream = ("depth@100ms", "bookTicker", "trade")[kind % 3]
        event = (_depth, _quote, _trade)[kind % 3](name, middle, step)
        return MarketFrame(turn * PERIOD_NS, symbol, f"{name.lower()}@{stream}", json.dumps(event).encode())

    def state(self) -> dict[str, Any]:
        return {"turn": self.turn}

    def restore(self, state: dict[str, Any]) -> None:
        self.turn = state["turn"]


def _depth(name: str, middle: int, step: int) -> dict[str, Any]:
    levels = range(1, 6) if not step else (5,)
    sides = {
        side: [[f"{middle + sign * level}.00", f"{level}.{step % 7 if level == 5 else 5}"] for level in levels]
        for side, sign in (("b", -1), ("a", 1))
    }
    return {"e": "depthUpdate", "E": 1, "s": name, "U": step * 10 + 1, "u": step * 10 + 10, **sides}


def _quote(name: str, middle: int, step: int) -> dict[str, Any]:
    return {"u": step * 10 + 10, "s": name, "b": f"{middle - 1}", "B": "1.5", "a": f"{middle + 1}", "A": "1.5"}


def _trade(name: str, middle: int, step: int) -> dict[str, Any]:
    price, maker = f"{middle + step % 2}.00", bool(step % 2)
    return {"e": "trade", "E": 1, "s": name, "t": step, "p": price, "q": "0.5", "T": 1, "m": maker, "M": True}
