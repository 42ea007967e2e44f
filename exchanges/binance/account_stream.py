"""What Binance's account stream says of orders, read without ccxt's parser, which takes a millisecond of the trading
thread for every order that fills."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Literal

import msgspec

from ...trading.messages import Side
from ...trading.order_events import OrderFilled
from ..venue import OrderReported, VenueWord

MS_NS = 1_000_000
EVENT = "executionReport"
SIDES: dict[str, Side] = {"BUY": "buy", "SELL": "sell"}
STATES: dict[str, Literal["open", "cancelled", "rejected"]] = {
    "NEW": "open",
    "PARTIALLY_FILLED": "open",
    "CANCELED": "cancelled",
    "EXPIRED": "cancelled",
    "EXPIRED_IN_MATCH": "cancelled",
    "REJECTED": "rejected",
}
"""Of what is filled its fills tell."""


class Report(
    msgspec.Struct,
    frozen=True,
    rename={
        "symbol": "s", "client_id": "c", "cancelled_id": "C", "side": "S", "execution": "x", "status": "X",
        "order_id": "i", "price": "L", "amount": "l", "fee": "n", "fee_asset": "N", "trade_id": "t", "at_ms": "T",
        "maker": "m",
    },
):  # fmt: skip
    """One `executionReport`. `cancelled_id`: of the order, where `client_id` is that of its cancel."""

    symbol: str
    client_id: str
    side: Literal["BUY", "SELL"]
    execution: str
    status: str
    order_id: int
    price: Decimal
    amount: Decimal
    trade_id: int
    at_ms: int
    maker: bool
    cancelled_id: str | None = None
    fee: Decimal = Decimal(0)
    fee_asset: str | None = None

    def __post_init__(self) -> None:
        if not (self.price.is_finite() and self.amount.is_finite() and self.fee.is_finite()):
            raise ValueError("expected finite numbers in an execution report")


def hear_orders(exchange: Any, tell: Callable[[VenueWord], object]) -> None:
    """From now on tell fills and states of orders; ccxt keeps none of them. Other venues' are ccxt's to tell."""
    if exchange.id != "binance":
        return
    parse = exchange.handle_order_update

    def handle_order_update(client: Any, message: Any) -> Any:
        if message.get("e") != EVENT:
            return parse(client, message)
        report = msgspec.convert(message, Report)
        asset = report.fee_asset and exchange.safe_currency_code(report.fee_asset)
        for word in read_report(report, exchange.safe_symbol(report.symbol), asset or ""):
            tell(word)
        return None

    exchange.handle_order_update = handle_order_update


def read_report(report: Report, symbol: str, fee_currency: str) -> Iterator[VenueWord]:
    """Its fill, then the order's state."""
    if report.execution == "TRADE":
        yield OrderFilled(
            client_id=report.client_id,
            trade_id=str(report.trade_id),
            symbol=symbol,
            side=SIDES[report.side],
            price=report.price,
            amount=report.amount,
            fee=report.fee,
            fee_currency=fee_currency or symbol.partition("/")[2],
            maker=report.maker,
            at_ns=report.at_ms * MS_NS,
        )
    client_id, state = report.cancelled_id or report.client_id, STATES.get(report.status)
    if state is not None and client_id:
        yield OrderReported(client_id, str(report.order_id), state)
