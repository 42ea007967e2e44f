"""Answers about order lists in Binance's JSON shapes."""

from collections.abc import Iterable

from .orders import Order, OrderList
from .payloads import Json, list_orders, order_cancelled, order_result


def order_list(orders: OrderList) -> Json:
    """As it stands."""
    return {
        "orderListId": orders.list_id,
        "contingencyType": orders.contingency,
        "listStatusType": orders.status_type,
        "listOrderStatus": orders.order_status,
        "listClientOrderId": orders.client_id,
        "transactionTime": orders.updated_ms,
        "symbol": orders.symbol,
        "orders": list_orders(orders),
    }


def list_placed(orders: OrderList, reports: Iterable[Order]) -> Json:
    """`reports`: its orders."""
    return order_list(orders) | {"orderReports": [order_result(each) for each in reports]}


def list_cancelled(orders: OrderList, reports: Iterable[Order], request_id: str) -> Json:
    """`reports`: those that were still open."""
    return order_list(orders) | {"orderReports": [order_cancelled(each, request_id) for each in reports]}
