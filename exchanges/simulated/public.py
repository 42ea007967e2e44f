"""The public data: parameters in, Binance's JSON out, the same by REST and by WebSocket."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ..decoding import Malformed
from . import payloads, tickers
from .bars import DAY_MS, HOUR_MS, INTERVALS, MINUTE_MS
from .desk import Desk, PublicCall
from .errors import DUPLICATE_SYMBOLS, INVALID_INTERVAL, RequestRefused, illegal, missing, missing_both
from .market import Market
from .parameters import Parameters, names, read_integer, read_limit, read_text

ROWS_DEFAULT, ROWS_MAX = 500, 1_000
DEPTH_DEFAULT, DEPTH_MAX = 100, 5_000
SYMBOLS_FORM = '^\\[(\\"[A-Z0-9-_.]{1,20}\\")(,\\"[A-Z0-9-_.]{1,20}\\")*\\]$'
WINDOW_UNITS_MS = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
WINDOW_FORM = "^[1-9][0-9]?[mhd]$"
WINDOW_MAX = {"m": 59, "h": 23, "d": 7}


def ping(_desk: Desk, _params: Parameters) -> Any:
    return {}


def server_time(desk: Desk, _params: Parameters) -> Any:
    return {"serverTime": desk.told_ms()}


def exchange_info(desk: Desk, params: Parameters) -> Any:
    """Of the symbols named, or of all: every one may be traded by `SPOT`, and by no other permission."""
    symbols = read_symbols(params) or list(desk.engine.markets)
    if params.get("permissions", "SPOT").strip('[]"') != "SPOT":
        symbols = []
    info = payloads.exchange_info(desk.engine, symbols, desk.weight.limit, desk.now_ms)
    info["rateLimits"] = desk.describe_limits()
    for symbol in info["symbols"]:
        symbol["status"] = "BREAK" if desk.is_halted(symbol["symbol"]) else "TRADING"
    return info


def depth(desk: Desk, params: Parameters) -> Any:
    return payloads.depth(desk.book_shown(_market(desk, params), read_limit(params, DEPTH_DEFAULT, DEPTH_MAX)))


def trades(desk: Desk, params: Parameters) -> Any:
    newest = list(_market(desk, params).tape.trades)[-read_limit(params, ROWS_DEFAULT, ROWS_MAX) :]
    return [tickers.trade(each) for each in newest]


def historical_trades(desk: Desk, params: Parameters) -> Any:
    """From `fromId` on where given, else the newest."""
    return [tickers.trade(each) for each in _trades(desk, params)]


def aggregate_trades(desk: Desk, params: Parameters) -> Any:
    """From `fromId` or `startTime` on where given, else the newest."""
    return [tickers.aggregate_trade(each) for each in _trades(desk, params)]


def klines(desk: Desk, params: Parameters) -> Any:
    """From `startTime` on where given, else the newest; oldest first."""
    market, interval = _market(desk, params), read_text(params, "interval")
    if interval not in INTERVALS:
        raise RequestRefused(INVALID_INTERVAL)
    since_ms, until_ms = read_integer(params, "startTime"), read_integer(params, "endTime")
    bars = [
        bar
        for bar in market.tape.bars(interval, desk.now_ms)
        if (since_ms is None or bar.start_ms >= since_ms) and (until_ms is None or bar.start_ms <= until_ms)
    ]
    limit = read_limit(params, ROWS_DEFAULT, ROWS_MAX)
    return [tickers.kline(bar, interval) for bar in (bars[:limit] if since_ms is not None else bars[-limit:])]


def average_price(desk: Desk, params: Parameters) -> Any:
    return tickers.average_price(_market(desk, params), desk.now_ms)


def book_ticker(desk: Desk, params: Parameters) -> Any:
    return _each(desk, params, tickers.book_ticker)


def price_ticker(desk: Desk, params: Parameters) -> Any:
    return _each(desk, params, tickers.price_ticker)


def day_ticker(desk: Desk, params: Parameters) -> Any:
    return _each(desk, params, tickers.mini_ticker if _mini(params) else tickers.day_ticker)


def trading_day_ticker(desk: Desk, params: Parameters) -> Any:
    """Since the UTC day began."""
    return _over(desk, params, desk.now_ms % DAY_MS)


def window_ticker(desk: Desk, params: Parameters) -> Any:
    text = params.get("windowSize", "1d")
    count, unit = text[:-1], text[-1:]
    if not re.fullmatch(WINDOW_FORM, text, re.ASCII) or int(count) > WINDOW_MAX[unit]:
        raise RequestRefused(illegal("windowSize", WINDOW_FORM))
    return _over(desk, params, int(count) * WINDOW_UNITS_MS[unit])


Weigh = Callable[[Parameters], int]


def _weighs(weight: int) -> Weigh:
    return lambda _: weight


def _by_symbol(one: int, several: int) -> Weigh:
    """What names no single symbol weighs more."""
    return lambda params: one if params.get("symbol") else several


def _of_depth(params: Parameters) -> int:
    limit = read_limit(params, DEPTH_DEFAULT, DEPTH_MAX)
    return next(weight for most, weight in ((100, 5), (500, 25), (1_000, 50), (DEPTH_MAX, 250)) if limit <= most)


def _of_day(params: Parameters) -> int:
    count = 1 if params.get("symbol") else len(read_symbols(params)) or 1_000
    return 2 if count <= 20 else 40 if count <= 100 else 80


def _by_count(params: Parameters) -> int:
    count = 1 if params.get("symbol") else max(1, len(read_symbols(params)))
    return min(4 * count, 200)


SYMBOL, ROWS, SPAN = names("symbol"), names("symbol limit"), names("symbol limit startTime endTime")
SYMBOLS = names("symbol symbols")
KLINES = PublicCall(klines, _weighs(2), SPAN | names("interval timeZone"))

CALLS: dict[str, PublicCall] = {
    "ping": PublicCall(ping, _weighs(1)),
    "time": PublicCall(server_time, _weighs(1)),
    "exchangeInfo": PublicCall(exchange_info, _weighs(20), SYMBOLS | names("permissions showPermissionSets")),
    "depth": PublicCall(depth, _of_depth, ROWS),
    "trades": PublicCall(trades, _weighs(25), ROWS),
    "historicalTrades": PublicCall(historical_trades, _weighs(25), ROWS | names("fromId")),
    "aggTrades": PublicCall(aggregate_trades, _weighs(4), SPAN | names("fromId")),
    "klines": KLINES,
    "uiKlines": KLINES,
    "avgPrice": PublicCall(average_price, _weighs(2), SYMBOL),
    "ticker/24hr": PublicCall(day_ticker, _of_day, SYMBOLS | names("type")),
    "ticker/tradingDay": PublicCall(trading_day_ticker, _by_count, SYMBOLS | names("timeZone type")),
    "ticker/price": PublicCall(price_ticker, _by_symbol(2, 4), SYMBOLS),
    "ticker/bookTicker": PublicCall(book_ticker, _by_symbol(2, 4), SYMBOLS),
    "ticker": PublicCall(window_ticker, _by_count, SYMBOLS | names("windowSize type")),
}
"""By their paths below `/api/v3`."""
NAMES = {
    "trades": "trades.recent",
    "historicalTrades": "trades.historical",
    "aggTrades": "trades.aggregate",
    "ticker/bookTicker": "ticker.book",
}
"""Those that the WebSocket API calls otherwise; the rest by a dot for every slash."""
BY_PATH = {f"/api/v3/{name}": call for name, call in CALLS.items()}
BY_METHOD = {NAMES.get(name, name.replace("/", ".")): call for name, call in CALLS.items()}


def read_symbols(params: Parameters) -> list[str]:
    """The symbols named, none where none is. Raises RequestRefused."""
    if "symbols" not in params:
        return [params["symbol"]] if params.get("symbol") else []
    try:
        symbols = msgspec.json.decode(params["symbols"], type=list[str])
    except Malformed:
        raise RequestRefused(illegal("symbols", SYMBOLS_FORM)) from None
    if not symbols:
        raise RequestRefused(missing("symbols"))
    if len(set(symbols)) < len(symbols):
        raise RequestRefused(DUPLICATE_SYMBOLS)
    return symbols


def _market(desk: Desk, params: Parameters) -> Market:
    return desk.engine.market(read_text(params, "symbol"))


def _each(desk: Desk, params: Parameters, describe: tickers.Described) -> Any:
    """Of one symbol where it is named, else a list of several."""
    if params.get("symbol"):
        return describe(_market(desk, params), desk.now_ms)
    markets: Iterable[Market] = [desk.engine.market(symbol) for symbol in read_symbols(params)]
    return tickers.described(markets or desk.engine.markets.values(), describe, desk.now_ms)


def _over(desk: Desk, params: Parameters, span_ms: int) -> Any:
    if not read_symbols(params):
        raise RequestRefused(missing_both("symbol", "symbols"))
    describe = tickers.mini_ticker if _mini(params) else tickers.window_ticker
    return _each(desk, params, lambda market, now_ms: describe(market, now_ms, span_ms))


def _mini(params: Parameters) -> bool:
    return params.get("type") == "MINI"


def _trades(desk: Desk, params: Parameters) -> list[Any]:
    first, limit = read_integer(params, "fromId"), read_limit(params, ROWS_DEFAULT, ROWS_MAX)
    since_ms, until_ms = read_integer(params, "startTime"), read_integer(params, "endTime")
    found = [
        trade
        for trade in _market(desk, params).tape.trades
        if trade.trade_id >= (first or 0)
        and (since_ms is None or trade.trade_ms >= since_ms)
        and (until_ms is None or trade.trade_ms <= until_ms)
    ]
    return found[-limit:] if first is None and since_ms is None else found[:limit]
