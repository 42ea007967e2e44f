import random
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.models.features import FEATURE_BOUND, FEATURE_NAMES, FeatureBuilder
from tradigrade.trading.bars import BarBuilder
from tradigrade.trading.messages import BarClosed, MarketDataUpdate

BAR_NS = 1000


def update(kind: str, at_ns: int, **fields: object) -> MarketDataUpdate:
    base = {"bid": Decimal(99), "bid_size": Decimal(3), "ask": Decimal(101), "ask_size": Decimal(1)}
    return MarketDataUpdate(
        **{"symbol": "BTC/USDT", "kind": kind, "venue_ns": 0, "received_ns": at_ns, "sequence": 1, **base, **fields}
    )


def trade(at_ns: int, price: str, size: str, aggressor: str) -> MarketDataUpdate:
    return update("trade", at_ns, price=Decimal(price), size=Decimal(size), aggressor=aggressor)


def bar(n: int, close: str = "100", low: str | None = None, high: str | None = None, volume: str = "1") -> BarClosed:
    low, high = low or close, high or close
    start_ns = n * BAR_NS
    return BarClosed(
        "BTC/USDT", start_ns, start_ns + BAR_NS, *(Decimal(p) for p in (close, high, low, close, volume)), trades=1
    )


@dataclass
class Named:
    values: dict[str, float]

    def __getattr__(self, name: str) -> float:
        return self.values[name]


def close(builder: FeatureBuilder, closed: BarClosed) -> Named:
    return Named(dict(zip(FEATURE_NAMES, builder.close(closed), strict=True)))


def test_a_builder_that_saw_nothing_gives_zeros() -> None:
    assert FeatureBuilder("BTC/USDT").close(bar(0)) == (0.0,) * len(FEATURE_NAMES)


def test_trades_lean_to_the_side_that_took() -> None:
    builder = FeatureBuilder("BTC/USDT")
    builder.update(trade(1, "100", "3", "buy"))
    builder.update(trade(2, "100", "1", "sell"))
    assert close(builder, bar(0)).trade_imbalance == pytest.approx(0.5)
    assert close(builder, bar(1)).trade_imbalance == 0.0


def test_quotes_and_book_lean_to_the_heavier_side() -> None:
    builder = FeatureBuilder("BTC/USDT")
    level = (Decimal(1), Decimal(1))
    builder.update(update("book", 1, bids=(level,), asks=(level,) * 3))
    features = close(builder, bar(0))
    assert features.quote_imbalance == pytest.approx(0.5)
    assert features.book_imbalance == pytest.approx(-0.5)
    assert features.spread == pytest.approx(5.3033, abs=1e-4)  # ln(1 + 200 bps)
    assert features.microprice_offset == FEATURE_BOUND  # 0.5 above the mid is 50 bps


@pytest.mark.parametrize(
    ("second", "flow"),
    [
        ({"bid_size": Decimal(5)}, 1.0),  # bids added
        ({"bid": Decimal(100), "bid_size": Decimal(1)}, 1.0),  # a better bid
        ({"bid": Decimal(98)}, -1.0),  # the bid gone
        ({"ask_size": Decimal(5)}, -1.0),  # offers added
        ({"ask": Decimal(102)}, 1.0),  # the offer gone
        ({}, 0.0),
    ],
)
def test_order_flow_has_the_sign_of_the_pressure(second: dict[str, Decimal], flow: float) -> None:
    builder = FeatureBuilder("BTC/USDT")
    builder.update(update("quote", 1))
    builder.update(update("quote", 2, **second))
    assert close(builder, bar(0)).order_flow_imbalance == flow


def test_the_range_position_is_that_of_the_close_in_its_bar() -> None:
    builder = FeatureBuilder("BTC/USDT")
    assert close(builder, bar(0, "104", "100", "104")).range_position == pytest.approx(1.0)
    assert close(builder, bar(1, "101", "100", "104")).range_position == pytest.approx(-0.5)


def test_returns_are_in_units_of_recent_volatility() -> None:
    builder = FeatureBuilder("BTC/USDT")
    for n in range(40):
        close(builder, bar(n, "100" if n % 2 else "100.01"))
    features = close(builder, bar(40, "100.01"))
    assert features.return_1 == pytest.approx(1.0, abs=0.05)
    assert features.return_10 == pytest.approx(0.0, abs=0.05)
    assert features.volatility == pytest.approx(0.693, abs=0.05)  # ln(1 + 1 bp)


