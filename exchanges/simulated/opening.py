"""A request as the order it would open, and what that would meet: judged, and nothing changed."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from ...trading.book import BookSide
from ...trading.instruments import Instrument
from ...trading.messages import ZERO
from .deciding import begin_stop, check_funds, meet, worst_payment
from .market import Market
from .matching import NOTHING, Match
from .orders import Order, OrderRequest
from .records import NO_LIST, OrderOpened
from .state import VenueState
from .stops import WORKS_AS, is_market


class Placement(NamedTuple):
    request: OrderRequest
    met: Match
    stop_price: Decimal
    quantity: Decimal
    """Of an order by cost what its cost bought, as the real venue reports it."""
    locked: Decimal

    @property
    def needed(self) -> Decimal:
        """What the account must have."""
        by_cost = self.request.quote_quantity if self.request.side == "BUY" else ZERO
        return max(self.locked, by_cost)


def judge(request: OrderRequest, market: Market, state: VenueState, now_ms: int) -> Placement:
    """Raises RequestRefused; whether it can be paid for is not judged."""
    waits = request.type in WORKS_AS
    stop_price = begin_stop(request, market) if waits else ZERO
    met = NOTHING if waits else meet(request, market, state.open, now_ms)
    missed = met.prevented[-1].size if met.expired else ZERO
    quantity = request.quantity or met.quantity + missed
    return Placement(request, met, stop_price, quantity, worst_payment(request, stop_price, quantity, met))


def check_payable(placements: Iterable[Placement], market: Market, state: VenueState) -> None:
    """Of several, one at most is to be paid. Raises RequestRefused."""
    for placement in placements:
        asset = market.instrument.quote if placement.request.side == "BUY" else market.instrument.base
        check_funds(state, placement.request.uid, asset, placement.needed)


def opened_of(
    placement: Placement,
    instrument: Instrument,
    order_id: int,
    now_ms: int,
    *,
    list_id: int = NO_LIST,
    held: bool = False,
) -> OrderOpened:
    request = placement.request
    trails = bool(request.trailing_delta)
    return OrderOpened(
        order_id=order_id,
        client_id=request.client_id or f"venue.{order_id}",
        symbol=request.symbol,
        base=instrument.base,
        quote=instrument.quote,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        price=request.price,
        quantity=placement.quantity,
        quote_quantity=request.quote_quantity,
        locked=placement.locked,
        at_ms=now_ms,
        stop_price=placement.stop_price,
        trailing_delta=request.trailing_delta,
        iceberg=request.iceberg,
        uid=request.uid,
        fee_reserve=request.fee_reserve,
        prevention=request.prevention or "NONE",
        activation=request.stop_price if trails else ZERO,
        list_id=list_id,
        closing=request.closing,
        held=held,
        strategy_id=request.strategy_id,
        strategy_type=request.strategy_type,
    )


def queue_places(
    taker: OrderOpened | Order, met: Match, market: Market, now_ms: int
) -> tuple[tuple[int, Decimal], ...]:
    """What strangers have standing before the taker where a rest of it stays on the book, and before the icebergs it
    met, whose next part comes up behind them."""
    makers = {offer.maker.order_id: offer.maker for offer in met.taken if offer.maker and offer.maker.iceberg}
    places = [(each.order_id, _strangers(each, market, now_ms)) for each in makers.values()]
    rests = not is_market(taker.type) and taker.time_in_force == "GTC" and not met.expired
    if rests and met.quantity < taker.quantity:
        places.append((taker.order_id, _strangers(taker, market, now_ms)))
    return tuple(place for place in places if place[1])


def _strangers(order: OrderOpened | Order, market: Market, now_ms: int) -> Decimal:
    side: BookSide = "bid" if order.side == "BUY" else "ask"
    return max(ZERO, market.displayed(side, order.price) - market.impact.taken(side, order.price, now_ms))
