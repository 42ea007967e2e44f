"""Checks that are left out for targets would find nothing in the order of any target."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.trading.facts import INSTRUMENT, SYMBOL, market
from tests.trading.risk_facts import risk_view
from tradigrade.trading.books import Books
from tradigrade.trading.messages import SignalGenerated
from tradigrade.trading.order_events import BalanceAdopted
from tradigrade.trading.risk import Draft
from tradigrade.trading.risk.checks import CHECKS, CHECKS_OF_TARGETS, OF_REQUESTS
from tradigrade.trading.risk.draft import draft_target

AMOUNTS = st.decimals(0, 20, places=7)
PRICES = st.none() | st.decimals("0.001", 100_000, places=4)


@given(target=AMOUNTS, held=AMOUNTS, limit_price=PRICES)
def test_they_refuse_no_order_of_a_target(target: Decimal, held: Decimal, limit_price: Decimal | None) -> None:
    books = Books()
    books.apply(BalanceAdopted("USDT", Decimal(10**6), 1))
    books.strategy_positions["s", SYMBOL] = held
    view = risk_view(books)
    signal = SignalGenerated("id", "s", SYMBOL, target, limit_price, view.now_ns, "test")
    draft = draft_target(signal, view, INSTRUMENT, market())
    if isinstance(draft, Draft):
        assert [check(draft, signal, view) for check in CHECKS if check in OF_REQUESTS] == [None] * len(OF_REQUESTS)


def test_the_others_are_looked_at_in_their_order() -> None:
    assert tuple(check for check in CHECKS if check not in OF_REQUESTS) == CHECKS_OF_TARGETS
    assert len(CHECKS_OF_TARGETS) == len(CHECKS) - len(OF_REQUESTS)
