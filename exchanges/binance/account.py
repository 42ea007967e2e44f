"""An account as Binance tells it, read without ccxt's parser: exactly, and ten thousand orders without holding the
loop up."""

import asyncio
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ...trading.evidence import VenueOrder
from ...trading.messages import ORDER_TYPES
from ...trading.order_events import OrderFilled

ROWS_AT_ONCE = 50
"""Read before others on the loop have their turn."""
OPEN_ORDERS_WEIGHT, ALL_OPEN_ORDERS_WEIGHT = 6, 80
"""What the venue counts for a look at one symbol, and at all."""
SIDES = {"BUY": "buy", "SELL": "sell"}


async def fetch_open_orders(exchange: Any, symbols: tuple[str, ...]) -> list[VenueOrder]:
    """Of these symbols: one by one, or, where that weighs less, all of the account in one look. Raises what ccxt
    raises, and `KeyError` or `ArithmeticError` for a row that does not read."""
    names = {exchange.market_id(symbol): symbol for symbol in symbols}
    asked: list[dict[str, str]] = [{"symbol": name} for name in names]
    if len(names) * OPEN_ORDERS_WEIGHT > ALL_OPEN_ORDERS_WEIGHT:
        asked = [{}]
    orders: list[VenueOrder] = []
    for rows in await asyncio.gather(*(exchange.privateGetOpenOrders(each) for each in asked)):
        ours = [row for row in rows if row["symbol"] in names]
        for start in range(0, len(ours), ROWS_AT_ONCE):
            orders += read_rows(ours[start : start + ROWS_AT_ONCE], names)
            await asyncio.sleep(0)
    return orders


async def fetch_balances(exchange: Any) -> dict[str, Decimal]:
    """Free and locked together, of every currency of which there is any. Raises as `fetch_open_orders` does."""
    answer = await exchange.privateGetAccount()
    totals = {row["asset"]: _read(row["free"]) + _read(row["locked"]) for row in answer["balances"]}
    return {currency: total for currency, total in totals.items() if total}


async def fetch_trades(exchange: Any, symbol: str, from_id: int, limit: int) -> list[tuple[str, OrderFilled]]:
    """From this trade id on, oldest first: the venue's id of the order with each fill, whose client id is yet to be
    found. Raises as `fetch_open_orders` does."""
    asked = {"symbol": exchange.market_id(symbol), "fromId": from_id, "limit": limit}
    rows = sorted(await exchange.privateGetMyTrades(asked), key=lambda row: int(row["id"]))
    trades: list[tuple[str, OrderFilled]] = []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        for row in rows[start : start + ROWS_AT_ONCE]:
            fee_currency = exchange.safe_currency_code(row["commissionAsset"])
            trades.append((str(row["orderId"]), read_trade(row, symbol, fee_currency)))
        await asyncio.sleep(0)
    return trades


def read_trade(row: Mapping[str, Any], symbol: str, fee_currency: str) -> OrderFilled:
    """As ccxt would have it read, without the order's client id."""
    return OrderFilled(
        client_id="",
        trade_id=str(row["id"]),
        symbol=symbol,
        side="buy" if row["isBuyer"] else "sell",
        price=_read(row["price"]),
        amount=_read(row["qty"]),
        fee=_read(row["commission"]),
        fee_currency=fee_currency,
        maker=bool(row["isMaker"]),
        at_ns=int(row["time"]) * 1_000_000,
    )


def read_rows(rows: list[Any], symbols: Mapping[str, str]) -> Iterator[VenueOrder]:
    """Each row as ccxt would have it read; `symbols` by the venue's own names."""
    for row in rows:
        kind = row["type"].lower()
        yield VenueOrder(
            client_id=row["clientOrderId"],
            venue_id=str(row["orderId"]),
            symbol=symbols[row["symbol"]],
            state="open",
            side="buy" if SIDES[row["side"]] == "buy" else "sell",
            type=next((known for known in ORDER_TYPES if known == kind), "limit"),
            amount=_read(row["origQty"]),
            price=_read(row["price"]) or None,
            filled=_read(row["executedQty"]),
            stop_price=_read(row.get("stopPrice") or "0") or None,
        )


def _read(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ArithmeticError(f"expected a finite number of an account, got {text!r}")
    return number
