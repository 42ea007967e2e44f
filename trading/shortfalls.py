"""What strategies hold in the books and the account has no more: sold by hand, taken away, or spent as a fee. Pure."""

from collections.abc import Iterator
from decimal import Decimal, localcontext

from .adoption import MANUAL
from .books import ADOPTED, Books, currencies
from .messages import ZERO
from .order_events import PositionTransferred

PRICE_STEP = Decimal("1e-8")


def cover_shortfalls(books: Books, now_ns: int) -> Iterator[PositionTransferred]:
    """Holders give up what is not there any more, at the average price at which it went, as far as that is known: first
    those of a symbol in which nobody's orders sold, among them what people hold by hand, then the largest. The
    account's own position, and so its profit, stays as it is."""
    holders: dict[str, list[tuple[Decimal, str, str]]] = {}
    for (strategy, symbol), amount in sorted(books.strategy_positions.items()):
        if strategy != ADOPTED and amount > ZERO:
            holders.setdefault(currencies(symbol)[0], []).append((amount, strategy, symbol))
    for base, held in sorted(holders.items()):
        missing = sum((amount for amount, _, _ in held), ZERO) - books.balances.get(base, ZERO)
        for amount, strategy, symbol in sorted(held, key=lambda holder: _turn(books, *holder)):
            if missing > ZERO:
                part = min(amount, missing)
                missing -= part
                price = _price(books, strategy, symbol)
                yield PositionTransferred(symbol, strategy, ADOPTED, part, price, "the account has it no more", now_ns)


def _turn(books: Books, amount: Decimal, strategy: str, symbol: str) -> tuple[bool, bool, Decimal]:
    """What went past the system was a person's doing, in the symbol that shows it."""
    sold = books.strategy_positions.get((ADOPTED, symbol), ZERO) < ZERO
    return not sold, strategy != MANUAL, -amount


def _price(books: Books, strategy: str, symbol: str) -> Decimal:
    """Of what went: the average of the account's own orderless sales, or else what the strategy paid."""
    sold, holding = books.holdings.get((ADOPTED, symbol)), books.holdings[strategy, symbol]
    basis = sold if sold is not None and sold.amount < ZERO else holding
    with localcontext(prec=28):
        return (basis.cost / basis.amount).quantize(PRICE_STEP)
