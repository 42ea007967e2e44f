"""What each venue's frames say, in the shape it documents; and that all else is a `MalformedFrame` that names it."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.exchanges.test_decoders_ccxt import bybit_frames, coinbase_frames
from tradigrade.exchanges.binance.protocol import BinanceSpot
from tradigrade.exchanges.binance.usdm import BinanceUsdm
from tradigrade.exchanges.bybit.protocol import BybitSpot
from tradigrade.exchanges.coinbase.protocol import CoinbaseSpot
from tradigrade.exchanges.market_events import ControlEvent, DepthEvent, MalformedFrame, TickerEvent, TradeEvent
from tradigrade.exchanges.okx.protocol import OkxSpot
from tradigrade.exchanges.stream_protocol import StreamProtocol

D = Decimal
MS = 1_700_000_000_000
SPOT, USDM, OKX, COINBASE, BYBIT = BinanceSpot(), BinanceUsdm(), OkxSpot(), CoinbaseSpot(), BybitSpot()

USDM_TRADE = {
    "e": "trade",
    "E": MS + 2,
    "T": MS,
    "s": "ABCUSDT",
    "t": 7,
    "p": "10.5",
    "q": "3",
    "X": "MARKET",
    "m": True,
}
USDM_TICKER = {
    "e": "bookTicker",
    "u": 90,
    "s": "ABCUSDT",
    "b": "10",
    "B": "1",
    "a": "11",
    "A": "2",
    "T": MS,
    "E": MS + 1,
}
USDM_DEPTH = {
    "e": "depthUpdate",
    "E": MS,
    "T": MS,
    "s": "ABCUSDT",
    "U": 95,
    "u": 99,
    "pu": 80,
    "b": [["9", "0"]],
    "a": [],
}


def okx(channel: str, *data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"arg": {"channel": channel, "instId": "ABC-USDT"}, **more, "data": list(data)}


OKX_TRADE = {
    "instId": "ABC-USDT",
    "tradeId": "77",
    "px": "10.5",
    "sz": "3",
    "side": "sell",
    "ts": str(MS),
    "count": "1",
}
OKX_BOOK = {"asks": [["11", "2", "0", "1"]], "bids": [["10", "1", "0", "4"]], "ts": str(MS), "checksum": -5,
            "prevSeqId": 41, "seqId": 44}  # fmt: skip
BIDS, ASKS = ((D(10), D(1)),), ((D(11), D(2)),)
SNAPSHOT_BIDS = ((D("10.5"), D(4)), (D("10.49"), D("7.25")))

READ: list[Any] = [
    ("usdm trade", USDM, USDM_TRADE, [TradeEvent("ABCUSDT", MS + 2, MS, 7, D("10.5"), D(3), True)]),
    ("usdm takeover", USDM, {**USDM_TRADE, "X": "INSURANCE_FUND"}, []),
    ("usdm no trade", USDM, {**USDM_TRADE, "X": "NA", "p": "0", "q": "0"}, []),
    ("usdm ticker", USDM, USDM_TICKER, [TickerEvent("ABCUSDT", 90, D(10), D(1), D(11), D(2), MS + 1)]),
    ("usdm depth", USDM, USDM_DEPTH, [DepthEvent("ABCUSDT", MS, 95, 99, ((D(9), D(0)),), (), 80)]),
    ("usdm envelope", USDM, {"stream": "abcusdt@trade", "data": USDM_TRADE},
     [TradeEvent("ABCUSDT", MS + 2, MS, 7, D("10.5"), D(3), True)]),
    ("usdm subscribed", USDM, {"result": None, "id": 3}, [ControlEvent("subscribed", "3")]),
    ("spot subscribed", SPOT, {"result": None, "id": 3}, [ControlEvent("subscribed", "3")]),
    ("spot refused", SPOT, {"error": {"code": 2, "msg": "no"}, "id": 1}, [ControlEvent("refused", "2: no")]),
    ("okx trades", OKX, okx("trades", OKX_TRADE, {**OKX_TRADE, "tradeId": "78", "side": "buy"}),
     [TradeEvent("ABC-USDT", MS, MS, 77, D("10.5"), D(3), True),
      TradeEvent("ABC-USDT", MS, MS, 78, D("10.5"), D(3), False)]),
    ("okx snapshot", OKX, okx("books", {**OKX_BOOK, "prevSeqId": -1}, action="snapshot"),
     [DepthEvent("ABC-USDT", MS, 44, 44, BIDS, ASKS, None, 2**32 - 5, True)]),
    ("okx update", OKX, okx("books", OKX_BOOK, action="update"),
     [DepthEvent("ABC-USDT", MS, 44, 44, BIDS, ASKS, 41, 2**32 - 5)]),
    ("okx without checksum", OKX, okx("books", {**OKX_BOOK, "checksum": 0}, action="update"),
     [DepthEvent("ABC-USDT", MS, 44, 44, BIDS, ASKS, 41)]),
    ("okx touch", OKX, okx("bbo-tbt", OKX_BOOK), [TickerEvent("ABC-USDT", 44, D(10), D(1), D(11), D(2), MS)]),
    ("okx no touch", OKX, okx("bbo-tbt", {**OKX_BOOK, "asks": []}), []),
    ("okx pong", OKX, b"pong", [ControlEvent("heartbeat", "pong")]),
    ("okx subscribed", OKX, {"event": "subscribe", "arg": {"channel": "books", "instId": "ABC-USDT"}, "connId": "a"},
     [ControlEvent("subscribed", "subscribe books ABC-USDT")]),
    ("okx refused", OKX, {"event": "error", "code": "60018", "msg": "doesn't exist", "connId": "a"},
     [ControlEvent("refused", "error  60018 doesn't exist")]),
    ("okx notice", OKX, {"event": "notice", "code": "64008", "msg": "closing soon"},
     [ControlEvent("heartbeat", "notice  64008 closing soon")]),
    ("bybit snapshot", BYBIT, bybit_frames()[0],
     [DepthEvent("ABCUSDT", MS + 400, 700, 700, SNAPSHOT_BIDS, ((D("10.52"), D(3)),), snapshot=True)]),
    ("bybit delta", BYBIT, bybit_frames()[1],
     [DepthEvent("ABCUSDT", MS + 450, 701, 701, ((D("10.49"), D(0)), (D("10.48"), D(2))), ((D("10.53"), D("1.5")),))]),
    ("bybit trades", BYBIT, bybit_frames()[2],
     [TradeEvent("ABCUSDT", MS + 510, MS + 500, 2290000000055512345, D("10.5"), D("0.75"), True),
      TradeEvent("ABCUSDT", MS + 510, MS + 501, 2290000000055512346, D("10.5"), D("0.75"), False)]),
    ("bybit touch", BYBIT, bybit_frames()[4],
     [TickerEvent("XYZUSDT", 44, D("10.5"), D(4), D("10.52"), D("2.5"), MS + 700)]),
    ("bybit pong", BYBIT, {"success": True, "ret_msg": "pong", "conn_id": "a", "op": "ping"},
     [ControlEvent("heartbeat", "ping pong")]),
    ("bybit subscribed", BYBIT, {"success": True, "ret_msg": "", "conn_id": "a", "op": "subscribe"},
     [ControlEvent("subscribed")]),
    ("bybit refused", BYBIT, {"success": False, "ret_msg": "no such topic", "conn_id": "a", "op": "subscribe"},
     [ControlEvent("refused", "no such topic")]),
    ("coinbase snapshot", COINBASE, coinbase_frames()[0],
     [DepthEvent("ABC-USD", MS + 123, 0, 0, SNAPSHOT_BIDS, ((D("10.52"), D(3)),), snapshot=True)]),
    ("coinbase update", COINBASE, coinbase_frames()[1],
     [DepthEvent("ABC-USD", MS + 1123, 1, 1, ((D("10.49"), D(0)),), ((D("10.53"), D("1.5")),))]),
    ("coinbase trade", COINBASE, coinbase_frames()[2],
     [TradeEvent("ABC-USD", MS + 2123, MS + 3100, 901, D("10.51"), D("0.3"), True)]),
    ("coinbase ticker", COINBASE, coinbase_frames()[3],
     [TickerEvent("ABC-USD", 3, D("10.5"), D(4), D("10.52"), D("2.5"), MS + 3123)]),
    ("coinbase subscribed", COINBASE,
     {"channel": "subscriptions", "sequence_num": 1, "events": [{"subscriptions": {"level2": ["ABC-USD"]}}]},
     [ControlEvent("subscribed")]),
    ("coinbase heartbeat", COINBASE, {"channel": "heartbeats", "sequence_num": 9, "events": []},
     [ControlEvent("heartbeat")]),
    ("coinbase refused", COINBASE, {"type": "error", "message": "no such product"},
     [ControlEvent("refused", "no such product")]),
]  # fmt: skip


def encode(frame: Any) -> bytes:
    return frame if isinstance(frame, bytes) else json.dumps(frame).encode()


@pytest.mark.parametrize(("protocol", "frame", "events"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_a_frame_says(protocol: StreamProtocol, frame: Any, events: list[Any]) -> None:
    assert protocol.decode(encode(frame)) == tuple(events)


def test_trades_of_before_the_subscription_are_none() -> None:
    history = {**coinbase_frames()[2]}
    history["events"] = [{**history["events"][0], "type": "snapshot"}]
    assert COINBASE.decode(encode(history)) == ()


def with_event(frame: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A Coinbase frame with something else in the first item of its event."""
    (event,) = frame["events"]
    key = next(key for key in ("updates", "trades", "tickers") if key in event)
    return {**frame, "events": [{**event, key: [{**event[key][0], **changed}]}]}


