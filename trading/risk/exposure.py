"""What may still happen to an account, kept level with every event: no check walks its orders.

Open, UNKNOWN and approved-but-unsent orders count with all that may still fill of them. Currencies other than the
account's own are exposure; `follow` and `reserve` cost the same with ten orders and with ten thousand.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from decimal import Decimal

from ..books import ADOPTED, Books, currencies
from ..evidence import VenueOrder
from ..messages import ZERO, Side
from ..order import Order
from ..order_events import OrderEvent
from .claims import COST_STEP, EXACT, Claim, claim_draft, claim_foreign, claim_order
from .tallies import Counts, Sums
from .view import Draft

FOREIGN = "foreign "
"""Before the client ids of orders that are not ours."""
NOTHING = (ZERO, ZERO, ZERO)

_plus, _minus = EXACT.add, EXACT.subtract


class Exposure:
    """Of one account. `bases`: the currencies of its positions. Apply events to `books` first, then `follow` them."""

    def __init__(self, books: Books, bases: Iterable[str] = ()) -> None:
        self.books = books
        self.incoming, self.outgoing = Sums(), Sums()
        """By currency, what orders may bring and take at most."""
        self.buying, self.selling, self.expected = Sums(), Sums(), Sums()
        """By strategy and symbol, of the base currency; `expected` is signed and of plain orders alone."""
        self.counts = Counts()
        self.gross, self.long, self.short = ZERO, ZERO, ZERO
        """All bases at their worst in the account's currency: without regard to side, bought most, and sold most."""
        self.marks: dict[str, Decimal] = dict.fromkeys(bases, ZERO)
        """What one of each base currency is worth; 0 where that is not known."""
        self._worth: dict[str, tuple[Decimal, Decimal, Decimal]] = {}
        self._claims: dict[str, Claim] = {}
        self._foreign: tuple[str, ...] = ()
        self._resting: dict[tuple[str, Side], list[Decimal]] = {}
        self._plain: dict[tuple[str, str], dict[str, None]] = {}
        for order in books.open_orders():
            self._set(order.intent.client_id, claim_order(order))
        self.revalue()

    # -- what happens -------------------------------------------------------------------------------------------------

    def follow(self, event: OrderEvent) -> None:
        """The books took this event."""
        client_id: str = getattr(event, "client_id", "")
        if not client_id:
            self.revalue()
            return
        order = self.books.orders.get(client_id)
        self._set(client_id, None if order is None else claim_order(order))
        symbol: str = getattr(event, "symbol", "")
        for currency in {*symbol.split("/"), getattr(event, "fee_currency", "")} & self.marks.keys():
            self._revalue(currency)

    def reserve(self, approval_id: str, strategy: str, draft: Draft) -> None:
        """An approval is on its way; `release` it once its order is in the books, or it expired."""
        self._set(approval_id, claim_draft(strategy, draft))

    def watch_foreign(self, orders: Iterable[VenueOrder]) -> None:
        """These, and no others, of the account's open orders are not ours."""
        foreign = {f"{FOREIGN}{order.client_id}": claim_foreign(order) for order in orders}
        for key in [key for key in self._foreign if key not in foreign]:
            self._set(key, None)
        for key, claim in foreign.items():
            self._set(key, claim)
        self._foreign = tuple(foreign)

    def release(self, approval_id: str) -> None:
        self._set(approval_id, None)

    def mark(self, base: str, price: Decimal) -> None:
        """What one of a base currency is worth now, in the account's currency."""
        if self.marks.get(base) != price:
            self.marks[base] = price
            self._revalue(base)

    def revalue(self) -> None:
        """Balances may have changed by other ways than fills."""
        for base in self.marks:
            self._revalue(base)

    # -- what is known ------------------------------------------------------------------------------------------------

    def free(self, currency: str) -> Decimal:
        """What no order may take."""
        return _minus(self.books.balances.get(currency, ZERO), self.outgoing[currency])

    def held(self, strategy: str, symbol: str) -> Decimal:
        return self.books.strategy_positions.get((strategy, symbol), ZERO)

    def is_locked(self, strategy: str, symbol: str) -> bool:
        """Whether a strategy cannot sell all that it holds: orders that stand sell it, or would buy it, or it is not
        there."""
        bought = any(name == symbol and buyer != ADOPTED for buyer, name in self.buying)
        short = self.free(currencies(symbol)[0]) < self.held(strategy, symbol)
        return bought or short or self.selling[strategy, symbol] > 0

    def worst_held(self, base: str, buying: Decimal = ZERO) -> Decimal:
        """The most of a currency that may be held, or owed, once everything filled; with `buying` more."""
        held = self.books.balances.get(base, ZERO)
        return max(abs(held + self.incoming[base] + buying), abs(held - self.outgoing[base]))

    def worth(self, base: str) -> tuple[Decimal, Decimal]:
        """The parts of `gross` and of `long` that are of this currency."""
        return self._worth.get(base, NOTHING)[:2]

    def unmarked(self) -> str:
        """A base currency that is, or may be, held and of unknown worth; empty where there is none."""
        return next((base for base, mark in self.marks.items() if not mark and self.worst_held(base)), "")

    def strategy_notional(self, strategy: str) -> Decimal | None:
        """What a strategy holds and may still buy, at what that is worth; None where that is not known."""
        total = ZERO
        for symbol in self.symbols_of(strategy):
            amount = abs(self.held(strategy, symbol)) + self.buying[strategy, symbol]
            mark = self.marks.get(symbol.partition("/")[0], ZERO)
            if amount and not mark:
                return None
            total += amount * mark
        return total

    def symbols_of(self, strategy: str) -> list[str]:
        """Where a strategy holds something, or may soon."""
        held = [
            symbol for (owner, symbol), amount in self.books.strategy_positions.items() if owner == strategy and amount
        ]
        return held + [symbol for owner, symbol in self.buying if owner == strategy and symbol not in held]

    def best_resting(self, symbol: str, side: Side) -> Decimal | None:
        """The highest price of our buys, or the lowest of our sales, that may rest at the venue."""
        prices = self._resting.get((symbol, side))
        return None if not prices else prices[-1 if side == "buy" else 0]

    def plain_order(self, strategy: str, symbol: str) -> Iterable[Order]:
        """Open orders as targets make them, oldest first."""
        for client_id in self._plain.get((strategy, symbol), ()):
            if (order := self.books.orders.get(client_id)) is not None:
                yield order

    # -- the fold -----------------------------------------------------------------------------------------------------

    def _set(self, key: str, claim: Claim | None) -> None:
        before = self._claims.pop(key, None)
        if claim is not None:
            self._claims[key] = claim
        if before == claim:
            return
        for each, sign in ((before, -1), (claim, 1)):
            if each is not None:
                self._count(key, each, sign)
        either = claim or before
        assert either is not None
        for currency in either.symbol.split("/"):
            if currency in self.marks:
                self._revalue(currency)

    def _count(self, key: str, claim: Claim, sign: int) -> None:
        gained, gain, spent, cost = claim.flows
        own, amount = (claim.strategy, claim.symbol), claim.amount * sign
        self.incoming.add(gained, gain * sign)
        self.outgoing.add(spent, cost * sign)
        (self.buying if claim.side == "buy" else self.selling).add(own, amount)
        if claim.plain:
            self.expected.add(own, amount if claim.side == "buy" else -amount)
            self._index(own, key, sign)
        self.counts.add(claim, sign)
        if claim.resting is not None:
            self._rest(claim.symbol, claim.side, claim.resting, sign)

    def _index(self, own: tuple[str, str], key: str, sign: int) -> None:
        if sign > 0:
            self._plain.setdefault(own, {})[key] = None
        else:
            self._plain[own].pop(key)
            if not self._plain[own]:
                del self._plain[own]

    def _rest(self, symbol: str, side: Side, price: Decimal, sign: int) -> None:
        prices = self._resting.setdefault((symbol, side), [])
        if sign > 0:
            insort(prices, price)
        else:
            del prices[bisect_left(prices, price)]

    def _revalue(self, base: str) -> None:
        held, mark = self.books.balances.get(base, ZERO), self.marks[base]
        most, least = held + self.incoming[base], held - self.outgoing[base]
        long, short = _round(most * mark), _round(least * mark)
        worth, before = (max(abs(long), abs(short)), long, short), self._worth.get(base, NOTHING)
        if worth != before:
            self._worth[base] = worth
            self.gross = _plus(self.gross, _minus(worth[0], before[0]))
            self.long = _plus(self.long, _minus(worth[1], before[1]))
            self.short = _plus(self.short, _minus(worth[2], before[2]))


def _round(value: Decimal) -> Decimal:
    return EXACT.quantize(value, COST_STEP)
