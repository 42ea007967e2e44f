"""What a new order comes to on a market: refused as Binance refuses it, or opened and matched. Changes nothing."""

from decimal import Decimal

import msgspec

from .accounts import ZERO
from .errors import (
    DUPLICATE_ORDER,
    INSUFFICIENT_BALANCE,
    NO_LIQUIDITY,
    WOULD_MATCH,
    WOULD_TRIGGER,
    RequestRefused,
    filter_failed,
)
from .filters import (
    check_iceberg,
    check_market_quantity,
    check_notional,
    check_open_orders,
    check_position,
    check_prevention,
    check_price,
    check_quantity,
    check_stop_price,
    check_trailing,
    check_waiting_orders,
)
from .market import Market
from .matching import NOTHING, Match, Wish, match, queued, within
from .open_orders import OpenOrders
from .orders import Order, OrderRequest
from .records import OrderSide
from .state import VenueState
from .stops import LOCK_MARGIN, WORKS_AS, is_market, trailed, triggers


def check_filters(request: OrderRequest, market: Market, now_ms: int) -> None:
    """What the symbol's rules say of the request alone. Raises RequestRefused."""
    instrument, rules = market.instrument, market.rules
    usual = market.average_price(now_ms) if rules.average_minutes else market.last_price
    market_kind = is_market(request.type)
    if not request.quote_quantity:
        check_quantity(instrument, request.quantity)
        if market_kind:
            check_market_quantity(instrument, rules, request.quantity)
    if request.iceberg:
        check_iceberg(instrument, rules, request.iceberg, request.quantity)
    if not market_kind:
        check_price(instrument, rules, request.side, request.price, usual)
    price = request.price or request.stop_price or usual
    if request.quote_quantity or price:
        notional = request.quote_quantity or request.quantity * (price or ZERO)
        check_notional(instrument, rules, notional, market=market_kind)
    if request.stop_price:
        check_stop_price(instrument, rules, request.stop_price)
    if request.trailing_delta:
        check_trailing(rules, request.type, request.side, request.trailing_delta)


def check_account(requests: tuple[OrderRequest, ...], market: Market, state: VenueState, limit: int) -> None:
    """What the rules say of the requests, which come together, with what the account has. Raises RequestRefused."""
    first, ids = requests[0], [request.client_id for request in requests if request.client_id]
    if len(set(ids)) < len(ids) or any(state.open.find(each, first.uid) for each in ids):
        raise RequestRefused(DUPLICATE_ORDER)
    check_open_orders(state.open.count(first.uid, first.symbol) + len(requests), limit)
    if fresh := sum(request.type in WORKS_AS for request in requests):
        waiting = sum(order.uid == first.uid for order in state.open.waiting(first.symbol))
        check_waiting_orders(market.rules, waiting + fresh)
    if market.rules.position_max is not None and (buys := [each for each in requests if each.side == "BUY"]):
        standing = (order for order in state.open.of(first.uid) if order.symbol == first.symbol)
        bought = sum((order.remaining for order in standing if order.side == "BUY"), ZERO)
        held = state.account(first.uid).total(market.instrument.base)
        check_position(market.rules, held + bought + max(each.quantity for each in buys))


def begin_stop(request: OrderRequest, market: Market) -> Decimal:
    """The stop price the order begins with; of a trail that is yet to begin, zero. Raises RequestRefused where the
    market is there already, and where there is none to follow."""
    price, stop_price = market.last_price, request.stop_price
    there = bool(price) and stop_price and triggers(request.type, request.side, stop_price, price or ZERO)
    if not request.trailing_delta:
        if there:
            raise RequestRefused(WOULD_TRIGGER)
        return stop_price
    if not price:
        raise RequestRefused(filter_failed("TRAILING_DELTA"))
    if stop_price and not there:
        return ZERO
    return trailed(request.side, price, request.trailing_delta, market.instrument.tick_size)


def meet(request: OrderRequest, market: Market, book: OpenOrders, now_ms: int, budget: Decimal | None = None) -> Match:
    """What the order takes at once, for `budget` at most: nothing of a FOK order that cannot be filled whole. Raises
    RequestRefused for a maker order that would take, and for an order by cost that nobody meets."""
    quantity = None if request.quote_quantity else request.quantity
    budget = request.quote_quantity or budget
    their_side: OrderSide = "SELL" if request.side == "BUY" else "BUY"
    strangers = market.available("ask" if request.side == "BUY" else "bid", now_ms)
    offers = queued(strangers, book.on_book(request.symbol, their_side), their_side)
    if not is_market(request.type):
        offers = within(offers, request.side, request.price)
    step = market.instrument.step_size
    met = match(offers, Wish(request.uid, request.prevention or "NONE", quantity, budget, step))
    if request.type == "LIMIT_MAKER" and (met.taken or met.prevented):
        raise RequestRefused(WOULD_MATCH)
    if request.quote_quantity and not met.taken and not met.prevented:
        raise RequestRefused(NO_LIQUIDITY)
    return NOTHING if request.time_in_force == "FOK" and met.quantity != quantity else met


def worst_payment(request: OrderRequest, stop_price: Decimal, quantity: Decimal, met: Match) -> Decimal:
    """The most the order can pay, in the asset it pays with."""
    if request.side == "SELL":
        return quantity
    price = request.price or (stop_price or request.stop_price) * LOCK_MARGIN
    return (price * quantity if price else met.cost) * (1 + (request.fee_reserve or ZERO))


def check_funds(state: VenueState, uid: int, asset: str, amount: Decimal) -> None:
    """Raises RequestRefused."""
    if amount > state.account(uid).free(asset):
        raise RequestRefused(INSUFFICIENT_BALANCE)


def request_of(order: Order) -> OrderRequest:
    """What was asked for, of an order that is yet to work."""
    return OrderRequest(
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        client_id=order.client_id,
        time_in_force=order.time_in_force,
        price=order.price,
        quantity=order.quantity,
        stop_price=order.activation if order.trailing_delta else order.stop_price,
        trailing_delta=order.trailing_delta,
        iceberg=order.iceberg,
        uid=order.uid,
        prevention=order.prevention,
        fee_reserve=order.fee_reserve,
        strategy_id=order.strategy_id,
        strategy_type=order.strategy_type,
    )


def owned(request: OrderRequest, uid: int, market: Market) -> OrderRequest:
    """The account's request, with the mode of self-trade prevention that holds for it. Raises RequestRefused."""
    prevention = check_prevention(market.rules, request.prevention)
    return msgspec.structs.replace(request, uid=uid, prevention=prevention)