def test_an_unusual_volume_scores_high() -> None:
    builder = FeatureBuilder("BTC/USDT")
    for n in range(20):
        close(builder, bar(n, volume=str(1 + n % 2)))
    assert close(builder, bar(20, volume="30")).volume_score > 3.0


def test_an_update_of_the_future_is_a_broken_law() -> None:
    builder = FeatureBuilder("BTC/USDT")
    builder.update(update("quote", BAR_NS))
    with pytest.raises(AssertionError, match="was seen before"):
        builder.close(bar(0))


def session(seed: int, count: int = 400) -> list[MarketDataUpdate]:
    draw = random.Random(seed)
    made, price = [], 100.0
    for n in range(count):
        price *= 1.0 + draw.gauss(0.0, 1e-4)
        bid, ask = Decimal(f"{price - 0.01:.2f}"), Decimal(f"{price + 0.01:.2f}")
        quotes = {"bid": bid, "ask": ask, "bid_size": Decimal(draw.randint(1, 9)), "ask_size": Decimal(2)}
        kind = draw.choice(("trade", "quote", "book"))
        more: dict[str, object] = {}
        if kind == "trade":
            more = {"price": ask, "size": Decimal(draw.randint(1, 9)), "aggressor": draw.choice(("buy", "sell"))}
        if kind == "book":
            more = {"bids": ((bid, Decimal(draw.randint(1, 9))),), "asks": ((ask, Decimal(1)),)}
        made.append(update(kind, 137 * n, **quotes, **more))
    return made


def features_of(updates: list[MarketDataUpdate]) -> list[tuple[float, ...]]:
    bars, builder, made = BarBuilder("BTC/USDT", BAR_NS), FeatureBuilder("BTC/USDT"), []
    for one in updates:
        made.extend(builder.close(closed) for closed in bars.update(one))
        builder.update(one)
    return made


@pytest.mark.parametrize("known", [50, 123, 300])
def test_another_future_leaves_the_features_of_the_past_unchanged(known: int) -> None:
    past, future = session(1)[:known], session(2)[known:]
    told, other = features_of(past + session(1)[known:]), features_of(past + future)
    settled = past[-1].received_ns // BAR_NS - past[0].received_ns // BAR_NS
    assert told[:settled] == other[:settled]
    assert told[settled + 1 :] != other[settled + 1 :]


hostile = st.one_of(
    st.sampled_from([Decimal(0), Decimal("1e-30"), Decimal("1e30"), Decimal("1e400"), Decimal("Infinity")]),
    st.decimals(min_value=0, max_value=10**12, allow_nan=False, places=8),
    st.just(Decimal("NaN")),
    st.just(Decimal(-1)),
)
levels = st.lists(st.tuples(hostile, hostile), max_size=7).map(tuple)
hostile_updates = st.builds(
    MarketDataUpdate,
    symbol=st.just("BTC/USDT"),
    kind=st.sampled_from(["trade", "quote", "book"]),
    venue_ns=st.just(0),
    received_ns=st.just(0),
    sequence=st.just(0),
    bid=hostile,
    bid_size=hostile,
    ask=hostile,
    ask_size=hostile,
    price=hostile,
    size=hostile,
    aggressor=st.sampled_from(["buy", "sell", None]),
    bids=levels,
    asks=levels,
)


@given(st.lists(st.tuples(st.lists(hostile_updates, max_size=4), st.tuples(hostile, hostile, hostile, hostile))))
def test_features_are_finite_and_bounded_whatever_comes(
    steps: list[tuple[list[MarketDataUpdate], tuple[Decimal, Decimal, Decimal, Decimal]]],
) -> None:
    builder = FeatureBuilder("BTC/USDT")
    for n, (updates, (high, low, last, volume)) in enumerate(steps):
        for one in updates:
            builder.update(one)
        features = builder.close(BarClosed("BTC/USDT", n, n + 1, last, high, low, last, volume, 1))
        assert len(features) == len(FEATURE_NAMES)
        assert all(type(value) is float and -FEATURE_BOUND <= value <= FEATURE_BOUND for value in features)
