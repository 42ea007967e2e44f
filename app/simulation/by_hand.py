"""What a person does at the venue itself, past the system: moves money, trades, cancels our orders.

As in `damage.py`: what is returned ends it, None where it had no effect. All of it is at the first symbol.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from ..exchanges.simulated.errors import RequestRefused
from ..exchanges.simulated.market import Market
from ..exchanges.simulated.memory import MemoryVenue
from ..exchanges.simulated.orders import OrderRequest
from ..kernel.simulation.schedule import Fault
from ..trading.instruments import PAPER_INSTRUMENTS, Instrument
from ..trading.order_ids import client_id_prefix
from .damage import Undo, nothing

if TYPE_CHECKING:
    from .world import World

PREFIX = "by-hand-"
"""Of a person's own orders; any would do that is not the system's."""
WORTH = Decimal(1_500)
"""In the quote currency, of what is done with an `amount` of 1: the account's limits hold for a person's holdings, too,
and leave room to trade."""
AWAY = Decimal("0.0005")
"""How far from the best price a resting order is: near enough to fill sometimes."""
CENT = Decimal("0.01")


def transfer(world: "World", fault: Fault) -> Undo | None:
    """Of the `base` or the `quote` currency: above 0 deposit so much of `WORTH`, below 0 withdraw so much of what is
    free."""
    venue, instrument = world.venue, _instrument(world)
    market = _market(venue, instrument)
    if market is None or market.last_price is None:
        return None
    share, base = Decimal(str(fault.amount)), fault.target == "base"
    asset, step = (instrument.base, instrument.step_size) if base else (instrument.quote, CENT)
    worth = WORTH / market.last_price if base else WORTH
    amount = (worth if share > 0 else _free(venue, asset)) * share
    return _try(lambda: venue.transfer(asset, amount.quantize(step)))


def trade(world: "World", fault: Fault) -> Undo | None:
    """Buy or rest a bid for a part of `WORTH`, sell a part of what is free, or cancel the newest order of ours."""
    venue, instrument = world.venue, _instrument(world)
    market = _market(venue, instrument)
    if market is None or market.quote is None:
        return None
    share, client_id = Decimal(str(fault.amount)), f"{PREFIX}{world.counts['fault by-hand'] + 1}"
    name, step = instrument.venue_symbol, instrument.step_size
    match fault.target:
        case "buy":
            spent = (WORTH * share).quantize(CENT)
            return _try(lambda: venue.place(OrderRequest(name, "BUY", "MARKET", client_id, quote_quantity=spent)))
        case "sell":
            sold = (_free(venue, instrument.base) * share).quantize(step)
            return _try(lambda: venue.place(OrderRequest(name, "SELL", "MARKET", client_id, quantity=sold)))
        case "rest":
            price = (market.quote.bid * (1 - AWAY)).quantize(instrument.tick_size)
            amount = (WORTH * share / price).quantize(step)
            request = OrderRequest(name, "BUY", "LIMIT", client_id, price=price, quantity=amount)
            placed = _try(lambda: venue.place(request))
            return None if placed is None else lambda: _try(lambda: venue.cancel(client_id))
    ours = client_id_prefix(world.settings.account.name)
    standing = [each for each in venue.open_orders() if each.startswith(ours)]
    return _try(lambda: venue.cancel(standing[-1])) if standing else None


def _try(act: Callable[[], object]) -> Undo | None:
    try:
        act()
    except RequestRefused:
        return None
    return nothing


def _instrument(world: "World") -> Instrument:
    return PAPER_INSTRUMENTS[world.settings.symbols[0]]


def _market(venue: MemoryVenue, instrument: Instrument) -> Market | None:
    """None while nobody reaches the venue."""
    return venue.engine.markets.get(instrument.venue_symbol) if venue.is_open else None


def _free(venue: MemoryVenue, asset: str) -> Decimal:
    return venue.engine.state.books.account.free(asset)
