"""The books as a fold: whatever happens in whatever order, they equal a count made by hand."""

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.facts import NOW_NS, SYMBOL, accepted, books, fill, intent, placed
from tradigrade.trading.books import ADOPTED, CLOSED_KEPT, Books
from tradigrade.trading.messages import ZERO
from tradigrade.trading.order_events import (
    BalanceAdopted,
    CancelIntended,
    HistoryAdopted,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderUnknown,
)
from tradigrade.trading.order_states import OrderState

amounts = st.decimals("0.0001", "5", places=4)
prices = st.decimals("1", "1000", places=2)
fees = st.decimals("0", "0.01", places=6)
fills = st.builds(
    lambda side, price, amount, fee, currency, strategy, symbol: fill(
        intent(f"o-{strategy}-{side}-{symbol}", side, "1000", strategy=strategy, symbol=symbol),
        amount=str(amount),
        price=str(price),
        fee=str(fee),
        currency=currency,
    ),
    st.sampled_from(["buy", "sell"]),
    prices,
    amounts,
    fees,
    st.sampled_from(["USDT", "BTC", "ETH", "BNB"]),
    st.sampled_from(["one", "two"]),
    st.sampled_from(["BTC/USDT", "ETH/USDT"]),
)


def numbered(made: list[OrderFilled]) -> list[OrderFilled]:
    """Every fill with a trade id of its own."""
    from msgspec.structs import replace

    return [replace(each, trade_id=str(number)) for number, each in enumerate(made, start=1)]


def orders() -> list[OrderIntended]:
    return [
        intent(f"o-{strategy}-{side}-{symbol}", side, "1000", strategy=strategy, symbol=symbol)
        for strategy in ("one", "two")
        for side in ("buy", "sell")
        for symbol in ("BTC/USDT", "ETH/USDT")
    ]


def fold(made: list[OrderFilled]) -> Books:
    return books(BalanceAdopted("USDT", Decimal(100_000), NOW_NS), *orders(), *made)


@given(st.lists(fills, max_size=25))
def test_balances_equal_a_count_by_hand(made: list[OrderFilled]) -> None:
    counted = {"USDT": Decimal(100_000)}
    for each in made:
        base, quote = each.symbol.split("/")
        sign = 1 if each.side == "buy" else -1
        for currency, change in (
            (base, sign * each.amount),
            (quote, -sign * each.amount * each.price),
            (each.fee_currency, -each.fee),
        ):
            counted[currency] = counted.get(currency, ZERO) + change
    assert fold(numbered(made)).balances == counted


@given(st.lists(fills, max_size=25))
def test_positions_are_the_fills_less_fees_in_the_base_and_strategies_sum_to_the_account(
    made: list[OrderFilled],
) -> None:
    folded = fold(numbered(made))
    for symbol in {each.symbol for each in made}:
        base = symbol.split("/")[0]
        expected = sum(
            (
                (each.amount if each.side == "buy" else -each.amount) - (each.fee if each.fee_currency == base else 0)
                for each in made
                if each.symbol == symbol
            ),
            ZERO,
        )
        assert folded.positions[symbol].amount == expected
        shares = [amount for (_, held), amount in folded.strategy_positions.items() if held == symbol]
        assert sum(shares, ZERO) == expected


@given(st.lists(fills, max_size=15), st.randoms(use_true_random=False))
def test_a_trade_counts_once_however_often_it_is_told(made: list[OrderFilled], order: random.Random) -> None:
    once = numbered(made)
    again = [order.choice(once) for _ in range(len(once))] if once else []
    folded = fold(once)
    assert [folded.apply(each) for each in again] == [False] * len(again)
    assert folded == fold(once)


