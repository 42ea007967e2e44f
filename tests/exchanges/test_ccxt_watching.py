"""Every stream of ccxt.pro's over the venue's own sockets, and its books and reports after each fault."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import ccxt
import pytest

from tests.kit.ccxt_bench import CcxtBench, open_bench

BTC, ETH = "BTC/USDT", "ETH/USDT"
COMPARED = 5
MANY = 1_000_000


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CcxtBench]:
    yield from open_bench(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def calm(bench: CcxtBench) -> None:
    bench.calm()
    bench.venue.fired.clear()


def day(ticker: Any) -> bool:
    return bool(
        ticker["last"] in (20_000, 20_001) and ticker["high"] == 20_001 and ticker["open"] == 20_000
        and ticker["baseVolume"] > 0
    )  # fmt: skip


def traded(trades: Any) -> bool:
    return all(trade["price"] in (20_000, 20_001, 1_000, 1_001) and trade["amount"] == 0.5 for trade in trades)


def stands(book: Any) -> bool:
    return book["bids"][0] == [19_999, 1.5] and book["asks"][0] == [20_001, 1.5]


STREAMS: dict[str, tuple[Callable[[Any], Awaitable[Any]], Callable[[Any], Any]]] = {
    "watch_trades": (lambda x: x.watch_trades(BTC), traded),
    "watch_trades, aggregate": (
        lambda x: x.watch_trades(ETH, params={"name": "aggTrade"}),
        lambda r: traded(r) and r[-1]["info"]["e"] == "aggTrade",
    ),
    "watch_trades_for_symbols": (lambda x: x.watch_trades_for_symbols([BTC, ETH]), traded),
    "watch_ticker": (lambda x: x.watch_ticker(BTC), lambda r: day(r) and r["bid"] is None),
    "watch_ticker, full": (
        lambda x: x.watch_ticker(BTC, {"name": "ticker"}),
        lambda r: day(r) and (r["bid"], r["ask"]) == (19_999, 20_001),
    ),
    "watch_tickers": (lambda x: x.watch_tickers([BTC]), lambda r: day(r[BTC])),
    "watch_tickers of all": (lambda x: x.watch_tickers(), lambda r: set(r) <= {BTC, ETH} and r),
    "watch_bids_asks": (
        lambda x: x.watch_bids_asks([BTC]),
        lambda r: (r[BTC]["bid"], r[BTC]["ask"]) == (19_999, 20_001),
    ),
    "watch_order_book": (lambda x: x.watch_order_book(BTC), stands),
    "watch_order_book_for_symbols": (
        lambda x: x.watch_order_book_for_symbols([BTC, ETH]),
        lambda r: r["bids"][0][1] == 1.5,
    ),
    "watch_ohlcv": (lambda x: x.watch_ohlcv(BTC, "1m"), lambda r: r[-1][1] in (20_000, 20_001) and r[-1][5] > 0),
    "watch_ohlcv, seconds": (lambda x: x.watch_ohlcv(BTC, "1s"), lambda r: r[-1][0] % 1_000 == 0),
    "watch_ohlcv_for_symbols": (lambda x: x.watch_ohlcv_for_symbols([[ETH, "5m"]]), lambda r: r[ETH]["5m"][-1][5] > 0),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream(bench: CcxtBench, name: str) -> None:
    watch, check = STREAMS[name]

    async def scenario() -> Any:
        exchange = bench.exchange()
        try:
            return await watch(exchange)
        finally:
            bench.leave(exchange)

    assert check(bench.run(scenario()))


def test_whoever_stops_to_watch_hears_no_more(bench: CcxtBench) -> None:
    async def scenario() -> Any:
        exchange = bench.exchange()
        before = set(bench.venue._feeds.names)
        await exchange.watch_trades(ETH)
        await exchange.watch_order_book(ETH)
        during = set(bench.venue._feeds.names) - before
        await exchange.un_watch_trades(ETH)
        await exchange.un_watch_order_book(ETH)
        after = set(bench.venue._feeds.names) - before
        bench.leave(exchange)
        return during, after

    assert bench.run(scenario()) == ({"ethusdt@trade", "ethusdt@depth@100ms"}, set())


async def equal_books(bench: CcxtBench, exchange: Any, symbol: str = BTC, retries: int = 50) -> int:
    """Compares ccxt's book with the venue's at equal nonce some times; how often ccxt had to begin anew."""
    market = bench.venue.engine.market(symbol.replace("/", ""))
    compared = begun_anew = 0
    while compared < COMPARED:
        try:
            book = await asyncio.wait_for(exchange.watch_order_book(symbol), 1.0)
        except (ccxt.BaseError, TimeoutError):
            begun_anew += 1
            assert begun_anew < retries
            continue
        if book["nonce"] == market.last_update_id:
            for ours, theirs in (("bid", "bids"), ("ask", "asks")):
                expected = [[float(price), float(size)] for price, size in market.book.levels(ours)]
                assert [list(level[:2]) for level in book[theirs]] == expected
            compared += 1
    return begun_anew


BOOK_FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "diff lost": {"diff_lost": 2},
    "diffs held back": {"diff_held": 5},
    "silent": {"market_silent": 60},
    "silent symbol": {"symbol_silent": 20},
    "halted symbol": {"symbol_halted": 1},
    "cut": {"market_cut": 1},
    "snapshot lost": {"snapshot_lost": 1, "market_cut": 1},
    "stale snapshot": {"snapshot_stale": 1},
    "streams down": {"streams_down": 2},
    "maintenance": {"maintenance": 3},
    "overloaded": {"overloaded": 1, "market_cut": 1},
    "symbol down": {"symbol_down": 1, "market_cut": 1},
    "malformed": {"frame_malformed": 1},
}


@pytest.mark.parametrize("name", BOOK_FAULTS)
def test_after_a_fault_the_book_is_the_venues_again(bench: CcxtBench, name: str) -> None:
    faults = BOOK_FAULTS[name]

    async def scenario() -> Any:
        exchange = bench.exchange()
        try:
            await equal_books(bench, exchange)
            for fault, value in faults.items():
                setattr(bench.venue.faults, fault, value)
            if name == "stale snapshot":  # that it is, by some diffs
                await asyncio.sleep(0.1)
                bench.venue.faults.market_cut = 1
            if name == "halted symbol":
                await asyncio.sleep(0.05)
                bench.venue.faults.symbol_halted = 0
            return await equal_books(bench, exchange)
        finally:
            bench.leave(exchange)

    begun_anew = bench.run(scenario())
    left = {fault: getattr(bench.venue.faults, fault) for fault in faults}
    assert not any(left.values()), left
    if name in ("diff lost", "cut", "silent", "streams down", "halted symbol", "stale snapshot"):
        assert begun_anew


def test_a_crossed_book_is_the_venues_again_once_it_is_asked_for_anew(bench: CcxtBench) -> None:
    async def scenario() -> Any:
        exchange = bench.exchange()
        await exchange.watch_order_book(BTC)
        bench.venue.faults.frame_crossed = 30
        while (book := await exchange.watch_order_book(BTC))["bids"][0][0] < book["asks"][0][0]:
            pass
        bench.venue.faults.frame_crossed = 0
        await exchange.un_watch_order_book(BTC)
        await equal_books(bench, exchange)
        bench.leave(exchange)

    bench.run(scenario())


def test_the_slow_diffs_make_the_same_book(bench: CcxtBench) -> None:
    async def scenario() -> Any:
        exchange = bench.exchange()
        exchange.options["watchOrderBookRate"] = "1000"
        seen = []
        for _ in range(3):
            book = await exchange.watch_order_book(ETH)
            seen.append((book["nonce"], [list(level[:2]) for level in book["bids"]]))
        bench.leave(exchange)
        return seen

    seen = bench.run(scenario())
    assert all(before[0] < after[0] for before, after in itertools.pairwise(seen))
    for nonce, bids in seen:
        deepest = 5 + (nonce // 10 - 1) % 7 / 10 if nonce > 10 else 5.5
        assert bids == [[999, 1.5], [998, 2.5], [997, 3.5], [996, 4.5], [995, deepest]]


async def hear(bench: CcxtBench, watch: str, act: Callable[[Any], Awaitable[Any]], **faults: Any) -> tuple[Any, Any]:
    """What the first answer of a watching call is, after something was done."""
    exchange = bench.exchange()
    heard = asyncio.ensure_future(getattr(exchange, watch)(*([] if watch == "watch_balance" else [BTC])))
    while not len(bench.venue._accounts):  # noqa: ASYNC110
        await asyncio.sleep(0.002)
    for fault, value in faults.items():
        setattr(bench.venue.faults, fault, value)
    done = await act(bench.ccxt)
    result = await heard
    bench.leave(exchange)
    while len(bench.venue._accounts):  # noqa: ASYNC110
        await asyncio.sleep(0.002)
    return done, result


def place(x: Any) -> Any:
    return x.create_order(BTC, "limit", "buy", 0.01, 19_000)


def buy(x: Any) -> Any:
    return x.create_order(BTC, "market", "buy", 0.01)


def test_watch_orders_hears_of_an_order(bench: CcxtBench) -> None:
    done, heard = bench.run(hear(bench, "watch_orders", place))
    assert [(order["id"], order["status"], order["price"]) for order in heard] == [(done["id"], "open", 19_000)]


def test_watch_my_trades_hears_of_a_fill(bench: CcxtBench) -> None:
    done, heard = bench.run(hear(bench, "watch_my_trades", buy))
    assert [(trade["order"], trade["price"], trade["amount"]) for trade in heard] == [(done["id"], 20_001, 0.01)]


def test_watch_balance_hears_of_what_changed(bench: CcxtBench) -> None:
    _, heard = bench.run(hear(bench, "watch_balance", place))
    assert heard["USDT"]["used"] == 190


def test_a_report_that_comes_twice_is_one_order(bench: CcxtBench) -> None:
    done, heard = bench.run(hear(bench, "watch_orders", place, event_duplicated=2))
    assert [order["id"] for order in heard] == [done["id"]]


def test_a_report_may_come_after_the_answer(bench: CcxtBench) -> None:
    async def scenario() -> Any:
        bench.venue.faults.delay_s = 0.1
        answered: list[float] = []
        loop = asyncio.get_running_loop()

        async def act(x: Any) -> Any:
            order = await place(x)
            answered.append(loop.time())
            return order

        done, heard = await hear(bench, "watch_orders", act, event_delayed=1)
        return done["id"] == heard[-1]["id"], loop.time() - answered[0]

    same, later_s = bench.run(scenario())
    assert same
    assert later_s > 0.08


def test_an_answer_may_come_after_its_report(bench: CcxtBench) -> None:
    async def scenario() -> Any:
        exchange = bench.exchange()
        heard = asyncio.ensure_future(exchange.watch_orders(BTC))
        while not len(bench.venue._accounts):  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        bench.venue.faults.delay_s, bench.venue.faults.place_late = 0.1, 1
        asked = asyncio.ensure_future(exchange.create_order_ws(BTC, "limit", "buy", 0.01, 19_000))
        report = await heard
        early = not asked.done()
        answer = await asked
        bench.leave(exchange)
        return early, report[-1]["id"] == answer["id"]

    assert bench.run(scenario()) == (True, True)
