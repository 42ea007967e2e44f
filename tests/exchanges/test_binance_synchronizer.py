"""The local book follows Binance's rules, and never says that it is live when it is wrong."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.exchanges.binance.synchronizer import BookSynchronizer
from tradigrade.exchanges.book_sync import (
    BookLost,
    BookReady,
    BookSnapshot,
    RequestSnapshot,
    SnapshotFailed,
    StreamLost,
    StreamOpened,
)
from tradigrade.exchanges.market_events import DepthEvent

D = Decimal


def diff(first: int, last: int, *bids: tuple[int, int]) -> DepthEvent:
    levels = tuple((D(price), D(size)) for price, size in bids)
    return DepthEvent(symbol="BTCUSDT", event_ms=0, first_id=first, last_id=last, bids=levels, asks=())


def snapshot(last: int, *bids: tuple[int, int]) -> BookSnapshot:
    return BookSnapshot(last, tuple((D(price), D(size)) for price, size in bids), ((D(1_000), D(1)),))


def make_live(last: int = 10) -> BookSynchronizer:
    synchronizer = BookSynchronizer()
    synchronizer.step(StreamOpened())
    assert synchronizer.step(snapshot(last, (100, 1))) == (BookReady(last),)
    return synchronizer


def test_an_opened_stream_asks_for_a_snapshot() -> None:
    assert BookSynchronizer().step(StreamOpened()) == (RequestSnapshot("stream opened", attempt=1),)


def test_without_an_open_stream_everything_is_ignored() -> None:
    synchronizer = BookSynchronizer()
    assert [synchronizer.step(event) for event in (diff(1, 2), snapshot(2), SnapshotFailed("x"))] == [(), (), ()]
    assert not synchronizer.live


def test_buffered_diffs_that_the_snapshot_contains_are_dropped_and_the_rest_applied() -> None:
    synchronizer = BookSynchronizer()
    synchronizer.step(StreamOpened())
    for event in (diff(5, 8, (100, 9)), diff(9, 12, (100, 2)), diff(13, 13, (99, 3))):
        assert synchronizer.step(event) == ()
    assert synchronizer.step(snapshot(10, (100, 1))) == (BookReady(13),)
    assert list(synchronizer.book.levels("bid")) == [(D(100), D(2)), (D(99), D(3))]


@pytest.mark.parametrize(
    ("first", "last", "fault"),
    [
        (11, 12, None),  # follows exactly
        (8, 12, None),  # reaches around the snapshot
        (3, 10, None),  # is in the snapshot
        (12, 13, "expected a diff that begins at update 11, found 12 to 13"),
    ],
)
def test_the_first_diff_after_a_snapshot_reaches_around_its_id(first: int, last: int, fault: str | None) -> None:
    synchronizer = make_live(10)
    effects = synchronizer.step(diff(first, last))
    assert effects == ((BookLost(fault), RequestSnapshot(fault, attempt=1)) if fault else ())


@pytest.mark.parametrize(
    ("first", "last", "live"),
    [(13, 14, True), (11, 12, True), (14, 15, False), (12, 14, False)],
    ids=["follows", "doubled", "gap", "overlap"],
)
def test_a_later_diff_begins_where_the_last_one_ended(first: int, last: int, live: bool) -> None:
    synchronizer = make_live(10)
    synchronizer.step(diff(11, 12))
    synchronizer.step(diff(first, last))
    assert synchronizer.live is live
    assert bool(len(synchronizer.book)) is live


def test_after_a_gap_the_newer_diffs_follow_on_the_next_snapshot() -> None:
    synchronizer = make_live(10)
    synchronizer.step(diff(15, 16, (98, 4)))
    synchronizer.step(diff(17, 17, (97, 5)))
    assert synchronizer.step(snapshot(15, (100, 1))) == (BookReady(17),)
    assert [price for price, _ in synchronizer.book.levels("bid")] == [100, 98, 97]


def test_a_snapshot_older_than_the_buffer_is_asked_for_again_and_counted() -> None:
    synchronizer = BookSynchronizer()
    synchronizer.step(StreamOpened())
    synchronizer.step(diff(20, 21))
    fault = "expected a diff that begins at update 11, found 20 to 21"
    assert synchronizer.step(snapshot(10)) == (RequestSnapshot(fault, attempt=2),)
    assert synchronizer.step(SnapshotFailed("status 429")) == (RequestSnapshot("status 429", attempt=3),)
    assert synchronizer.step(snapshot(19)) == (BookReady(21),)


def test_a_snapshot_that_nobody_waits_for_changes_nothing() -> None:
    synchronizer = make_live(10)
    assert synchronizer.step(snapshot(50, (7, 7))) == ()
    assert synchronizer.last_id == 10


def test_a_lost_stream_loses_the_book_until_it_is_opened_again() -> None:
    synchronizer = make_live(10)
    assert synchronizer.step(StreamLost("closed by peer")) == (BookLost("closed by peer"),)
    assert (synchronizer.live, len(synchronizer.book)) == (False, 0)
    assert synchronizer.step(StreamOpened()) == (RequestSnapshot("stream opened", attempt=1),)


def test_a_crossed_book_is_lost() -> None:
    synchronizer = make_live(10)
    reason = "the book is crossed at update 11"
    assert synchronizer.step(diff(11, 11, (1_000, 1))) == (BookLost(reason), RequestSnapshot(reason, attempt=1))


def test_the_buffer_is_bounded_and_keeps_the_newest_diffs() -> None:
    synchronizer = BookSynchronizer(buffer_limit=3)
    synchronizer.step(StreamOpened())
    for update in range(1, 11):
        synchronizer.step(diff(update, update, (update, 1)))
    synchronizer.step(snapshot(3))
    assert not synchronizer.live
    assert synchronizer.step(snapshot(8)) == (BookReady(10),)


class Truth:
    """A venue's book and its history, by update id."""

    def __init__(self) -> None:
        self.books: list[dict[Decimal, Decimal]] = [{}]

    def change(self, levels: list[tuple[int, int]]) -> DepthEvent:
        first = len(self.books)
        for price, size in levels:
            book = {**self.books[-1], D(price): D(size)}
            self.books.append({p: s for p, s in book.items() if s})
        return diff(first, len(self.books) - 1, *levels)

    def snapshot(self, age: int) -> BookSnapshot:
        last = max(0, len(self.books) - 1 - age)
        return BookSnapshot(last, tuple(self.books[last].items()), ())


