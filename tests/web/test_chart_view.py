"""What the console keeps of the markets that somebody looks at."""

from decimal import Decimal

import msgspec

from tests.web.samples import NOW, S
from tradigrade.trading.candles import Candle
from tradigrade.trading.views import FillView
from tradigrade.transports.control import ChartAnswered, ChartAsked
from tradigrade.web.answers import WANTED_NS
from tradigrade.web.chart_view import CANDLES_KEPT, FILLS_KEPT, WINDOWS_MAX, ChartWindows

BTC = "BTC/USDT"


def candle(second: int, close: float = 2.0) -> Candle:
    return Candle(second * S, 1.0, 3.0, 0.5, close, 7.0)


def fill(number: int) -> FillView:
    return FillView(f"tg-{number}", BTC, "buy", Decimal(2), Decimal(1), Decimal(0), "USDT", number * S)


def answer(*candles: Candle, fills: tuple[FillView, ...] = (), interval_ns: int = S) -> ChartAnswered:
    levels = ((Decimal("1.9"), Decimal(4)),)
    return ChartAnswered(BTC, interval_ns, candles, levels, levels, fills)


def test_a_symbol_is_asked_for_while_somebody_looks_at_it_and_only_what_is_new() -> None:
    charts = ChartWindows()
    assert charts.wanted(NOW) == []
    charts.look(BTC, NOW)
    assert charts.wanted(NOW) == [ChartAsked(BTC, 0)]
    charts.hear(answer(candle(1), candle(2)), NOW)
    assert charts.wanted(NOW) == [ChartAsked(BTC, 2 * S)]
    assert charts.wanted(NOW + WANTED_NS) == []


def test_candles_and_fills_outlive_the_trader_that_told_them() -> None:
    charts = ChartWindows()
    charts.look(BTC, NOW)
    charts.hear(answer(candle(1), candle(2), fills=(fill(1),)), NOW)
    charts.hear(answer(candle(2, close=2.5), candle(5), fills=(fill(1), fill(5))), NOW)
    seen = charts.look(BTC, NOW)
    assert [row[0] for row in seen["candles"]] == [1_000, 2_000, 5_000]
    assert seen["candles"][1][4] == 2.5, "the open candle is replaced"
    assert [row["client_id"] for row in seen["fills"]] == ["tg-1", "tg-5"]
    assert seen["bids"] == [["1.9", "4"]]
    assert seen["interval_ms"] == 1_000


def test_coarse_candles_are_kept_beside_the_fine_ones() -> None:
    charts = ChartWindows()
    charts.look(BTC, NOW)
    charts.hear(msgspec.structs.replace(answer(candle(60)), coarse=(candle(0),)), NOW)
    charts.hear(msgspec.structs.replace(answer(candle(121)), coarse=(candle(0, close=2.5), candle(60))), NOW)
    seen = charts.look(BTC, NOW)
    assert [row[0] for row in seen["candles"]] == [60_000, 121_000]
    assert [(row[0], row[4]) for row in seen["coarse"]] == [(0, 2.5), (60_000, 2.0)]


def test_another_interval_begins_anew() -> None:
    charts = ChartWindows()
    charts.look(BTC, NOW)
    charts.hear(answer(candle(1), candle(2)), NOW)
    charts.hear(answer(candle(8), interval_ns=4 * S), NOW)
    assert [row[0] for row in charts.look(BTC, NOW)["candles"]] == [8_000]


def test_silence_of_the_portfolio_is_told_with_what_is_known() -> None:
    charts = ChartWindows()
    assert charts.look(BTC, NOW)["fault"] == "not asked yet"
    charts.hear(answer(candle(1)), NOW)
    charts.miss(BTC, "timed out")
    charts.miss("ETH/USDT", "nobody looks at it")
    late = charts.look(BTC, NOW + 60 * S)
    assert "timed out" in late["fault"]
    assert late["candles"]


def test_everything_is_bounded() -> None:
    charts = ChartWindows()
    charts.look(BTC, NOW)
    many = tuple(candle(second) for second in range(2 * CANDLES_KEPT))
    charts.hear(answer(*many, fills=tuple(map(fill, range(2 * FILLS_KEPT)))), NOW)
    seen = charts.look(BTC, NOW)
    assert len(seen["candles"]) == CANDLES_KEPT
    assert len(seen["fills"]) == FILLS_KEPT
    for number in range(WINDOWS_MAX + 3):
        charts.look(f"C{number}/USDT", NOW)
    assert len(charts.wanted(NOW)) == WINDOWS_MAX
    charts.hear(answer(candle(1)), NOW)
    assert charts.look(BTC, NOW)["candles"] == [], "it was forgotten"


def test_what_is_not_finite_is_shown_as_nothing() -> None:
    charts = ChartWindows()
    charts.look(BTC, NOW)
    charts.hear(answer(Candle(S, float("nan"), float("inf"), 1.0, 1.0, 1.0)), NOW)
    assert charts.look(BTC, NOW)["candles"] == [[1_000, None, None, 1.0, 1.0, 1.0]]
