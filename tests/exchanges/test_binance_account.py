"""Open orders read without ccxt's parser are those that it reads."""

import pytest

from tests.exchanges.test_simulated_venue import certificate, run_venue
from tradigrade.exchanges.binance.account import fetch_balances, fetch_open_orders, read_rows
from tradigrade.exchanges.ccxt_parsing import exact, venue_order

__all__ = ["certificate"]

ROW = {
    "symbol": "BTCUSDT", "clientOrderId": "tg-1", "orderId": 7, "side": "BUY", "type": "LIMIT",
    "origQty": "0.01", "price": "19000.0", "executedQty": "0", "stopPrice": "0",
}  # fmt: skip


def test_they_are_what_ccxt_reads(certificate):
    async def scenario(rig, stack):
        await rig.place(newClientOrderId="a-limit")
        await rig.place(newClientOrderId="a-maker", type="LIMIT_MAKER", timeInForce=None, price="18500")
        stop = {"type": "STOP_LOSS_LIMIT", "stopPrice": "15000", "price": "14900", "side": "SELL"}
        await rig.place(newClientOrderId="a-stop", **stop)
        exchange = await rig.ccxt(stack)
        ours = await fetch_open_orders(exchange, ("BTC/USDT",))
        assert await fetch_open_orders(exchange, ("ETH/USDT",)) == []
        theirs = [venue_order(order) for order in await exchange.fetch_open_orders("BTC/USDT")]
        assert len(ours) == 3
        assert ours == theirs
        totals = (await exchange.fetch_balance())["total"]
        assert await fetch_balances(exchange) == {name: exact(total) for name, total in totals.items() if total}

    run_venue(certificate, scenario)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"origQty": "NaN"}, ArithmeticError),
        ({"price": "x"}, ArithmeticError),
        ({"side": "LONG"}, KeyError),
        ({"clientOrderId": None}, None),
    ],
)
def test_a_row_that_does_not_read_is_an_error_and_no_order(changed, error):
    row = {name: value for name, value in (ROW | changed).items() if value is not None}
    with pytest.raises(error or KeyError):
        list(read_rows([row], {"BTCUSDT": "BTC/USDT"}))
