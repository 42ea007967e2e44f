"""A look asks for the trades of those symbols where something may have happened, and of all in the course of time."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.kit.account import Account
from tests.kit.venue import ScriptedVenue
from tradigrade.actors.look_scope import ALL_EVERY, ALL_FILLS_BORNE, FILLS_BORNE, LookScope
from tradigrade.exchanges.venue import EvidenceAsked
from tradigrade.trading.books import Books
from tradigrade.trading.differences import Difference
from tradigrade.trading.order_events import OrderFilled

SYMBOLS = tuple(f"C{number}/USDT" for number in range(100))


def known(*symbols: str) -> Books:
    books = Books()
    books.last_trade_id |= dict.fromkeys(symbols, 3)
    return books


def test_a_symbol_whose_history_is_not_known_is_asked_for_before_its_first_order() -> None:
    assert LookScope(SYMBOLS).take(Books()) == SYMBOLS
    assert SYMBOLS[99] in LookScope(SYMBOLS).take(known(*SYMBOLS[:99]))


def test_every_symbol_is_asked_for_in_the_course_of_time_and_never_many_at_once() -> None:
    scope, books = LookScope(SYMBOLS), known(*SYMBOLS)
    looks = [scope.take(books) for _ in range(ALL_EVERY)]
    assert {symbol for look in looks for symbol in look} == set(SYMBOLS)
    assert max(len(look) for look in looks) <= 2


def test_a_look_that_came_to_nothing_is_made_up_for() -> None:
    scope, books = LookScope(SYMBOLS), known(*SYMBOLS)
    scope.touch(SYMBOLS[50])
    lost = scope.take(books)
    scope.give_back()
    assert set(lost) <= set(scope.take(books))
    difference = Difference("balance", "C70", "1", "2")
    scope.widen([difference], again=False)
    assert SYMBOLS[70] in (asked := scope.take(books))
    assert len(asked) < 5
    scope.widen([difference], again=True)
    assert scope.take(books) == SYMBOLS, "it was not found there"
    scope.widen([Difference("open order", "tg-1", "open", "nothing")], again=False)
    assert len(scope.take(books)) < 5, "the order itself is looked for"
    scope.widen([Difference("balance", "USDT", "1", "2")], again=False)
    assert scope.take(books) == SYMBOLS, "any of them may have been paid in it"


@pytest.mark.parametrize("missed", [False, True])
def test_a_restart_asks_for_the_trades_of_those_symbols_of_which_the_balances_say_that_something_was_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missed: bool
) -> None:
    symbols = ("BTC/USDT", *(f"C{number}/USDT" for number in range(39)))
    account = Account(tmp_path, symbols=symbols).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    asked: list[tuple[str, ...]] = []
    gather = account.venue.gather

    def note(request: EvidenceAsked) -> None:
        asked.append(request.trades_of)
        gather(request)

    account.kill()
    if missed:
        sold_by_hand(account.venue, symbols[20])
    monkeypatch.setattr(account.venue, "gather", note)
    account.boot(2)
    account.serve()
    assert account.verdict().equal
    assert [len(each) for each in asked[:2]] == ([1, 2] if missed else [1])
    assert not missed or symbols[20] in asked[1]
    assert account.books.balances == account.venue.balances


def sold_by_hand(venue: ScriptedVenue, symbol: str) -> None:
    base = symbol.partition("/")[0]
    trade = OrderFilled("hand", "5000", symbol, "sell", Decimal(10), Decimal(1), Decimal(0), "USDT", True, 1)
    venue.trades.append(trade)
    venue.balances |= {base: venue.balances.get(base, Decimal(0)) - 1, "USDT": venue.balances["USDT"] + 10}


def filled(symbol: str, number: int) -> OrderFilled:
    return OrderFilled("tg-1", str(number), symbol, "buy", Decimal(1), Decimal(1), Decimal(0), "USDT", True, 1)


def test_a_symbol_is_asked_for_before_the_books_forget_what_was_filled_since() -> None:
    scope, books = LookScope(SYMBOLS), known(*SYMBOLS)
    scope.take(books)
    for number in range(FILLS_BORNE - 1):
        scope.note(filled(SYMBOLS[90], number))
    assert SYMBOLS[90] not in scope.take(books)
    scope.note(filled(SYMBOLS[90], FILLS_BORNE))
    assert SYMBOLS[90] in scope.take(books)
    for number in range(ALL_FILLS_BORNE):
        scope.note(filled(SYMBOLS[70 + number % 20], number))
    assert set(SYMBOLS[70:90]) <= set(scope.take(books))
    assert len(scope.take(books)) == 2, "they are counted anew"
