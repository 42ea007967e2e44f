from decimal import Decimal
from pathlib import Path

import pytest

from tradigrade.trading.loader import make_strategy
from tradigrade.trading.messages import BarClosed, MarketDataUpdate, Prediction
from tradigrade.trading.order_events import OrderFilled
from tradigrade.trading.strategies.learned import Learned
from tradigrade.trading.strategies.moving_average import MovingAverage
from tradigrade.trading.strategy import Strategy, StrategyFault, Target

EXAMPLES = Path(__file__).parents[2] / "examples" / "strategies"
ZERO = Decimal(0)


def market(bid: str = "99", ask: str = "101") -> MarketDataUpdate:
    return MarketDataUpdate(
        symbol="BTC/USDT",
        kind="quote",
        venue_ns=0,
        received_ns=0,
        sequence=1,
        bid=Decimal(bid),
        bid_size=Decimal(1),
        ask=Decimal(ask),
        ask_size=Decimal(1),
    )


def predict(probability: float) -> Prediction:
    return Prediction(symbol="BTC/USDT", probability_up=probability, horizon_s=1.0, model="linear@1", bar_ns=1)


def bar(close: float) -> BarClosed:
    price = Decimal(str(close))
    return BarClosed("BTC/USDT", 0, 1, price, price, price, price, ZERO, 0)


def targets(strategy: Strategy, closes: list[float]) -> list[Target | None]:
    """What it asks for at each close; each wish is filled at once."""
    asked = []
    for close in closes:
        target = strategy.on_bar(bar(close))
        if target is not None:
            strategy.position = target.amount
        asked.append(target)
    return asked


@pytest.mark.parametrize(
    ("probability", "position", "amount", "limit"),
    [
        (0.5, "0", "5", "99"),  # unsure: half, waiting at the own touch
        (0.52, "0", "5.597", "99"),
        (0.48, "10", "4.403", "101"),
        (0.7, "0", "9.168", "101"),  # sure: at the opposite touch
        (0.3, "10", "0.832", "99"),
        (0.7, "9.1", None, None),  # within a step of what is held
    ],
)
def test_learned_holds_more_the_likelier_a_rise(
    probability: float, position: str, amount: str | None, limit: str | None
) -> None:
    strategy = Learned("BTC/USDT", {"pace": 1.0})
    strategy.position = Decimal(position)
    target = strategy.on_signal(predict(probability), market())
    expected = None if amount is None or limit is None else Target(Decimal(amount), Decimal(limit))
    assert target == expected


def test_learned_is_long_only_and_never_above_its_amount() -> None:
    strategy = Learned("BTC/USDT", {"sensitivity": 100, "pace": 1.0})
    for probability in (0.001, 0.25, 0.5, 0.75, 0.999):
        for position in (Decimal(-3), ZERO, Decimal(20)):
            strategy.position = position
            target = strategy.on_signal(predict(probability), market())
            assert target is None or 0 <= target.amount * 100 <= 1000


def test_learned_closes_only_a_part_of_the_gap_with_each_prediction() -> None:
    strategy = Learned("BTC/USDT", {"pace": 0.2})
    target = strategy.on_signal(predict(0.5), market())
    assert target == Target(Decimal(1), Decimal(99))


@pytest.mark.parametrize("quotes", [("0", "101"), ("99", "0")])
def test_learned_asks_for_nothing_without_a_two_sided_market(quotes: tuple[str, str]) -> None:
    assert Learned("BTC/USDT").on_signal(predict(0.9), market(*quotes)) is None


@pytest.mark.parametrize(
    "parameters",
    [
        {"amount_quote": 0},
        {"amount_quote": float("nan")},
        {"step_quote": -1.0},
        {"threshold": 0.6},
        {"sensitivity": float("inf")},
        {"sensitivity": "high"},
        {"speed": 1},
    ],
)
def test_learned_refuses_wrong_parameters(parameters: dict[str, object]) -> None:
    with pytest.raises(StrategyFault, match=next(iter(parameters))):
        Learned("BTC/USDT", parameters)


def test_moving_average_is_long_while_fast_stands_above_slow() -> None:
    strategy = MovingAverage("BTC/USDT", {"fast": 2, "slow": 4, "amount_quote": 100})
    asked = targets(strategy, [10, 10, 10, 10, 12, 12.5, 12.5, 10, 8, 8])
    assert [target and target.amount for target in asked] == (
        [None] * 4 + [Decimal("8.33333333"), None, None, ZERO, None, None]
    )


