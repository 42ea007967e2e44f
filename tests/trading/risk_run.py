"""An account that a venue treats in every way there is, and a walk over all its orders of what may come."""

import random
from decimal import Decimal
from typing import Any

import msgspec

from tests.trading.facts import NOW_NS, fill, intent, market, placed
from tradigrade.trading.books import Books
from tradigrade.trading.instruments import PAPER_INSTRUMENTS
from tradigrade.trading.limit_book import LimitBook
from tradigrade.trading.limits import Limits
from tradigrade.trading.messages import PLAIN, ZERO, OrderRequested, SignalGenerated, Terms
from tradigrade.trading.order_events import (
    BalanceAdopted,
    OrderAccepted,
    OrderCancelled,
    OrderIntended,
    OrderRejected,
    OrderUnknown,
)
from tradigrade.trading.risk import Draft, Exposure, Measured, Refusal, RiskView, judge
from tradigrade.trading.risk.claims import Claim, claim_draft, claim_order
from tradigrade.trading.rungs import NORMAL

SYMBOLS = ("BTC/USDT", "ETH/USDT")
PRICES = {"BTC": Decimal(30_000), "ETH": Decimal(2_000)}
STRATEGIES = ("one", "two", "three")


class AccountRun:
    """Steps drawn from a seed: targets and explicit orders are judged, sent, lost, filled, doubted and ended."""

    def __init__(self, seed: int, limits: Limits, cash: int = 10_000) -> None:
        self.draw = random.Random(seed)
        self.limits = limits
        self.books = Books()
        self.books.apply(BalanceAdopted("USDT", Decimal(cash), NOW_NS))
        self.exposure = Exposure(self.books, PRICES)
        for base, price in PRICES.items():
            self.exposure.mark(base, price)
        self.reserved: dict[str, tuple[str, Draft, OrderIntended]] = {}
        self.approved: list[tuple[str, Draft]] = []
        self.codes: list[str] = []
        self.count = 0

    def step(self) -> None:
        ways = [self.ask, self.ask, self.request, self.send, self.send, self.fill, self.fill, self.doubt, self.end]
        self.draw.choice([*ways, self.expire])()

    def view(self, symbol: str, **changed: Any) -> RiskView:
        price = PRICES[symbol.partition("/")[0]]
        quoted = market(str(price - 1), str(price + 1))
        made = RiskView(
            NOW_NS,
            NORMAL,
            self.exposure,
            PAPER_INSTRUMENTS[symbol],
            msgspec.structs.replace(quoted, symbol=symbol),
            LimitBook(self.limits),
            self.limits,
            Measured(Decimal(10_000), NOW_NS),
        )
        return made._replace(**changed)

    def ask(self) -> None:
        symbol, price = self._pick()
        target = (Decimal(self.draw.randrange(0, 3_000)) / price).quantize(Decimal("0.0001"))
        limit = self.draw.choice([None, None, price * Decimal("0.999"), price * Decimal("1.001")])
        self._judge(SignalGenerated(f"n{self.count}", self._strategy(), symbol, target, limit, NOW_NS, "run"))

    def request(self) -> None:
        symbol, price = self._pick()
        side: Any = self.draw.choice(["buy", "sell"])
        kind: Any = self.draw.choice(["market", "limit", "stop_loss", "take_profit_limit"])
        below = (side == "sell") == kind.startswith("stop")
        stop = price * Decimal("0.9" if below else "1.1") if kind not in ("market", "limit") else None
        limited = kind in ("limit", "take_profit_limit")
        about = stop or price * self.draw.choice([Decimal("0.95"), Decimal("1.005"), Decimal("1.2")])
        amount = (Decimal(self.draw.randrange(1, 3_000)) / price).quantize(Decimal("0.0001"))
        terms = Terms(stop_price=stop, reduce_only=self.draw.random() < 0.3) if stop else PLAIN
        if kind == "market" and self.draw.random() < 0.3:
            terms, amount = Terms(quote_amount=Decimal(self.draw.randrange(1, 3_000))), ZERO
        asked = OrderRequested(
            f"n{self.count}",
            self._strategy(),
            symbol,
            side,
            kind,
            amount,
            about if limited else None,
            NOW_NS,
            "",
            terms,
        )
        self._judge(asked)

    def _judge(self, asked: Any) -> None:
        verdict = judge(asked, self.view(asked.symbol))
        if isinstance(verdict, Refusal):
            self.codes.append(verdict.code)
        if isinstance(verdict, Draft):
            self._approve(asked, verdict)

    def _approve(self, asked: Any, verdict: Draft) -> None:
        key = f"a{self.count}"
        order = intent(
            f"o{self.count}",
            verdict.side,
            str(verdict.amount),
            strategy=asked.strategy,
            signal_id=f"n{self.count}",
            approval_id=key,
            symbol=verdict.symbol,
            type=verdict.type,
            price=verdict.price,
            reference_price=verdict.reference,
            terms=verdict.terms,
        )
        self.reserved[key] = (asked.strategy, verdict, order)
        self.approved.append((asked.strategy, verdict))
        self.exposure.reserve(key, asked.strategy, verdict)

    def send(self) -> None:
        if self.reserved:
            key = next(iter(self.reserved))
            order = self.reserved.pop(key)[2]
            self.exposure.release(key)
            self._apply(order)
            self._apply(placed(order))
            if self.draw.random() < 0.5:
                self._apply(OrderAccepted(order.client_id, "v", NOW_NS))

    def expire(self) -> None:
        if self.reserved and self.draw.random() < 0.3:
            key = self.draw.choice(list(self.reserved))
            del self.reserved[key]
            self.exposure.release(key)

    def fill(self) -> None:
        if opened := self.books.open_orders():
            order = self.draw.choice(opened)
            part = self.draw.choice([1, 1, 2, 4])
            price = order.intent.price or order.intent.terms.stop_price or order.intent.reference_price
            amount = order.remaining / part
            if order.intent.terms.quote_amount is not None:
                amount = min(amount, order.intent.terms.quote_amount / price)
            self.count += 1
            base, _, quote = order.intent.symbol.partition("/")
            fee, currency = (amount / 1000, base) if order.intent.side == "buy" else (amount * price / 1000, quote)
            self._apply(fill(order.intent, f"t{self.count}", str(amount), str(price), str(fee), currency))
            if order.intent.terms.quote_amount is not None and order.open:
                self._apply(OrderCancelled(order.intent.client_id, "spent", NOW_NS))

    def doubt(self) -> None:
        if opened := self.books.open_orders():
            self._apply(OrderUnknown(self.draw.choice(opened).intent.client_id, "?", NOW_NS))

    def end(self) -> None:
        if opened := self.books.open_orders():
            name = self.draw.choice(opened).intent.client_id
            ends = [OrderCancelled(name, "gone", NOW_NS), OrderRejected(name, "X", "no", NOW_NS)]
            self._apply(self.draw.choice(ends))

    def _apply(self, event: Any) -> None:
        if self.books.apply(event):
            self.exposure.follow(event)

    def _pick(self) -> tuple[str, Decimal]:
        self.count += 1
        symbol = self.draw.choice(SYMBOLS)
        return symbol, PRICES[symbol.partition("/")[0]]

    def _strategy(self) -> str:
        return self.draw.choice(STRATEGIES)

    # -- the walk -----------------------------------------------------------------------------------------------------

    def claims(self) -> list[Claim]:
        """Of every order that may still fill, one by one."""
        walked = [claim_order(order) for order in self.books.orders.values()]
        drafts = [claim_draft(strategy, draft) for strategy, draft, _ in self.reserved.values()]
        return [claim for claim in walked if claim is not None] + drafts

    def worst_held(self, base: str) -> Decimal:
        """What would be held of a base currency once every buy filled, and no sale did."""
        buys = (claim.amount for claim in self.claims() if claim.side == "buy" and claim.symbol.startswith(f"{base}/"))
        return sum(buys, self.books.balances.get(base, ZERO))
