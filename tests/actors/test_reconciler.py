"""Books are equal only as long as somebody looked: silence, strays and history all count."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.kit.account import Account
from tests.kit.venue import ScriptedVenue
from tradigrade.actors.reconciler import MOVING_BORNE
from tradigrade.exchanges.venue import EvidenceAsked, EvidenceFailed
from tradigrade.trading.evidence import Evidence
from tradigrade.trading.order_events import OrderIntended, OrderRejected


def failing(venue: ScriptedVenue) -> Any:
    def gather(request: EvidenceAsked) -> None:
        venue._tell(EvidenceFailed(request.request_id, "ExchangeNotAvailable: 500"))

    return gather


def silent(_: ScriptedVenue) -> Any:
    return lambda request: None


@pytest.mark.parametrize("broken", [failing, silent])
def test_books_that_cannot_be_compared_any_more_are_not_taken_for_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Any
) -> None:
    account = Account(tmp_path).serve()
    assert account.rung() == "NORMAL"
    monkeypatch.setattr(account.venue, "gather", broken(account.venue))
    account.advance(8)
    assert account.rung() == "NORMAL"
    account.advance(16)
    assert account.rung() == "CANCEL_ONLY"
    assert "the venue could not be asked" in account.verdict().differences[0]
    monkeypatch.undo()
    account.advance(16)
    assert account.rung() == "NORMAL"


def test_while_nothing_comes_of_it_the_venue_is_asked_ever_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(tmp_path).serve()
    asked: list[EvidenceAsked] = []
    answer = failing(account.venue)
    monkeypatch.setattr(account.venue, "gather", lambda request: (asked.append(request), answer(request)))
    account.advance(60)
    assert len(asked) < 50


def test_an_order_of_ours_that_stands_at_the_venue_but_not_in_the_books_is_cancelled(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (client_id,) = account.venue.open_ids()
    # The worst case: the books were told that it never arrived, and then it did.
    account.executor._commit(OrderRejected(client_id, "NEVER_ARRIVED", "the venue holds no such order", 1))
    assert not account.books.open_orders() or client_id not in {o.intent.client_id for o in account.books.open_orders()}
    account.advance(12)
    assert not account.venue.open_ids()
    assert account.rung() == "NORMAL"
    assert account.verdict().equal


def test_an_adopted_order_that_filled_in_part_before_the_journal_began_closes_when_the_rest_fills(
    tmp_path: Path,
) -> None:
    account = Account(tmp_path / "first").serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (client_id,) = account.venue.open_ids()
    account.venue.fill(client_id, Decimal("0.02"))
    account.advance(1)
    account.kill()
    for path in (tmp_path / "first").glob("account-*.journal*"):
        path.unlink()
    account.boot(2)
    account.serve()
    (adopted,) = account.records(OrderIntended)
    assert (adopted.client_id, adopted.amount) == (client_id, Decimal("0.03"))
    account.venue.fill(client_id, Decimal("0.03"))
    account.advance(12)
    assert not account.books.open_orders()
    assert account.rung() == "NORMAL"


def test_a_look_that_was_lost_without_an_answer_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    symbols = ("BTC/USDT", *(f"C{number}/USDT" for number in range(39)))
    account = Account(tmp_path, symbols=symbols).serve()
    asked: list[EvidenceAsked] = []
    monkeypatch.setattr(account.venue, "gather", asked.append)
    account.advance(40)
    assert set(asked[0].trades_of) < set(asked[1].trades_of) < set(asked[2].trades_of)


@pytest.mark.parametrize(("late_s", "borne"), [(0.0, 2), (5.0, MOVING_BORNE)], ids=["begun by it", "begun before"])
def test_a_look_that_an_earlier_request_began_may_differ_because_things_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late_s: float, borne: int
) -> None:
    account = Account(tmp_path).serve()
    verdicts: list[bool] = []
    tell = account.venue.evidence

    def evidence(request: EvidenceAsked, asked_ns: int) -> Evidence:
        verdicts.append(account.verdict().equal)
        seen = tell(request, asked_ns)
        other = seen.balances | {"USDT": seen.balances["USDT"] + 1}
        return replace(seen, asked_ns=asked_ns - int(late_s * 1e9), balances=other)

    monkeypatch.setattr(account.venue, "evidence", evidence)
    account.advance(30)
    assert not account.verdict().equal
    assert verdicts.index(False) >= borne
    assert late_s or verdicts.index(False) == borne
