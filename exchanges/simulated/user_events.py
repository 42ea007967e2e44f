"""The account's own stream in Binance's JSON shapes: what it says of each record."""

from collections.abc import Iterable

from .accounts import ZERO, Account
from .money import money
from .orders import Order, OrderList
from .payloads import Json, asked_stop, list_orders
from .records import (
    FundsTransferred,
    ListRecord,
    OrderAmended,
    OrderClosed,
    OrderFilled,
    OrderRecord,
    TradePrevented,
)
from .stops import is_market


def execution_report(record: OrderRecord, order: Order, execution_id: int) -> Json:
    """The user stream's event of one record, with the order as it stands after it."""
    fill = record if isinstance(record, OrderFilled) else None
    request_id = record.request_id if isinstance(record, OrderClosed) else ""
    former_id = record.former_id if isinstance(record, OrderAmended) and record.client_id else ""
    return {
        "e": "executionReport",
        "E": record.at_ms,
        "s": order.symbol,
        "c": request_id or order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": money(order.quantity),
        "p": money(order.price),
        "P": money(asked_stop(order)),
        "F": money(order.iceberg),
        "g": order.list_id,
        "C": order.client_id if request_id else former_id,
        "x": _execution(record),
        "X": order.status,
        "r": "NONE",
        "i": order.order_id,
        "l": money(fill.quantity if fill else ZERO),
        "z": money(order.executed),
        "L": money(fill.price if fill else ZERO),
        "n": money(fill.fee if fill else ZERO),
        "N": order.fee_asset if fill else None,
        "T": record.at_ms,
        "t": fill.trade_id if fill else -1,
        "I": execution_id,
        "w": order.rests and not is_market(order.type),
        "m": bool(fill and fill.maker),
        "M": bool(fill),
        "O": order.created_ms,
        "Z": money(order.executed_quote),
        "Y": money(fill.price * fill.quantity if fill else ZERO),
        "Q": money(order.quote_quantity),
        "V": order.prevention,
    } | _conditional(record, order)


def _execution(record: OrderRecord) -> str:
    match record:
        case OrderFilled():
            return "TRADE"
        case OrderClosed(status=status):
            return status
        case TradePrevented():
            return "TRADE_PREVENTION"
        case OrderAmended():
            return "REPLACED"
    return "NEW"


def _conditional(record: OrderRecord, order: Order) -> Json:
    """What only some reports have."""
    fields: Json = {"W": order.working_ms} if order.working_ms else {}
    if order.trailing_delta:
        fields |= {"d": order.trailing_delta, "D": order.created_ms}
    fields |= {} if order.strategy_id is None else {"j": order.strategy_id}
    fields |= {} if order.strategy_type is None else {"J": order.strategy_type}
    if isinstance(record, OrderClosed) and record.reason:
        fields["eR"] = record.reason
    if isinstance(record, TradePrevented):
        fields |= {
            "v": record.prevented_id,
            "A": money(order.prevented),
            "B": money(order.prevented),
            "u": -1,
            "U": record.counter_id,
            "Cs": order.symbol,
            "pl": money(record.quantity),
            "pL": money(record.price),
            "pY": money(record.price * record.quantity),
        }
    return fields


def account_position(account: Account, assets: Iterable[str], at_ms: int) -> Json:
    balances = {asset: account.balances[asset] for asset in assets if asset in account.balances}
    return {
        "e": "outboundAccountPosition",
        "E": at_ms,
        "u": at_ms,
        "B": [{"a": asset, "f": money(held.free), "l": money(held.locked)} for asset, held in balances.items()],
    }


def balance_update(moved: FundsTransferred) -> Json:
    return {"e": "balanceUpdate", "E": moved.at_ms, "a": moved.asset, "d": money(moved.amount), "T": moved.at_ms}


def list_status(record: ListRecord, orders: OrderList) -> Json:
    return {
        "e": "listStatus",
        "E": record.at_ms,
        "s": orders.symbol,
        "g": orders.list_id,
        "c": orders.contingency,
        "l": orders.status_type,
        "L": orders.order_status,
        "r": "NONE",
        "C": orders.client_id,
        "T": record.at_ms,
        "O": [{"s": each["symbol"], "i": each["orderId"], "c": each["clientOrderId"]} for each in list_orders(orders)],
    }
