"""What the venue's words on an order come to in the books. Pure."""

from ..exchanges.venue import OrderReported, PlaceAnswered
from ..trading.order import Order
from ..trading.order_events import OrderAccepted, OrderCancelled, OrderEvent, OrderRejected, OrderUnknown
from ..trading.order_states import DOUBTFUL


def meaning_of_answer(answer: PlaceAnswered, now_ns: int) -> OrderEvent:
    """Of the answer to a request: what is not proven is doubt."""
    match answer.outcome:
        case "done":
            return OrderAccepted(answer.client_id, answer.venue_id, now_ns)
        case "refused":
            return OrderRejected(answer.client_id, answer.code, answer.reason, now_ns)
        case "unknown":
            return OrderUnknown(answer.client_id, f"{answer.code}: {answer.reason}", now_ns)


def meaning_of_report(report: OrderReported, order: Order, now_ns: int) -> OrderEvent | None:
    """Of a word on the private stream; None where it says nothing new."""
    client_id = order.intent.client_id
    match report.state:
        case "open":
            return OrderAccepted(client_id, report.venue_id, now_ns) if order.state in DOUBTFUL else None
        case "cancelled":
            return OrderCancelled(client_id, "cancelled at the venue", now_ns)
        case "rejected":
            return OrderRejected(client_id, "VENUE", "rejected at the venue", now_ns)
