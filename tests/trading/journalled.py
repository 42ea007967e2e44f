"""Records of a journal as tests write them: order N is `tgmain-1-N` of `signal-N` and `approval-N`, 1 s after N - 1."""

from decimal import Decimal
from typing import Any

from tradigrade.trading.history.fold import History
from tradigrade.trading.messages import (
    OrderApproved,
    OrderRefused,
    OrderRequested,
    RungChanged,
    Side,
    SignalGenerated,
    Terms,
)
from tradigrade.trading.order_events import OrderAccepted, OrderFilled, OrderIntended, OrderPlaced

S = 1_000_000_000
MS = 1_000_000
NOW = 1_763_800_000 * S
SYMBOL = "BTC/USDT"
AMOUNT = "0.01"


def history_of(*records: Any) -> History:
    history = History()
    for sequence, record in enumerate(records, 1):
        history.apply(sequence, record)
    return history


def whole_life(number: int, side: str, price: str, amount: str = AMOUNT, strategy: str = "s") -> tuple[Any, ...]:
    """A signal that was approved, sent, accepted and filled."""
    target = amount if side == "buy" else "0"
    more: dict[str, Any] = {"side": side, "amount": Decimal(amount), "strategy": strategy}
    return (
        signal(number, target, strategy),
        approval(number, **more),
        intent(number, **more),
        placed(number),
        accepted(number),
        fill(number, side, price, amount=amount),
    )


def at(number: int, part: int) -> int:
    return NOW + number * S + part * MS - S


def signal(number: int, target: str, strategy: str = "s") -> SignalGenerated:
    return SignalGenerated(
        signal_id=f"signal-{number}",
        strategy=strategy,
        symbol=SYMBOL,
        target=Decimal(target),
        limit_price=None,
        created_ns=at(number, 1),
        cause=f"bar {at(number, 0)}",
        model="lstm@7",
        probability_up=0.25,
        horizon_s=1.0,
        features=(0.5, 0.0, -3.0),
    )


def requested(request_id: str) -> OrderRequested:
    amount, price, terms = Decimal(AMOUNT), Decimal(29_000), Terms(post_only=True)
    return OrderRequested(request_id, "hand", SYMBOL, "buy", "limit", amount, price, at(1, 1), "a person", terms)


def approval(number: int, key: str = "", **changes: Any) -> OrderApproved:
    fields: dict[str, Any] = {
        "approval_id": f"approval-{number}",
        "risk_incarnation": "risk-1",
        "signal_id": key or f"signal-{number}",
        "strategy": "s",
        "symbol": SYMBOL,
        "side": "buy",
        "type": "market",
        "amount": Decimal(AMOUNT),
        "price": None,
        "reference_price": Decimal(30_000),
        "judged_ns": at(number, 2),
        "expires_ns": at(number, 502),
        "judged_on": f"quote 9 of {SYMBOL}",
    }
    return OrderApproved(**fields | changes)


def refused(number: int, code: str, numbers: dict[str, str]) -> OrderRefused:
    return OrderRefused(f"signal-{number}", "s", SYMBOL, code, numbers, at(number, 2))


def intent(number: int, key: str = "", **changes: Any) -> OrderIntended:
    fields: dict[str, Any] = {
        "client_id": f"tgmain-1-{number}",
        "sequence": number,
        "epoch": 1,
        "approval_id": f"approval-{number}",
        "signal_id": key or f"signal-{number}",
        "strategy": "s",
        "symbol": SYMBOL,
        "side": "buy",
        "type": "market",
        "amount": Decimal(AMOUNT),
        "price": None,
        "reference_price": Decimal(30_000),
        "at_ns": at(number, 3),
    }
    return OrderIntended(**fields | changes)


def placed(number: int) -> OrderPlaced:
    amount = Decimal(AMOUNT)
    client_id, signal_id = f"tgmain-1-{number}", f"signal-{number}"
    return OrderPlaced(client_id, signal_id, "s", SYMBOL, "buy", "market", amount, None, at(number, 4))


def accepted(number: int) -> OrderAccepted:
    return OrderAccepted(f"tgmain-1-{number}", f"v{number}", at(number, 5))


def fill(number: int, side: Side | str, price: str, amount: str = AMOUNT, trade: str = "") -> OrderFilled:
    """At a fee of a thousandth, in quote currency."""
    fee = Decimal(price) * Decimal(amount) / 1000
    client_id, trade_id = f"tgmain-1-{number}", trade or f"t{number}"
    return OrderFilled(
        client_id,
        trade_id,
        SYMBOL,
        side,
        Decimal(price),
        Decimal(amount),
        fee,
        "USDT",
        False,
        at(number, 6),  # type: ignore[arg-type]
    )


def rung(scope: str, name: str = "NORMAL", reason: str = "everything works") -> RungChanged:
    return RungChanged(scope, name, reason, NOW)