@given(st.lists(fills, max_size=15), st.randoms(use_true_random=False))
def test_balances_and_positions_do_not_depend_on_the_order_of_fills(
    made: list[OrderFilled], order: random.Random
) -> None:
    told = numbered(made)
    shuffled = order.sample(told, len(told))
    one, other = fold(told), fold(shuffled)
    assert one.balances == other.balances
    assert one.strategy_positions == other.strategy_positions
    assert {symbol: held.amount for symbol, held in one.positions.items()} == {
        symbol: held.amount for symbol, held in other.positions.items()
    }
    assert {key: (each.filled, each.state) for key, each in one.orders.items()} == {
        key: (each.filled, each.state) for key, each in other.orders.items()
    }


@given(st.integers(0, 2**32))
def test_the_same_events_give_the_same_books(seed: int) -> None:
    events = random_events(random.Random(seed))
    assert books(*events) == books(*events)


@given(st.integers(0, 2**32))
def test_an_event_that_changes_nothing_says_so(seed: int) -> None:
    """What is not journalled must not matter: the replicas hear only what returned True."""
    told, replica = Books(), Books()
    for event in random_events(random.Random(seed)):
        if told.apply(event):
            replica.apply(event)
    assert told == replica


def random_events(draw: random.Random) -> list[Any]:
    """Everything that may be said of three orders, sense or not."""
    made = [intent(f"o{number}", draw.choice(["buy", "sell"]), "2") for number in range(3)]
    events: list[Any] = []
    for _ in range(40):
        order = draw.choice(made)
        name = order.client_id
        events.append(
            draw.choice(
                [
                    order,
                    placed(order),
                    OrderAccepted(name, draw.choice(["v1", "v2"]), NOW_NS),
                    OrderRejected(name, "X", "no", NOW_NS),
                    OrderCancelled(name, "gone", NOW_NS),
                    OrderUnknown(name, "?", NOW_NS),
                    CancelIntended(name, "please", NOW_NS),
                    fill(order, trade_id=str(draw.randrange(6)), amount="0.5"),
                ]
            )
        )
    return events


@pytest.mark.parametrize(
    ("fee", "currency", "usdt", "btc", "position", "cost"),
    [
        ("0", "USDT", "900", "1", "1", "100"),
        ("0.1", "USDT", "899.9", "1", "1", "100.1"),
        ("0.001", "BTC", "900", "0.999", "0.999", "100"),
        ("0.01", "BNB", "900", "1", "1", "100"),
    ],
)
def test_a_fee_is_taken_from_its_own_currency(
    fee: str, currency: str, usdt: str, btc: str, position: str, cost: str
) -> None:
    made = intent()
    folded = books(BalanceAdopted("USDT", Decimal(1000), NOW_NS), made, fill(made, fee=fee, currency=currency))
    assert folded.balances["USDT"] == Decimal(usdt)
    assert folded.balances["BTC"] == Decimal(btc)
    assert folded.balances.get("BNB", ZERO) == (-Decimal(fee) if currency == "BNB" else 0)
    assert (folded.positions[SYMBOL].amount, folded.positions[SYMBOL].cost) == (Decimal(position), Decimal(cost))


def test_a_sale_realises_its_share_of_the_cost() -> None:
    bought, sold = intent("b", amount="2"), intent("s", "sell", "1")
    folded = books(bought, fill(bought, "1", "2", "100"), sold, fill(sold, "2", "1", "150", "0.15"))
    held = folded.positions[SYMBOL]
    assert (held.amount, held.cost, held.realised) == (Decimal(1), Decimal(100), Decimal("49.85"))


def test_a_late_fill_after_the_cancel_is_booked() -> None:
    made = intent()
    folded = books(*accepted(made), OrderCancelled(made.client_id, "gone", NOW_NS), fill(made, "1", "0.4"))
    order = folded.orders[made.client_id]
    assert (order.state, order.filled, order.remaining) == (OrderState.CANCELLED, Decimal("0.4"), ZERO)
    assert folded.strategy_positions["s", SYMBOL] == Decimal("0.4")
    folded.apply(fill(made, "2", "0.6"))
    assert order.state is OrderState.FILLED
    assert folded.open_orders() == ()