REFUSED: list[Any] = [
    ("usdm without pu", USDM, {k: v for k, v in USDM_DEPTH.items() if k != "pu"}, "missing required field `pu`"),
    ("usdm ids that fall", USDM, {**USDM_DEPTH, "pu": 95}, "update ids that rise"),
    ("usdm late time", USDM, {**USDM_TRADE, "E": 2**63}, "Expected `int` <= "),
    ("usdm nan", USDM, {**USDM_TRADE, "p": "NaN"}, "'NaN'"),
    ("usdm mark price", USDM, {"e": "markPriceUpdate", "E": MS, "s": "ABCUSDT"}, "'markPriceUpdate'"),
    ("usdm refused envelope", USDM, {"stream": "a", "data": {"result": None, "id": 1}}, "found ''"),
    ("okx other channel", OKX, okx("candle1m", {}), "'candle1m'"),
    ("okx book of no action", OKX, okx("books", OKX_BOOK), "a snapshot or an update"),
    ("okx negative", OKX, okx("trades", {**OKX_TRADE, "sz": "-1"}), "'-1'"),
    ("okx time", OKX, okx("trades", {**OKX_TRADE, "ts": "99999999999999"}), "milliseconds since 1970"),
    ("okx id", OKX, okx("trades", {**OKX_TRADE, "tradeId": "٣"}), "a whole number"),
    ("okx side", OKX, okx("trades", {**OKX_TRADE, "side": "both"}), "Invalid enum value"),
    ("okx three fields", OKX, okx("books", {**OKX_BOOK, "bids": [["1", "2", "0"]]}, action="update"), "of length 4"),
    ("okx sequence", OKX, okx("books", {**OKX_BOOK, "prevSeqId": -2}, action="update"), "`int` >= -1"),
    ("bybit other topic", BYBIT, {"topic": "kline.5.ABCUSDT", "data": []}, "'kline.5.ABCUSDT'"),
    ("bybit price", BYBIT, {**bybit_frames()[1], "data": {**bybit_frames()[1]["data"], "b": [["0", "1"]]}}, "above 0"),
    ("bybit id", BYBIT, {**bybit_frames()[2], "data": [{**bybit_frames()[2]["data"][0], "i": "x"}]}, "a trade id"),
    ("coinbase 1969", COINBASE, {**coinbase_frames()[0], "timestamp": "1969-12-31T23:59:59Z"}, "since 1970"),
    ("coinbase year 9999", COINBASE, {**coinbase_frames()[0], "timestamp": "9999-12-31T23:59:59Z"}, "since 1970"),
    ("coinbase no zone", COINBASE, {**coinbase_frames()[0], "timestamp": "2023-01-01T00:00:00"}, "with its zone"),
    ("coinbase side", COINBASE, with_event(coinbase_frames()[0], side="ask"), "Invalid enum value"),
    ("coinbase price", COINBASE, with_event(coinbase_frames()[0], price_level="1e5"), "'1e5'"),
    ("coinbase quote", COINBASE, with_event(coinbase_frames()[3], best_bid=""), "found ''"),
    ("coinbase of before", COINBASE, {"type": "l2update", "product_id": "ABC-USD", "changes": []}, "found ''"),
]


