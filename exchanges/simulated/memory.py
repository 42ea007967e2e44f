"""The venue in memory: the matching engine behind ports on a virtual loop, with latencies and faults by a seed.

It stands for the exchange's host: `open` brings it up from its log, `close` is a crash or a stop of it. What clients
hear, and when, follows from the source, the random numbers and what they ask; nothing else is drawn from.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from random import Random

from ...kernel.clock import Clock
from ...kernel.loop import Loop
from ...trading.evidence import VenueOrder
from ...trading.instruments import Instrument
from ...trading.order_events import OrderFilled as FillWord
from ..binance.decoder import decode
from ..venue import VenueWord
from .connections import Published
from .engine import Engine
from .market import Market
from .memory_account import MemoryAccountPort
from .memory_faults import MemoryFaults
from .memory_host import MemoryHost, RequestNote
from .memory_listing import MemoryListing
from .memory_log import KeptLog, SurvivingLog
from .memory_market import KINDS, MemoryMarketPort
from .memory_pump import MemoryPump
from .orders import ListRequest, Order, OrderList, OrderRequest
from .records import AnyRecord, OrderFilled, OrderKind
from .restamp import restamp
from .source import MarketFrame, MarketSource
from .state import VenueState
from .words import balances_word, concerns, fill_word, order_word, stream_words, symbol_of, totals, touched_by

LATENCY_S = (0.002, 0.02)


class MemoryVenue:
    """One account at one venue, closed until `open`."""

    def __init__(
        self,
        source: MarketSource,
        instruments: Iterable[Instrument],
        loop: Loop,
        clock: Clock,
        random: Random,
        *,
        opening_balances: dict[str, Decimal],
        log: SurvivingLog | None = None,
        speed: float = 1.0,
        batch_s: float = 0.0,
        latency_s: tuple[float, float] = LATENCY_S,
    ) -> None:
        """`clock` is the true one. `latency_s` is the least and the most of one way. Frames within `batch_s` come
        together."""
        self._instruments = {instrument.symbol: instrument for instrument in instruments}
        self._host = MemoryHost(loop, clock, random, latency_s)
        self._log = log or KeptLog()
        self._opening = opening_balances
        self._pump = MemoryPump(source, loop, speed, batch_s, self._turn)
        self._markets: dict[str, Market] = {}
        self._words: list[VenueWord] = []
        self._touched: dict[str, None] = {}
        self._silent_until_ns = 0
        self._stopped_ns: dict[str, int] = {}

    # -- the host -----------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._host.up

    def open(self) -> None:
        """Come up with the account as the log has it; the market goes on where it stood. Ports connect by
        themselves."""
        if self._host.up:
            return
        state = VenueState()
        snapshot, payloads = self._log.load()
        if snapshot is not None:
            state.restore(snapshot)
        state.replay(payloads)
        self._host.engine = Engine(state, self._instruments.values(), self._log, self)
        self._host.engine.markets |= self._markets
        self._markets = self._host.engine.markets
        self._host.up = True
        if not state.books.account.balances:
            self._host.engine.credit(self._opening)
        self._pump.start()

    def close(self, reason: str = "the venue is down") -> None:
        """Every connection breaks at once; what is on its way here arrives at nobody."""
        if self._host.up:
            self._host.dice.fired["venue_down"] += 1
            self._host.up = False
            self._pump.stop()
            self._host.connections.cut_accounts(reason)
            self._host.connections.cut_streams(reason)

    # -- the ways to it -----------------------------------------------------------------------------------------------

    def listing_port(self) -> MemoryListing:
        return MemoryListing(self._host)

    def account_port(self, sender: str = "trader", clock: Clock | None = None) -> MemoryAccountPort:
        """A `VenuePort`. `sender` names it in `requests`; `clock` is its node's, if not the true one."""
        return MemoryAccountPort(self._host, clock or self._host.clock, sender, self._instruments)

    def market_port(self, clock: Clock | None = None) -> MemoryMarketPort:
        """A `MarketPort`."""
        return MemoryMarketPort(self._host, clock or self._host.clock)

    def offer_switch(self) -> None:
        """From the next connection on there is a dead-man switch."""
        self._host.offers_switch = True

    # -- faults -------------------------------------------------------------------------------------------------------

    @property
    def faults(self) -> MemoryFaults:
        """To be changed in place, at any time."""
        return self._host.dice.faults

    @faults.setter
    def faults(self, faults: MemoryFaults) -> None:
        self._host.dice.faults = faults

    @property
    def fired(self) -> Counter[str]:
        """How often each fault really fired; those begun by the methods below count, too."""
        return self._host.dice.fired

    def cut_account(self) -> None:
        self._host.dice.fired["account_cut"] += 1
        self._host.connections.cut_accounts("the connection broke")

    def cut_market(self) -> None:
        self._host.dice.fired["market_cut"] += 1
        self._host.connections.cut_streams("the connection broke")

    def unreachable(self, for_s: float) -> None:
        """All connections break, and none is made for so long; the venue itself goes on."""
        self._host.dice.fired["unreachable"] += 1
        self._host.reachable_at_ns = self._host.clock.monotonic_ns() + round(for_s * 1e9)
        self._host.connections.cut_accounts("unreachable")
        self._host.connections.cut_streams("unreachable")

    def silence(self, for_s: float) -> None:
        """Market streams stay connected and say nothing."""
        self._host.dice.fired["market_silent"] += 1
        self._fall_silent(for_s)

    def mute(self, symbol: str, *kinds: str) -> None:
        """Of one symbol nothing comes any more on the connections that stand (`trade`, `quote`, `book`; none given:
        all of it), until it is subscribed to anew."""
        self._host.dice.fired["symbol_muted"] += 1
        for stream in self._host.connections.streams:
            stream.mute(symbol, frozenset(kinds or KINDS))

    def halt(self, symbol: str, status: str = "BREAK") -> None:
        """It is listed with that status: its market stands still, its streams say nothing, its orders stay."""
        self._host.dice.fired["symbol_halted"] += 1
        self._host.halted[symbol] = status
        self._stopped_ns.setdefault(symbol, self._host.clock.monotonic_ns())

    def delist(self, symbol: str) -> None:
        """It is not listed any more: its orders are cancelled, and as for `halt`."""
        self._host.dice.fired["symbol_delisted"] += 1
        self._host.delisted[symbol] = None
        self._stopped_ns.setdefault(symbol, self._host.clock.monotonic_ns())
        orders = [order for order in self.engine.open_orders() if order.symbol == symbol.replace("/", "")]
        if orders:
            self.engine.cancel_all(orders, "", self._host.now_ms)

    def open_again(self, symbol: str) -> None:
        """It trades again."""
        self._host.halted.pop(symbol, None)
        self._host.delisted.pop(symbol, None)
        self._stopped_ns.pop(symbol, None)

    def stopped_s(self, symbol: str) -> float:
        """How long it has been halted or not listed; 0 where it trades."""
        since_ns = self._stopped_ns.get(symbol)
        return 0.0 if since_ns is None else (self._host.clock.monotonic_ns() - since_ns) / 1e9

    def ban(self, for_s: float) -> None:
        self._host.dice.fired["ban"] += 1
        self._host.ban(for_s)

    # -- the truth ----------------------------------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        """Of the last `open`: also while the venue is down, its state is the truth."""
        return self._host.engine

    @property
    def requests(self) -> Iterable[RequestNote]:
        """What left the ports and what arrived, oldest first; the last million."""
        return self._host.notes

    def orders(self) -> dict[str, VenueOrder]:
        """Every order by client id, the newest where one was used twice."""
        return {order.client_id: order_word(order) for order in self.engine.orders()}

    def open_orders(self) -> dict[str, VenueOrder]:
        return {order.client_id: order_word(order) for order in self.engine.open_orders()}

    def open_kinds(self) -> dict[str, OrderKind]:
        """Binance's own type of each open order by client id: the contract knows no stops."""
        return {order.client_id: order.type for order in self.engine.open_orders()}

    def trades(self) -> list[FillWord]:
        """Oldest first."""
        books = self.engine.state.books
        fills = self.engine.fills_from(0)
        orders = ((fill, books.orders.get(fill.order_id)) for fill in fills)
        return [fill_word(fill, order.client_id, symbol_of(order)) for fill, order in orders if order]

    def balances(self) -> dict[str, Decimal]:
        """Free and locked together."""
        return totals(self.engine.account)

    def place(self, request: OrderRequest) -> Order:
        """An order by another hand than the ports', a protective stop for instance. Raises RequestRefused."""
        return self.engine.place(request, self._host.now_ms)

    def place_list(self, request: ListRequest) -> OrderList:
        """Orders that belong together, by another hand than the ports'. Raises RequestRefused."""
        found = self.engine.place_list(request, self._host.now_ms)
        self.engine.release_due(self._host.now_ms)
        return found

    def cancel(self, client_id: str) -> None:
        """An open order, by another hand than the ports'. Raises RequestRefused."""
        self.engine.cancel(self.engine.state.open.find(client_id), "by-hand", self._host.now_ms)

    def transfer(self, asset: str, amount: Decimal) -> None:
        """Deposit, or with an amount below zero withdraw of what is free. Raises RequestRefused."""
        self.engine.transfer(asset, amount, self._host.now_ms)

    # -- what the engine and the market say ---------------------------------------------------------------------------

    def changed(self, record: AnyRecord, order: Order | None) -> None:
        if not concerns(record, order, self.engine.uid):
            return
        fill = self.engine.state.books.fills[-1] if isinstance(record, OrderFilled) else None
        self._words += stream_words(record, order, fill)
        self._touched |= dict.fromkeys(touched_by(record, order))

    def committed(self) -> None:
        words, self._words = self._words, []
        touched, self._touched = self._touched, {}
        if words:
            words.append(balances_word(self.engine.account, touched, self._host.now_ms))
            for account in self._host.connections.accounts:
                account.hear(words)

    def _turn(self, frames: list[MarketFrame]) -> None:
        now_ms = self._host.now_ms
        published = [self._observe(frame, now_ms) for frame in frames if self._host.trades(frame.symbol)]
        self._break()
        if self._host.clock.monotonic_ns() >= self._silent_until_ns:
            for stream in self._host.connections.streams:
                stream.publish(published)

    def _fall_silent(self, for_s: float) -> None:
        self._silent_until_ns = self._host.clock.monotonic_ns() + round(for_s * 1e9)

    def _observe(self, frame: MarketFrame, now_ms: int) -> Published:
        payload = restamp(frame.payload, now_ms)
        event = decode(payload)
        self.engine.observe(event.symbol, event, now_ms)
        return Published(frame.symbol, payload, event)

    def _break(self) -> None:
        """The faults that come with a turn of the market."""
        connections, fires = self._host.connections, self._host.dice.fires
        if connections.streams and fires("market_silent"):
            self._fall_silent(self.faults.silent_s)
        if connections.accounts and fires("account_cut"):
            connections.cut_accounts("the connection broke")
        if connections.streams and fires("market_cut"):
            connections.cut_streams("the connection broke")