def test_a_fill_ends_no_doubt_of_the_rest() -> None:
    made = intent()
    folded = books(made, placed(made), OrderUnknown(made.client_id, "?", NOW_NS), fill(made, "1", "0.4"))
    (order,) = folded.open_orders()
    assert order.remaining == Decimal("0.6")


def test_a_fill_of_an_order_nobody_knows_moves_balances_and_is_nobodys_so_that_strategies_still_add_up() -> None:
    stranger = intent("by hand")
    folded = books(BalanceAdopted("USDT", Decimal(1000), NOW_NS), fill(stranger))
    assert folded.balances == {"USDT": Decimal(900), "BTC": Decimal(1)}
    assert folded.strategy_positions == {(ADOPTED, SYMBOL): folded.positions[SYMBOL].amount}


def test_open_orders_are_listed_anew_only_when_they_changed() -> None:
    """Whatever is asked at every event must not cost a walk over ten thousand orders."""
    made, other = intent("a"), intent("b")
    folded = books(*accepted(made), *accepted(other))
    listed = folded.open_orders()
    folded.apply(fill(made, "1", "0.5"))
    folded.apply(OrderUnknown(other.client_id, "?", NOW_NS))
    assert folded.open_orders() is listed
    assert folded.unknown_orders() == (folded.orders["b"],)
    folded.apply(fill(made, "2", "0.5"))
    folded.apply(OrderAccepted(other.client_id, "v1", NOW_NS))
    assert folded.open_orders() == (folded.orders["b"],)
    assert folded.unknown_orders() == ()


def test_an_unknown_order_reserves_what_is_left_of_it() -> None:
    made = intent(side="sell")
    folded = books(*accepted(made), fill(made, "1", "0.25"), OrderUnknown(made.client_id, "?", NOW_NS))
    (order,) = folded.unknown_orders()
    assert order.unknown_since_ns == NOW_NS


def test_a_signal_is_used_once_its_intent_exists() -> None:
    made = intent()
    assert made.signal_id in books(made, OrderRejected(made.client_id, "X", "no", NOW_NS)).used_signals


def test_an_adopted_balance_said_again_replaces_what_was_said() -> None:
    """A crash in the middle of the first entries leaves some of them; the next start says all of them again."""
    made = intent()
    folded = books(
        BalanceAdopted("USDT", Decimal(1000), NOW_NS),
        made,
        fill(made),
        BalanceAdopted("USDT", Decimal(1000), NOW_NS),
    )
    assert folded.opening == {"USDT": Decimal(1000)}
    assert folded.balances == {"USDT": Decimal(900), "BTC": Decimal(1)}


def test_only_the_last_of_the_first_entries_makes_the_account_adopted() -> None:
    folded = books(BalanceAdopted("USDT", Decimal(1000), NOW_NS))
    assert not folded.adopted
    folded.apply(HistoryAdopted(SYMBOL, 5, NOW_NS))
    assert folded.adopted


def test_how_far_evidence_reached_does_not_follow_from_fills() -> None:
    """A fill heard says nothing of those before it: they may have been lost on the way."""
    made = intent()
    folded = books(HistoryAdopted(SYMBOL, 5, NOW_NS), made, fill(made, "9"))
    assert folded.last_trade_id == {SYMBOL: 5}


def test_closed_orders_are_forgotten_at_their_bound_and_open_ones_never() -> None:
    folded = books(*accepted(intent("stays")))
    for number in range(CLOSED_KEPT + 10):
        made = intent(f"o{number}")
        folded = _add(folded, made, OrderRejected(made.client_id, "X", "no", NOW_NS))
    assert len(folded.orders) == CLOSED_KEPT + 1
    assert folded.recent_orders(2)[0].intent.client_id == "stays"
    assert folded.recent_orders(2)[1].intent.client_id == f"o{CLOSED_KEPT + 9}"


def _add(folded: Books, *events: Any) -> Books:
    for event in events:
        folded.apply(event)
    return folded
