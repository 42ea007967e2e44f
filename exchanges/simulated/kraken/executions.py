"""The account's channels of Kraken's WebSocket v2: `executions` and `balances`."""

from typing import Any

from ..faults import EventFaults, FaultSwitch
from ..orders import Order
from ..outbox import Outbox
from ..records import (
    AnyRecord,
    FundsTransferred,
    OrderAmended,
    OrderClosed,
    OrderFilled,
    OrderOpened,
    OrderRecord,
    TradePrevented,
)
from ..state import VenueState
from .closings import Closings
from .names import Pair, order_txid, trade_txid
from .payloads import encode_numbers, order_words, price_number, rfc3339, size_number, trade_words, transfer_refid

TRADES_SHOWN = 50
Event = tuple[dict[Outbox, int], str, dict[str, Any]]
"""Its subscribers with the number of their last frame, its channel and its row."""


class AccountFeeds:
    """An engine's listener: every record of an order is an execution report, every batch its changed balances."""

    def __init__(self, state: VenueState, pairs: dict[str, Pair], switch: FaultSwitch, closings: Closings) -> None:
        """`pairs` by the engine's names."""
        self._state = state
        self._pairs = pairs
        self._faults = EventFaults[Event](switch)
        self._closings = closings
        self._executions: dict[Outbox, int] = {}
        self._balances: dict[Outbox, int] = {}
        self._touched: dict[str, FundsTransferred | None] = {}

    def __len__(self) -> int:
        """How many connections have a subscription."""
        return len(self._executions.keys() | self._balances.keys())

    def subscribe(self, outbox: Outbox, channel: str, *, snapshot: bool, orders: bool, trades: bool) -> None:
        """The snapshot, where one is wanted, comes first: open orders, the last fills, or all balances."""
        if channel == "executions":
            self._executions[outbox] = 1
            rows = self._fills_shown() if trades else []
            rows += self._orders_shown() if orders else []
            outbox.put(_frame("executions", "snapshot", rows, 1))
        else:
            self._balances[outbox] = int(snapshot)
            if snapshot:
                outbox.put(_frame("balances", "snapshot", [self._balance(asset) for asset in self._held()], 1))

    def has(self, outbox: Outbox, channel: str) -> bool:
        return outbox in (self._executions if channel == "executions" else self._balances)

    def unsubscribe(self, outbox: Outbox, channel: str = "") -> None:
        """From one channel, or from both."""
        if channel in ("", "executions"):
            self._executions.pop(outbox, None)
        if channel in ("", "balances"):
            self._balances.pop(outbox, None)

    def cut(self) -> None:
        """Break every connection that has a subscription."""
        for outbox in (*self._executions, *self._balances):
            outbox.abort()

    def changed(self, record: AnyRecord, order: Order | None) -> None:
        if isinstance(record, FundsTransferred):
            self._touched[record.asset] = record
        if order is None or not isinstance(record, OrderRecord):
            return
        self._touched |= {order.base: None, order.quote: None}
        if isinstance(record, OrderFilled):
            self._closings.note(order, self._state.books.fills[-1])
        for report in self._reports(record, order):
            self._send(self._executions, "executions", report)

    def committed(self) -> None:
        touched, self._touched = self._touched, {}
        if touched and self._balances:
            for asset, transfer in touched.items():
                self._send(self._balances, "balances", self._entry(asset, transfer))

    def _reports(self, record: AnyRecord, order: Order) -> list[dict[str, Any]]:
        pair, at = self._pairs[order.symbol], rfc3339(order.updated_ms)
        short = {"order_id": order_txid(order.order_id), "order_userref": 0, "timestamp": at}
        match record:
            case OrderOpened():
                first = {"exec_type": "pending_new", "order_status": "pending_new", "timestamp": at}
                return [order_words(order, pair) | first, short | {"exec_type": "new", "order_status": "new"}]
            case OrderFilled():
                traded = trade_words(self._state.books.fills[-1], order, pair)
                done = short | self._sums(order, pair) | {"exec_type": "filled", "order_status": "filled"}
                return [traded, done] if order.status == "FILLED" else [traded]
            case OrderAmended():
                status = "partially_filled" if order.executed else "new"
                amended = {"exec_type": "amended", "order_status": status, "amended": True, "timestamp": at}
                return [order_words(order, pair) | amended]
            case OrderClosed() | TradePrevented():
                reason = "User requested" if order.status == "CANCELED" else "Order expired"
                ended = {"exec_type": "canceled", "order_status": "canceled", "cancel_reason": reason, "reason": reason}
                return [short | self._sums(order, pair) | ended]
            case _:
                status = "partially_filled" if order.executed else "new"
                return [short | {"exec_type": "status", "order_status": status, "triggers": {"status": "triggered"}}]

    def _sums(self, order: Order, pair: Pair) -> dict[str, Any]:
        average = order.executed_quote / order.executed if order.executed else order.executed
        return {
            "cum_qty": size_number(order.executed),
            "cum_cost": order.executed_quote,
            "fee_usd_equiv": 0,
            "avg_price": price_number(pair.instrument, average),
        }

    def _orders_shown(self) -> list[dict[str, Any]]:
        rows = []
        for order in self._state.open:
            status = "partially_filled" if order.executed else "new"
            words = order_words(order, self._pairs[order.symbol])
            rows.append(words | {"exec_type": "new", "order_status": status, "timestamp": rfc3339(order.updated_ms)})
        return rows

    def _fills_shown(self) -> list[dict[str, Any]]:
        orders = self._state.books.orders
        recent = [fill for fill in self._state.books.fills[-TRADES_SHOWN:] if fill.order_id in orders]
        return [trade_words(fill, orders[fill.order_id], self._pairs[fill.symbol]) for fill in reversed(recent)]

    def _held(self) -> list[str]:
        return list(self._state.books.account.balances)

    def _balance(self, asset: str) -> dict[str, Any]:
        held = self._state.books.account.balances[asset]
        total = held.free + held.locked
        wallets = [{"type": "spot", "id": "main", "balance": total}]
        return {"asset": asset, "asset_class": "currency", "balance": total, "wallets": wallets}

    def _entry(self, asset: str, transfer: FundsTransferred | None) -> dict[str, Any]:
        """An entry of the ledger. Of what was traded at once there is one for each asset."""
        books = self._state.books
        latest = trade_txid(books.last_trade_id) if books.last_trade_id else ""
        refid = latest if transfer is None else transfer_refid(transfer)
        kind = "trade" if transfer is None else "deposit" if transfer.amount > 0 else "withdrawal"
        return {
            "ledger_id": f"L{refid[1:]}",
            "ref_id": refid,
            "asset": asset,
            "asset_class": "currency",
            "type": kind,
            "amount": transfer.amount if transfer else 0,
            "fee": 0,
            "subtype": "",
            "category": "trade",
            "wallet_type": "spot",
            "wallet_id": "main",
            "balance": self._balance(asset)["balance"] if asset in books.account.balances else 0,
            "timestamp": rfc3339(books.updated_ms),
        }

    def _send(self, subscribers: dict[Outbox, int], channel: str, row: dict[str, Any]) -> None:
        sent, late_s = self._faults.pass_on((subscribers, channel, row))
        for event in sent:
            self._put(*event, late_s)

    def _put(self, subscribers: dict[Outbox, int], channel: str, row: dict[str, Any], late_s: float) -> None:
        for outbox in tuple(subscribers):
            subscribers[outbox] += 1
            outbox.put(_frame(channel, "update", [row], subscribers[outbox]), late_s)


def _frame(channel: str, kind: str, rows: list[dict[str, Any]], sequence: int) -> bytes:
    return encode_numbers({"channel": channel, "type": kind, "data": rows, "sequence": sequence})
