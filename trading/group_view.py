"""How a group of orders stands: what is to be traded yet, and what may still fill. Pure."""

from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from . import emulation
from .capabilities import Capabilities
from .emulation import Touch
from .group_events import Leg, Slot
from .instruments import Instrument
from .messages import ZERO
from .order_groups import Group, LegState
from .order_states import OrderState


class View(NamedTuple):
    """What is known beside the group itself."""

    now_ns: int
    touch: Touch | None
    instrument: Instrument | None
    venue: Capabilities
    held: Decimal
    """The strategy's own position in the symbol."""
    busy: bool = False
    """Something else of the strategy stands in the symbol."""
    salt: str = "0"
    """Of the life of whoever asks: part of every new request's id."""
    orders_leave: bool = True
    """Whether the ladder lets orders leave: where not, nothing that protects may be taken away for another."""
    largest: Decimal | None = None
    """What one order may be worth at most."""
    kept: bool = True
    """Whether the group itself would survive a loss of power."""
    compared: bool = True
    """Whether the books were found equal to the venue's since this life began: until then an order of the group may
    stand, or have filled, that a power loss took from the journal."""


def is_over(group: Group, view: View) -> bool:
    """Whether nothing more is sent for the entry."""
    state = group.legs.get("entry")
    if state is None or group.entry_off:
        return True
    last = state.last
    if last is not None and last.generation == state.generation and not last.open:
        return last.state is not OrderState.FILLED or not is_sliced(state, view)
    return not state.opened and not _waits_for_market(state, view) and wanted(state, view) <= 0


def _waits_for_market(state: LegState, view: View) -> bool:
    """What a sum buys is known once the market is."""
    return state.leg.terms.quote_amount is not None and view.touch is None


def wanted(state: LegState, view: View) -> Decimal:
    """How much of an entry is to be filled yet; also what its standing orders may fill."""
    leg = state.leg
    amount = leg.amount
    if leg.terms.quote_amount is not None and not amount and view.touch is not None:
        amount = leg.terms.quote_amount / view.touch.price(leg.side)
    rest = amount - state.done
    return min(rest, view.held) if leg.terms.reduce_only else rest


def rest_of_exits(group: Group, view: View) -> Decimal:
    """How much the exits are to trade yet; also what their standing orders may fill."""
    state, entry = group.legs.get("exit"), group.legs.get("entry")
    if state is None or group.exits_off:
        return ZERO
    leg = state.leg
    budget = leg.amount
    if entry is not None:
        brought = entry.received if (entry.leg.side, leg.side) == ("buy", "sell") else entry.done
        budget = min(brought, leg.amount) if leg.amount else brought
    rest = budget - sum((each.done for slot, each in group.legs.items() if slot != "entry"), ZERO)
    own = group.asked.kind == "flatten" or entry is not None
    return min(rest, max(view.held, ZERO)) if own and leg.side == "sell" else rest


def tradeable(amount: Decimal, leg: Leg, view: View) -> Decimal:
    """The part of an amount that an order can be of; zero where it is below the venue's smallest."""
    if view.instrument is None or amount <= 0:
        return ZERO
    amount = min(view.instrument.round_amount(amount), view.instrument.max_amount)
    price = leg.price or leg.terms.stop_price or (view.touch.price(leg.side) if view.touch else None)
    enough = price is None or amount * price >= view.instrument.min_notional
    return amount if enough and amount >= view.instrument.min_amount else ZERO


def part_of(amount: Decimal, leg: Leg, view: View) -> Decimal:
    """Of what one order may not be all of: one of as few equal parts as there can be."""
    price = view.touch.price(leg.side) if view.touch else None
    if view.largest is None or price is None or amount * price <= view.largest:
        return amount
    part = amount / (amount * price / view.largest).to_integral_value(ROUND_CEILING)
    return part if tradeable(part, leg, view) else amount


def live_exits(group: Group) -> Decimal:
    return sum((state.live for slot, state in group.legs.items() if slot != "entry"), ZERO)


def working_exit(group: Group) -> Slot:
    """Which of the exits is to stand."""
    alternative = group.legs.get("alternative")
    return "alternative" if alternative is not None and alternative.triggered else "exit"


def is_held(slot: Slot, state: LegState, view: View) -> bool:
    """Whether it is here that the leg waits for the market."""
    if slot == "alternative":
        return True
    return emulation.waits(state.leg) and (state.here or not emulation.can_rest(state.leg, view.venue))


def is_sliced(state: LegState, view: View) -> bool:
    return state.leg.terms.display_amount is not None and not view.venue.iceberg


def is_stale(state: LegState) -> bool:
    """Orders from before a modification still stand."""
    return any(attempt.generation != state.generation for attempt in state.opened)


def watches(group: Group, view: View) -> bool:
    """Whether the market may set off something of the group."""
    states = group.legs.items()
    held = any(is_held(slot, state, view) and not state.triggered for slot, state in states)
    return held or any(_waits_for_market(state, view) or not state.opened for _, state in states)


def is_restless(group: Group) -> bool:
    """Whether time alone may leave something to do."""
    if group.entry_off or group.exits_off or group.asked.kind == "flatten" or not group.orders:
        return True
    states = group.legs.values()
    moves = any(state.failed or state.triggered or state.leg.terms.expires_ns for state in states)
    return moves or any(attempt.state is OrderState.TRIGGERED for attempt in group.orders)
