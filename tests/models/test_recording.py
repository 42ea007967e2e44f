"""Models and strategy on a real market: the seven minutes of the recording at ten times their speed."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tradigrade.models.runner import ModelRunner
from tradigrade.trading.bars import BarBuilder
from tradigrade.trading.messages import Level, MarketDataUpdate
from tradigrade.trading.strategies.learned import Learned

RECORDING = Path(__file__).parents[3] / "shared/data/streams/binance-spot/btcusdt_20230405.dat.gz"
SYMBOL, SPEED = "BTC/USDT", 10

pytestmark = pytest.mark.skipif(not RECORDING.exists(), reason=f"the recording {RECORDING.name} is not here")


def updates() -> Iterator[MarketDataUpdate]:
    """Every frame as an update, its time compressed; the book is that of the changes seen, as deep as they reach."""
    book: dict[str, dict[Decimal, Decimal]] = {"b": {}, "a": {}}
    quote: dict[str, Decimal] = {}
    first_us = 0
    with gzip.open(RECORDING, "rt") as lines:
        for line in filter(str.strip, lines):
            stamp_us, _, text = line.partition(" ")
            first_us = first_us or int(stamp_us)
            frame = json.loads(text)
            fields = read(frame["stream"], frame["data"], book, quote)
            if quote:
                at_ns = (int(stamp_us) - first_us) * 1000 // SPEED
                yield MarketDataUpdate(symbol=SYMBOL, venue_ns=at_ns, received_ns=at_ns, **quote, **fields)


def read(stream: str, data: dict[str, Any], book: dict[str, Any], quote: dict[str, Decimal]) -> dict[str, Any]:
    if stream.endswith("@bookTicker"):
        quote.update(zip(("bid", "bid_size", "ask", "ask_size"), (Decimal(data[k]) for k in "bBaA"), strict=True))
        return {"kind": "quote", "sequence": data["u"]}
    if stream.endswith("@trade"):
        taken = {"price": Decimal(data["p"]), "size": Decimal(data["q"]), "aggressor": "sell" if data["m"] else "buy"}
        return {"kind": "trade", "sequence": data["t"], **taken}
    for side in "ba":
        book[side].update({Decimal(price): Decimal(size) for price, size in data[side]})
    return {"kind": "book", "sequence": data["u"], "bids": best(book["b"], reverse=True), "asks": best(book["a"])}


def best(side: dict[Decimal, Decimal], reverse: bool = False) -> tuple[Level, ...]:
    return tuple(sorted(((price, size) for price, size in side.items() if size), reverse=reverse)[:10])


def test_learned_is_active_on_a_real_market_and_its_model_beats_the_coin() -> None:
    runner, bars, strategy = ModelRunner(SYMBOL, 1, 1.0), BarBuilder(SYMBOL, 10**9), Learned(SYMBOL)
    targets, hurried, closed_bars = [], 0, 0
    for update in updates():
        for bar in bars.update(update):
            prediction, _ = runner.on_bar(bar)
            target = strategy.on_signal(prediction, update)
            closed_bars += 1
            if target is not None:
                hurried += target.limit_price == (update.ask if target.amount > strategy.position else update.bid)
                strategy.position = target.amount
                targets.append(target)
        runner.on_market(update)
    assert closed_bars >= 40
    assert 20 <= len({target.amount for target in targets}) <= closed_bars
    assert hurried >= 10
    assert runner.losses()["linear"] < 0.693
