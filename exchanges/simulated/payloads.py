"""The venue's answers and events in Binance's JSON shapes: amounts are texts."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .accounts import ZERO, Account
from .engine import Engine
from .fees import TIERS, Tier
from .filters import describe
from .market import BookShown, Market
from .money import money
from .orders import Fill, Order, OrderList, PreventedMatch
from .records import MAIN, FundsTransferred
from .stops import WORKS_AS

Json = dict[str, Any]


def order_core(order: Order) -> Json:
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
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
        "selfTradePreventionMode": order.prevention,
    } | (_prevented(order) | _strategy(order))


def order_status(order: Order) -> Json:
    return (
        order_core(order)
        | _trail(order)
        | {
            "stopPrice": money(asked_stop(order)),
            "icebergQty": money(order.iceberg),
            "time": order.created_ms,
            "updateTime": order.updated_ms,
            "isWorking": order.rests,
            "workingTime": order.working_ms or -1,
        }
    )


def order_ack(order: Order) -> Json:
    keys = ("symbol", "orderId", "orderListId", "clientOrderId")
    core = order_core(order)
    return {key: core[key] for key in keys} | {"transactTime": order.created_ms}


def order_result(order: Order) -> Json:
    return order_core(order) | {"transactTime": order.created_ms, "workingTime": order.working_ms or -1} | _terms(order)


def _terms(order: Order) -> Json:
    """Only in answers to orders that have them."""
    stop, iceberg = asked_stop(order), order.iceberg
    terms = {"stopPrice": money(stop)} if stop else {}
    return terms | ({"icebergQty": money(iceberg)} if iceberg else {}) | _trail(order)


def asked_stop(order: Order) -> Decimal:
    return order.activation if order.trailing_delta else order.stop_price


def _trail(order: Order) -> Json:
    return {"trailingDelta": order.trailing_delta, "trailingTime": order.created_ms} if order.trailing_delta else {}


def _prevented(order: Order) -> Json:
    if order.prevented_id < 0:
        return {}
    return {"preventedMatchId": order.prevented_id, "preventedQuantity": money(order.prevented)}


def _strategy(order: Order) -> Json:
    of_id = {} if order.strategy_id is None else {"strategyId": order.strategy_id}
    return of_id if order.strategy_type is None else of_id | {"strategyType": order.strategy_type}


def order_full(order: Order, fills: Iterable[Fill], prevented: Iterable[PreventedMatch] = ()) -> Json:
    """`prevented`: what it did not trade with because both were the account's own."""
    met = [_met(each) for each in prevented if each.taker_id == order.order_id]
    return (
        order_result(order)
        | ({"preventedMatches": met} if met else {})
        | {
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
    )


def list_orders(orders: OrderList) -> list[Json]:
    ids = zip(orders.order_ids, orders.client_ids, strict=True)
    return [{"symbol": orders.symbol, "orderId": order_id, "clientOrderId": client_id} for order_id, client_id in ids]


def order_cancelled(order: Order, request_id: str) -> Json:
    ids = {"origClientOrderId": order.client_id, "clientOrderId": request_id, "transactTime": order.updated_ms}
    return order_core(order) | ids | _terms(order)


def prevented_match(each: PreventedMatch) -> Json:
    return (
        {
            "symbol": each.symbol,
            "preventedMatchId": each.prevented_id,
            "takerOrderId": each.taker_id,
            "makerSymbol": each.symbol,
            "makerOrderId": each.maker_id,
            "tradeGroupId": -1,
            "selfTradePreventionMode": each.mode,
            "price": money(each.price),
        }
        | _sides(each)
        | {"transactTime": each.at_ms}
    )


def _met(each: PreventedMatch) -> Json:
    ids = {"preventedMatchId": each.prevented_id, "makerOrderId": each.maker_id, "price": money(each.price)}
    return ids | _sides(each)


def _sides(each: PreventedMatch) -> Json:
    """Only of the orders that ended by it."""
    taker = {"takerPreventedQuantity": money(each.taker_prevented)} if each.taker_prevented else {}
    return taker | ({"makerPreventedQuantity": money(each.maker_prevented)} if each.maker_prevented else {})


def own_trade(fill: Fill) -> Json:
    return {
        "symbol": fill.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": fill.list_id,
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


def account_status(account: Account, updated_ms: int, tier: Tier = TIERS[0], uid: int = MAIN) -> Json:
    return {
        "makerCommission": int(tier.maker * 10_000),
        "takerCommission": int(tier.taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": commission_rates(tier),
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
        "uid": uid,
    }


def commission_rates(tier: Tier) -> Json:
    return {"maker": money(tier.maker), "taker": money(tier.taker), "buyer": money(ZERO), "seller": money(ZERO)}


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
        "symbols": [_symbol(engine.market(symbol), engine.open_orders_max) for symbol in symbols],
    }


def _symbol(market: Market, open_orders_max: int) -> Json:
    instrument, rules = market.instrument, market.rules
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
        "ocoAllowed": True,
        "otoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": describe(instrument, rules, open_orders_max),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": rules.default_prevention,
        "allowedSelfTradePreventionModes": list(rules.preventions),
    }


def depth(book: BookShown) -> Json:
    return {
        "lastUpdateId": book.update_id,
        "bids": [[money(price), money(size)] for price, size in book.bids],
        "asks": [[money(price), money(size)] for price, size in book.asks],
    }
