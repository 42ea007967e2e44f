"""Quotes, prices and the figures of a stretch of time, of one symbol, in Binance's JSON."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from ..market_events import TradeEvent
from .bars import DAY_MS, MINUTE_MS, Bar, end_of
from .market import Market
from .money import money, rounded
from .payloads import Json

AVERAGE_MINUTES = 5
NOTHING = "0.00000000"


def trade(event: TradeEvent) -> Json:
    return {
        "id": event.trade_id,
        "price": money(event.price),
        "qty": money(event.size),
        "quoteQty": money(event.price * event.size),
        "time": event.trade_ms,
        "isBuyerMaker": event.buyer_is_maker,
        "isBestMatch": True,
    }


def aggregate_trade(event: TradeEvent) -> Json:
    """Every trade is its own aggregate."""
    return {
        "a": event.trade_id,
        "p": money(event.price),
        "q": money(event.size),
        "f": event.trade_id,
        "l": event.trade_id,
        "T": event.trade_ms,
        "m": event.buyer_is_maker,
        "M": True,
    }


def kline(bar: Bar, interval: str) -> list[Any]:
    prices = [money(price) for price in (bar.open, bar.high, bar.low, bar.close)]
    taker = [money(bar.taker_volume), money(bar.taker_quote_volume)]
    end_ms = end_of(interval, bar.start_ms)
    return [bar.start_ms, *prices, money(bar.volume), end_ms, money(bar.quote_volume), bar.trades, *taker, "0"]


def book_ticker(market: Market, _now_ms: int = 0) -> Json:
    bid, ask = next(market.levels("bid"), None), next(market.levels("ask"), None)
    return {
        "symbol": market.instrument.venue_symbol,
        "bidPrice": money(bid[0]) if bid else NOTHING,
        "bidQty": money(bid[1]) if bid else NOTHING,
        "askPrice": money(ask[0]) if ask else NOTHING,
        "askQty": money(ask[1]) if ask else NOTHING,
    }


def price_ticker(market: Market, _now_ms: int = 0) -> Json:
    return {"symbol": market.instrument.venue_symbol, "price": money(market.last_price or Decimal(0))}


def average_price(market: Market, now_ms: int) -> Json:
    """Of the last minutes by volume; the last price where nobody traded in them."""
    bar = market.tape.since(now_ms - AVERAGE_MINUTES * MINUTE_MS)
    price = _average(bar) if bar else market.last_price or Decimal(0)
    return {"mins": AVERAGE_MINUTES, "price": rounded(price), "closeTime": _last_trade_ms(market, now_ms)}


def mini_ticker(market: Market, now_ms: int, span_ms: int = DAY_MS) -> Json:
    """The figures of the time back from now, as far as trades are kept."""
    bar = market.tape.since(now_ms - span_ms)
    last = market.last_price or Decimal(0)
    whole = bar or Bar.flat(now_ms - span_ms, last)
    return {
        "symbol": market.instrument.venue_symbol,
        "openPrice": money(whole.open),
        "highPrice": money(whole.high),
        "lowPrice": money(whole.low),
        "lastPrice": money(last),
        "volume": money(whole.volume),
        "quoteVolume": money(whole.quote_volume),
        "openTime": now_ms - span_ms,
        "closeTime": now_ms,
        "firstId": whole.first_id,
        "lastId": whole.last_id,
        "count": whole.trades,
    }


def window_ticker(market: Market, now_ms: int, span_ms: int = DAY_MS) -> Json:
    """With the change over it."""
    mini = mini_ticker(market, now_ms, span_ms)
    first, last = Decimal(mini["openPrice"]), Decimal(mini["lastPrice"])
    volume, value = Decimal(mini["volume"]), Decimal(mini["quoteVolume"])
    return mini | {
        "priceChange": money(last - first),
        "priceChangePercent": f"{(last - first) / first * 100 if first else first:.3f}",
        "weightedAvgPrice": rounded(value / volume if volume else last),
    }


def day_ticker(market: Market, now_ms: int) -> Json:
    """With the best quote."""
    day = window_ticker(market, now_ms)
    size = market.tape.trades[-1].size if market.tape.trades else Decimal(0)
    return day | book_ticker(market) | {"prevClosePrice": day["openPrice"], "lastQty": money(size)}


Described = Callable[[Market, int], Json]


def described(markets: Iterable[Market], describe: Described, now_ms: int) -> list[Json]:
    return [describe(market, now_ms) for market in markets]


def _average(bar: Bar) -> Decimal:
    return bar.quote_volume / bar.volume if bar.volume else bar.close


def _last_trade_ms(market: Market, now_ms: int) -> int:
    return market.tape.trades[-1].trade_ms if market.tape.trades else now_ms
