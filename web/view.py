"""What the console shows, as plain JSON values: pure functions from reports, each bounded.

Decimals become strings without exponent, times become int milliseconds UTC, ages are seconds; what is not finite
becomes None.
"""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

from ..supervisors.reports import ActorReport, HistogramReport, NodeReport
from ..trading.views import Curve, FillView, LearningView, OrderView, RefusalView, SymbolView, TradingSnapshot

View = dict[str, Any]
V = TypeVar("V")
Dated = TypeVar("Dated", FillView, RefusalView)

UNKNOWN_RUNG = "UNKNOWN"
"""Shown while nothing fresh says which rung holds; no rung of the ladder, and never healthy."""

ACTORS_MAX = 2_000
SYMBOLS_MAX = 500
ROWS_MAX = 50
NAMES_MAX = 256
NUMBERS_MAX = 16
EQUITY_POINTS_MAX = 400
LEARNING_POINTS_MAX = 120
TEXT_MAX = 300
DIGITS_MAX = 40


def decimal_text(value: Decimal | None) -> str | None:
    """Digits without exponent; None for None and for what no price or balance can be (not finite, over 40 digits)."""
    if value is None or not value.is_finite() or abs(value.adjusted()) > DIGITS_MAX:
        return None
    return format(value, "f")


def finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def clip(text: str) -> str:
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"


def milliseconds(time_ns: int) -> int:
    """A browser's numbers are doubles: nanoseconds would lose digits there."""
    return time_ns // 1_000_000


