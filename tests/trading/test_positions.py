"""Money to the last decimal: positions, costs, profits and fees against an independent recomputation."""

import os
import random
from decimal import Decimal, Inexact, getcontext
from fractions import Fraction
from typing import Any

import pytest
from msgspec.structs import replace

from tests.trading.facts import NOW_NS, SYMBOL, books, fill, intent
from tests.trading.recomputed import balances, recompute
from tradigrade.trading.books import ADOPTED, Books
from tradigrade.trading.books_image import restore, take
from tradigrade.trading.laws import LawBroken, VenueTradeFact, check_books
from tradigrade.trading.order_events import BalanceAdopted, FundsMoved, HistoryAdopted, OrderFilled, OrderIntended
from tradigrade.trading.positions import COST_STEP, LOTS_KEPT, Position, part_of

SEQUENCES = int(os.environ.get("SEQUENCES", "2000"))
PARTS = 20
SYMBOLS = (SYMBOL, "ETH/BTC")
STRATEGIES = ("one", "two")
OPENING = {"USDT": "100000", "BTC": "2", "BNB": "0.5"}


def orders() -> list[OrderIntended]:
    return [
        intent(f"{strategy} {side} {symbol}", side, "1000000", strategy=strategy, symbol=symbol)
        for strategy in STRATEGIES
        for side in ("buy", "sell")
        for symbol in SYMBOLS
    ]


BEGINNING = [
    *(BalanceAdopted(currency, Decimal(amount), NOW_NS) for currency, amount in OPENING.items()),
    HistoryAdopted(SYMBOL, 0, NOW_NS),
    *orders(),
]


def draw_fills(draw: random.Random, length: int) -> list[OrderFilled]:
    return [draw_fill(draw, number) for number in range(length)]


def draw_fill(draw: random.Random, number: int) -> OrderFilled:
    """Also of an order that nobody knows, with a fee in any currency, and now and then as large as what it bought or
    larger. Half of the amounts are round: they close a position exactly."""
    symbol, side = draw.choice(SYMBOLS), draw.choice(("buy", "sell"))
    base, _, quote = symbol.partition("/")
    owner = draw.choice((*STRATEGIES, "nobody"))
    amount = Decimal(draw.choice((draw.randrange(1, 10 ** draw.randrange(1, 7)), 10_000, 20_000))) / 10**4
    fee = Decimal(draw.randrange(0, 10**5)) / 10 ** draw.randrange(6, 9)
    return OrderFilled(
        client_id=f"{owner} {side} {symbol}",
        trade_id=str(number),
        symbol=symbol,
        side=side,  # type: ignore[arg-type]
        price=Decimal(draw.randrange(1, 10 ** draw.randrange(1, 9))) / 100,
        amount=amount,
        fee=draw.choice((fee, Decimal(0), amount)),
        fee_currency=draw.choice((base, base, quote, quote, "BNB")),
        maker=False,
        at_ns=NOW_NS,
    )


def strategy_of(one: OrderFilled) -> str:
    owner = one.client_id.split()[0]
    return owner if owner in STRATEGIES else ADOPTED


def assert_equal(held: Position, fills: list[OrderFilled]) -> None:
    expected = recompute(fills)
    assert Fraction(held.amount) == expected.amount
    assert Fraction(held.cost) == expected.cost
    assert Fraction(held.realised) == expected.realised
    assert Fraction(held.fifo_realised) == expected.fifo_realised
    assert [(Fraction(amount), Fraction(cost)) for amount, cost in held.lots] == expected.lots
    assert Fraction(held.fees) == expected.fees
    assert {currency: Fraction(fee) for currency, fee in held.fees_paid.items()} == expected.fees_paid