def test_moving_average_equals_the_plain_averages() -> None:
    strategy = MovingAverage("BTC/USDT", {"fast": 3, "slow": 7})
    closes = [100 + (n * 37 % 11) / 10 for n in range(60)]
    for n, close in enumerate(closes):
        target = strategy.on_bar(bar(close))
        if n >= 6:
            recent = [Decimal(str(c)) for c in closes[n - 6 : n + 1]]
            assert (target is not None) == (sum(recent[-3:]) * 7 > sum(recent) * 3)


def test_moving_average_wishes_again_while_unfilled() -> None:
    strategy = MovingAverage("BTC/USDT", {"fast": 1, "slow": 2})
    assert [strategy.on_bar(bar(close)) is not None for close in (1, 2, 3, 4)] == [False, True, True, True]


@pytest.mark.parametrize(
    ("position", "min_amount", "min_notional", "price", "flat"),
    [
        ("0", "0", "0", "100", True),
        ("0.00001", "0", "0", "100", False),  # whatever is held counts, until the venue's rules are known
        ("0.000009", "0.00001", "0", "100000", True),
        ("0.04", "0.00001", "5", "100", True),
        ("0.05", "0.00001", "5", "100", False),
        ("-0.04", "0.00001", "5", "100", True),
    ],
)
def test_what_is_too_little_to_be_sold_is_as_nothing(
    position: str, min_amount: str, min_notional: str, price: str, flat: bool
) -> None:
    strategy = Strategy("BTC/USDT")
    strategy.position, strategy.min_amount, strategy.min_notional = map(Decimal, (position, min_amount, min_notional))
    assert strategy.is_flat(Decimal(price)) is flat


@pytest.mark.parametrize(
    ("strategy", "closes"),
    [
        (MovingAverage("BTC/USDT", {"fast": 1, "slow": 2}), [10, 11, 10, 11, 10, 11]),
        (make_strategy("breakout.py:Breakout", str(EXAMPLES), "BTC/USDT", {"lookback": 2}), [10, 10, 11, 9, 12, 8]),
    ],
)
def test_what_a_fee_left_over_keeps_no_strategy_from_buying_again(strategy: Strategy, closes: list[float]) -> None:
    strategy.min_amount, strategy.min_notional = Decimal("0.00001"), Decimal(5)
    asked = []
    for close in closes:
        target = strategy.on_bar(bar(close))
        if target is not None:
            strategy.position = target.amount + Decimal("0.000004")
            asked.append(bool(target.amount))
    assert asked == [True, False, True, False, True][: len(asked)]
    assert len(asked) >= 4


@pytest.mark.parametrize("spans", [(5, 5), (0, 5), (9, 5), (1, 20_000)])
def test_moving_average_refuses_spans_out_of_order(spans: tuple[int, int]) -> None:
    with pytest.raises(StrategyFault, match="0 < fast < slow"):
        MovingAverage("BTC/USDT", dict(zip(("fast", "slow"), spans, strict=True)))


def breakout(**parameters: object) -> Strategy:
    return make_strategy("breakout.py:Breakout", str(EXAMPLES), "BTC/USDT", parameters)


def test_the_example_buys_the_breakout_and_sells_the_breakdown() -> None:
    asked = targets(breakout(lookback=3), [10, 11, 10, 12.5, 12, 12, 11.9])
    assert [target and target.amount for target in asked] == [None, None, None, Decimal(40), None, None, ZERO]


def test_the_example_stops_below_the_price_paid_once_a_bar() -> None:
    strategy = breakout(stop_percent=5)
    strategy.position = Decimal(2)
    strategy.on_fill(
        OrderFilled(
            client_id="a",
            trade_id="1",
            symbol="BTC/USDT",
            side="buy",
            price=Decimal(100),
            amount=Decimal(2),
            fee=ZERO,
            fee_currency="USDT",
            maker=False,
            at_ns=1,
        )
    )
    assert strategy.on_market(market(bid="95.1")) is None
    assert strategy.on_market(market(bid="94.9")) == Target(ZERO)
    assert strategy.on_market(market(bid="90")) is None
    strategy.on_bar(bar(90))
    assert strategy.on_market(market(bid="90")) == Target(ZERO)
