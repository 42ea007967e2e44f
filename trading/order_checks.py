"""Whether what is asked for makes sense at all: looked at before anything of it is written. Pure.

A fault says its code, the field, what was expected there and what was found.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from . import emulation
from .capabilities import Capabilities
from .group_events import SLOTS, GroupModified, Leg, OrderGroup
from .instruments import Instrument
from .messages import ZERO
from .order_groups import changed

NUMBER_MAX = Decimal(10**12)
ID_MAX = 64
"""The longest id of a group."""
TRAIL_BPS_MAX = 5_000
GROUPS_MAX = 10_000
"""Groups that may stand at once."""
LEGS: dict[str, tuple[str, ...]] = {
    "single": ("entry",),
    "oto": ("entry", "exit"),
    "oco": ("exit", "alternative"),
    "bracket": ("entry", "exit", "alternative"),
    "flatten": ("exit",),
}
"""Which legs a kind of group has, and no others."""


class Fault(NamedTuple):
    code: str
    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.code}: {self.field} must be {self.expected}, got {self.found}"


def find_fault(group: OrderGroup, instrument: Instrument, venue: Capabilities, now_ns: int) -> Fault | None:
    """The first thing that is wrong; None where nothing is."""
    return next(_faults(group, instrument, venue, now_ns), None)


def find_fault_of_change(leg: Leg, change: GroupModified, instrument: Instrument) -> Fault | None:
    """Of a modification, as the leg would be after it."""
    if change.amount is change.price is change.stop_price is None:
        return Fault("NOTHING_TO_CHANGE", "modify", "an amount, a price or a stop price", "none of them")
    made = changed(leg, change)
    free = not leg.amount
    checks = (_numbers(made, "order", amount_free=free), _shape(made, "order"), _size(made, "order", instrument))
    return next((fault for check in checks for fault in check), None)


def rounded(leg: Leg, instrument: Instrument) -> Leg:
    """On the venue's steps: amounts and sums of money down, prices to what is not worse for the owner."""
    stop, price, terms = leg.terms.stop_price, leg.price, leg.terms
    if stop is not None:
        terms = replace(terms, stop_price=instrument.round_price(stop, leg.side))
    if terms.display_amount is not None:
        terms = replace(terms, display_amount=instrument.round_amount(terms.display_amount))
    if terms.quote_amount is not None:  # no more digits of the quote currency than its prices have
        terms = replace(terms, quote_amount=instrument.round_price(terms.quote_amount, "buy"))
    price = None if price is None else instrument.round_price(price, leg.side)
    return replace(leg, amount=instrument.round_amount(leg.amount), price=price, terms=terms)


def round_group(group: OrderGroup, instrument: Instrument) -> OrderGroup:
    """Of a group without fault."""
    legs = {slot: leg for slot in SLOTS if (leg := getattr(group, slot)) is not None}
    return replace(group, **{slot: rounded(leg, instrument) for slot, leg in legs.items()})


def round_change(leg: Leg, change: GroupModified, instrument: Instrument) -> GroupModified:
    """Of a modification without fault."""
    made = rounded(changed(leg, change), instrument)
    return replace(
        change,
        amount=None if change.amount is None else made.amount,
        price=None if change.price is None else made.price,
        stop_price=None if change.stop_price is None else made.terms.stop_price,
    )


def is_same(first: OrderGroup, second: OrderGroup) -> bool:
    """Whether one is the other, said again: a time to live counts from each saying, and may differ."""
    ours, theirs = first.entry, second.entry
    if ours is not None and theirs is not None and ours.terms.expires_ns and theirs.terms.expires_ns:
        terms = replace(theirs.terms, expires_ns=ours.terms.expires_ns)
        second = replace(second, entry=replace(theirs, terms=terms))
    return first == second


# -- checks -----------------------------------------------------------------------------------------------------------


