"""No sequence of events makes risk approve past a limit, UNKNOWN and approved-but-unsent orders at their worst."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading.risk_run import PRICES, STRATEGIES, SYMBOLS, AccountRun
from tradigrade.trading.limits import Limits
from tradigrade.trading.messages import ZERO

LIMITS = Limits(
    max_order_notional=Decimal(1_500),
    max_position_notional=Decimal(3_000),
    max_gross_notional=Decimal(4_000),
    max_strategy_notional=Decimal(3_000),
    max_open_orders=Decimal(5),
    max_symbol_orders=Decimal(4),
    max_strategy_orders=Decimal(3),
    max_orders_per_s=Decimal(10_000),
)
AT_TOUCH = Decimal("1.001")
"""Drafts are judged at the touch, the walk values at the middle of the market."""


def check(run: AccountRun) -> None:
    claims, total = run.claims(), ZERO
    for base, price in PRICES.items():
        worth = run.worst_held(base) * price
        assert worth <= 3_000 * AT_TOUCH, (base, worth)
        total += worth
    assert total <= 4_000 * AT_TOUCH, total
    outgoing = sum((claim.cost for claim in claims if claim.side == "buy"), ZERO)
    assert outgoing <= run.books.balances["USDT"], "every buy could be paid at its worst"
    for base in PRICES:
        sales = (claim.amount for claim in claims if claim.side == "sell" and claim.symbol.startswith(base))
        assert sum(sales, ZERO) <= run.books.balances.get(base, ZERO), "nothing is sold twice"
    assert all(balance >= 0 for balance in run.books.balances.values())
    check_counts(run)


def check_counts(run: AccountRun) -> None:
    """Orders that shrink a position may be one too many: they make the account safer."""
    buys = [claim for claim in run.claims() if claim.side == "buy"]
    assert len(buys) <= 5
    assert all(sum(claim.symbol == symbol for claim in buys) <= 4 for symbol in SYMBOLS)
    assert all(sum(claim.strategy == strategy for claim in buys) <= 3 for strategy in STRATEGIES)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_nothing_that_may_happen_brings_the_account_past_its_limits(seed: int) -> None:
    run = AccountRun(seed, LIMITS)
    for _ in range(100):
        run.step()
        check(run)
    assert all(draft.worst_notional <= 1_500 for _, draft in run.approved if draft.side == "buy")


def test_such_runs_come_to_every_limit() -> None:
    codes: set[str] = set()
    orders = 0
    for seed in range(40):
        run = AccountRun(seed, LIMITS)
        for _ in range(100):
            run.step()
        codes |= set(run.codes)
        orders += len(run.approved)
    assert orders > 400
    assert codes >= {
        "NOTIONAL_EXCEEDS_MAX_PER_ORDER",
        "NOTIONAL_EXCEEDS_FREE_BALANCE",
        "POSITION_LIMIT",
        "GROSS_EXPOSURE_LIMIT",
        "STRATEGY_BUDGET",
        "TOO_MANY_OPEN_ORDERS",
        "SELF_TRADE",
        "POSITION_NOT_FOUND",
        "REDUCE_ONLY_WOULD_INCREASE_POSITION",
    }
