"""Law 8 on a living account: whatever was sent, its journal explains without a gap."""

from pathlib import Path

import pytest

from tests.kit.account import SYMBOL, Account
from tradigrade.trading.history.decision import Decision
from tradigrade.trading.history.explained import explain
from tradigrade.trading.history.fold import History


def decisions(account: Account) -> list[Decision]:
    history = History()
    for sequence, record in enumerate(account.records(), 1):
        history.apply(sequence, record)
    assert history.books == account.books, "explained by other books than those of the executor"
    return history.decisions()


def gaps(found: list[Decision]) -> list[str]:
    return [stage.said for each in found for stage in explain(each) if stage.missing]


def test_every_order_of_an_account_is_explained_without_a_gap(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.01")
    account.advance(1)
    account.signal("0.02", limit="29990")
    account.advance(1)
    account.signal("0")
    account.advance(1)
    account.signal("500")
    account.advance(1)
    found = decisions(account)
    assert len([each for each in found if each.order is not None]) >= 3
    assert [each.state for each in found if each.key == "signal-4"] == ["refused"]
    assert gaps(found) == []


def test_an_order_that_outlived_the_process_is_explained_from_both_lives(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.01", limit="29900")
    account.advance(1)
    account.kill()
    account.boot(seed=2)
    account.serve()
    account.move("29800", "29890")
    account.advance(2)
    (decision,) = [each for each in decisions(account) if each.order is not None]
    assert gaps([decision]) == []
    assert decision.order is not None
    assert decision.order.state.value in ("accepted", "filled")


@pytest.mark.parametrize("policy", ["flatten"])
def test_what_a_stop_sells_is_explained_too(tmp_path: Path, policy: str) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.01")
    account.until(lambda: account.books.strategy_positions.get(("s", SYMBOL), 0) > 0)
    account.drain(policy)
    found = decisions(account)
    assert gaps(found) == []
    assert any(each.wanted is not None and each.wanted.cause == "stop: flatten" for each in found)