@pytest.mark.parametrize(("protocol", "frame", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_frame_that_is_none_is_a_named_fault(protocol: StreamProtocol, frame: Any, words: str) -> None:
    with pytest.raises(MalformedFrame, match=r"^not a market frame: ") as caught:
        protocol.decode(encode(frame))
    assert words in str(caught.value)
    assert len(str(caught.value)) < 1_000


def test_a_uuid_is_a_number_that_the_wire_takes() -> None:
    frame = bybit_frames()[2]
    frame["data"][0]["i"] = "ffffffff-ffff-4fff-bfff-ffffffffffff"
    assert BYBIT.decode(encode(frame))[0].trade_id < 2**63  # type: ignore[union-attr]


TEXTS: list[Any] = [
    (OKX, "ABC/USDT", "ABC-USDT", 3, ["books", "trades", "bbo-tbt"]),
    (OKX, "ABC/USDT:USDT", "ABC-USDT-SWAP", 3, ["books", "trades", "bbo-tbt"]),
    (COINBASE, "ABC/USD", "ABC-USD", 4, ["level2", "market_trades", "ticker", "heartbeats"]),
    (BYBIT, "ABC/USDT", "ABCUSDT", 1, ["orderbook.50.", "orderbook.1.", "publicTrade."]),
    (USDM, "ABC/USDT:USDT", "ABCUSDT", 1, ["@trade", "@bookTicker", "@depth@100ms"]),
    (SPOT, "ABC/USDT", "ABCUSDT", 1, ["@trade", "@bookTicker", "@depth@100ms"]),
]


@pytest.mark.parametrize(("protocol", "symbol", "name", "answers", "streams"), TEXTS)
def test_a_subscription_names_every_stream(
    protocol: StreamProtocol, symbol: str, name: str, answers: int, streams: list[str]
) -> None:
    wanted = protocol.subscribe((symbol,))
    said = " ".join(wanted.texts)
    assert (protocol.venue_symbol(symbol), wanted.acknowledgements) == (name, answers)
    assert all(stream in said for stream in streams)
    assert name in said or name.lower() in said
    assert wanted.url.startswith("wss://")


@pytest.mark.parametrize("protocol", [OKX, COINBASE, BYBIT])
def test_a_book_anew_is_asked_for_by_leaving_and_subscribing(protocol: StreamProtocol) -> None:
    texts = protocol.resubscribe("ABC/USDT")
    half = len(texts) // 2
    assert all("unsubscribe" in text for text in texts[:half])
    assert [text.replace("unsubscribe", "subscribe") for text in texts[:half]] == list(texts[half:])
    assert set(texts[half:]) <= set(protocol.subscribe(("ABC/USDT",)).texts)
    assert protocol.snapshots_in_stream
    assert protocol.snapshot_url("ABC/USDT", 1_000) == ""
    with pytest.raises(MalformedFrame):
        protocol.decode_snapshot(b"{}")


@pytest.mark.parametrize("protocol", [OKX, COINBASE, BYBIT, USDM, SPOT])
def test_many_symbols_are_asked_for_in_texts_of_moderate_size(protocol: StreamProtocol) -> None:
    symbols = tuple(f"SYMBOL{number}/USDT" for number in range(protocol.symbols_per_connection))
    wanted = protocol.subscribe(symbols)
    assert all(len(text) < 8_192 for text in wanted.texts)
    assert all(protocol.venue_symbol(symbol).lower() in " ".join(wanted.texts).lower() for symbol in symbols)


def test_coinbase_counts_the_messages_of_a_connection() -> None:
    numbers = [COINBASE.sequence_of(encode(frame)) for frame in coinbase_frames()]
    assert numbers == [0, 1, 2, 3, 4]
    assert COINBASE.sequence_of(b'{"type":"error","message":"no"}') is None
