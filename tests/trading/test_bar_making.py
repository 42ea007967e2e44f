"""Bars from trades and from finer bars: exact, whatever the interval, with gaps left as gaps."""

import zipfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.trading.bar_making import BarMaker, BarsOutOfOrder, Gap, MadeBar
from tradigrade.trading.messages import BarClosed

SECONDS = Path(__file__).parents[3] / "shared" / "data" / "minute" / "crypto" / "coinbase" / "second" / "btcusd"
SECOND_NS = 1_000_000_000
DAY_S = 86_400
BTC = "BTC/USD"


def second(at_s: int, *prices: str, volume: str = "1", trades: int = 1) -> BarClosed:
    open_, high, low, close = map(Decimal, prices if len(prices) == 4 else prices * 4)
    start_ns = at_s * SECOND_NS
    return BarClosed(BTC, start_ns, start_ns + SECOND_NS, open_, high, low, close, Decimal(volume), trades)


def make(bar_s: int, bars: list[BarClosed]) -> tuple[list[MadeBar], list[Gap]]:
    maker = BarMaker(BTC, bar_s * SECOND_NS)
    made = [each for bar in bars for each in maker.bar(bar)]
    return [*made, *maker.finish()], maker.gaps


def read_seconds(path: Path) -> list[BarClosed]:
    """Lean's form: milliseconds of the day, open, high, low, close, volume."""
    with zipfile.ZipFile(path) as archive:
        rows = archive.read(archive.namelist()[0]).decode().split()
    cells = (row.split(",") for row in rows)
    return [second(int(at_ms) // 1000, *prices, volume=volume) for at_ms, *prices, volume in cells]


def recompute(bars: list[BarClosed], bar_s: int) -> dict[int, tuple[Decimal, ...]]:
    """By their begin, in plain groups."""
    groups: dict[int, list[BarClosed]] = defaultdict(list)
    for bar in bars:
        groups[bar.start_ns // SECOND_NS // bar_s * bar_s].append(bar)
    return {
        at_s: (
            group[0].open,
            max(bar.high for bar in group),
            min(bar.low for bar in group),
            group[-1].close,
            sum((bar.volume for bar in group), Decimal(0)),
        )
        for at_s, group in groups.items()
    }


@pytest.mark.skipif(not SECONDS.is_dir(), reason=f"there are no second bars in {SECONDS}")
@pytest.mark.parametrize("bar_s", [7, 60, 300, 3_600])
@pytest.mark.parametrize("day", ["20161007", "20161008", "20161009"])
def test_bars_of_recorded_seconds_equal_a_plain_recomputation(day: str, bar_s: int) -> None:
    bars = read_seconds(SECONDS / f"{day}_trade.zip")
    made, gaps = make(bar_s, bars)
    found = {
        one.bar.start_ns // SECOND_NS: (one.bar.open, one.bar.high, one.bar.low, one.bar.close, one.bar.volume)
        for one in made
    }
    assert found == recompute(bars, bar_s)
    assert list(found) == sorted(found)
    assert sum(one.parts for one in made) == len(bars) > 3_000
    missing = sum((gap.end_ns - gap.start_ns) // SECOND_NS // bar_s for gap in gaps)
    assert len(found) + missing == (list(found)[-1] - next(iter(found))) // bar_s + 1


def test_what_is_missing_is_a_gap_and_no_bar() -> None:
    made, gaps = make(60, [second(1, "10"), second(2, "12"), second(200, "11")])
    assert [(one.bar.start_ns // SECOND_NS, one.bar.close, one.parts) for one in made] == [
        (0, Decimal(12), 2),
        (180, Decimal(11), 1),
    ]
    assert gaps == [Gap(60 * SECOND_NS, 180 * SECOND_NS)]


def test_sums_are_exact() -> None:
    made, _ = make(60, [second(at_s, "1", volume="0.1") for at_s in range(30)])
    assert made[0].bar.volume == Decimal("3.0")


@pytest.mark.parametrize(
    "bars",
    [
        [second(5, "1"), second(4, "1")],
        [second(5, "1"), second(5, "1")],
        [BarClosed(BTC, 59 * SECOND_NS, 61 * SECOND_NS, *[Decimal(1)] * 5, 1)],
        [BarClosed(BTC, 5, 5, *[Decimal(1)] * 5, 1)],
    ],
    ids=["earlier", "twice", "over two of ours", "empty"],
)
def test_what_does_not_fit_is_refused(bars: list[BarClosed]) -> None:
    with pytest.raises(BarsOutOfOrder, match="expected"):
        make(60, bars)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 1_000), st.integers(1, 50)), max_size=60),
    st.sampled_from((5, 20, 60)),
)
def test_bars_of_bars_are_the_bars_of_the_trades(trades: list[tuple[int, int, int]], bar_s: int) -> None:
    trades.sort(key=lambda trade: trade[0])
    straight, fine, coarse = (
        BarMaker(BTC, bar_s * SECOND_NS),
        BarMaker(BTC, SECOND_NS),
        BarMaker(BTC, bar_s * SECOND_NS),
    )
    direct, seconds = [], []
    for at_s, cents, size in trades:
        told = (at_s * SECOND_NS, Decimal(cents) / 100, Decimal(size))
        direct += straight.trade(*told)
        seconds += fine.trade(*told)
    direct += straight.finish()
    seconds += fine.finish()
    folded = [each for one in seconds for each in coarse.bar(one.bar)] + list(coarse.finish())
    assert [one.bar for one in folded] == [one.bar for one in direct]
    assert coarse.gaps == straight.gaps
