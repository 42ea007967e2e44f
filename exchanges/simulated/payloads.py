"""The venue's answers and events in Binance's JSON shapes: numbers of money are texts of eight decimals."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ...trading.instruments import Instrument
from .accounts import ZERO, Account
from .engine import Engine
from .filters import describe
from .market import Market
from .orders import Fill, Order
from .records import FundsTransferred, OrderClosed, OrderFilled, OrderOpened, OrderTriggered
from .stops import WORKS_AS, is_market

Json = dict[str, Any]


def money(number: Decimal) -> str:
    return f"{number:.8f}"


def order_core(order: Order) -> Json:
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        "price": money(order.price),
        "origQty": money(order.quantity),
        "executedQty": money(order.executed),
        "origQuoteOrderQty": money(order.quote_quantity),
        "cummulativeQuoteQty": money(order.executed_quote),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "selfTradePreventionMode": "NONE",
    }


def order_status(order: Order) -> Json:
    return (
        order_core(order)
        | _trail(order)
        | {
            "stopPrice": money(ZERO if order.trailing_delta else order.stop_price),
            "icebergQty": money(order.iceberg),
            "time": order.created_ms,
            "updateTime": order.updated_ms,
            "isWorking": order.is_open and not order.waits,
            "workingTime": -1 if order.waits else order.created_ms,
        }
    )


def order_ack(order: Order) -> Json:
    keys = ("symbol", "orderId", "orderListId", "clientOrderId")
    core = order_core(order)
    return {key: core[key] for key in keys} | {"transactTime": order.created_ms}


def order_result(order: Order) -> Json:
    working = {"workingTime": -1 if order.waits else order.created_ms}
    return order_core(order) | {"transactTime": order.created_ms} | working | _stop_price(order)


def _stop_price(order: Order) -> Json:
    """Only in answers to orders that have one."""
    if order.trailing_delta:
        return _trail(order)
    return {"stopPrice": money(order.stop_price)} if order.stop_price else {}


def _trail(order: Order) -> Json:
    return {"trailingDelta": order.trailing_delta, "trailingTime": order.created_ms} if order.trailing_delta else {}


def order_full(order: Order, fills: Iterable[Fill]) -> Json:
    return order_result(order) | {
        "fills": [
            {
                "price": money(fill.price),
                "qty": money(fill.quantity),
                "commission": money(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.trade_id,
            }
            for fill in fills
        ]
    }


def order_cancelled(order: Order, request_id: str) -> Json:
    ids = {"origClientOrderId": order.client_id, "clientOrderId": request_id, "transactTime": order.updated_ms}
    return order_core(order) | ids | _stop_price(order)


def own_trade(fill: Fill) -> Json:
    return {
        "symbol": fill.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": -1,
        "price": money(fill.price),
        "qty": money(fill.quantity),
        "quoteQty": money(fill.price * fill.quantity),
        "commission": money(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.at_ms,
        "isBuyer": fill.side == "BUY",
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def account_status(account: Account, updated_ms: int) -> Json:
    rate = "0.00100000"
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": rate, "taker": rate, "buyer": money(ZERO), "seller": money(ZERO)},
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": updated_ms,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": money(balance.free), "locked": money(balance.locked)}
            for asset, balance in sorted(account.balances.items())
        ],
        "permissions": ["SPOT"],
        "uid": 1,
    }


def execution_report(
    record: OrderOpened | OrderTriggered | OrderFilled | OrderClosed, order: Order, execution_id: int
) -> Json:
    """The user stream's event of one record, with the order as it stands after it."""
    fill = record if isinstance(record, OrderFilled) else None
    request_id = record.request_id if isinstance(record, OrderClosed) else ""
    kind = "NEW" if isinstance(record, OrderOpened | OrderTriggered) else "TRADE" if fill else order.status
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
        "P": money(order.stop_price),
        "F": money(order.iceberg),
        "g": -1,
        "C": order.client_id if request_id else "",
        "x": kind,
        "X": order.status,
        "r": "NONE",
        "i": order.order_id,
        "l": money(fill.quantity if fill else ZERO),
        "z": money(order.executed),
        "L": money(fill.price if fill else ZERO),
        "n": money(fill.fee if fill else ZERO),
        "N": order.receives if fill else None,
        "T": record.at_ms,
        "t": fill.trade_id if fill else -1,
        "I": execution_id,
        "w": order.is_open and not order.waits and not is_market(order.type),
        "m": bool(fill and fill.maker),
        "M": bool(fill),
        "O": order.created_ms,
        "Z": money(order.executed_quote),
        "Y": money(fill.price * fill.quantity if fill else ZERO),
        "Q": money(order.quote_quantity),
        "W": order.created_ms,
        "V": "NONE",
    }


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


def deposit(moved: FundsTransferred) -> Json:
    return _transfer(moved) | {
        "status": 1,
        "insertTime": moved.at_ms,
        "completeTime": moved.at_ms,
        "confirmTimes": "1/1",
    }


def withdrawal(moved: FundsTransferred) -> Json:
    at = f"{datetime.fromtimestamp(moved.at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    return _transfer(moved) | {"status": 6, "applyTime": at, "completeTime": at, "transactionFee": "0"}


def _transfer(moved: FundsTransferred) -> Json:
    name = f"{moved.asset}{moved.at_ms}"
    core = {"id": name, "txId": name, "coin": moved.asset, "amount": money(abs(moved.amount)), "network": moved.asset}
    return core | {"address": "paper", "addressTag": "", "transferType": 1, "walletType": 0}


def exchange_info(engine: Engine, symbols: Iterable[str], weight_limit: int, now_ms: int) -> Json:
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight_limit}
        ],
        "exchangeFilters": [],
        "symbols": [_symbol(engine.market(symbol).instrument, engine.open_orders_max) for symbol in symbols],
    }


def _symbol(instrument: Instrument, open_orders_max: int) -> Json:
    return {
        "symbol": instrument.venue_symbol,
        "status": "TRADING",
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", *WORKS_AS],
        "icebergAllowed": True,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": describe(instrument, open_orders_max),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }


def depth(market: Market, limit: int) -> Json:
    bids, asks = market.book.top(limit)
    return {
        "lastUpdateId": market.last_update_id,
        "bids": [[money(price), money(size)] for price, size in bids],
        "asks": [[money(price), money(size)] for price, size in asks],
    }