def _faults(group: OrderGroup, instrument: Instrument, venue: Capabilities, now_ns: int) -> Iterator[Fault]:
    if not 0 < len(group.group_id) <= ID_MAX or not group.group_id.isprintable() or group.group_id.isspace():
        yield Fault("ID_INVALID", "id", f"1 to {ID_MAX} printable characters", repr(group.group_id[: ID_MAX + 1]))
    if not group.strategy:
        yield Fault("STRATEGY_MISSING", "strategy", "a name", "nothing")
    legs = {slot: leg for slot in SLOTS if (leg := getattr(group, slot)) is not None}
    if tuple(legs) != LEGS[group.kind]:
        yield Fault("LEGS_INVALID", "legs", f"{' and '.join(LEGS[group.kind])} of a {group.kind}", ", ".join(legs))
        return
    for slot, leg in legs.items():
        yield from _numbers(leg, slot, amount_free=slot != "entry" and "entry" in legs)
        yield from _shape(leg, slot)
        yield from _time(leg, slot, now_ns, is_exit=slot != "entry")
        yield from _venue(leg, slot, venue)
    for slot, leg in legs.items():
        yield from _size(leg, slot, instrument)
    yield from _together(group)


def _numbers(leg: Leg, slot: str, *, amount_free: bool) -> Iterator[Fault]:
    terms = leg.terms
    wanted: dict[str, Decimal | None] = {"price": leg.price, "stop_price": terms.stop_price}
    wanted |= {"display_amount": terms.display_amount, "quote_amount": terms.quote_amount}
    if leg.amount or not (amount_free or terms.quote_amount is not None):
        wanted["amount"] = leg.amount
    for name, value in wanted.items():
        if value is not None and not (value.is_finite() and ZERO < value <= NUMBER_MAX):
            yield Fault("NUMBER_INVALID", f"{slot}.{name}", f"above 0 and at most {NUMBER_MAX:,}", str(value))
    if not 0 <= terms.trail_bps <= TRAIL_BPS_MAX:
        yield Fault("NUMBER_INVALID", f"{slot}.trail_bps", f"from 1 to {TRAIL_BPS_MAX}", str(terms.trail_bps))


def _shape(leg: Leg, slot: str) -> Iterator[Fault]:
    """What belongs to a type, and what cannot be together."""
    terms, limited = leg.terms, leg.type.endswith("limit")
    if limited != (leg.price is not None):
        yield _contradiction(slot, "price", f"{'given' if limited else 'left out'} for a {leg.type}", leg.price)
    sets_off = terms.stop_price is not None or terms.trail_bps > 0
    if emulation.waits(leg) != sets_off:
        word = "a stop price or a trail" if emulation.waits(leg) else "left out"
        yield _contradiction(slot, "stop_price", f"{word} for a {leg.type}", terms.stop_price)
    if terms.trail_bps and leg.type != "stop_loss":
        yield _contradiction(slot, "trail_bps", "of a stop_loss alone", leg.type)
    if terms.post_only and (leg.type != "limit" or terms.time_in_force in ("ioc", "fok")):
        yield _contradiction(slot, "post_only", "of a limit order that may rest", f"{leg.type} {terms.time_in_force}")
    if terms.time_in_force in ("ioc", "fok") and not limited:
        yield _contradiction(slot, "time_in_force", "gtc without a limit price", terms.time_in_force)
    if terms.display_amount is not None and (leg.type != "limit" or terms.time_in_force in ("ioc", "fok")):
        yield _contradiction(slot, "display_amount", "of a limit order that may rest", f"{leg.type}")
    if terms.display_amount is not None and not terms.display_amount < leg.amount:
        yield _contradiction(slot, "display_amount", f"below the amount {leg.amount}", terms.display_amount)
    if terms.quote_amount is not None and (leg.type != "market" or leg.amount):
        yield _contradiction(slot, "quote_amount", "of a market order without an amount", leg.type)
    if terms.reduce_only and leg.side == "buy":
        yield _contradiction(slot, "reduce_only", "of a sale: a spot position is never short", leg.side)


