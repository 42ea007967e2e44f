"""The JSON of Kraken's answers: over REST numbers are texts, over the WebSocket they are numbers; both exact. Pure."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from ....trading.instruments import Instrument
from ..orders import Fill, Order
from ..records import FundsTransferred
from .closings import parent_of
from .names import Pair, asset_id, order_txid, trade_txid

ZERO = Decimal(0)
EIGHT = Decimal("1e-8")
STATUSES = {
    "NEW": "open",
    "PARTIALLY_FILLED": "open",
    "FILLED": "closed",
    "CANCELED": "canceled",
    "EXPIRED": "canceled",
    "EXPIRED_IN_MATCH": "canceled",
}
KINDS = {
    "LIMIT": "limit",
    "LIMIT_MAKER": "limit",
    "MARKET": "market",
    "STOP_LOSS": "stop-loss",
    "STOP_LOSS_LIMIT": "stop-loss-limit",
    "TAKE_PROFIT": "take-profit",
    "TAKE_PROFIT_LIMIT": "take-profit-limit",
}

encode_numbers = msgspec.json.Encoder(decimal_format="number").encode
"""With every digit of a Decimal, zeros at the end too."""


def decimals(step: Decimal) -> int:
    """How many places numbers of this step have."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def price_number(instrument: Instrument, price: Decimal) -> Decimal:
    return price.quantize(Decimal(1).scaleb(-decimals(instrument.tick_size)))


def size_number(size: Decimal) -> Decimal:
    return size.quantize(EIGHT)


def text(number: Decimal, places: int = 8) -> str:
    return f"{number:.{places}f}"


