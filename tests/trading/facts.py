"""Short ways to the facts that tests of the trading core are made of."""

from decimal import Decimal
from typing import Any

import msgspec

from tradigrade.trading.books import Books
from tradigrade.trading.evidence import Evidence, VenueOrder, VenueState
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.messages import ZERO, MarketDataUpdate, SignalGenerated
from tradigrade.trading.order_events import OrderAccepted, OrderEvent, OrderFilled, OrderIntended, OrderPlaced

SYMBOL = "BTC/USDT"
INSTRUMENT = PAPER_INSTRUMENTS[SYMBOL]
NOW_NS = 1_700_000_000_000_000_000


def intent(client_id: str = "tgmain-1-1", side: Any = "buy", amount: str = "1", **changed: Any) -> OrderIntended:
    made = OrderIntended(
        client_id=client_id,
        sequence=1,
        epoch=1,
        approval_id=f"approval of {client_id}",
        signal_id=f"signal of {client_id}",
        strategy="s",
        symbol=SYMBOL,
        side=side,
        type="limit",
        amount=Decimal(amount),
        price=Decimal(100),
        reference_price=Decimal(100),
        at_ns=NOW_NS,
    )
    return msgspec.structs.replace(made, **changed)


def placed(made: OrderIntended) -> OrderPlaced:
    return OrderPlaced(
        made.client_id,
        made.signal_id,
        made.strategy,
        made.symbol,
        made.side,
        made.type,
        made.amount,
        made.price,
        made.at_ns,
    )


def fill(
    made: OrderIntended,
    trade_id: str = "1",
    amount: str = "1",
    price: str = "100",
    fee: str = "0",
    currency: str = "USDT",
) -> OrderFilled:
    return OrderFilled(
        client_id=made.client_id,
        trade_id=trade_id,
        symbol=made.symbol,
        side=made.side,
        price=Decimal(price),
        amount=Decimal(amount),
        fee=Decimal(fee),
        fee_currency=currency,
        maker=False,
        at_ns=NOW_NS,
    )


def books(*events: OrderEvent) -> Books:
    folded = Books()
    for event in events:
        folded.apply(event)
    return folded


def accepted(made: OrderIntended) -> tuple[OrderEvent, ...]:
    return made, placed(made), OrderAccepted(made.client_id, "v1", NOW_NS)


def signal(target: str = "0.01", limit: str | None = None, **changed: Any) -> SignalGenerated:
    price = None if limit is None else Decimal(limit)
    made = SignalGenerated("signal", "s", SYMBOL, Decimal(target), price, NOW_NS, "bar 1")
    return msgspec.structs.replace(made, **changed)


def market(bid: str = "29999", ask: str = "30001", age_ns: int = 0) -> MarketDataUpdate:
    at_ns, size = NOW_NS - age_ns, Decimal(1)
    return MarketDataUpdate(SYMBOL, "quote", at_ns, at_ns, 7, Decimal(bid), size, Decimal(ask), size)


def at_venue(made: OrderIntended, state: VenueState, filled: Decimal = ZERO) -> VenueOrder:
    return VenueOrder(made.client_id, "v1", made.symbol, state, made.side, made.type, made.amount, made.price, filled)


def evidence(
    *orders: VenueOrder,
    trades: tuple[OrderFilled, ...] = (),
    asked_ns: int = NOW_NS,
    last: dict[str, int] | None = None,
    **balances: str,
) -> Evidence:
    totals = {currency: Decimal(amount) for currency, amount in balances.items()}
    return Evidence(asked_ns, orders, trades, last or {}, totals, asked_ns)
