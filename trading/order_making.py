"""From a verdict to an approval, and from an approval to an order or its refusal: pure."""

from .messages import MarketDataUpdate, OrderApproved, OrderRefused
from .order_events import OrderIntended, OrderPlaced
from .risk import Asked, Draft, asked_id


def approve(
    approval_id: str,
    risk_incarnation: str,
    asked: Asked,
    draft: Draft,
    market: MarketDataUpdate,
    now_ns: int,
    expires_ns: int,
    versions: str = "",
) -> OrderApproved:
    """What risk allows of what is asked, and the state it was judged on; `versions`: of the limits it passed."""
    return OrderApproved(
        approval_id=approval_id,
        risk_incarnation=risk_incarnation,
        signal_id=asked_id(asked),
        strategy=asked.strategy,
        symbol=draft.symbol,
        side=draft.side,
        type=draft.type,
        amount=draft.amount,
        price=draft.price,
        reference_price=draft.reference,
        judged_ns=now_ns,
        expires_ns=expires_ns,
        judged_on=f"{market.kind} {market.sequence} of {market.symbol}{versions and f'; {versions}'}",
        terms=draft.terms,
    )


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
        terms=approval.terms,
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
        intent.terms,
    )


def refuse(approval: OrderApproved, code: str, now_ns: int) -> OrderRefused:
    """The executor's no to an approval, with what it compared."""
    numbers = {"approval": approval.approval_id, "expires_ns": str(approval.expires_ns), "now_ns": str(now_ns)}
    return OrderRefused(approval.signal_id, approval.strategy, approval.symbol, code, numbers, now_ns)
