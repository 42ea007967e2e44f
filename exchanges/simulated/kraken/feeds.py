"""Market channels of Kraken's WebSocket v2: who subscribed to what, and what each of them is sent."""

from decimal import Decimal
from typing import Any, NamedTuple

from ....trading.messages import Level
from ...kraken.checksum import LEVELS, Precision, checksum
from ...market_events import DepthEvent, MarketEvent, TickerEvent, TradeEvent
from ..bars import Bar
from ..errors import RequestRefused
from ..faults import FaultSwitch
from ..market import Market
from ..outbox import Outbox
from .books import DEPTHS, BookView
from .desk import KrakenDesk
from .names import Pair
from .payloads import decimals, encode_numbers, price_number, rfc3339, size_number
from .public import INTERVALS, day_of, market_of

TRADES_SHOWN = 50
SIZE_DECIMALS = 8
ZERO = Decimal(0)


class Channel(NamedTuple):
    """What can be subscribed to: `argument` is the depth of a book, the minutes of a bar, what sets a ticker off."""

    name: str
    symbol: str = ""
    argument: int | str = 0


class MarketFeeds:
    """Every event of the market goes to the subscribers of its channels, in the order of the events."""

    def __init__(self, desk: KrakenDesk, switch: FaultSwitch) -> None:
        self._desk = desk
        self._switch = switch
        self._subscribers: dict[Channel, dict[Outbox, None]] = {}
        self._views: dict[Channel, BookView] = {}
        self.clients: dict[Outbox, None] = {}

    def subscribe(self, outbox: Outbox, channel: Channel, *, snapshot: bool) -> None:
        """The snapshot, where one is wanted and there is anything to show, is queued before any update."""
        self._subscribers.setdefault(channel, {})[outbox] = None
        self.clients[outbox] = None
        if channel.name == "book" and channel not in self._views:
            self._views[channel] = BookView(int(channel.argument))
            self._views[channel].update(self._market(channel).book)
        if snapshot and (payload := self._snapshot(channel)):
            outbox.put(payload)

    def has(self, outbox: Outbox, channel: Channel) -> bool:
        return outbox in self._subscribers.get(channel, {})

    def unsubscribe(self, outbox: Outbox, channel: Channel) -> None:
        subscribers = self._subscribers.get(channel, {})
        subscribers.pop(outbox, None)
        if not subscribers:
            self._subscribers.pop(channel, None)
            self._views.pop(channel, None)

    def drop(self, outbox: Outbox) -> None:
        for channel in tuple(self._subscribers):
            self.unsubscribe(outbox, channel)
        self.clients.pop(outbox, None)

    def cut(self) -> None:
        """Break every connection."""
        for outbox in tuple(self.clients):
            outbox.abort()

    def beat(self) -> None:
        for outbox in self.clients:
            outbox.put(b'{"channel":"heartbeat"}')

    def publish(self, event: MarketEvent) -> None:
        """After the market took the event in."""
        pair = self._desk.pairs.by_venue_symbol[event.symbol]
        if self._switch.fires_on("symbol_silent", event.symbol):
            return
        match event:
            case DepthEvent():
                # What is held back is in the next update: a book is told as it differs from what was told before.
                if not self._switch.fires("diff_held"):
                    self._publish_books(pair, event)
            case TradeEvent():
                self._send(Channel("trade", pair.symbol), "update", [self._trade(event, pair)])
                self._send(Channel("ticker", pair.symbol, "trades"), "update", [self._ticker(pair)])
                for minutes in INTERVALS:
                    self._publish_bar(pair, minutes)
            case TickerEvent():
                self._send(Channel("ticker", pair.symbol, "bbo"), "update", [self._ticker(pair)])

    def _publish_books(self, pair: Pair, event: DepthEvent) -> None:
        lost, crossed = False, False
        for depth in DEPTHS:
            channel = Channel("book", pair.symbol, depth)
            if (view := self._views.get(channel)) is None:
                continue
            begins = not view.bids and not view.asks
            changes = view.update(self._market(channel).book)
            if not changes:
                continue
            if begins:
                self._send(channel, "snapshot", [self._book(pair, view, view.bids, view.asks)])
                continue
            lost = lost or self._switch.fires("diff_lost")
            crossed = crossed or (not lost and self._switch.fires("frame_crossed"))
            if lost:
                continue
            bids = [*changes.bids, (view.asks[0][0] * 2, Decimal(1))] if crossed and view.asks else changes.bids
            row = self._book(pair, view, bids, changes.asks) | {"timestamp": rfc3339(event.event_ms)}
            self._send(channel, "update", [row])

    def _publish_bar(self, pair: Pair, minutes: int) -> None:
        channel = Channel("ohlc", pair.symbol, minutes)
        if channel in self._subscribers:
            bar = self._bars(pair, minutes)[-1]
            self._send(channel, "update", [_bar(bar, pair, minutes, self._desk.now_ms)])

    def _send(self, channel: Channel, kind: str, data: list[Any]) -> None:
        subscribers = self._subscribers.get(channel)
        if not subscribers:
            return
        payload = encode_numbers({"channel": channel.name, "type": kind, "data": data})
        if self._switch.fires("frame_malformed"):
            payload = payload[: len(payload) // 2]
        for outbox in tuple(subscribers):
            outbox.put(payload)

    def _snapshot(self, channel: Channel) -> bytes:
        """Empty where nothing is known yet: then the first update of a book is a snapshot."""
        if channel.name == "instrument":
            data: Any = {"assets": [], "pairs": [_instrument(pair) for pair in self._desk.pairs.all]}
        else:
            data = self._rows(channel, self._desk.pairs.by_symbol[channel.symbol])
        if not data:
            return b""
        return encode_numbers({"channel": channel.name, "type": "snapshot", "data": data})

    def _rows(self, channel: Channel, pair: Pair) -> list[Any]:
        match channel.name:
            case "book":
                view = self._shown(channel)
                return [self._book(pair, view, view.bids, view.asks)] if view.bids or view.asks else []
            case "trade":
                recent = list(self._market(channel).tape.trades)[-TRADES_SHOWN:]
                return [self._trade(trade, pair) for trade in recent]
            case "ohlc":
                bars, minutes = self._bars(pair, int(channel.argument)), int(channel.argument)
                return [_bar(bar, pair, minutes, self._desk.now_ms) for bar in bars[-TRADES_SHOWN:]]
            case _:
                return [self._ticker(pair)] if self._market(channel).last_price else []

    def _shown(self, channel: Channel) -> BookView:
        """What a snapshot shows: as last told, or as the faults say; nothing where it is lost."""
        view, stale = self._views[channel], self._switch.faults.snapshot_stale > 0
        shown = BookView(view.depth)
        try:
            told = self._desk.book_shown(self._market(channel), view.depth)
        except RequestRefused:
            return shown
        shown.bids, shown.asks = (tuple(told.bids), tuple(told.asks)) if stale else (view.bids, view.asks)
        return shown

    def _market(self, channel: Channel) -> Market:
        return market_of(self._desk, self._desk.pairs.by_symbol[channel.symbol])

    def _bars(self, pair: Pair, minutes: int) -> list[Bar]:
        return market_of(self._desk, pair).tape.bars(INTERVALS[minutes], self._desk.now_ms)

    def _book(self, pair: Pair, view: BookView, bids: Any, asks: Any) -> dict[str, Any]:
        precision = Precision(decimals(pair.instrument.tick_size), SIZE_DECIMALS)
        return {
            "symbol": pair.symbol,
            "bids": [_level(level, pair) for level in bids],
            "asks": [_level(level, pair) for level in asks],
            "checksum": checksum(view.bids[:LEVELS], view.asks[:LEVELS], precision),
        }

    def _trade(self, trade: TradeEvent, pair: Pair) -> dict[str, Any]:
        return {
            "symbol": pair.symbol,
            "side": "sell" if trade.buyer_is_maker else "buy",
            "price": price_number(pair.instrument, trade.price),
            "qty": size_number(trade.size),
            "ord_type": "market",
            "trade_id": trade.trade_id,
            "timestamp": rfc3339(trade.trade_ms),
        }

    def _ticker(self, pair: Pair) -> dict[str, Any]:
        market, instrument = market_of(self._desk, pair), pair.instrument
        bid, ask = next(market.levels("bid"), (ZERO, ZERO)), next(market.levels("ask"), (ZERO, ZERO))
        row: dict[str, Any] = {
            "symbol": pair.symbol,
            "bid": price_number(instrument, bid[0]),
            "bid_qty": size_number(bid[1]),
            "ask": price_number(instrument, ask[0]),
            "ask_qty": size_number(ask[1]),
        }
        day, last = day_of(market, self._desk.now_ms), market.last_price or ZERO
        if day is None or not day.volume:
            return row | dict.fromkeys(("last", "volume", "vwap", "low", "high", "change", "change_pct"), 0)
        return row | {
            "last": price_number(instrument, last),
            "volume": size_number(day.volume),
            "vwap": price_number(instrument, day.quote_volume / day.volume),
            "low": price_number(instrument, day.low),
            "high": price_number(instrument, day.high),
            "change": price_number(instrument, last - day.open),
            "change_pct": round((last - day.open) / day.open * 100, 2),
        }


def _level(level: Level, pair: Pair) -> dict[str, Decimal]:
    return {"price": price_number(pair.instrument, level[0]), "qty": size_number(level[1])}


def _bar(bar: Bar, pair: Pair, minutes: int, now_ms: int) -> dict[str, Any]:
    prices = {name: price_number(pair.instrument, getattr(bar, name)) for name in ("open", "high", "low", "close")}
    return {
        "symbol": pair.symbol,
        **prices,
        "trades": bar.trades,
        "volume": size_number(bar.volume),
        "vwap": price_number(pair.instrument, bar.quote_volume / bar.volume if bar.volume else bar.close),
        "interval_begin": rfc3339(bar.start_ms),
        "interval": minutes,
        "timestamp": rfc3339(now_ms),
    }


def _instrument(pair: Pair) -> dict[str, Any]:
    instrument = pair.instrument
    return {
        "symbol": pair.symbol,
        "base": instrument.base,
        "quote": instrument.quote,
        "status": "online",
        "qty_precision": SIZE_DECIMALS,
        "qty_increment": instrument.step_size,
        "price_precision": decimals(instrument.tick_size),
        "price_increment": instrument.tick_size,
        "cost_precision": SIZE_DECIMALS,
        "cost_min": f"{instrument.min_notional:f}",
        "qty_min": instrument.min_amount,
        "marginable": False,
        "has_index": False,
    }
