"""The public data of `/api/v3`: parameters in, Binance's JSON out."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from . import payloads
from .desk import Desk
from .errors import INVALID_INTERVAL, RequestRefused, missing
from .market import Market
from .parameters import Parameters, read_limit, read_text
from .payloads import money
from .tape import MINUTE_MS, MinuteBar


def ping(_desk: Desk, _params: Parameters) -> Any:
    return {}


def server_time(desk: Desk, _params: Parameters) -> Any:
    return {"serverTime": desk.now_ms}


def exchange_info(desk: Desk, params: Parameters) -> Any:
    symbols = _symbols(params) or list(desk.engine.markets)
    return payloads.exchange_info(desk.engine, symbols, desk.weight.limit, desk.now_ms)


def depth(desk: Desk, params: Parameters) -> Any:
    return payloads.depth(_market(desk, params), read_limit(params, 100, 5_000))


def trades(desk: Desk, params: Parameters) -> Any:
    return [
        {
            "id": trade.trade_id,
            "price": money(trade.price),
            "qty": money(trade.size),
            "quoteQty": money(trade.price * trade.size),
            "time": trade.trade_ms,
            "isBuyerMaker": trade.buyer_is_maker,
            "isBestMatch": True,
        }
        for trade in list(_market(desk, params).tape.trades)[-read_limit(params, 500, 1_000) :]
    ]


def aggregate_trades(desk: Desk, params: Parameters) -> Any:
    """Every trade is its own aggregate."""
    return [
        {
            "a": trade.trade_id,
            "p": money(trade.price),
            "q": money(trade.size),
            "f": trade.trade_id,
            "l": trade.trade_id,
            "T": trade.trade_ms,
            "m": trade.buyer_is_maker,
            "M": True,
        }
        for trade in list(_market(desk, params).tape.trades)[-read_limit(params, 500, 1_000) :]
    ]


def klines(desk: Desk, params: Parameters) -> Any:
    """Minute bars of the trades seen, oldest first; no other interval."""
    if read_text(params, "interval") != "1m":
        raise RequestRefused(INVALID_INTERVAL)
    bars = list(_market(desk, params).tape.bars)[-read_limit(params, 500, 1_000) :]
    return [_kline(bar) for bar in bars]


def book_ticker(desk: Desk, params: Parameters) -> Any:
    return _each(desk, params, _book_ticker)


def day_ticker(desk: Desk, params: Parameters) -> Any:
    return _each(desk, params, _day_ticker)


class PublicRoute(NamedTuple):
    run: Callable[[Desk, Parameters], Any]
    weight: int


ROUTES: dict[str, PublicRoute] = {
    "/api/v3/ping": PublicRoute(ping, 1),
    "/api/v3/time": PublicRoute(server_time, 1),
    "/api/v3/exchangeInfo": PublicRoute(exchange_info, 20),
    "/api/v3/depth": PublicRoute(depth, 5),
    "/api/v3/trades": PublicRoute(trades, 25),
    "/api/v3/aggTrades": PublicRoute(aggregate_trades, 4),
    "/api/v3/klines": PublicRoute(klines, 2),
    "/api/v3/ticker/bookTicker": PublicRoute(book_ticker, 4),
    "/api/v3/ticker/24hr": PublicRoute(day_ticker, 2),
}


def _market(desk: Desk, params: Parameters) -> Market:
    return desk.engine.market(read_text(params, "symbol"))


def _symbols(params: Parameters) -> list[str]:
    if "symbols" not in params:
        return [params["symbol"]] if "symbol" in params else []
    try:
        return msgspec.json.decode(params["symbols"], type=list[str])
    except msgspec.DecodeError:
        raise RequestRefused(missing("symbols")) from None


def _each(desk: Desk, params: Parameters, describe: Callable[[Market], Any]) -> Any:
    """Of one symbol where it is named, else a list of several."""
    if "symbol" in params:
        return describe(_market(desk, params))
    return [describe(desk.engine.market(symbol)) for symbol in _symbols(params) or desk.engine.markets]


def _kline(bar: MinuteBar) -> list[Any]:
    prices = [money(price) for price in (bar.open, bar.high, bar.low, bar.close)]
    taker = [money(bar.taker_volume), money(bar.taker_quote_volume)]
    end_ms = bar.start_ms + MINUTE_MS - 1
    return [bar.start_ms, *prices, money(bar.volume), end_ms, money(bar.quote_volume), bar.trades, *taker, "0"]


def _book_ticker(market: Market) -> Any:
    nothing = "0.00000000"
    bid, ask = next(market.levels("bid"), None), next(market.levels("ask"), None)
    return {
        "symbol": market.instrument.venue_symbol,
        "bidPrice": money(bid[0]) if bid else nothing,
        "bidQty": money(bid[1]) if bid else nothing,
        "askPrice": money(ask[0]) if ask else nothing,
        "askQty": money(ask[1]) if ask else nothing,
    }


def _day_ticker(market: Market) -> Any:
    """Of the minutes kept, which may be fewer than a day's."""
    bars = market.tape.bars
    quote = {key: value for key, value in _book_ticker(market).items() if key != "symbol"}
    if not bars:
        return {"symbol": market.instrument.venue_symbol, "lastPrice": "0.00000000", "count": 0} | quote
    volume, value = sum(bar.volume for bar in bars), sum(bar.quote_volume for bar in bars)
    first, last = bars[0].open, bars[-1].close
    return quote | {
        "symbol": market.instrument.venue_symbol,
        "priceChange": money(last - first),
        "priceChangePercent": f"{(last - first) / first * 100:.3f}",
        "weightedAvgPrice": f"{value / volume:.8f}",
        "prevClosePrice": money(first),
        "lastPrice": money(last),
        "lastQty": money(market.tape.trades[-1].size),
        "openPrice": money(first),
        "highPrice": money(max(bar.high for bar in bars)),
        "lowPrice": money(min(bar.low for bar in bars)),
        "volume": f"{volume:.8f}",
        "quoteVolume": f"{value:.8f}",
        "openTime": bars[0].start_ms,
        "closeTime": market.tape.trades[-1].trade_ms,
        "firstId": market.tape.trades[0].trade_id,
        "lastId": market.tape.trades[-1].trade_id,
        "count": sum(bar.trades for bar in bars),
    }
