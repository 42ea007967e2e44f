"""The venue of a simulated system, and what it knows in the end: the judge of all books."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from ..exchanges.simulated.memory import MemoryVenue
from ..exchanges.simulated.quiet_market import QuietMarket
from ..trading.instruments import PAPER_INSTRUMENTS
from ..trading.laws import VenueOrderFact, VenueTradeFact
from ..trading.messages import ZERO

if TYPE_CHECKING:
    from .world import World

MARKET_STEP_S = 0.5


def make_venue(world: "World") -> MemoryVenue:
    """Closed until the exchange node opens it. Its state is its own: our disk's troubles are not the venue's."""
    settings = world.settings
    return MemoryVenue(
        QuietMarket(settings.symbols, world.seed, MARKET_STEP_S),
        PAPER_INSTRUMENTS.values(),
        world.loop,
        world.clock,
        world.random("venue"),
        opening_balances={settings.account.currency: settings.account.opening_balance},
    )


class VenueFacts(NamedTuple):
    balances: dict[str, Decimal]
    orders: dict[str, VenueOrderFact]
    trades: tuple[VenueTradeFact, ...]


def facts(venue: MemoryVenue) -> VenueFacts:
    """The truth as it stands."""
    orders = {
        client_id: VenueOrderFact(client_id, order.state == "open", order.filled)
        for client_id, order in venue.orders().items()
    }
    trades = []
    for trade in venue.trades():
        amount = trade.amount if trade.side == "buy" else -trade.amount
        fee = trade.fee if trade.fee_currency == trade.symbol.partition("/")[0] else ZERO
        trades.append(VenueTradeFact(trade.trade_id, trade.client_id, trade.symbol, amount - fee))
    return VenueFacts(venue.balances(), orders, tuple(trades))
