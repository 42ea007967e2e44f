"""What the account's stream says of orders, read without ccxt's parser, is what ccxt reads."""

import asyncio

import msgspec
import pytest

from tests.exchanges.test_simulated_venue import BTC, certificate, run_venue
from tradigrade.exchanges.binance.account import fetch_trades
from tradigrade.exchanges.binance.account_stream import Report, hear_orders, read_report
from tradigrade.exchanges.ccxt_parsing import client_id_of, fill_of_trade, reported_state
from tradigrade.exchanges.venue import OrderReported

__all__ = ["certificate"]

MESSAGE = {
    "e": "executionReport", "s": "BTCUSDT", "c": "ours", "C": "", "S": "BUY", "x": "TRADE", "X": "FILLED", "i": 7,
    "L": "20000.1", "l": "0.01", "n": "0.00001", "N": "BTC", "t": 3, "T": 1_700_000_000_000, "m": True,
}  # fmt: skip


def read_by_ccxt(exchange, message):
    """As the port did with ccxt's own structures: fills first, then the state."""
    words = []
    if message["x"] == "TRADE":
        trade = exchange.parse_ws_trade(message)
        words.append(fill_of_trade(trade, client_id_of(trade)))
    order = exchange.parse_ws_order(message)
    if (state := reported_state(order)) is not None:
        words.append(OrderReported(str(order["clientOrderId"]), str(order["id"]), state))
    return words


def test_they_are_what_ccxt_reads_and_it_keeps_none_of_them(certificate):
    async def scenario(rig, stack):
        exchange = await rig.ccxt(stack)
        ours, theirs, done = [], [], asyncio.Event()
        hear_orders(exchange, ours.append)
        hear = exchange.handle_order_update

        def hear_twice(client, message):
            theirs.extend(read_by_ccxt(exchange, message))
            hear(client, message)
            if message["c"] == "last":
                done.set()

        exchange.handle_order_update = hear_twice
        await exchange.watch_trades(BTC)
        watching = asyncio.ensure_future(exchange.watch_orders(BTC))
        await rig.user_stream()
        await exchange.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": "filled"})
        await exchange.create_order(BTC, "limit", "buy", 0.01, 19_000, {"clientOrderId": "rests"})
        await exchange.cancel_order(None, BTC, {"clientOrderId": "rests"})
        await rig.place(newClientOrderId="expires", timeInForce="IOC")
        await exchange.create_order(BTC, "market", "sell", 0.02, None, {"clientOrderId": "last"})
        await done.wait()
        watching.cancel()
        assert ours == theirs
        states = [(word.client_id, word.state) for word in ours if isinstance(word, OrderReported)]
        assert {("rests", "open"), ("rests", "cancelled"), ("expires", "cancelled")} <= set(states)
        assert not exchange.orders
        assert not exchange.myTrades
        theirs = [(trade["order"], fill_of_trade(trade, "")) for trade in await exchange.fetch_my_trades(BTC)]
        assert await fetch_trades(exchange, BTC, 0, 1_000) == theirs
        assert len(theirs) >= 2
        assert await fetch_trades(exchange, BTC, int(theirs[-1][1].trade_id), 1_000) == theirs[-1:]

    run_venue(certificate, scenario)


@pytest.mark.parametrize(
    "changed",
    [{"L": "NaN"}, {"l": "x"}, {"n": "Infinity"}, {"S": "LONG"}, {"t": "3"}, {"i": None}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_report_that_does_not_read_is_an_error_and_no_fill(changed):
    with pytest.raises(ValueError, match=r"."):
        list(read_report(msgspec.convert(MESSAGE | changed, Report), BTC, "BTC"))


def test_a_fill_without_a_fee_says_so_in_the_quote_currency():
    fill, *others = read_report(msgspec.convert(MESSAGE | {"n": "0", "N": None}, Report), BTC, "")
    assert (fill.fee, fill.fee_currency, fill.client_id, fill.maker, others) == (0, "USDT", "ours", True, [])


def test_another_venues_words_are_left_to_ccxt():
    class Other:
        id = "kraken"

    hear_orders(other := Other(), print)
    assert not vars(other)
