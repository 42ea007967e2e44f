"""What a venue cannot hold is held here: when the market sets it off, and what is sent then. Pure."""

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from .capabilities import NOT_EMULATED, Capabilities
from .group_events import Leg
from .messages import ZERO, MarketDataUpdate, OrderType, Side

WORKS_AS: dict[OrderType, OrderType] = {
    "stop_loss": "market",
    "take_profit": "market",
    "stop_loss_limit": "limit",
    "take_profit_limit": "limit",
}
"""The types that wait for the market, and what each is once set off."""

TRAIL_STEPS = 10
"""A trailing stop held here moves in steps of this part of its distance: each is a record of the journal."""


class Touch(NamedTuple):
    """The best prices of one symbol, as last heard."""

    bid: Decimal
    ask: Decimal

    def price(self, side: Side) -> Decimal:
        """What an order of that side could trade at now."""
        return self.bid if side == "sell" else self.ask


def touch_of(update: MarketDataUpdate) -> Touch | None:
    """None of a market that is empty or crossed: it sets nothing off."""
    return Touch(update.bid, update.ask) if ZERO < update.bid < update.ask else None


def waits(leg: Leg) -> bool:
    """True for what the market sets off."""
    return leg.type in WORKS_AS


def can_rest(leg: Leg, venue: Capabilities) -> bool:
    """Whether the venue itself holds such an order until the market sets it off."""
    return leg.type in venue.types and (venue.trailing or not leg.terms.trail_bps)


def missing(leg: Leg, venue: Capabilities) -> str:
    """The flag that only the venue could promise, and does not; empty where there is none."""
    lacks = {"fok": leg.terms.time_in_force == "fok" and "fok" not in venue.times_in_force}
    lacks["post_only"] = leg.terms.post_only and not venue.post_only
    return next((flag for flag in NOT_EMULATED if lacks[flag]), "")


def set_off_at(leg: Leg) -> Decimal | None:
    """The price that a leg waits for; of a plain limit held back, its own. None where it does not wait."""
    if leg.terms.stop_price is not None:
        return leg.terms.stop_price
    return None if leg.terms.trail_bps else leg.price


def rises_to(leg: Leg) -> bool:
    """Whether the market sets the leg off by rising."""
    stops = leg.type in ("stop_loss", "stop_loss_limit")
    return stops == (leg.side == "buy")


def reached(leg: Leg, touch: Touch) -> bool:
    """Whether the market has come to what the leg waits for."""
    stop = set_off_at(leg)
    if stop is None:
        return False
    price = touch.price(leg.side)
    return price >= stop if rises_to(leg) else price <= stop


def trail(leg: Leg, touch: Touch) -> Decimal | None:
    """Where the stop of a trailing leg is to move to; None where it stays. It never goes back."""
    if not leg.terms.trail_bps:
        return None
    price, part = touch.price(leg.side), Decimal(leg.terms.trail_bps) / 10_000
    sign = 1 if rises_to(leg) else -1
    wanted, stop = price * (1 + sign * part), leg.terms.stop_price
    if stop is None:
        return wanted
    nearer = (stop - wanted) if sign > 0 else (wanted - stop)
    return wanted if nearer >= price * part / TRAIL_STEPS else None


def to_send(leg: Leg, venue: Capabilities, *, set_off: bool, at_once: bool) -> Leg:
    """The leg as its order is sent: `set_off`, it is what it becomes; `at_once`, nothing of it may rest. What the venue
    lacks is left out, for it is done here."""
    terms = leg.terms
    if waits(leg) and set_off:
        leg = replace(leg, type=WORKS_AS[leg.type], terms=replace(terms, stop_price=None, trail_bps=0))
        terms = leg.terms
    force = "ioc" if at_once and leg.type == "limit" else terms.time_in_force
    terms = replace(
        terms,
        time_in_force=force if force in venue.times_in_force else "gtc",
        expires_ns=terms.expires_ns if force in venue.times_in_force else 0,
        display_amount=terms.display_amount if venue.iceberg else None,
        quote_amount=terms.quote_amount if venue.quote_amount else None,
    )
    return replace(leg, price=None if leg.type in ("market", "stop_loss", "take_profit") else leg.price, terms=terms)