def _contradiction(slot: str, field: str, expected: str, found: object) -> Fault:
    return Fault("CONTRADICTION", f"{slot}.{field}", expected, str(found))


def _time(leg: Leg, slot: str, now_ns: int, *, is_exit: bool) -> Iterator[Fault]:
    terms = leg.terms
    if (terms.time_in_force == "gtd") != bool(terms.expires_ns):
        yield _contradiction(slot, "expires_ns", "given with gtd, and only then", terms.expires_ns)
    if terms.expires_ns and terms.expires_ns <= now_ns:
        yield Fault("EXPIRE_TIME_IN_PAST", f"{slot}.expires_ns", f"later than {now_ns}", str(terms.expires_ns))
    if is_exit and terms.time_in_force != "gtc":
        yield _contradiction(
            slot, "time_in_force", "gtc of an exit: it stands until its position is gone", terms.time_in_force
        )


def _venue(leg: Leg, slot: str, venue: Capabilities) -> Iterator[Fault]:
    if leg.terms.trail_bps and leg.terms.stop_price is not None:
        yield _contradiction(slot, "stop_price", "left out: a trail begins at the market", leg.terms.stop_price)
    if flag := emulation.missing(leg, venue):
        yield Fault("UNSUPPORTED", f"{slot}.{flag}", "left out: only a venue can promise it, this one does not", flag)


def _size(leg: Leg, slot: str, instrument: Instrument) -> Iterator[Fault]:
    if not leg.amount:
        return
    made = rounded(leg, instrument)
    if made.amount < instrument.min_amount:
        yield Fault("QUANTITY_BELOW_MINIMUM", f"{slot}.amount", f"at least {instrument.min_amount}", str(leg.amount))
    if made.amount > instrument.max_amount:
        yield Fault("QUANTITY_EXCEEDS_MAXIMUM", f"{slot}.amount", f"at most {instrument.max_amount}", str(leg.amount))
    price = made.price or made.terms.stop_price
    if price is not None and made.amount * price < instrument.min_notional:
        found = f"{made.amount} at {price}"
        yield Fault("NOTIONAL_BELOW_MINIMUM", f"{slot}.amount", f"worth at least {instrument.min_notional}", found)
    if (made.price is not None and not made.price) or (made.terms.stop_price is not None and not made.terms.stop_price):
        yield Fault("NUMBER_INVALID", f"{slot}.price", f"at least {instrument.tick_size}", str(leg.price))


def _together(group: OrderGroup) -> Iterator[Fault]:
    """Legs that would undo each other, or never could."""
    entry, first, second = group.entry, group.exit, group.alternative
    if first is not None and second is not None:
        if first.side != second.side:
            yield _contradiction("alternative", "side", f"{first.side}, as of the exit", second.side)
        if first.amount != second.amount:
            yield _contradiction("alternative", "amount", f"{first.amount}, as of the exit", second.amount)
        yield from _apart(first, second)
    if group.kind == "bracket" and entry is not None and first is not None:
        if entry.side == first.side:
            yield _contradiction("exit", "side", "the other than the entry's", first.side)
        if not emulation.waits(first) or first.type.startswith("take"):
            yield _contradiction("exit", "type", "a stop that protects the entry", first.type)


def _apart(first: Leg, second: Leg) -> Iterator[Fault]:
    near, far = emulation.set_off_at(first), emulation.set_off_at(second)
    if far is None:
        yield _contradiction("alternative", "price", "given: it is held until the market is there", far)
    elif near is not None:
        wrong = far <= near if emulation.rises_to(second) else far >= near
        if wrong or (emulation.waits(first) and emulation.rises_to(first) == emulation.rises_to(second)):
            word = "above" if emulation.rises_to(second) else "below"
            yield _contradiction(
                "alternative", "price", f"{word} the exit's {near}, on the other side of the market", far
            )
