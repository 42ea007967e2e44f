from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.trading.bars import MAX_EMPTY_BARS, BarBuilder
from tradigrade.trading.messages import BarClosed, MarketDataUpdate
from tradigrade.trading.refills import MissedTrade

BAR_NS = 1000


def trade(at_ns: int, price: str, size: str = "1") -> MarketDataUpdate:
    return update("trade", at_ns, price=Decimal(price), size=Decimal(size), aggressor="buy")


def quote(at_ns: int, bid: str, ask: str) -> MarketDataUpdate:
    return update("quote", at_ns, bid=Decimal(bid), ask=Decimal(ask))


def update(kind: str, at_ns: int, **fields: object) -> MarketDataUpdate:
    base = dict.fromkeys(("bid", "bid_size", "ask", "ask_size"), Decimal(1))
    return MarketDataUpdate(
        **{"symbol": "BTC/USDT", "kind": kind, "venue_ns": 0, "received_ns": at_ns, "sequence": 1, **base, **fields}
    )


def prices(bar: BarClosed) -> tuple[str, str, str, str, str, int]:
    return str(bar.open), str(bar.high), str(bar.low), str(bar.close), str(bar.volume), bar.trades


def test_a_bar_holds_the_trades_before_its_end() -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    for at_ns, price in ((5000, "10"), (5100, "12"), (5200, "9"), (5999, "11")):
        assert builder.update(trade(at_ns, price, "0.5")) == ()
    (bar,) = builder.update(trade(6000, "20"))
    assert (bar.symbol, bar.start_ns, bar.end_ns) == ("BTC/USDT", 5000, 6000)
    assert prices(bar) == ("10", "12", "9", "11", "2.0", 4)


def test_a_bar_opens_at_its_first_trade_not_at_the_last_close() -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    builder.update(trade(5000, "10"))
    builder.update(trade(6500, "20"))
    (bar,) = builder.advance(7000)
    assert prices(bar) == ("20", "20", "20", "20", "1", 1)


def test_bars_start_at_multiples_of_their_length() -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    builder.update(trade(5432, "10"))
    assert builder.advance(5999) == ()
    (bar,) = builder.advance(6000)
    assert bar.start_ns == 5000


def test_a_bar_closes_at_its_end_without_any_update() -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    builder.update(trade(5000, "10"))
    bars = (*builder.advance(6000), *builder.advance(7000))
    assert [prices(bar) for bar in bars] == [("10", "10", "10", "10", "1", 1), ("10", "10", "10", "10", "0", 0)]
    assert builder.advance(7999) == ()


@pytest.mark.parametrize(
    "silent",
    [
        [],
        [quote(5000, "0", "10")],
        [quote(5000, "10", "0")],
        [trade(5000, "0")],
    ],
)
def test_there_is_no_bar_before_the_first_price(silent: list[MarketDataUpdate]) -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    assert [builder.update(one) for one in silent] == [()] * len(silent)
    assert builder.advance(10**12) == ()


def test_the_mid_stands_in_until_the_first_trade_and_never_after() -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    builder.update(quote(5000, "10", "12"))
    builder.update(quote(5100, "12", "14"))
    (mids,) = builder.advance(6000)
    assert prices(mids) == ("11", "13", "11", "13", "0", 0)
    builder.update(quote(6100, "20", "22"))
    builder.update(trade(6200, "15"))
    builder.update(quote(6300, "30", "32"))
    (traded,) = builder.advance(7000)
    assert prices(traded) == ("15", "15", "15", "15", "1", 1)


def test_a_late_update_counts_in_the_open_bar() -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    builder.update(trade(5000, "10"))
    builder.advance(6000)
    assert builder.update(trade(5999, "12")) == ()
    (bar,) = builder.advance(7000)
    assert prices(bar) == ("12", "12", "12", "12", "1", 1)


def test_a_long_silence_keeps_the_last_empty_bars_and_leaves_a_gap() -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    builder.update(trade(5000, "10"))
    first, *empty = builder.advance(10**9 + 1)
    assert (first.end_ns, first.trades) == (6000, 1)
    assert len(empty) == MAX_EMPTY_BARS
    assert (empty[0].start_ns, empty[-1].end_ns) == (10**9 - MAX_EMPTY_BARS * BAR_NS, 10**9)
    assert {prices(bar) for bar in empty} == {("10", "10", "10", "10", "0", 0)}


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 50), st.booleans()), min_size=1, max_size=40))
def test_bars_follow_each_other_and_count_every_trade_once(steps: list[tuple[int, int, bool]]) -> None:
    builder, now_ns, bars, sizes = BarBuilder("BTC/USDT", BAR_NS), 0, [], Decimal(0)
    for wait_ns, price, is_trade in steps:
        now_ns += wait_ns
        if is_trade:
            bars.extend(builder.update(trade(now_ns, str(price), "0.25")))
            sizes += Decimal("0.25")
        else:
            bars.extend(builder.advance(now_ns))
        assert all(bar.end_ns <= now_ns for bar in bars)
    bars.extend(builder.advance(now_ns + BAR_NS))
    assert [after.start_ns for after in bars[1:]] == [before.end_ns for before in bars[:-1]]
    assert sum((bar.volume for bar in bars), Decimal(0)) == sizes
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)


def test_a_bar_needs_a_length() -> None:
    with pytest.raises(ValueError, match="bar_ns must be positive, got 0"):
        BarBuilder("BTC/USDT", 0)


# -- trades that were left out ----------------------------------------------------------------------------------------


def missed(trade_id: int, at_ns: int, price: str) -> MissedTrade:
    return MissedTrade(trade_id, at_ns, Decimal(price), Decimal(1), "buy")


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ((missed(11, 5050, "30"),), ("10", "30", "9", "11", "5", 5)),
        ((missed(8, 5001, "30"),), ("30", "30", "9", "11", "5", 5)),
        ((missed(14, 5950, "8"), missed(15, 5960, "20")), ("10", "20", "8", "20", "6", 6)),
        ((missed(7, 4999, "30"),), ("10", "12", "9", "11", "4", 4)),
    ],
    ids=["between others", "before the first", "after the last", "of a bar that is closed"],
)
def test_a_trade_that_was_left_out_goes_where_it_belongs(left_out: tuple[MissedTrade, ...], expected: object) -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    for trade_id, at_ns, price in ((9, 5010, "10"), (10, 5020, "12"), (12, 5060, "9"), (13, 5900, "11")):
        builder.update(update("trade", at_ns, price=Decimal(price), size=Decimal(1), sequence=trade_id))
    assert builder.refill(left_out) == ((), int(left_out[0].trade_id == 7))
    (bar,) = builder.advance(6000)
    assert prices(bar) == expected


def test_trades_of_a_whole_pause_close_the_bars_that_they_belong_to() -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    builder.update(update("trade", 5010, price=Decimal(10), size=Decimal(1), sequence=1))
    closed, too_late = builder.refill([missed(2, 5500, "11"), missed(3, 6500, "12"), missed(4, 7100, "13")])
    assert [prices(bar)[3:] for bar in closed] == [("11", "2", 2), ("12", "1", 1)]
    assert too_late == 0


def test_a_trade_that_its_stream_tells_late_does_not_close_the_bar() -> None:
    builder = BarBuilder("BTC/USDT", BAR_NS)
    for trade_id, price in ((10, "10"), (12, "14"), (11, "9")):
        builder.update(update("trade", 5010, price=Decimal(price), size=Decimal(1), sequence=trade_id))
    (bar,) = builder.advance(6000)
    assert prices(bar) == ("10", "14", "9", "14", "3", 3)
