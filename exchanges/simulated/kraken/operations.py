"""Every request of an account, with what it costs and what a fault has to know of it."""

from . import amends, batches, private
from .desk import Operation

ADD_ORDER = Operation(private.add_order, 0.0, orders=1)
CANCEL_ORDER = Operation(private.cancel_order, 0.0, cancels=True)
CANCEL_ALL = Operation(private.cancel_all, cancels=True)
CANCEL_ALL_AFTER = Operation(private.cancel_all_after)
ADD_BATCH = Operation(batches.add_batch, 0.0, orders=batches.ORDERS_MAX)
CANCEL_BATCH = Operation(batches.cancel_batch, 0.0, cancels=True)
AMEND_ORDER = Operation(amends.amend_order, 0.0)
EDIT_ORDER = Operation(amends.edit_order, 0.0, orders=1)

OPERATIONS: dict[str, Operation] = {
    "AddOrder": ADD_ORDER,
    "AddOrderBatch": ADD_BATCH,
    "AmendOrder": AMEND_ORDER,
    "EditOrder": EDIT_ORDER,
    "CancelOrder": CANCEL_ORDER,
    "CancelOrderBatch": CANCEL_BATCH,
    "CancelAll": CANCEL_ALL,
    "CancelAllOrdersAfter": CANCEL_ALL_AFTER,
    "OpenOrders": Operation(private.open_orders, reads=True),
    "ClosedOrders": Operation(private.closed_orders, reads=True),
    "QueryOrders": Operation(private.query_orders, reads=True),
    "TradesHistory": Operation(private.trades_history, 2.0, reads=True),
    "QueryTrades": Operation(private.query_trades, reads=True),
    "Balance": Operation(private.balance, reads=True),
    "BalanceEx": Operation(private.extended_balance, reads=True),
    "TradeVolume": Operation(private.trade_volume, reads=True),
    "DepositStatus": Operation(private.deposits, reads=True),
    "WithdrawStatus": Operation(private.withdrawals, reads=True),
    "GetWebSocketsToken": Operation(private.websockets_token),
}
"""Over REST, by the last part of their path."""

METHODS: dict[str, Operation] = {
    "add_order": ADD_ORDER,
    "amend_order": AMEND_ORDER,
    "edit_order": EDIT_ORDER,
    "cancel_order": CANCEL_ORDER,
    "cancel_all": CANCEL_ALL,
    "cancel_all_orders_after": CANCEL_ALL_AFTER,
    "batch_add": ADD_BATCH,
    "batch_cancel": CANCEL_BATCH,
}
"""Over the WebSocket."""
