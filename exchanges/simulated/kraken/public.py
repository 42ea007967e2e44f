"""The public data of `/0/public`: parameters in, Kraken's JSON out."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ...market_events import TradeEvent
from ..bars import DAY_MS, Bar
from ..market import Market
from .desk import KrakenDesk, Parameters
from .errors import UNKNOWN_ASSET, UNKNOWN_PAIR, Refused, invalid
from .fees import TIERS
from .names import Pair, asset_altname, asset_id
from .payloads import decimals, rfc3339, seconds, text

INTERVALS = {1: "1m", 5: "5m", 15: "15m", 30: "30m", 60: "1h", 240: "4h", 1440: "1d", 10080: "1w"}
"""Kraken's minutes by the tape's names."""
BARS_MAX, DEPTH_MAX, TRADES_MAX = 720, 500, 1_000
LOT_DECIMALS = 8
ORDER_PRICE_DEFAULT = Decimal(0)


def server_time(desk: KrakenDesk, _params: Parameters) -> Any:
    now_ms = desk.told_ms()
    at = datetime.fromtimestamp(now_ms / 1_000, UTC)
    return {"unixtime": now_ms // 1_000, "rfc1123": at.strftime("%a, %d %b %y %H:%M:%S +0000")}


def system_status(desk: KrakenDesk, _params: Parameters) -> Any:
    return {"status": "online", "timestamp": rfc3339(desk.now_ms)}


def assets(desk: KrakenDesk, params: Parameters) -> Any:
    codes = dict.fromkeys(code for pair in desk.pairs.all for code in (pair.instrument.base, pair.instrument.quote))
    rows = {
        asset_id(code): {
            "aclass": "currency",
            "altname": asset_altname(code),
            "decimals": 10,
            "display_decimals": 5,
            "status": "enabled",
        }
        for code in codes
    }
    wanted = [*filter(None, params.get("asset", "").split(","))]
    by_name = {row["altname"]: name for name, row in rows.items()} | {name: name for name in rows}
    if any(name not in by_name for name in wanted):
        raise Refused(UNKNOWN_ASSET)
    return {by_name[name]: rows[by_name[name]] for name in wanted} if wanted else rows


def asset_pairs(desk: KrakenDesk, params: Parameters) -> Any:
    return {pair.id: _pair_row(pair) for pair in _pairs(desk, params)}


def ticker(desk: KrakenDesk, params: Parameters) -> Any:
    return {pair.id: _ticker(market_of(desk, pair), desk.now_ms) for pair in _pairs(desk, params)}


def depth(desk: KrakenDesk, params: Parameters) -> Any:
    pair = _pair(desk, params)
    market, count = market_of(desk, pair), _count(params, 100, DEPTH_MAX)
    places, at = decimals(pair.instrument.tick_size), desk.now_ms // 1_000
    shown = desk.book_shown(market, count)
    bids, asks = (
        [[text(price, places), text(size, 3), at] for price, size in levels] for levels in (shown.bids, shown.asks)
    )
    return {pair.id: {"asks": asks, "bids": bids}}


def trades(desk: KrakenDesk, params: Parameters) -> Any:
    """After `since` (ns, or s), oldest first; `last` is what to ask from next."""
    pair, since_ns = _pair(desk, params), _since_ns(params)
    found = [trade for trade in market_of(desk, pair).tape.trades if trade.trade_ms * 1_000_000 > since_ns]
    found = (
        found[: _count(params, TRADES_MAX, TRADES_MAX)]
        if since_ns
        else found[-_count(params, TRADES_MAX, TRADES_MAX) :]
    )
    last_ns = found[-1].trade_ms * 1_000_000 if found else since_ns
    return {pair.id: [_trade(trade, pair) for trade in found], "last": str(last_ns)}


def bars(desk: KrakenDesk, params: Parameters) -> Any:
    """The running one last; `last` is the newest that is complete."""
    pair, minutes = _pair(desk, params), params.get("interval", "1")
    if not minutes.isdecimal() or int(minutes) not in INTERVALS:
        raise invalid("interval")
    kept = market_of(desk, pair).tape.bars(INTERVALS[int(minutes)], desk.now_ms)[-BARS_MAX:]
    since = _since_ns(params) // 1_000_000
    rows = [_bar(bar, decimals(pair.instrument.tick_size)) for bar in kept if bar.start_ms >= since]
    return {pair.id: rows, "last": kept[-2].start_ms // 1_000 if len(kept) > 1 else 0}


def spread(desk: KrakenDesk, params: Parameters) -> Any:
    """Only as it stands: what it was is not kept."""
    pair, at = _pair(desk, params), desk.now_ms // 1_000
    market, places = market_of(desk, pair), decimals(_pair(desk, params).instrument.tick_size)
    bid, ask = next(market.levels("bid"), None), next(market.levels("ask"), None)
    rows = [[at, text(bid[0], places), text(ask[0], places)]] if bid and ask else []
    return {pair.id: rows, "last": at}


ROUTES: dict[str, Callable[[KrakenDesk, Parameters], Any]] = {
    "Time": server_time,
    "SystemStatus": system_status,
    "Assets": assets,
    "AssetPairs": asset_pairs,
    "Ticker": ticker,
    "Depth": depth,
    "Trades": trades,
    "OHLC": bars,
    "Spread": spread,
}


def market_of(desk: KrakenDesk, pair: Pair) -> Market:
    return desk.engine.markets[pair.venue_symbol]


def day_of(market: Market, now_ms: int) -> Bar | None:
    """The last 24 hours as one bar."""
    return market.tape.since(now_ms - DAY_MS)


def _pair(desk: KrakenDesk, params: Parameters) -> Pair:
    if (pair := desk.pairs.find(params.get("pair", ""))) is None:
        raise Refused(UNKNOWN_PAIR)
    return pair


def _pairs(desk: KrakenDesk, params: Parameters) -> tuple[Pair, ...]:
    """Those named, else all."""
    if not params.get("pair"):
        return desk.pairs.all
    return tuple(_pair(desk, {"pair": name}) for name in params["pair"].split(","))


def _pair_row(pair: Pair) -> Any:
    instrument = pair.instrument
    return {
        "altname": pair.altname,
        "wsname": pair.wsname,
        "aclass_base": "currency",
        "base": asset_id(instrument.base),
        "aclass_quote": "currency",
        "quote": asset_id(instrument.quote),
        "lot": "unit",
        "cost_decimals": decimals(instrument.tick_size) + 3,
        "pair_decimals": decimals(instrument.tick_size),
        "lot_decimals": LOT_DECIMALS,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": _fees("taker"),
        "fees_maker": _fees("maker"),
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": f"{instrument.min_amount:f}",
        "costmin": f"{instrument.min_notional:f}",
        "tick_size": f"{instrument.tick_size:f}",
        "status": "online",
    }


def _fees(kind: str) -> list[list[float]]:
    return [[float(tier.volume), float(getattr(tier, kind) * 100)] for tier in TIERS]


def _ticker(market: Market, now_ms: int) -> Any:
    places = decimals(market.instrument.tick_size)
    nothing = (ORDER_PRICE_DEFAULT, ORDER_PRICE_DEFAULT)
    bid, ask = (next(market.levels(side), nothing) for side in ("bid", "ask"))
    row: dict[str, Any] = {
        "a": [text(ask[0], places), str(int(ask[1])), text(ask[1], 3)],
        "b": [text(bid[0], places), str(int(bid[1])), text(bid[1], 3)],
    }
    day, kept = day_of(market, now_ms), market.tape.trades
    if day is None or not kept:
        return row | {
            "c": ["0", "0"],
            "v": ["0", "0"],
            "p": ["0", "0"],
            "t": [0, 0],
            "l": ["0"] * 2,
            "h": ["0"] * 2,
            "o": "0",
        }
    last, mean = kept[-1], day.quote_volume / day.volume
    return row | {
        "c": [text(last.price, places), text(last.size)],
        "v": [text(day.volume)] * 2,
        "p": [text(mean, places)] * 2,
        "t": [day.trades] * 2,
        "l": [text(day.low, places)] * 2,
        "h": [text(day.high, places)] * 2,
        "o": text(day.open, places),
    }


def _trade(trade: TradeEvent, pair: Pair) -> list[Any]:
    places = decimals(pair.instrument.tick_size)
    side = "s" if trade.buyer_is_maker else "b"
    return [text(trade.price, places), text(trade.size), seconds(trade.trade_ms), side, "m", "", trade.trade_id]


def _bar(bar: Bar, places: int) -> list[Any]:
    prices = [text(price, places) for price in (bar.open, bar.high, bar.low, bar.close)]
    mean = bar.quote_volume / bar.volume if bar.volume else Decimal(0)
    return [bar.start_ms // 1_000, *prices, text(mean, places), text(bar.volume), bar.trades]


def _count(params: Parameters, default: int, most: int) -> int:
    count = params.get("count", str(default))
    if not re.fullmatch("[0-9]{1,6}", count, re.ASCII):
        raise invalid("count")
    return max(1, min(int(count), most))


def _since_ns(params: Parameters) -> int:
    """Of seconds or nanoseconds, told apart by their length; 0 where none is given."""
    since = params.get("since", "0")
    if not re.fullmatch(r"[0-9]{1,19}(\.[0-9]{1,9})?", since, re.ASCII):
        raise invalid("since")
    return int(since) if len(since) > 15 and since.isdecimal() else int(Decimal(since) * 1_000_000_000)
