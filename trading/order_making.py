"""From an approval to an order, or to its refusal: pure."""

from .messages import OrderApproved, OrderRefused
from .order_events import OrderIntended, OrderPlaced


def intend(approval: OrderApproved, client_id: str, sequence: int, epoch: int, now_ns: int) -> OrderIntended:
    """The order as it was approved, under the id it keeps for ever."""
    return OrderIntended(
        client_id=client_id,
        sequence=sequence,
        epoch=epoch,
        approval_id=approval.approval_id,
        signal_id=approval.signal_id,
        strategy=approval.strategy,
        symbol=approval.symbol,
        side=approval.side,
        type=approval.type,
        amount=approval.amount,
        price=approval.price,
        reference_price=approval.reference_price,
        at_ns=now_ns,
    )


def place(intent: OrderIntended, now_ns: int) -> OrderPlaced:
    """The word that its request was handed over."""
    return OrderPlaced(
        intent.client_id,
        intent.signal_id,
        intent.strategy,
        intent.symbol,
        intent.side,
        intent.type,
        intent.amount,
        intent.price,
        now_ns,
    )


def refuse(approval: OrderApproved, code: str, now_ns: int) -> OrderRefused:
    """The executor's no to an approval, with what it compared."""
    numbers = {"approval": approval.approval_id, "expires_ns": str(approval.expires_ns), "now_ns": str(now_ns)}
    return OrderRefused(approval.signal_id, approval.strategy, approval.symbol, code, numbers, now_ns)
