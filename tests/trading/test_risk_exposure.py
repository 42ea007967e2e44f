"""What may still happen is kept level with every event: always what a walk over all orders would say."""

from collections import Counter
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading.facts import NOW_NS, accepted, books, fill, intent
from tests.trading.risk_run import PRICES, STRATEGIES, SYMBOLS, AccountRun
from tradigrade.trading.evidence import VenueOrder
from tradigrade.trading.limits import Limits
from tradigrade.trading.messages import ZERO, Side
from tradigrade.trading.order_events import BalanceAdopted, OrderCancelled
from tradigrade.trading.risk import Exposure

LOOSE = Limits(max_orders_per_s=Decimal(10_000), max_position_notional=Decimal(6_000))
SIDES: tuple[Side, ...] = ("buy", "sell")


def walk(run: AccountRun) -> None:
    """Everything that the fold says, computed anew from every order."""
    exposure, claims = run.exposure, run.claims()
    for currency in ("USDT", "BTC", "ETH"):
        came = sum((c.flows[1] for c in claims if c.flows[0] == currency), ZERO)
        went = sum((c.flows[3] for c in claims if c.flows[2] == currency), ZERO)
        assert (exposure.incoming[currency], exposure.outgoing[currency]) == (came, went), currency
    for own in ((strategy, symbol) for strategy in STRATEGIES for symbol in SYMBOLS):
        mine = [c for c in claims if (c.strategy, c.symbol) == own]
        assert exposure.buying[own] == sum((c.amount for c in mine if c.side == "buy"), ZERO)
        assert exposure.selling[own] == sum((c.amount for c in mine if c.side == "sell"), ZERO)
        signed = sum((c.amount if c.side == "buy" else -c.amount for c in mine if c.plain), ZERO)
        assert exposure.expected[own] == signed
    assert exposure.counts.all == len(claims)
    assert exposure.counts.of_symbol == Counter(c.symbol for c in claims)
    assert exposure.counts.of_strategy == Counter(c.strategy for c in claims)
    for symbol in SYMBOLS:
        for side in SIDES:
            prices = [c.resting for c in claims if (c.symbol, c.side) == (symbol, side) and c.resting is not None]
            best = (max if side == "buy" else min)(prices, default=None)
            assert exposure.best_resting(symbol, side) == best
    assert abs(exposure.gross - sum(run.worst_held(base) * mark for base, mark in PRICES.items())) < Decimal("1e-8")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_the_fold_equals_a_walk_over_all_orders_after_every_event(seed: int) -> None:
    run = AccountRun(seed, LOOSE)
    for _ in range(60):
        run.step()
        walk(run)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_a_fold_begun_in_the_middle_equals_one_that_saw_everything(seed: int) -> None:
    run = AccountRun(seed, LOOSE)
    for _ in range(60):
        run.step()
    fresh = Exposure(run.books, PRICES)
    for base, price in PRICES.items():
        fresh.mark(base, price)
    for key, (strategy, draft, _) in run.reserved.items():
        fresh.reserve(key, strategy, draft)
    kept = run.exposure
    assert (fresh.incoming, fresh.outgoing, fresh.expected) == (kept.incoming, kept.outgoing, kept.expected)
    assert (fresh.gross, fresh.long, fresh.short) == (kept.gross, kept.long, kept.short)
    assert fresh.counts.of_strategy == kept.counts.of_strategy


def test_what_ended_leaves_nothing_behind() -> None:
    made = intent("o1", amount="0.5")
    exposure = Exposure(books(BalanceAdopted("USDT", Decimal(1_000), NOW_NS)), ("BTC",))
    for event in (*accepted(made), OrderCancelled("o1", "gone", NOW_NS)):
        exposure.books.apply(event)
        exposure.follow(event)
    assert not any((exposure.incoming, exposure.outgoing, exposure.buying, exposure.expected, exposure._claims))
    assert exposure.best_resting("BTC/USDT", "buy") is None
    assert not list(exposure.plain_order("s", "BTC/USDT"))


def test_what_is_held_without_a_price_is_named() -> None:
    made = intent("o1", amount="0.5")
    held = books(BalanceAdopted("USDT", Decimal(1_000), NOW_NS), *accepted(made), fill(made, amount="0.5"))
    exposure = Exposure(held, ("BTC", "ETH"))
    assert exposure.unmarked() == "BTC"
    exposure.mark("BTC", Decimal(100))
    assert (exposure.unmarked(), exposure.gross) == ("", 50)


def test_orders_of_others_take_what_they_may_take_until_they_are_gone() -> None:
    folded = books(BalanceAdopted("USDT", Decimal(1_000), NOW_NS))
    exposure = Exposure(folded, ("BTC",))
    theirs = VenueOrder("by-hand", "v1", "BTC/USDT", "open", "buy", "limit", Decimal(2), Decimal(100), Decimal("0.5"))
    exposure.watch_foreign((theirs,))
    exposure.watch_foreign((theirs,))
    assert (exposure.free("USDT"), exposure.worst_held("BTC")) == (850, Decimal("1.5"))
    assert exposure.expected["adopted", "BTC/USDT"] == ZERO, "no target of ours"
    exposure.watch_foreign(())
    assert (exposure.free("USDT"), exposure.worst_held("BTC"), exposure.counts.all) == (1_000, 0, 0)
