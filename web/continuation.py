"""What a reader of the trader's snapshots knows: the last whole one, with what was told to have changed since."""

from operator import attrgetter

from msgspec.structs import replace

from ..trading.order_states import CLOSED
from ..trading.views import OrderView, StandingView, TradingSnapshot

ROWS_KEPT = 50
_CLOSED = {state.value for state in CLOSED}


def complete(told: TradingSnapshot, whole: TradingSnapshot | None) -> TradingSnapshot:
    """`told`, with the rows of the last whole snapshot that it does not repeat. Where a whole one was lost, the rows
    that only it had are missing until the next."""
    if whole is None or not told.since_ns:
        return told
    return replace(
        told,
        orders=_merge_orders(told.orders, whole.orders),
        fills=(*told.fills, *whole.fills)[:ROWS_KEPT],
        refusals=(*told.refusals, *whole.refusals)[:ROWS_KEPT],
        standings=_merge_standings(told.standings, whole.standings),
    )


def is_outdated(told: TradingSnapshot, whole: TradingSnapshot | None) -> bool:
    """Whether it continues an older snapshot than the last whole one: it was overtaken by that."""
    return whole is not None and 0 < told.since_ns < whole.at_ns


def misses(told: TradingSnapshot, whole: TradingSnapshot | None) -> bool:
    """Whether it continues a whole snapshot that was never heard."""
    return bool(told.since_ns) and (whole is None or whole.at_ns < told.since_ns)


def _merge_orders(told: tuple[OrderView, ...], known: tuple[OrderView, ...]) -> tuple[OrderView, ...]:
    """Open orders first, newest first."""
    if not told:
        return known
    changed = {order.client_id for order in told}
    rows = [*reversed(told), *[order for order in known if order.client_id not in changed]]
    still_open = [row for row in rows if row.state not in _CLOSED]
    still_open.sort(key=_at_ns, reverse=True)
    return (*still_open, *[row for row in rows if row.state in _CLOSED])[:ROWS_KEPT]


_at_ns = attrgetter("at_ns")


def _merge_standings(told: tuple[StandingView, ...], known: tuple[StandingView, ...]) -> tuple[StandingView, ...]:
    """In the order in which they are known."""
    if not told:
        return known
    return tuple(({each.scope: each for each in known} | {each.scope: each for each in told}).values())