def assert_adds_up(folded: Books, symbol: str) -> None:
    """The strategies' own to the account's, and both methods to the cash that moved."""
    account = folded.positions[symbol]
    parts = [held for (_, name), held in folded.holdings.items() if name == symbol]
    assert sum(Fraction(held.amount) for held in parts) == Fraction(account.amount)
    assert sum(Fraction(held.fees) for held in parts) == Fraction(account.fees)
    cash = Fraction(account.realised) - Fraction(account.cost)
    assert sum(Fraction(held.realised) - Fraction(held.cost) for held in parts) == cash
    assert Fraction(account.fifo_realised) - sum(Fraction(cost) for _, cost in account.lots) == cash
    assert Fraction(account.fifo_cost) == sum(Fraction(cost) for _, cost in account.lots)


def check(seed: int) -> None:
    draw = random.Random(seed)
    fills = draw_fills(draw, draw.randrange(1, 20))
    folded = books(*BEGINNING, *fills, *draw.sample(fills, len(fills) // 2))
    opening = {currency: Fraction(amount) for currency, amount in OPENING.items()}
    held = {currency: Fraction(amount) for currency, amount in folded.balances.items() if amount}
    assert held == balances(opening, fills)
    for symbol in {one.symbol for one in fills}:
        assert_equal(folded.positions[symbol], [one for one in fills if one.symbol == symbol])
        assert_adds_up(folded, symbol)
    for holder, holding in folded.holdings.items():
        assert_equal(holding, [one for one in fills if (strategy_of(one), one.symbol) == holder])
        assert folded.strategy_positions[holder] == holding.amount
    assert restore(take(folded)) == folded


@pytest.mark.parametrize("part", range(PARTS))
def test_the_ledger_equals_an_independent_recomputation_to_the_last_decimal(part: int) -> None:
    for seed in range(part, SEQUENCES, PARTS):
        try:
            check(seed)
        except AssertionError as error:
            raise AssertionError(f"of the fills of seed {seed}: {error}") from error


def test_more_lots_than_are_kept_are_joined_from_the_oldest_and_nothing_of_their_cost_is_lost() -> None:
    draw = random.Random(3)
    fills = [
        replace(draw_fill(draw, number), symbol=SYMBOL, fee=Decimal(0), side="sell" if number % 7 == 6 else "buy")
        for number in range(3 * LOTS_KEPT)
    ]
    account = books(*fills).positions[SYMBOL]
    assert len(account.lots) == LOTS_KEPT
    assert_equal(account, fills)


def position(*fills: tuple[str, str, str]) -> Position:
    """Of (side, amount, price)."""
    made = [
        fill(intent(f"o{number}", side), str(number), amount, price)  # type: ignore[arg-type]
        for number, (side, amount, price) in enumerate(fills)
    ]
    return books(*made).positions[SYMBOL]


BUYS = (("buy", "1", "100"), ("buy", "1", "200"))


@pytest.mark.parametrize(
    ("fills", "amount", "cost", "realised", "fifo_cost", "fifo_realised"),
    [
        (BUYS, "2", "300", "0", "300", "0"),
        ((*BUYS, ("sell", "1", "180")), "1", "150", "30", "200", "80"),
        ((*BUYS, ("sell", "2", "180")), "0", "0", "60", "0", "60"),
        ((*BUYS, ("sell", "3", "180")), "-1", "-180", "60", "-180", "60"),
        ((*BUYS, ("sell", "3", "180"), ("buy", "1", "150")), "0", "0", "90", "0", "90"),
        ((("sell", "2", "100"), ("buy", "1", "90")), "-1", "-100", "10", "-100", "10"),
        (
            (("buy", "3", "100"), ("sell", "1", "100")),
            "2", "200", "0", "200", "0",
        ),
    ],
)  # fmt: skip
def test_what_is_realised_follows_from_the_method(
    fills: Any, amount: str, cost: str, realised: str, fifo_cost: str, fifo_realised: str
) -> None:
    held = position(*fills)
    found = (held.amount, held.cost, held.realised, held.fifo_cost, held.fifo_realised)
    assert found == tuple(map(Decimal, (amount, cost, realised, fifo_cost, fifo_realised)))


def test_a_third_of_a_cost_is_rounded_towards_zero_and_the_rest_stays() -> None:
    one, three = Decimal(1), Decimal(3)
    assert part_of(Decimal(100), one, three) == Decimal("33.333333333333333333")
    assert part_of(Decimal(-100), one, three) == Decimal("-33.333333333333333333")
    held = position(("buy", "3", "33"), ("buy", "0.000001", "1000000"), ("sell", "1", "50"))
    assert held.realised - held.cost == Decimal(50) - Decimal(100)
    assert held.cost % COST_STEP == 0


def test_a_number_that_would_have_to_be_rounded_is_refused_and_the_callers_context_is_as_it_was() -> None:
    before = getcontext().prec
    with pytest.raises(Inexact):
        books(fill(intent(), "1", amount="1e60"), fill(intent(), "2", amount="1e-60"))
    assert getcontext().prec == before


def test_a_fee_in_the_base_currency_of_a_sale_is_part_of_what_was_given() -> None:
    """Worth as much afterwards as before, at the price it was sold for, less the fee."""
    bought, sold = intent("b", amount="2"), intent("s", "sell", "1")
    folded = books(bought, fill(bought, "1", "2", "100"), sold, fill(sold, "2", "1", "150", "0.01", "BTC"))
    held = folded.positions[SYMBOL]
    assert (held.amount, held.cost, held.realised) == (Decimal("0.99"), Decimal("99"), Decimal("49"))
    assert (held.fees, held.fees_paid) == (Decimal("1.5"), {"BTC": Decimal("0.01")})


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folded: setattr(folded.holdings["one", SYMBOL], "realised", Decimal(1)), "cash moved by BTC/USDT"),
        (lambda folded: folded.positions[SYMBOL].lots.clear(), "lots of BTC/USDT"),
    ],
)
def test_money_that_does_not_add_up_breaks_law_5(spoil: Any, words: str) -> None:
    made = intent("b", amount="1", strategy="one")
    folded = books(made, fill(made))
    trade = VenueTradeFact("1", "b", SYMBOL, Decimal(1))
    check_books(folded, folded.balances, {}, [trade])
    spoil(folded)
    with pytest.raises(LawBroken, match=words):
        check_books(folded, folded.balances, {}, [trade])


