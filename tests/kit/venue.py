"""A venue in memory that holds one true account, and answers, doubts or fails as a test tells it to."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from tradigrade.exchanges.venue import (
    BalancesReported,
    CancelAnswered,
    EvidenceAsked,
    EvidenceFailed,
    EvidenceGathered,
    OrderReported,
    PlaceAnswered,
    VenueClosed,
    VenueOpened,
    VenueWord,
    funds_moved,
)
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.trading.evidence import Evidence, VenueOrder, VenueState
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.messages import ZERO
from tradigrade.trading.order_events import FundsMoved, OrderFilled, OrderIntended

Fate = Literal["fine", "lost", "unanswered", "refused", "slow", "silent"]
"""`lost` before it arrives, `unanswered` after; both are answered as unknown at the time-out. `slow` arrives just in
time. `silent` arrives and is never answered at all."""

LATENCY_S = 0.02
TIMEOUT_S = 3.0
RECEIVE_WINDOW_S = 2.0
FEE = Decimal("0.001")
STEP = Decimal("0.00001")


@dataclass
class TrueOrder:
    intent: OrderIntended
    venue_id: str
    state: VenueState = "open"
    filled: Decimal = ZERO
    triggered: bool = False

    bought: Decimal | None = None
    """What its quote amount is worth."""

    @property
    def amount(self) -> Decimal:
        return self.intent.amount if self.bought is None else self.bought

    @property
    def remaining(self) -> Decimal:
        return self.amount - self.filled if self.state == "open" else ZERO


class ScriptedVenue:
    """The truth (`orders`, `trades`, `balances`) and a `VenuePort` to it. What was asked is in `placed`, `cancels`."""

    def __init__(self, loop: VirtualLoop, balances: dict[str, Decimal]) -> None:
        self.loop = loop
        self.balances = dict(balances)
        self.orders: dict[str, TrueOrder] = {}
        self.trades: list[OrderFilled] = []
        self.transfers: list[FundsMoved] = []
        self.placed: list[OrderIntended] = []
        self.cancels: list[str] = []
        self.touch: dict[str, tuple[Decimal, Decimal]] = {}
        self.fates: deque[Fate] = deque()
        """Of the next orders, then of the next cancels; `fine` when empty."""
        self.cancel_fates: deque[Fate] = deque()
        self.stream_delay_s: Callable[[], float] = lambda: LATENCY_S
        self.copies: Callable[[], int] = lambda: 1
        """How often each fill is reported; 0 loses it."""
        self.pieces = 1
        """In how many trades an order that takes is filled."""
        self.fee_currency: str | None = None
        """None: the currency received, as Binance does."""
        self.on_place: Callable[[OrderIntended], object] = lambda _: None
        self.looks_fail = False
        self.connected = False
        self._deliver: Callable[[VenueWord], object] | None = None
        self._connection = 0

    # -- the port -----------------------------------------------------------------------------------------------------

    def open(self, deliver: Callable[[VenueWord], object]) -> None:
        self._deliver = deliver
        self._connection += 1
        self._later(LATENCY_S, self.connect)

    def close(self) -> None:
        self._deliver, self.connected = None, False
        self._connection += 1

    def place(self, intent: OrderIntended) -> None:
        self.on_place(intent)
        self.placed.append(intent)
        if not self.connected:
            self._tell(PlaceAnswered(intent.client_id, "refused", code="NOT_SENT", reason="not connected"))
            return
        fate = self.fates.popleft() if self.fates else "fine"
        unknown = PlaceAnswered(intent.client_id, "unknown", code="RequestTimeout", reason="no answer")
        match fate:
            case "refused":
                refused = PlaceAnswered(intent.client_id, "refused", code="InvalidOrder", reason="as told")
                self._later(LATENCY_S, lambda: self._tell(refused))
            case "lost":
                self._later(TIMEOUT_S, lambda: self._tell(unknown))
            case "unanswered":
                self.loop.call_later(LATENCY_S, lambda: self._arrive(intent))
                self._later(TIMEOUT_S, lambda: self._tell(unknown))
            case "silent":
                self.loop.call_later(LATENCY_S, lambda: self._arrive(intent))
            case "slow":
                self.loop.call_later(RECEIVE_WINDOW_S, lambda: self._arrive_and_answer(intent))
            case "fine":
                self.loop.call_later(LATENCY_S, lambda: self._arrive_and_answer(intent))

    def cancel(self, client_id: str, symbol: str) -> None:
        self.cancels.append(client_id)
        if not self.connected:
            self._tell(CancelAnswered(client_id, "unknown", "not sent"))
            return
        fate = self.cancel_fates.popleft() if self.cancel_fates else "fine"
        if fate == "lost":
            self._later(TIMEOUT_S, lambda: self._tell(CancelAnswered(client_id, "unknown", "no answer")))
            return
        self.loop.call_later(LATENCY_S, lambda: self._cancelled(client_id, answered=fate == "fine"))

    def gather(self, request: EvidenceAsked) -> None:
        asked_ns, connection = self.loop.clock.now_ns(), self._connection

        def answer() -> None:
            if connection != self._connection or not self.connected or self.looks_fail:
                self._tell(EvidenceFailed(request.request_id, "no connection"))
                return
            word = EvidenceGathered(request.request_id, self.evidence(request, asked_ns))
            self._later(LATENCY_S, lambda: self._tell(word), EvidenceFailed(request.request_id, "cut off"))

        self.loop.call_later(LATENCY_S, answer)

    # -- the connection -----------------------------------------------------------------------------------------------

    def connect(self) -> None:
        if self._deliver is not None and not self.connected:
            self.connected = True
            self._tell(VenueOpened(PAPER_INSTRUMENTS))

    def disconnect(self, for_s: float | None = None) -> None:
        """Lose the connection and everything on its way to us; what is on its way to the venue still arrives."""
        if not self.connected:
            return
        self.connected = False
        self._connection += 1
        self._tell(VenueClosed("cut by the test"))
        if for_s is not None:
            self._later(for_s, self.connect)

    # -- the truth ----------------------------------------------------------------------------------------------------

    def fill(self, client_id: str, amount: Decimal | None = None, price: Decimal | None = None) -> OrderFilled:
        """Somebody takes a resting order, in whole or in part."""
        order = self.orders[client_id]
        intent, amount = order.intent, order.remaining if amount is None else amount
        assert ZERO < amount <= order.remaining, f"{client_id} has {order.remaining} left to fill, asked for {amount}"
        price = price or intent.price or intent.reference_price
        base, _, quote = intent.symbol.partition("/")
        received, worth = (base, amount) if intent.side == "buy" else (quote, amount * price)
        currency = self.fee_currency or received
        fee = worth * FEE if currency == received else Decimal("0.0001")
        sign = 1 if intent.side == "buy" else -1
        for name, change in ((base, sign * amount), (quote, -sign * amount * price), (currency, -fee)):
            self.balances[name] = self.balances.get(name, ZERO) + change
        order.filled += amount
        if order.filled == order.amount:
            order.state = "filled"
        trade = OrderFilled(
            client_id=client_id,
            trade_id=str(1000 + len(self.trades)),
            symbol=intent.symbol,
            side=intent.side,
            price=price,
            amount=amount,
            fee=fee,
            fee_currency=currency,
            maker=True,
            at_ns=self.loop.clock.now_ns(),
        )
        self.trades.append(trade)
        for _ in range(self.copies()):
            self._later(self.stream_delay_s(), lambda: self._tell(trade))
        return trade

    def transfer(self, currency: str, amount: Decimal, *, told: bool = True) -> None:
        """Money comes or leaves by the venue's own doors; `told` on the stream or not."""
        self.balances[currency] = self.balances.get(currency, ZERO) + amount
        latest = max((each.at_ns for each in self.transfers[-1:]), default=0)
        at_ns = max(self.loop.clock.now_ns(), latest + 1_000_000_000)
        moved = funds_moved(currency, amount, at_ns // 1_000_000)
        self.transfers.append(moved)
        for _ in range(self.copies() if told else 0):
            self._later(self.stream_delay_s(), lambda: self._tell(moved))
        self.report_balances(currency)

    def report_balances(self, *currencies: str) -> None:
        totals = {currency: self.balances.get(currency, ZERO) for currency in currencies}
        word = BalancesReported(totals, self.loop.clock.now_ns())
        self._later(self.stream_delay_s(), lambda: self._tell(word))

    def move(self, symbol: str, bid: Decimal, ask: Decimal) -> None:
        """The market moves; orders that cross it are filled."""
        self.touch[symbol] = (bid, ask)
        for order in list(self.orders.values()):
            if order.state == "open" and order.intent.symbol == symbol and self._crosses(order.intent):
                waited = order.intent.terms.stop_price is not None and order.intent.price is None
                self.fill(
                    order.intent.client_id, None, (ask if order.intent.side == "buy" else bid) if waited else None
                )

    def open_ids(self) -> set[str]:
        return {client_id for client_id, order in self.orders.items() if order.state == "open"}

    def evidence(self, request: EvidenceAsked, asked_ns: int) -> Evidence:
        wanted = self.open_ids() | request.open_ids.keys()
        ours = wanted & self.orders.keys() | request.open_ids.keys()
        trades_of = (*request.trades_of, *request.moved(self._describe(each, request) for each in sorted(ours)))
        since = request.since
        trades = tuple(
            trade
            for trade in self.trades
            if trade.symbol in trades_of and int(trade.trade_id) > since.get(trade.symbol, 1 << 62)
        )
        wanted |= {trade.client_id for trade in trades} - set(request.known.values())
        orders = tuple(
            self._describe(client_id, request)
            for client_id in sorted(wanted & self.orders.keys() | request.open_ids.keys())
        )
        last = {symbol: self._last_trade_id(symbol) for symbol in trades_of}
        balances = {currency: amount for currency, amount in self.balances.items() if amount}
        transfers = tuple(self.transfers) if request.transfers_since_ns is not None else ()
        return Evidence(asked_ns, orders, trades, last, balances, self.loop.clock.now_ns(), transfers)

    def _last_trade_id(self, symbol: str) -> int:
        return max((int(trade.trade_id) for trade in self.trades if trade.symbol == symbol), default=0)

    def _describe(self, client_id: str, request: EvidenceAsked) -> VenueOrder:
        order = self.orders.get(client_id)
        if order is None:
            return VenueOrder(client_id, "", request.open_ids[client_id], "missing")
        intent = order.intent
        return VenueOrder(
            client_id,
            order.venue_id,
            intent.symbol,
            order.state,
            intent.side,
            intent.type,
            order.amount,
            intent.price,
            order.filled,
        )

    def _arrive_and_answer(self, intent: OrderIntended) -> None:
        refusal = self._arrive(intent)
        if refusal:
            answer = PlaceAnswered(intent.client_id, "refused", code=refusal, reason="by the venue")
        else:
            answer = PlaceAnswered(intent.client_id, "done", venue_id=self.orders[intent.client_id].venue_id)
        self._later(LATENCY_S, lambda: self._tell(answer))

    def _arrive(self, intent: OrderIntended) -> str:
        """The venue takes the order, or says why not."""
        assert intent.client_id not in self.orders, f"{intent.client_id} reached the venue twice"
        if not self._affords(intent):
            return "InsufficientFunds"
        order = self.orders[intent.client_id] = TrueOrder(intent, f"v{len(self.orders) + 1}")
        if intent.terms.quote_amount is not None:
            price = self.touch[intent.symbol][intent.side == "buy"]
            order.bought = (intent.terms.quote_amount / price).quantize(STEP, "ROUND_DOWN")
        self._report(order, "open")
        if self._crosses(intent):
            bid, ask = self.touch[intent.symbol]
            piece = (order.amount / self.pieces).quantize(Decimal("1e-8"))
            for _ in range(self.pieces - 1):
                self.fill(intent.client_id, piece, ask if intent.side == "buy" else bid)
            self.fill(intent.client_id, None, ask if intent.side == "buy" else bid)
        return ""

    def _affords(self, intent: OrderIntended) -> bool:
        base, _, quote = intent.symbol.partition("/")
        price = intent.price or self.touch[intent.symbol][1]
        spent = intent.terms.quote_amount or intent.amount * price
        needed, currency = (spent, quote) if intent.side == "buy" else (intent.amount, base)
        locked = sum((self._locked(order, currency) for order in self.orders.values()), ZERO)
        return needed <= self.balances.get(currency, ZERO) - locked

    @staticmethod
    def _locked(order: TrueOrder, currency: str) -> Decimal:
        base, _, quote = order.intent.symbol.partition("/")
        if order.intent.side == "buy":
            return order.remaining * (order.intent.price or ZERO) if currency == quote else ZERO
        return order.remaining if currency == base else ZERO

    def _crosses(self, intent: OrderIntended) -> bool:
        """Whether it takes what is there; what waits does once the touch is at its stop price."""
        bid, ask = self.touch[intent.symbol]
        order = self.orders.get(intent.client_id)
        if order is not None and intent.terms.stop_price is not None and not order.triggered:
            price = bid if intent.side == "sell" else ask
            rises = (intent.side == "buy") == intent.type.startswith("stop_loss")
            stop = intent.terms.stop_price
            order.triggered = price >= stop if rises else price <= stop
            if not order.triggered:
                return False
        if intent.price is None:
            return True
        return intent.price >= ask if intent.side == "buy" else intent.price <= bid

    def _cancelled(self, client_id: str, *, answered: bool) -> None:
        order = self.orders.get(client_id)
        refused = order is None or order.state != "open"
        if order is not None and order.state == "open":
            order.state = "cancelled"
            self._report(order, "cancelled")
        unknown = CancelAnswered(client_id, "unknown", "no answer")
        answer = CancelAnswered(client_id, "refused" if refused else "done") if answered else unknown
        self._later(LATENCY_S if answered else TIMEOUT_S, lambda: self._tell(answer))

    def _report(self, order: TrueOrder, state: Literal["open", "cancelled"]) -> None:
        word = OrderReported(order.intent.client_id, order.venue_id, state)
        self._later(self.stream_delay_s(), lambda: self._tell(word))

    def _later(self, delay_s: float, action: Callable[[], object], otherwise: VenueWord | None = None) -> None:
        """Do it if the connection it belongs to still stands then."""
        connection = self._connection

        def act() -> None:
            if connection == self._connection:
                action()
            elif otherwise is not None:
                self._tell(otherwise)

        self.loop.call_later(delay_s, act)

    def _tell(self, word: VenueWord) -> None:
        if self._deliver is not None:
            self._deliver(word)