def rfc3339(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds(at_ms: int) -> float:
    return at_ms / 1_000


def kind_of(order: Order) -> str:
    if order.trailing_delta:
        return "trailing-stop"
    return "iceberg" if order.iceberg else KINDS[order.type]


def prices_of(order: Order, pair: Pair) -> tuple[str, str]:
    """The first and second price of its description."""
    places = decimals(pair.instrument.tick_size)
    if order.trailing_delta:
        return f"+{Decimal(order.trailing_delta) / 100:.4f}%", "0"
    if order.type.startswith(("STOP", "TAKE")):
        return text(order.stop_price, places), text(order.price, places) if order.price else "0"
    return (text(order.price, places) if order.price else "0"), "0"


def sentence(order: Order, pair: Pair) -> str:
    """What Kraken calls an order in words."""
    kind, (first, second) = kind_of(order), prices_of(order, pair)
    words = kind.removesuffix("-limit").replace("-", " ") if kind != "limit" else kind
    at = "" if kind == "market" else f" {first}"
    limit = f" -> limit {second}" if kind.endswith("-limit") else ""
    amount = order.quote_quantity or order.quantity
    return f"{order.side.lower()} {text(amount)} {pair.altname} @ {words}{at}{limit}"


def closing_words(order: Order, pair: Pair) -> str:
    """What is to become of its fills; empty where nothing is."""
    if (closing := order.closing) is None:
        return ""
    places, kind = decimals(pair.instrument.tick_size), KINDS[closing.type].removesuffix("-limit").replace("-", " ")
    if not closing.stop_price:
        return f"close position @ limit {text(closing.price, places)}"
    limit = f" -> limit {text(closing.price, places)}" if closing.price else ""
    return f"close position @ {kind} {text(closing.stop_price, places)}{limit}"


def order_row(order: Order, pair: Pair, fills: list[Fill], *, trades: bool) -> dict[str, Any]:
    """One order of OpenOrders, ClosedOrders and QueryOrders."""
    first, second = prices_of(order, pair)
    places = decimals(pair.instrument.tick_size)
    average = order.executed_quote / order.executed if order.executed else ZERO
    status, parent = STATUSES[order.status], parent_of(order.client_id)
    row: dict[str, Any] = {
        "refid": None if parent is None else order_txid(parent),
        "userref": 0,
        "cl_ord_id": order.client_id if not order.client_id.startswith("venue.") else None,
        "status": status,
        "opentm": seconds(order.created_ms),
        "starttm": 0,
        "expiretm": 0,
        "descr": {
            "pair": pair.altname,
            "aclass": "forex",
            "type": order.side.lower(),
            "ordertype": kind_of(order),
            "price": first,
            "price2": second,
            "leverage": "none",
            "order": sentence(order, pair),
            "close": closing_words(order, pair),
        },
        "vol": text(order.quantity),
        "vol_exec": text(order.executed),
        "cost": text(order.executed_quote),
        "fee": text(sum((fill.fee for fill in fills), ZERO)),
        "price": text(average, places),
        "stopprice": text(order.stop_price, places),
        "limitprice": text(ZERO, places),
        "misc": "",
        "oflags": ",".join(["post"] * (order.type == "LIMIT_MAKER") + ["fciq"]),
    }
    if status != "open":
        row |= {
            "reason": "User requested" if order.status == "CANCELED" else None,
            "closetm": seconds(order.updated_ms),
        }
    return row | ({"trades": [trade_txid(fill.trade_id) for fill in fills]} if trades and fills else {})


def trade_row(fill: Fill, order: Order | None, pair: Pair) -> dict[str, Any]:
    """One trade of TradesHistory and QueryTrades."""
    return {
        "ordertxid": order_txid(fill.order_id),
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": pair.id,
        "time": seconds(fill.at_ms),
        "type": fill.side.lower(),
        "ordertype": kind_of(order) if order else "limit",
        "price": text(fill.price, decimals(pair.instrument.tick_size)),
        "cost": text(fill.price * fill.quantity),
        "fee": text(fill.fee),
        "vol": text(fill.quantity),
        "margin": "0.00000",
        "leverage": "0",
        "misc": "",
        "trade_id": fill.trade_id,
        "maker": fill.maker,
    }


def transfer_refid(transfer: FundsTransferred) -> str:
    """Its name by every door."""
    return f"QSIM-{transfer.at_ms}"


def transfer_row(transfer: FundsTransferred) -> dict[str, Any]:
    """Of DepositStatus and WithdrawStatus."""
    return {
        "method": "simulated",
        "aclass": "currency",
        "asset": asset_id(transfer.asset),
        "refid": transfer_refid(transfer),
        "txid": str(transfer.at_ms),
        "info": "",
        "amount": text(abs(transfer.amount), 10),
        "fee": text(ZERO, 10),
        "time": transfer.at_ms // 1_000,
        "status": "Success",
    }


def order_words(order: Order, pair: Pair) -> dict[str, Any]:
    """What is said of an order over the WebSocket where all of it is said."""
    instrument = pair.instrument
    named = {} if order.client_id.startswith("venue.") else {"cl_ord_id": order.client_id}
    words: dict[str, Any] = {
        "order_id": order_txid(order.order_id),
        **named,
        "symbol": pair.symbol,
        "order_qty": size_number(order.quantity),
        "cum_cost": order.executed_quote,
        "cum_qty": size_number(order.executed),
        "time_in_force": order.time_in_force,
        "side": order.side.lower(),
        "order_type": kind_of(order),
        "post_only": order.type == "LIMIT_MAKER",
        "order_userref": 0,
        "fee_usd_equiv": 0,
        "fee_ccy_pref": "fciq",
    }
    if order.price:
        words |= {"limit_price_type": "static", "limit_price": price_number(instrument, order.price)}
    if order.stop_price:
        triggers = {"reference": "last", "price": price_number(instrument, order.stop_price), "price_type": "static"}
        words["triggers"] = triggers | {"status": "untriggered" if order.waits else "triggered"}
        words["stop_price"] = price_number(instrument, order.stop_price)
    return words


def trade_words(fill: Fill, order: Order, pair: Pair) -> dict[str, Any]:
    """Of one execution over the WebSocket."""
    named = {} if order.client_id.startswith("venue.") else {"cl_ord_id": order.client_id}
    return {
        "order_id": order_txid(order.order_id),
        **named,
        "exec_id": trade_txid(fill.trade_id),
        "exec_type": "trade",
        "trade_id": fill.trade_id,
        "symbol": pair.symbol,
        "side": fill.side.lower(),
        "last_qty": size_number(fill.quantity),
        "last_price": price_number(pair.instrument, fill.price),
        "liquidity_ind": "m" if fill.maker else "t",
        "cost": fill.price * fill.quantity,
        "order_userref": 0,
        "order_status": "filled" if order.status == "FILLED" else "partially_filled",
        "order_type": kind_of(order),
        "fee_usd_equiv": fill.fee,
        "fees": [{"asset": fill.fee_asset, "qty": fill.fee}],
        "timestamp": rfc3339(fill.at_ms),
    }
