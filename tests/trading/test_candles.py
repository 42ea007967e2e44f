"""Candles for people: what the trades of an interval say, and no more than is kept."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradigrade.trading.candles import KEPT, Candle, Candles

S = 1_000_000_000
trades = st.lists(st.tuples(st.integers(0, 40 * S), st.integers(1, 10**6), st.integers(1, 10**6)), max_size=60)


@given(trades)
def test_candles_are_what_a_plain_fold_of_the_trades_gives(found: list[tuple[int, int, int]]) -> None:
    ordered = sorted(found, key=lambda trade: trade[0])
    candles = Candles(S)
    for at_ns, price, size in ordered:
        candles.add(at_ns, Decimal(price), Decimal(size))
    expected = []
    for start_ns in sorted({at_ns - at_ns % S for at_ns, _, _ in ordered}):
        of_it = [trade for trade in ordered if start_ns <= trade[0] < start_ns + S]
        prices = [float(price) for _, price, _ in of_it]
        volume = float(sum(size for _, _, size in of_it))
        expected.append(Candle(start_ns, prices[0], max(prices), min(prices), prices[-1], volume))
    assert list(candles.newest()) == expected


@given(trades)
def test_coarse_candles_of_those_that_ended_are_those_of_the_trades_themselves(
    found: list[tuple[int, int, int]],
) -> None:
    fine, coarse, plain = Candles(S), Candles(8 * S), Candles(8 * S)
    for at_ns, price, size in sorted(found, key=lambda trade: trade[0]):
        plain.add(at_ns, Decimal(price), Decimal(size))
        if (ended := fine.add(at_ns, Decimal(price), Decimal(size))) is not None:
            coarse.take(ended)
    if found:
        coarse.take(fine.newest()[-1])
    assert coarse.newest() == plain.newest()


def test_a_late_trade_counts_in_the_newest() -> None:
    candles = Candles(S)
    candles.add(5 * S, Decimal(10), Decimal(1))
    candles.add(3 * S, Decimal(12), Decimal(2))
    assert candles.newest() == (Candle(5 * S, 10.0, 12.0, 10.0, 12.0, 3.0),)


def test_old_candles_are_forgotten() -> None:
    candles = Candles(S)
    for second in range(2 * KEPT):
        candles.add(second * S, Decimal(1), Decimal(1))
    assert len(candles.newest()) == KEPT + 1
    assert Candles(S).newest() == ()
