"""Order lists: what placing one opens, and what the filled working order of one releases. Judged, nothing changed."""

from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from ...trading.messages import ZERO
from .deciding import check_filters, request_of
from .errors import BAD_PRICES, RequestRefused
from .market import Market
from .matching import NOTHING, Match
from .opening import Placement, check_payable, judge, opened_of
from .orders import ListRequest, Order, OrderRequest
from .records import ListOpened, OrderOpened
from .state import VenueState
from .stops import WORKS_AS


class Opening(NamedTuple):
    opened: list[OrderOpened]
    listed: ListOpened
    works: OrderOpened | None
    """What of it is on the book at once, or matched."""
    met: Match


def open_list(request: ListRequest, market: Market, state: VenueState, now_ms: int) -> Opening:
    """Raises RequestRefused."""
    oco = request.contingency == "OCO"
    if oco:
        check_prices(request.orders, market.last_price)
        placements, working = judge_pair(request.orders, market, state, now_ms), None
    else:
        check_prices(request.orders[1:], None)
        working = judge(request.orders[0], market, state, now_ms)
        check_payable([working], market, state)
        placements = [working, *(_held(each) for each in _stops_first(request.orders[1:]))]
    list_id, first_id = state.books.last_list_id + 1, state.books.last_order_id + 1
    opened = [
        opened_of(each, market.instrument, order_id, now_ms, list_id=list_id, held=not oco and each is not working)
        for order_id, each in enumerate(placements, first_id)
    ]
    client_id = request.client_id or f"venue.list.{list_id}"
    ids, first = tuple(each.order_id for each in opened), request.orders[0]
    listed = ListOpened(list_id, client_id, first.uid, first.symbol, request.contingency, ids, now_ms)
    works = next((each for each in opened if not each.held and each.type not in WORKS_AS), None)
    return Opening(opened, listed, works, working.met if working else NOTHING)


def judge_held(orders: list[Order], market: Market, state: VenueState, now_ms: int) -> list[Placement]:
    """What the orders that waited for the working one come to now. Raises RequestRefused."""
    requests = tuple(request_of(order) for order in orders)
    for each in requests:
        check_filters(each, market, now_ms)
    return judge_pair(requests, market, state, now_ms)


def judge_pair(requests: tuple[OrderRequest, ...], market: Market, state: VenueState, now_ms: int) -> list[Placement]:
    """Of two, only the dearer one sets something aside, for both. Raises RequestRefused."""
    placements = [judge(each, market, state, now_ms) for each in _stops_first(requests)]
    check_payable(placements, market, state)
    dearest = max(placements, key=lambda each: each.locked)
    return [each if each is dearest else each._replace(locked=ZERO) for each in placements]


def check_prices(orders: tuple[OrderRequest, ...], last: Decimal | None) -> None:
    """Of a pair, the upper one is given first; the market, where it counts, is between them. Raises RequestRefused."""
    if len(orders) < 2:
        return
    prices = [each.stop_price if each.type in WORKS_AS else each.price for each in orders]
    steps = [price for price in (prices[0], last if all(prices) else None, prices[1]) if price]
    if any(upper <= lower for upper, lower in pairwise(steps)):
        raise RequestRefused(BAD_PRICES)


def _held(request: OrderRequest) -> Placement:
    """As it waits for the working order: nothing of it is set aside."""
    stop_price = ZERO if request.trailing_delta else request.stop_price
    return Placement(request, NOTHING, stop_price, request.quantity, ZERO)


def _stops_first(orders: tuple[OrderRequest, ...]) -> tuple[OrderRequest, ...]:
    return tuple(sorted(orders, key=lambda each: each.type not in WORKS_AS))