def thin(curve: Curve, points_max: int) -> list[list[float | None]]:
    """At most `points_max` (2 or more) points as [time_ms, value], the newest always among them.

    The last point of every slot of time is kept. Slots are aligned to the clock and a power of two wide, so that a
    growing curve keeps its points instead of trembling.
    """
    span_ns = curve[-1][0] - curve[0][0] if curve else 0
    slot_ns = 1 << (span_ns // (points_max - 1)).bit_length()
    kept = {at_ns // slot_ns: [milliseconds(at_ns), finite(value)] for at_ns, value in curve}
    return list(kept.values())


# -- nodes ------------------------------------------------------------------------------------------------------------


def nest_actors(report: NodeReport, *, stale: bool, age_s: float) -> list[View]:
    """Actors as a forest by path: each hangs below its nearest reported ancestor, in the order of the report.

    Names are relative to the parent, or to the node.
    """
    views = {clip(actor.path): _actor_view(actor, stale=stale, age_s=age_s) for actor in report.actors[:ACTORS_MAX]}
    roots: list[View] = []
    for path, view in views.items():
        parent = _nearest_ancestor(path, views)
        (roots if parent is None else views[parent]["children"]).append(view)
        view["name"] = path.removeprefix(f"{parent or report.node}/")
    return roots


def take_root(node: str, actors: list[View]) -> View | None:
    """The node's root supervisor, whose path is the node's name, taken out: its children stand in its place."""
    root = next((actor for actor in actors if actor["path"] == node), None)
    if root is not None:
        actors.remove(root)
        actors[:0] = root["children"]
    return root


def _nearest_ancestor(path: str, known: dict[str, View]) -> str | None:
    while "/" in path:
        path = path.rpartition("/")[0]
        if path in known:
            return path
    return None


def _actor_view(actor: ActorReport, *, stale: bool, age_s: float) -> View:
    progress_s = finite(actor.progress_age_s)
    return {
        "path": clip(actor.path),
        "state": "stale" if stale else actor.state,
        "restarts": actor.restarts,
        "incarnation": actor.incarnation,
        "reason": clip(actor.reason),
        "mailbox": actor.mailbox,
        "progress_age_s": None if progress_s is None else progress_s + age_s,
        "supervisor": actor.supervisor,
        "strategy": clip(actor.strategy),
        "runtime": clip(actor.runtime),
        "children": [],
    }


def latency_view(histogram: HistogramReport) -> View:
    """Count, and the bucket bounds in milliseconds that 50 % and 99 % stay below; None: above the last bound."""
    return {
        "count": sum(histogram.counts),
        "p50_ms": _quantile_ms(histogram, 0.5),
        "p99_ms": _quantile_ms(histogram, 0.99),
    }


def _quantile_ms(histogram: HistogramReport, share: float) -> float | None:
    needed, seen = share * sum(histogram.counts), 0
    for bound_s, count in zip(histogram.bounds_s, histogram.counts, strict=False):
        seen += count
        if seen >= needed:
            return bound_s * 1e3
    return None


# -- trading ----------------------------------------------------------------------------------------------------------


def continue_curve(known: Curve, told: Curve, points_max: int) -> Curve:
    """`told`, preceded by what is known from before it began: a sender that restarts forgets, the reader need not."""
    if not told:
        return known
    before = len(known)
    while before and known[before - 1][0] >= told[0][0]:
        before -= 1
    return (*known[:before], *told)[-points_max:]


def trading_view(snapshot: TradingSnapshot, *, stale: bool, age_s: float) -> View:
    """The trader's snapshot; where it is stale no symbol counts as live."""
    return {
        "at_ms": milliseconds(snapshot.at_ns),
        "reconciled": snapshot.reconciled and not stale,
        "currency": clip(snapshot.currency),
        "equity": decimal_text(snapshot.equity),
        "profit": decimal_text(snapshot.profit),
        "balances": {clip(k): decimal_text(v) for k, v in _first(snapshot.balances)},
        "symbols": [_symbol_view(s, stale=stale, age_s=age_s) for s in snapshot.symbols[:SYMBOLS_MAX]],
        "orders": [_order_view(o) for o in snapshot.orders[:ROWS_MAX]],
        "fills": [_fill_view(f) for f in _newest(snapshot.fills)],
        "refusals": [_refusal_view(r) for r in _newest(snapshot.refusals)],
        "learning": [_learning_view(m) for m in snapshot.learning[:SYMBOLS_MAX]],
        "equity_curve": thin(snapshot.equity_curve, EQUITY_POINTS_MAX),
        "counters": dict(_first(snapshot.counters)),
    }


def _first(table: Mapping[str, V]) -> list[tuple[str, V]]:
    return list(islice(table.items(), NAMES_MAX))


def _newest(rows: Sequence[Dated]) -> list[Dated]:
    return sorted(rows, key=lambda row: row.at_ns, reverse=True)[:ROWS_MAX]


def _symbol_view(symbol: SymbolView, *, stale: bool, age_s: float) -> View:
    seen_s = finite(symbol.age_s)
    return {
        "symbol": clip(symbol.symbol),
        "bid": decimal_text(symbol.bid),
        "ask": decimal_text(symbol.ask),
        "last": decimal_text(symbol.last),
        "live": symbol.live and not stale,
        "age_s": None if seen_s is None else seen_s + age_s,
        "rung": UNKNOWN_RUNG if stale else symbol.rung,
        "position": decimal_text(symbol.position),
        "updates": symbol.updates,
    }


def _order_view(order: OrderView) -> View:
    return {
        "client_id": clip(order.client_id),
        "strategy": clip(order.strategy),
        "symbol": clip(order.symbol),
        "side": order.side,
        "type": order.type,
        "amount": decimal_text(order.amount),
        "price": decimal_text(order.price),
        "filled": decimal_text(order.filled),
        "state": clip(order.state),
        "at_ms": milliseconds(order.at_ns),
    }


def _fill_view(fill: FillView) -> View:
    return {
        "client_id": clip(fill.client_id),
        "symbol": clip(fill.symbol),
        "side": fill.side,
        "price": decimal_text(fill.price),
        "amount": decimal_text(fill.amount),
        "fee": decimal_text(fill.fee),
        "fee_currency": clip(fill.fee_currency),
        "at_ms": milliseconds(fill.at_ns),
    }


def _refusal_view(refusal: RefusalView) -> View:
    return {
        "strategy": clip(refusal.strategy),
        "symbol": clip(refusal.symbol),
        "code": clip(refusal.code),
        "numbers": {clip(name): clip(number) for name, number in _first(refusal.numbers)[:NUMBERS_MAX]},
        "at_ms": milliseconds(refusal.at_ns),
    }


def _learning_view(learning: LearningView) -> View:
    return {
        "symbol": clip(learning.symbol),
        "champion": clip(learning.champion),
        "version": clip(learning.version),
        "learned_bars": learning.learned_bars,
        "losses": {clip(model): finite(loss) for model, loss in _first(learning.losses)},
        "probability_up": finite(learning.probability_up),
        "curve": thin(learning.curve, LEARNING_POINTS_MAX),
    }