LEVELS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=1, max_size=3)
STEPS = st.one_of(
    st.tuples(st.just("diff"), LEVELS, st.sampled_from([1, 1, 1, 0, 2])),  # delivered so many times
    st.tuples(st.just("late"), st.integers(1, 4)),  # a diff of a while ago, once more
    st.tuples(st.just("snapshot"), st.integers(0, 6)),  # so many updates old
    st.tuples(st.sampled_from(["open", "lost", "failed"])),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=60), st.integers(1, 8))
def test_a_live_book_equals_the_true_one_whatever_was_lost_or_doubled(steps: list[tuple], limit: int) -> None:
    truth, synchronizer, sent = Truth(), BookSynchronizer(limit), [diff(0, 0)]
    synchronizer.step(StreamOpened())
    for step in steps:
        match step:
            case ("diff", levels, times):
                sent.append(truth.change(levels))
                events = [sent[-1]] * times
            case ("late", age):
                events = [sent[-min(age, len(sent))]]
            case ("snapshot", age):
                events = [truth.snapshot(age)]
            case (kind,):
                events = [{"open": StreamOpened(), "lost": StreamLost("x"), "failed": SnapshotFailed("x")}[kind]]
        for event in events:
            synchronizer.step(event)
            found = dict(synchronizer.book.levels("bid"))
            assert found == (truth.books[synchronizer.last_id] if synchronizer.live else {})


@given(st.lists(LEVELS, min_size=1, max_size=20), st.integers(0, 20))
def test_with_nothing_lost_one_fresh_snapshot_makes_the_book_live_for_good(changes: list, moment: int) -> None:
    truth, synchronizer = Truth(), BookSynchronizer()
    synchronizer.step(StreamOpened())
    moment = min(moment, len(changes) - 1)
    for position, levels in enumerate(changes):
        synchronizer.step(truth.change(levels))
        if position == moment:
            synchronizer.step(truth.snapshot(0))
    assert (synchronizer.live, synchronizer.last_id) == (True, len(truth.books) - 1)