def test_strategies_that_want_opposite_things_hold_them_and_the_account_holds_nothing() -> None:
    long, short = intent("l", amount="1", strategy="one"), intent("s", "sell", "1", strategy="two")
    folded = books(long, fill(long, "1", "1", "100"), short, fill(short, "2", "1", "110"))
    assert folded.positions[SYMBOL].amount == 0
    assert folded.positions[SYMBOL].realised == Decimal(10)
    assert {key: held.cost for key, held in folded.holdings.items()} == {
        ("one", SYMBOL): Decimal(100),
        ("two", SYMBOL): Decimal(-110),
    }
    assert folded.capital == {("one", "USDT"): Decimal(100), ("two", "USDT"): Decimal(110)}


def test_the_capital_of_a_strategy_is_what_all_it_holds_has_cost() -> None:
    btc, eth = intent("b", strategy="one"), intent("e", strategy="one", symbol="ETH/USDT")
    sold = intent("s", "sell", strategy="one")
    folded = books(btc, fill(btc, "1", "1", "100"), eth, fill(eth, "2", "1", "50"), sold, fill(sold, "3", "0.5", "80"))
    assert folded.capital == {("one", "USDT"): Decimal(100)}


def moved(amount: str, reference: str = "r1", kind: Any = "deposit") -> FundsMoved:
    return FundsMoved("USDT", Decimal(amount), kind, reference, NOW_NS)


def test_a_transfer_counts_once_and_is_no_profit() -> None:
    folded = books(*BEGINNING, moved("50"), moved("50"), moved("-20", "r2", "withdrawal"))
    assert folded.balances["USDT"] == Decimal(100_030)
    assert folded.transferred == {"USDT": Decimal(30)}
    assert folded.positions == {}
    assert restore(take(folded)) == folded


def test_what_was_moved_before_the_account_was_adopted_is_in_its_opening_balances() -> None:
    folded = books(moved("50"), *BEGINNING)
    assert folded.balances["USDT"] == Decimal(100_000)
