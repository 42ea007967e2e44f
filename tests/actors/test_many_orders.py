"""An account with very many orders: everything is still done, in bounded steps, and accounted for."""

import os
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from tests.kit.account import EXECUTOR, Account, approval, assert_level
from tradigrade.actors.cancels import AT_ONCE
from tradigrade.actors.reconciler import STEPS_AT_ONCE
from tradigrade.trading.order_events import CancelRequested, OrderCancelled, OrderIntended, OrderRejected

ORDERS = int(os.environ.get("ORDERS", "1500"))
"""More than any bound of one turn."""
TOLD_AT_ONCE = 100


def place(account: Account, numbers: range) -> None:
    """At this very instant, as many as mailboxes take."""
    for number in numbers:
        price = Decimal(20_000 + number % 1_000)
        order = approval(account, approval_id=f"a{number}", signal_id=f"s{number}", price=price)
        account.system.tell(EXECUTOR, order)
        if number % TOLD_AT_ONCE == 0:
            account.settle()
    account.settle()


def crowd(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account with `ORDERS` open limit orders at a venue that takes them all."""
    account = Account(folder).serve()
    monkeypatch.setattr(account.venue, "_affords", lambda _: True)
    place(account, range(ORDERS))
    account.advance(2)
    assert len(account.books.open_orders()) == len(account.venue.open_ids()) == ORDERS
    return account


def test_a_look_at_very_many_orders_is_weighed_in_bounded_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = crowd(tmp_path, monkeypatch)
    reconciler = account.executor._reconciler
    turns = Counter[str]()
    go_on = reconciler.go_on

    def count() -> None:
        turns["taken"] += 1
        go_on()

    monkeypatch.setattr(reconciler, "go_on", count)
    account.advance(6)
    assert turns["taken"] > ORDERS // STEPS_AT_ONCE
    assert_level(account)


def test_on_a_halt_very_many_orders_go_so_many_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = crowd(tmp_path, monkeypatch)
    most, under_way = 0, account.executor._cancels._asked
    account.latch.halt("a test", "a person", account.clock.now_ns())
    for _ in range(ORDERS // 10):
        account.advance(0.02)
        most = max(most, len(under_way))
        if not account.venue.open_ids():
            break
    assert account.venue.open_ids() == set()
    assert most == AT_ONCE
    assert len(account.venue.cancels) == len(set(account.venue.cancels)) == ORDERS
    account.advance(6)
    assert len(account.records(OrderCancelled)) == ORDERS


def test_very_many_requests_in_flight_while_the_connection_breaks_are_all_accounted_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = crowd(tmp_path, monkeypatch)
    standing = list(account.venue.open_ids())
    place(account, range(ORDERS, 2 * ORDERS))
    for number, client_id in enumerate(standing):
        account.system.tell(EXECUTOR, CancelRequested(client_id, "a test"))
        if number % TOLD_AT_ONCE == 0:
            account.settle()
    account.settle()
    account.venue.disconnect(for_s=3)
    account.advance(30)
    ended = Counter(type(record).__name__ for record in account.records(OrderCancelled | OrderRejected))
    assert len(account.records(OrderIntended)) == 2 * ORDERS
    assert ended[OrderCancelled.__name__] == ORDERS
    standing_now = len(account.venue.open_ids())
    assert ended[OrderRejected.__name__] + standing_now == ORDERS, "every order came to an end or stands"
    assert_level(account)
