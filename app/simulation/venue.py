"""The venue of a simulated system, and what it knows in the end: the judge of all books."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from ..config.settings import AccountSettings
from ..exchanges.simulated.memory import MemoryVenue
from ..exchanges.simulated.orders import OrderRequest
from ..exchanges.simulated.quiet_market import QuietMarket
from ..trading.instruments import PAPER_INSTRUMENTS
from ..trading.laws import VenueOrderFact, VenueTradeFact
from ..trading.messages import ZERO
from ..trading.order_ids import client_id_prefix

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


def protect(venue: MemoryVenue) -> None:
    """By another hand than the system's, under its prefix: a position, and a stop that guards it."""
    prefix = client_id_prefix(AccountSettings().name)
    venue.place(OrderRequest("BTCUSDT", "BUY", "MARKET", f"{prefix}0-1", quantity=Decimal("0.02")))
    venue.place(
        OrderRequest(
            "BTCUSDT",
            "SELL",
            "STOP_LOSS_LIMIT",
            f"{prefix}0-2",
            "GTC",
            Decimal(20_900),
            Decimal("0.01"),
            stop_price=Decimal(21_000),
        )
    )


class VenueFacts(NamedTuple):
    balances: dict[str, Decimal]
    transferred: dict[str, Decimal]
    """Deposits less withdrawals, by currency."""
    orders: dict[str, VenueOrderFact]
    trades: tuple[VenueTradeFact, ...]


def open_facts(venue: MemoryVenue) -> dict[str, VenueOrderFact]:
    """The orders that stand now."""
    return {each: VenueOrderFact(each, True, order.filled) for each, order in venue.open_orders().items()}


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
    transferred: dict[str, Decimal] = {}
    for moved in venue.engine.state.books.transfers:
        transferred[moved.asset] = transferred.get(moved.asset, ZERO) + moved.amount
    return VenueFacts(venue.balances(), transferred, orders, tuple(trades))
