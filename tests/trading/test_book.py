"""An order book of exact levels."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradigrade.trading.book import OrderBook

D = Decimal
PRICES = st.decimals(min_value="0.01", max_value="20", places=2)
SIZES = st.decimals(min_value="0", max_value="3", places=1)


def make_book() -> OrderBook:
    book = OrderBook()
    book.apply(bids=[(D(99), D(1)), (D(98), D(2)), (D(97), D(3))], asks=[(D(101), D(4)), (D(102), D(5))])
    return book


def test_an_empty_book_has_no_best_levels() -> None:
    book = OrderBook()
    assert (book.best_bid, book.best_ask, book.top(5), len(book), book.crossed) == (None, None, ((), ()), 0, False)


def test_both_sides_are_read_best_first() -> None:
    book = make_book()
    assert (book.best_bid, book.best_ask) == ((D(99), D(1)), (D(101), D(4)))
    assert book.top(2) == (((D(99), D(1)), (D(98), D(2))), ((D(101), D(4)), (D(102), D(5))))
    assert [price for price, _ in book.levels("bid")] == [D(99), D(98), D(97)]
    assert [price for price, _ in book.levels("ask")] == [D(101), D(102)]


@pytest.mark.parametrize(("n", "bids", "asks"), [(-1, 0, 0), (0, 0, 0), (1, 1, 1), (3, 3, 2), (9, 3, 2)])
def test_the_top_has_at_most_the_levels_there_are(n: int, bids: int, asks: int) -> None:
    found = make_book().top(n)
    assert (len(found[0]), len(found[1])) == (bids, asks)


def test_equal_prices_are_one_level_however_they_are_spelled() -> None:
    book = make_book()
    book.set_level("bid", D("99.000"), D(7))
    assert (book.best_bid, len(book)) == ((D(99), D(7)), 5)


def test_a_size_of_zero_removes_a_level_that_may_be_unknown() -> None:
    book = make_book()
    book.set_level("ask", D("101.0"), D("0.000"))
    book.set_level("ask", D(150), D(0))
    assert (book.best_ask, len(book)) == ((D(102), D(5)), 4)


@pytest.mark.parametrize(("ask", "crossed"), [("99.01", False), ("99", True), ("98.5", True)])
def test_a_book_is_crossed_when_its_sides_touch(ask: str, crossed: bool) -> None:
    book = make_book()
    book.set_level("ask", D(ask), D(1))
    assert book.crossed is crossed


@pytest.mark.parametrize(
    ("price", "size"), [("NaN", "1"), ("1", "NaN"), ("Infinity", "1"), ("1", "Infinity"), ("0", "1"), ("1", "-1")]
)
def test_a_level_that_is_no_level_is_refused_and_changes_nothing(price: str, size: str) -> None:
    book = make_book()
    with pytest.raises(ValueError, match="expected a finite price"):
        book.set_level("bid", D(price), D(size))
    assert book.top(9) == make_book().top(9)


def test_a_cleared_book_is_empty() -> None:
    book = make_book()
    book.clear()
    assert (len(book), book.best_bid, list(book.levels("ask"))) == (0, None, [])


@given(st.lists(st.tuples(st.sampled_from(["bid", "ask"]), PRICES, SIZES), max_size=60), st.integers(0, 10))
def test_a_book_equals_a_dictionary_of_its_levels(changes: list[tuple[str, D, D]], n: int) -> None:
    book, model = OrderBook(), {"bid": {}, "ask": {}}
    for side, price, size in changes:
        book.set_level(side, price, size)
        model[side][price] = size
    bids = sorted(((p, s) for p, s in model["bid"].items() if s), reverse=True)
    asks = sorted((p, s) for p, s in model["ask"].items() if s)
    assert (list(book.levels("bid")), list(book.levels("ask"))) == (bids, asks)
    assert book.top(n) == (tuple(bids[:n]), tuple(asks[:n]))
    assert book.crossed == bool(bids and asks and bids[0][0] >= asks[0][0])
