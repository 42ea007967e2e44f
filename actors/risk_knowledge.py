"""Risk's part that knows what a judgement is made on: books and what may still happen to them, markets, figures."""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..config.risk_settings import RiskSettings
from ..kernel.actor import Context
from ..trading.books import Books
from ..trading.causes import MARKET_CAUSES
from ..trading.equity import equity, worth
from ..trading.ladder import ACCOUNT, Causes
from ..trading.messages import ZERO, MarketDataUpdate
from ..trading.order_events import OrderEvent, OrderFilled, OrderIntended
from ..trading.risk import Asked, Draft, Exposure, Measured, Refusal, RiskView
from ..trading.risk.budgets import Grant
from ..trading.risk.compliance import make_rules
from ..trading.risk.dynamic import Volatility, scale
from ..trading.risk.post_trade import inspect_fill
from ..trading.risk.throttle import Throttle
from ..trading.risk.view import ONE
from ..trading.rungs import Standing
from .risk_limits import RiskLimits


class Knowledge:
    """Owned by risk. Needs the port `journal`; what happens after its copy of the books comes by `fold`."""

    def __init__(
        self, context: Context, limits: RiskLimits, settings: RiskSettings, symbols: tuple[str, ...], currency: str
    ) -> None:
        self._context = context
        self._limits = limits
        self._ttl_ns = round(settings.approval_ttl_s * 1e9)
        self._currency = currency
        self._symbols = tuple(sorted(symbols, key=lambda symbol: not symbol.endswith(f"/{currency}")))
        """Those that are priced in the account's currency first: the others are valued by them."""
        self.books: Books = context.ports["journal"].books()
        self._exposure = Exposure(self.books, (symbol.partition("/")[0] for symbol in self._symbols))
        self.markets: dict[str, MarketDataUpdate] = {}
        self.instruments: dict[str, Any] = {}
        self.rules = make_rules(settings.rules)
        self.grant: Grant | None = None
        self.drawdown = 0.0
        self.lost = ZERO
        """Of the equity that the day began with."""
        self._throttle = Throttle()
        self._reserved: dict[str, tuple[str, str]] = {}
        self._uncounted: dict[str, tuple[str, Draft]] = {}
        """Those of it that `exposure` does not hold yet: most are orders before anybody looks."""
        self._expiries: deque[tuple[int, str]] = deque()
        """Monotonic, in order: a clock set back must not make an approval last."""
        self._marked: dict[str, MarketDataUpdate] = {}
        self._volatility: dict[str, Volatility] = {}
        self._equity: Measured | None = None
        self._measured: Decimal | None = None
        self._changed = True
        self._judged: Mapping[str, Causes] = {}
        self._versions: tuple[object, str] = (None, "")

    # -- what happens -------------------------------------------------------------------------------------------------

    def hear(self, update: MarketDataUpdate) -> None:
        self.markets[update.symbol] = update
        self._changed = True

    def fold(self, event: OrderEvent) -> bool:
        """False where it changes nothing."""
        booked, self._changed = self.books.apply(event), True
        if isinstance(event, OrderIntended):
            self._release(event.approval_id)
        if booked:
            self._exposure.follow(event)
        return booked

    def reserve(self, approval_id: str, asked: Asked, draft: Draft) -> int:
        """An approval is on its way to become an order, for so many ns."""
        now_ns = self._monotonic_ns()
        self._reserved[approval_id] = (asked.strategy, asked.symbol)
        self._expiries.append((now_ns + self._ttl_ns, approval_id))
        self._uncounted[approval_id] = (asked.strategy, draft)
        self._throttle.note(asked.strategy, now_ns)
        return self._ttl_ns

    def has_approval(self, strategy: str, symbol: str) -> bool:
        """An approval the books do not show yet: judged beside it, the same target would be bought twice."""
        self._expire()
        return (strategy, symbol) in self._reserved.values()

    def _expire(self) -> None:
        now_ns = self._monotonic_ns()
        while self._expiries and self._expiries[0][0] <= now_ns:
            self._release(self._expiries.popleft()[1])

    def _release(self, approval_id: str) -> None:
        if self._reserved.pop(approval_id, None) is not None and self._uncounted.pop(approval_id, None) is None:
            self._exposure.release(approval_id)

    @property
    def exposure(self) -> Exposure:
        """Of the books and of all that is reserved."""
        while self._uncounted:
            approval_id, (strategy, draft) = self._uncounted.popitem()
            self._exposure.reserve(approval_id, strategy, draft)
        return self._exposure

    # -- what is measured beside --------------------------------------------------------------------------------------

    def measure(self, applied: Mapping[str, Causes]) -> Decimal | None:
        """The equity, told only of books that are equal to the venue's and of markets that nothing ails, None where it
        cannot be told. To be called again and again: where nothing changed it is cheap.
        `applied`: the causes that count, by scope; the same object as long as they are the same."""
        if self._changed or applied is not self._judged:
            self._changed, self._judged = False, applied
            self._mark()
            self._measured = self._value(applied)
        if self._measured is not None:
            self._equity = Measured(self._measured, self._context.now_ns())
        return self._measured

    def _value(self, applied: Mapping[str, Causes]) -> Decimal | None:
        if "UNRECONCILED" in applied.get(ACCOUNT, {}):
            return None
        trusted = {each for each in self.markets if MARKET_CAUSES.isdisjoint(applied.get(each, ()))}
        markets = {symbol: market for symbol, market in self.markets.items() if symbol in trusted}
        return equity(self.books.balances, markets, self._symbols, self._currency)

    def worth(self, moved: Mapping[str, Decimal]) -> Decimal | None:
        """What transfers made the equity more, or, below zero, less; None where it cannot be told. What left counts at
        the price it had here."""
        came = self._worth({currency: amount for currency, amount in moved.items() if amount > ZERO})
        left = self._worth({currency: -amount for currency, amount in moved.items() if amount < ZERO})
        return None if came is None or left is None else came - left

    def _worth(self, amounts: Mapping[str, Decimal]) -> Decimal | None:
        return worth(amounts, self.markets, self._symbols, self._currency)

    def _mark(self) -> None:
        for symbol in self._symbols:
            market = self.markets.get(symbol)
            if market is None or market is self._marked.get(symbol) or not market.bid > 0:
                continue
            self._marked[symbol] = market
            base, _, quote = symbol.partition("/")
            if (rate := self._rate(quote)) is not None:
                self.exposure.mark(base, market.bid * rate)
            before = self._volatility.get(symbol, Volatility())
            self._volatility[symbol] = before.fold(float(market.bid + market.ask) / 2.0, market.received_ns)

    def _rate(self, quote: str) -> Decimal | None:
        return ONE if quote == self._currency else self.exposure.marks.get(quote) or None

    def scale(self, strategy: str, symbol: str) -> Decimal:
        """By which limits of orders and positions are smaller now."""
        limits = self._limits.of(strategy, symbol)
        if limits.calm_volatility_bps is None and limits.scale_from_drawdown is None:
            return ONE
        return scale(limits, self._volatility.get(symbol, Volatility()).minute_bps, self.drawdown)

    @property
    def symbols(self) -> tuple[str, ...]:
        return self._symbols

    @property
    def equity(self) -> Measured | None:
        return self._equity

    @property
    def max_market_age_ns(self) -> int:
        return round((self._limits.account.max_market_age_s or ZERO) * 1_000_000_000)

    @property
    def versions(self) -> str:
        """Of all that a judgement goes by, for the record."""
        if self._versions[0] is not self._limits.book:
            rules = f", rules {self.rules.version}" if self.rules.rules else ""
            self._versions = (self._limits.book, f"limits {self._limits.book.version}{rules}")
        return self._versions[1]

    # -- judgements ---------------------------------------------------------------------------------------------------

    def view(self, asked: Asked, standing: Standing, now_ns: int) -> RiskView:
        self._expire()
        all_orders, own_orders = self._throttle.count(asked.strategy, self._monotonic_ns())
        if not self.exposure.marks.get(asked.symbol.partition("/")[0], ONE):
            self._mark()  # a market that is quicker than our period
        return RiskView(
            now_ns=now_ns,
            standing=standing,
            exposure=self.exposure,
            instrument=self.instruments.get(asked.symbol),
            market=self.markets.get(asked.symbol),
            book=self._limits.book,
            limits=self._limits.of(asked.strategy, asked.symbol),
            equity=self._equity,
            quote_rate=self._rate(asked.symbol.partition("/")[2]),
            scale=self.scale(asked.strategy, asked.symbol),
            orders_last_s=all_orders,
            strategy_orders_last_s=own_orders,
            rules=self.rules,
            grant=self.grant,
            lost=self.lost,
        )

    def inspect(self, fill: OrderFilled) -> tuple[Refusal, ...]:
        """What of a fill, just booked, is past its bounds."""
        order = self.books.orders.get(fill.client_id)
        if order is None:
            return ()
        held = self.books.balances.get(fill.symbol.partition("/")[0], ZERO)
        return inspect_fill(fill, order, self._limits.of(order.intent.strategy, fill.symbol), held)

    def _monotonic_ns(self) -> int:
        return self._context.system.clock.monotonic_ns()
