"""What risk approved counts from then on, once, whoever looks and when, until it is an order or has expired."""

from decimal import Decimal
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from tests.trading.facts import NOW_NS, SYMBOL, intent
from tradigrade.actors.risk_knowledge import Knowledge
from tradigrade.config.risk_settings import RiskSettings
from tradigrade.kernel.clock import ManualClock
from tradigrade.trading.books import Books
from tradigrade.trading.messages import SignalGenerated
from tradigrade.trading.order_events import BalanceAdopted
from tradigrade.trading.risk import Draft

COST = Decimal(300)


def make_knowledge() -> tuple[Knowledge, ManualClock]:
    books, clock = Books(), ManualClock()
    books.apply(BalanceAdopted("USDT", Decimal(1_000), NOW_NS))
    context: Any = SimpleNamespace(
        ports={"journal": SimpleNamespace(books=lambda: books)}, system=SimpleNamespace(clock=clock)
    )
    limits: Any = SimpleNamespace()
    return Knowledge(context, limits, RiskSettings(), (SYMBOL,), "USDT"), clock


def approve(known: Knowledge, number: int) -> None:
    asked = SignalGenerated(f"s{number}", f"strategy{number}", SYMBOL, Decimal(3), None, NOW_NS, "test")
    draft = Draft(SYMBOL, "buy", "limit", Decimal(3), Decimal(100), Decimal(100))
    known.reserve(f"a{number}", asked, draft)


def look(known: Knowledge, *, looks: bool) -> None:
    if looks:
        assert known.exposure.free("USDT") >= 0


@pytest.mark.parametrize(("first", "second"), list(product((False, True), repeat=2)))
def test_an_approval_takes_what_is_free_until_it_is_an_order_and_that_takes_it_once(first: bool, second: bool) -> None:
    known, _ = make_knowledge()
    approve(known, 1)
    look(known, looks=first)
    approve(known, 2)
    look(known, looks=second)
    known.fold(intent("o1", amount="3", approval_id="a1"))
    assert known.exposure.free("USDT") == 1_000 - 2 * COST, "an order and an approval"
    assert known.exposure.counts.all == 2
    known.fold(intent("o2", amount="3", approval_id="a2"))
    assert known.exposure.free("USDT") == 1_000 - 2 * COST, "two orders"
    assert known.exposure.counts.all == 2


@pytest.mark.parametrize("looks", [False, True])
def test_an_approval_that_expired_takes_nothing(looks: bool) -> None:
    known, clock = make_knowledge()
    approve(known, 1)
    look(known, looks=looks)
    assert known.has_approval("strategy1", SYMBOL)
    clock.advance(10.0)
    assert not known.has_approval("strategy1", SYMBOL)
    assert known.exposure.free("USDT") == 1_000
