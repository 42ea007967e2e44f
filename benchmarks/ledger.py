"""What a fill costs the ledger: all of `Books.apply(OrderFilled)`, which is what the ledger's actor does with it.

That is the trade's identity, balances, the account's position and the strategy's own, each with average cost, FIFO
lots, realised profit and fees, and the state of the order. The reference only adds up base and quote of the same fills.
"""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from tradigrade.trading.books import Books
from tradigrade.trading.messages import Side
from tradigrade.trading.order_events import OrderFilled, OrderIntended

from .measure import Result, compare

NAMES = ("ledger.fills",)
FILLS = 400
N = 40_000
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
STRATEGIES = ("learned", "moving_average", "by hand")


def run() -> Iterator[Result]:
    orders, fills = _orders(), _fills()

    def book() -> None:
        books = Books()
        for order in orders:
            books.apply(order)
        for fill in fills:
            books.apply(fill)

    def add() -> None:
        base = quote = Decimal(0)
        for fill in fills:
            base += fill.amount
            quote += fill.price * fill.amount

    measured = compare("ledger.fills", book, "a loop of Decimal additions", add, N // FILLS)
    per_fill = {key: float(measured[key]) / FILLS for key in ("p50_us", "p99_us")}
    yield measured | per_fill | {"n": int(measured["n"]) * FILLS, "per_s": float(measured["per_s"]) * FILLS}


def _orders() -> list[OrderIntended]:
    price, amount = Decimal(100), Decimal(1_000_000)
    return [
        OrderIntended(f"{strategy} {side} {symbol}", 1, 1, "a", f"{strategy} {side} {symbol}", strategy, symbol,
                      side, "limit", amount, price, price, 1)
        for strategy in STRATEGIES for symbol in SYMBOLS for side in ("buy", "sell")
    ]  # fmt: skip


def _fills() -> list[OrderFilled]:
    draw = Random(7)
    return [_fill(draw, number) for number in range(FILLS)]


def _fill(draw: Random, number: int) -> OrderFilled:
    """As a venue sends them: its fee is in what is received."""
    symbol = draw.choice(SYMBOLS)
    side: Side = "buy" if draw.random() < 0.5 else "sell"
    price, amount = Decimal(draw.randrange(10**6, 10**7)) / 100, Decimal(draw.randrange(1, 10**6)) / 10**5
    fee = (amount if side == "buy" else price * amount) * Decimal("0.001")
    return OrderFilled(
        client_id=f"{draw.choice(STRATEGIES)} {side} {symbol}",
        trade_id=str(number),
        symbol=symbol,
        side=side,
        price=price,
        amount=amount,
        fee=fee,
        fee_currency=symbol.partition("/")[0 if side == "buy" else 2],
        maker=False,
        at_ns=number,
    )
