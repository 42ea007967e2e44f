"""Records of the journal in words and numbers that a person reads: pure functions."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from ..differences import DifferenceNoted
from ..group_events import SLOTS, GroupAccepted, Leg, OrderGroup
from ..messages import PLAIN, OrderApproved, OrderRequested, Terms
from ..order_events import (
    CancelIntended,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUnknown,
)

MONEY_PLACES = Decimal("1e-8")
"""Averages and profits are rounded to this in words; amounts and prices are exact."""
TEXT_MAX = 500


def number(value: Decimal | None) -> str:
    """Exact, without an exponent and without zeros at the end."""
    if value is None:
        return "none"
    if not value.is_finite():
        return str(value)
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def money(value: Decimal) -> str:
    """Rounded to `MONEY_PLACES`, with its sign where something was lost."""
    rounded = round(value, 8)
    return number(rounded) if rounded else "0"


def moment(at_ns: int) -> str:
    """UTC, to the millisecond: 2026-11-22 16:33:45.012."""
    whole, rest_ns = divmod(at_ns, 1_000_000_000)
    try:
        return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%d %H:%M:%S}.{rest_ns // 1_000_000:03}"
    except (OverflowError, OSError, ValueError):
        return f"{at_ns} ns"


def clock(at_ns: int) -> str:
    """The time of day of `moment`."""
    return moment(at_ns).partition(" ")[2] or moment(at_ns)


def span(elapsed_ns: int) -> str:
    """A duration with the unit that suits it; negative where the venue's clock is behind ours."""
    size = abs(elapsed_ns)
    for unit_ns, name in ((60_000_000_000, "min"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")):
        if size >= unit_ns:
            return (
                f"{elapsed_ns / unit_ns:.3g} {name}" if size < 1000 * unit_ns else f"{elapsed_ns / unit_ns:.0f} {name}"
            )
    return f"{elapsed_ns} ns"


def clip(text: str) -> str:
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"


def order_words(order: OrderIntended | OrderApproved | OrderRequested) -> str:
    """`buy 0.00291 BTC/USDT limit at 30004.21 post-only`."""
    at = "" if order.price is None else f" at {number(order.price)}"
    terms = " ".join(terms_words(order.terms))
    kind = order.type.replace("_", "-")
    return f"{order.side} {number(order.amount)} {order.symbol} {kind}{at} {terms}".rstrip()


def terms_words(terms: Terms) -> Iterator[str]:
    """What differs from a plain order."""
    for name in terms.__struct_fields__:
        value = getattr(terms, name)
        if value == getattr(PLAIN, name):
            continue
        words = name.removesuffix("_ns").removesuffix("_amount").replace("_", "-")
        match value:
            case True:
                yield words
            case int() if name.endswith("_ns"):
                yield f"{words} {moment(value)}"
            case str():
                yield value
            case _:
                yield f"{words} {number(value) if isinstance(value, Decimal) else value}"


def event_words(record: Any) -> str:
    """What an event of an order says; of a kind that is not known here, its fields."""
    match record:
        case OrderIntended(sequence=sequence, epoch=epoch):
            return "adopted" if not sequence else f"intent written down: record {sequence}, epoch {epoch}"
        case OrderPlaced():
            return "request handed to the venue's connection"
        case OrderAccepted(venue_id=venue_id):
            return f"accepted by the venue as {clip(venue_id)}"
        case OrderFilled():
            return fill_words(record)
        case OrderCancelled(reason=reason):
            return f"cancelled: {clip(reason)}"
        case CancelIntended(reason=reason):
            return f"cancel wanted: {clip(reason)}"
        case OrderUnknown(reason=reason):
            return f"outcome not known: {clip(reason)}"
        case OrderRejected(code=code, reason=reason):
            return f"rejected, {clip(code)}: {clip(reason)}"
        case DifferenceNoted(books=books, venue=venue, resolution=resolution):
            ending = clip(resolution) if resolution else "it stands"
            return f"books and venue differed: books {clip(books)}, venue {clip(venue)}; {ending}"
        case GroupAccepted(group=group):
            return f"{group.kind} accepted: {group_words(group)}"
        case _:
            return f"{_spaced(type(record).__name__)}: {fields_words(record, ('client_id', 'group_id', 'at_ns'))}"


def group_words(group: OrderGroup) -> str:
    """`entry buy 0.01 limit at 29000, exit sell 0.01 stop-loss stop-price 28000`."""
    legs = ((slot, getattr(group, slot)) for slot in SLOTS)
    return ", ".join(f"{slot} {leg_words(leg)}" for slot, leg in legs if leg is not None)


def leg_words(leg: Leg) -> str:
    amount = number(leg.amount) if leg.amount else "what the entry brings"
    at = "" if leg.price is None else f" at {number(leg.price)}"
    return f"{leg.side} {amount} {leg.type.replace('_', '-')}{at} {' '.join(terms_words(leg.terms))}".rstrip()


def fill_words(fill: OrderFilled) -> str:
    """`bought 0.00291 at 30004.21 as maker, fee 0.00000291 BTC (trade 4)`."""
    verb = "bought" if fill.side == "buy" else "sold"
    fee = f"fee {number(fill.fee)} {fill.fee_currency}"
    role = "maker" if fill.maker else "taker"
    return f"{verb} {number(fill.amount)} at {number(fill.price)} as {role}, {fee} (trade {clip(fill.trade_id)})"


def fields_words(record: Any, without: tuple[str, ...] = ()) -> str:
    """Every field of a struct that is not empty, as `name value`."""
    fields = ((name, getattr(record, name)) for name in record.__struct_fields__ if name not in without)
    return clip(", ".join(f"{name.replace('_', ' ')} {value_words(value)}" for name, value in fields if value))


def value_words(value: Any) -> str:
    """Any field of a record."""
    match value:
        case Decimal():
            return number(value)
        case dict():
            return ", ".join(f"{name} {value_words(each)}" for name, each in value.items())
        case msgspec.Struct():
            return fields_words(value)
        case list() | tuple():
            return "; ".join(map(value_words, value))
        case _:
            return str(value)


def _spaced(name: str) -> str:
    """`OrderModified` as `order modified`."""
    return "".join(f" {each.lower()}" if each.isupper() else each for each in name).strip()
