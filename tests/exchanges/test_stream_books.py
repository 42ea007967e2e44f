"""Books whose snapshots come in the stream: what follows on what by each venue, and never a lie about being live."""

from decimal import Decimal
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.exchanges.binance.usdm import UsdmBook
from tradigrade.exchanges.book_sync import (
    BookLost,
    BookReady,
    BookSnapshot,
    RequestSnapshot,
    SnapshotFailed,
    StreamLost,
    StreamOpened,
    Synchronizer,
)
from tradigrade.exchanges.bybit.protocol import BybitBook
from tradigrade.exchanges.coinbase.protocol import CoinbaseBook
from tradigrade.exchanges.market_events import DepthEvent
from tradigrade.exchanges.okx.synchronizer import OkxBook
from tradigrade.exchanges.stream_books import DIFFS_WITHOUT

D = Decimal


def event(last: int, *bids: tuple[int, int], asks: Any = (), **more: Any) -> DepthEvent:
    sides = [tuple((D(price), D(size)) for price, size in side) for side in (bids, asks)]
    return DepthEvent("ABC", 0, more.pop("first", last), last, sides[0], sides[1], **more)


def whole(last: int, *bids: tuple[int, int], **more: Any) -> DepthEvent:
    return event(last, *bids, asks=[(1_000, 1)], snapshot=True, **more)


def live(book: Synchronizer, last: int = 10) -> Synchronizer:
    assert book.step(StreamOpened()) == ()
    assert book.step(whole(last, (100, 1))) == (BookReady(last),)
    return book


ROWS: list[Any] = [
    ("okx follows", OkxBook(), event(15, (99, 2), previous_id=10), ""),
    ("okx says nothing new", OkxBook(), event(10, previous_id=10), ""),
    ("okx begins to count anew", OkxBook(), event(3, (99, 2), previous_id=10), ""),
    ("okx gap", OkxBook(), event(15, previous_id=12), "expected an update that follows on 10, found one on 12"),
    ("okx checksum", OkxBook(), event(11, previous_id=10, checksum=7), "expected a book of checksum 7, found "),
    ("bybit follows", BybitBook(), event(11, (99, 2)), ""),
    ("bybit gap", BybitBook(), event(12), "expected update 11, found 12"),
    ("bybit twice", BybitBook(), event(10), "expected update 11, found 10"),
    ("coinbase later", CoinbaseBook(), event(14, (99, 2)), ""),
    ("coinbase same message", CoinbaseBook(), event(10, (99, 2)), ""),
    ("coinbase earlier", CoinbaseBook(), event(9), "expected a message after number 10, found number 9"),
    ("crossed", BybitBook(), event(11, (1_000, 1)), "the book is crossed at update 11"),
]


