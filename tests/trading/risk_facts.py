"""Short ways to what a judgement is made on."""

from decimal import Decimal
from typing import Any

from tests.trading.facts import INSTRUMENT, NOW_NS, SYMBOL, market
from tradigrade.trading.books import Books
from tradigrade.trading.limit_book import LimitBook
from tradigrade.trading.limits import Limits
from tradigrade.trading.risk import Draft, Exposure, Measured, RiskView
from tradigrade.trading.rungs import NORMAL

DEFAULTS = Limits()


def risk_view(
    books: Books,
    reserved: tuple[Draft, ...] = (),
    limits: Limits = DEFAULTS,
    **changed: Any,
) -> RiskView:
    """A calm market and an account of 10,000, unless changed."""
    exposure = Exposure(books, (SYMBOL.partition("/")[0],))
    exposure.mark("BTC", Decimal(29_999))
    for number, draft in enumerate(reserved):
        exposure.reserve(f"reserved {number}", "another", draft)
    made = RiskView(
        now_ns=NOW_NS,
        standing=NORMAL,
        exposure=exposure,
        instrument=INSTRUMENT,
        market=market(),
        book=LimitBook(limits),
        limits=limits,
        equity=Measured(Decimal(10_000), NOW_NS),
    )
    return made._replace(**changed)