@pytest.mark.parametrize(("book", "diff", "fault"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_an_update_follows_or_the_book_is_lost(book: Synchronizer, diff: DepthEvent, fault: str) -> None:
    effects = live(book).step(diff)
    assert book.live is not bool(fault)
    if fault:
        lost, request = effects
        assert isinstance(lost, BookLost)
        assert lost.reason.startswith(fault)
        assert request == RequestSnapshot(lost.reason, attempt=1)
        assert (len(book.book), book.last_id) == (0, 0)
        assert book.step(event(20)) == ()
        assert book.step(whole(30, (98, 1))) == (BookReady(30),)
    else:
        assert (effects, book.last_id) == ((), diff.last_id)


def test_the_checksum_is_of_the_levels_in_turns_as_they_are_spelled() -> None:
    bids = ((D("10.50"), D("0.10")), (D("10.4"), D(3)))
    asks = ((D("10.60"), D("0.00000001")),)
    found = crc32(b"10.50:0.10:10.60:0.00000001:10.4:3")
    book = OkxBook()
    assert book.step(DepthEvent("ABC", 0, 1, 1, bids, asks, checksum=found, snapshot=True)) == (BookReady(1),)


def test_a_snapshot_of_a_live_book_replaces_it() -> None:
    book = live(BybitBook())
    assert book.step(whole(1, (50, 5))) == ()
    assert list(book.book.levels("bid")) == [(D(50), D(5))]
    assert (book.live, book.last_id) == (True, 1)


def test_levels_beyond_those_that_the_venue_tells_of_are_dropped() -> None:
    book = BybitBook(2)
    book.step(whole(10, (100, 1), (99, 1)))
    book.step(event(11, (101, 1)))
    assert [price for price, _ in book.book.levels("bid")] == [101, 100]


def test_a_snapshot_that_does_not_come_is_asked_for_again_until_the_book_is_live() -> None:
    book = BybitBook()
    book.step(StreamOpened())
    assert [book.step(SnapshotFailed("late"))[0] for _ in range(2)] == [
        RequestSnapshot("late", 1),
        RequestSnapshot("late", 2),
    ]
    live(book)
    assert book.step(SnapshotFailed("late")) == ()
    assert book.step(BookSnapshot(99, (), ())) == ()
    assert book.step(StreamLost("cut")) == (BookLost("cut"),)
    assert book.step(SnapshotFailed("x")) == (RequestSnapshot("x", 1),)


FUTURES: list[Any] = [
    ("spans the snapshot", 95, event(12, first=9, previous_id=8), True),
    ("follows on it exactly", 10, event(15, first=13, previous_id=10), True),
    ("begins after it", 10, event(15, first=13, previous_id=11), False),
    ("is of before it", 10, event(10, first=8, previous_id=7), True),
]


@pytest.mark.parametrize(("last", "diff", "holds"), [row[1:] for row in FUTURES], ids=[row[0] for row in FUTURES])
def test_the_first_diff_of_futures_spans_the_snapshot(last: int, diff: DepthEvent, holds: bool) -> None:
    book = UsdmBook()
    book.step(StreamOpened())
    book.step(BookSnapshot(10, ((D(1), D(1)),), ()))
    book.step(diff)
    assert book.live is holds


@pytest.mark.parametrize(("previous", "holds"), [(12, True), (11, False), (13, False)])
def test_a_later_diff_of_futures_names_the_one_before(previous: int, holds: bool) -> None:
    book = UsdmBook()
    book.step(StreamOpened())
    book.step(BookSnapshot(10, ((D(1), D(1)),), ()))
    book.step(event(12, first=9, previous_id=8))
    book.step(event(20, first=18, previous_id=previous))
    assert book.live is holds


LEVELS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), max_size=3)
FATE = st.sampled_from(["given", "given", "given", "lost", "twice"])
SNAPSHOT = st.booleans()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([OkxBook, BybitBook]), st.lists(st.tuples(LEVELS, FATE, SNAPSHOT), max_size=40))
def test_a_live_book_equals_the_true_one_whatever_was_lost_or_doubled(make: Any, steps: list[Any]) -> None:
    book, truth, number = make(), {}, 1
    book.step(StreamOpened())
    for levels, fate, asked in steps:
        number += 1
        truth |= {D(price): D(size) for price, size in levels}
        truth = {price: size for price, size in truth.items() if size}
        diff = event(number, *levels, previous_id=number - 1)
        for _ in range({"given": 1, "lost": 0, "twice": 2}[fate]):
            book.step(diff)
            assert dict(book.book.levels("bid")) == (truth if book.live else {})
        if asked and not book.live:
            book.step(event(number, *truth.items(), snapshot=True))  # type: ignore[arg-type]
            assert book.live


def test_a_snapshot_that_never_comes_is_asked_for_once_and_again_where_that_fails() -> None:
    book = OkxBook()
    book.step(StreamOpened())
    asked = [book.step(event(number, (99, 2))) for number in range(1, 3 * DIFFS_WITHOUT)]
    assert [effects for effects in asked if effects] == [(RequestSnapshot("no snapshot came", 1),)]
    assert book.step(SnapshotFailed("none")) == (RequestSnapshot("none", 2),)
    assert book.step(whole(100, (100, 1))) == (BookReady(100),)
    book.step(StreamLost("cut"))
    asked = [book.step(event(number, (99, 2))) for number in range(101, 101 + DIFFS_WITHOUT)]
    assert asked[-1] == (RequestSnapshot("no snapshot came", 1),)
    assert not any(asked[:-1])
