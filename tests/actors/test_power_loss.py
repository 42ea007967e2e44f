"""A power loss takes the journal's tail, and with it the intents of orders that the venue has: none of them is
nobody's, and none is sent a second time."""

from pathlib import Path
from typing import Any

import pytest

from tests.actors.test_order_manager import ORDERS, D, ask, bracket, leg, manager, place, single, standing
from tests.kit.account import SYMBOL, Account, assert_level
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.journal_files import file_path, generations
from tradigrade.trading.books import ADOPTED
from tradigrade.trading.order_events import OrderIntended
from tradigrade.transports.order_commands import OrderFault, PlaceOrders

JOURNAL = "account-main.journal"


def lose_from(account: Account, word: str) -> None:
    """The host dies, and all that was written since the first record with that word is gone."""
    account.kill()
    path = account.folder / JOURNAL
    (newest,) = generations(SystemDisk(), path)[-1:]
    data = file_path(path, newest).read_bytes()
    at = data.find(word.encode())
    assert at > 0, f"{word} is not in the journal"
    file_path(path, newest).write_bytes(data[:at])
    account.advance(3)
    account.boot(seed=2)
    account.advance(8)


def newest(account: Account, side: str) -> OrderIntended:
    intents: list[OrderIntended] = [each for each in account.records(OrderIntended) if each.side == side]
    return intents[-1]


def lost_word(account: Account, side: str, what: str) -> str:
    intent = newest(account, side)
    return intent.client_id if what == "intent" else intent.signal_id


def amounts(account: Account, side: str) -> list[Any]:
    return [trade.amount for trade in account.venue.trades if trade.side == side]


def begin(tmp_path: Path) -> Account:
    """The strategy holds other coins, that a second exit could sell."""
    account = Account(tmp_path).serve()
    place(account, single("other", leg(amount="0.05")))
    account.advance(1)
    return account


LOST = pytest.mark.parametrize("what", ["intent", "request"])


@LOST
def test_an_entry_whose_intent_is_lost_is_its_groups_and_guarded_and_not_sent_again(tmp_path: Path, what: str) -> None:
    account = begin(tmp_path)
    place(account, bracket(entry=leg(amount="0.04")))
    lose_from(account, lost_word(account, "buy", what))
    assert amounts(account, "buy") == [D("0.05"), D("0.04")], "one entry, ever"
    assert standing(account) == [("stop_loss", D("0.03996"))]
    assert (ADOPTED, SYMBOL) not in account.books.strategy_positions
    assert_level(account)
    account.move(29_690, 29_692)
    account.advance(5)
    assert amounts(account, "sell") == [D("0.03996")]
    assert manager(account).groups.open == {}
    assert_level(account)


@LOST
def test_an_entry_that_rests_is_its_groups(tmp_path: Path, what: str) -> None:
    account = begin(tmp_path)
    place(account, bracket(entry=leg(kind="limit", amount="0.04", price="29900")))
    lose_from(account, lost_word(account, "buy", what))
    assert standing(account) == [("limit", D("0.04"))]
    account.venue.fill(newest(account, "buy").client_id)
    account.advance(3)
    assert standing(account) == [("stop_loss", D("0.03996"))]
    assert_level(account)


@LOST
def test_a_stop_that_rests_is_its_groups_and_does_not_come_twice(tmp_path: Path, what: str) -> None:
    account = begin(tmp_path)
    place(account, bracket(entry=leg(amount="0.04")))
    account.advance(1)
    lose_from(account, lost_word(account, "sell", what))
    assert standing(account) == [("stop_loss", D("0.03996"))]
    account.move(29_690, 29_692)
    account.advance(5)
    assert amounts(account, "sell") == [D("0.03996")]
    assert manager(account).groups.open == {}
    assert_level(account)


@LOST
@pytest.mark.parametrize("profit", [False, True])
def test_an_exit_that_filled_does_not_come_twice(tmp_path: Path, what: str, profit: bool) -> None:
    account = begin(tmp_path)
    place(account, bracket(entry=leg(amount="0.04")))
    account.advance(1)
    account.move(*((30_310, 30_312) if profit else (29_690, 29_692)))
    account.advance(3)
    assert amounts(account, "sell") == [D("0.03996")]
    lose_from(account, lost_word(account, "sell", what))
    account.advance(5)
    assert amounts(account, "sell") == [D("0.03996")], "one exit, ever"
    assert manager(account).groups.open == {}
    assert account.books.strategy_positions == {("s", SYMBOL): D("0.04995")}
    assert_level(account)


@pytest.mark.parametrize(("kind", "waits"), [("bracket", True), ("single", False)])
def test_an_entry_that_is_to_be_guarded_leaves_once_its_group_is_on_the_disk(
    tmp_path: Path, kind: str, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = begin(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(account.journal, "is_synced", lambda _: False)
        account.system.tell(ORDERS, bracket() if kind == "bracket" else single("b", leg(amount="0.04")))
        account.advance(1)
        assert (len(account.venue.placed) == 1) == waits
        assert set(manager(account).groups.open) == ({"b"} if waits else set())
    account.advance(1)
    assert len(account.venue.placed) == (3 if waits else 2)
    assert_level(account)


def test_an_entry_leaves_within_the_time_that_a_sync_takes(tmp_path: Path) -> None:
    account = begin(tmp_path)
    account.system.tell(ORDERS, bracket())
    account.advance(0.03)
    assert len(account.venue.placed) == 2


def test_an_order_whose_group_is_lost_is_its_strategys_and_is_not_placed_again(tmp_path: Path) -> None:
    account = begin(tmp_path)
    place(account, single("lost", leg(amount="0.04")))
    lose_from(account, "lost")
    assert account.books.strategy_positions == {("s", SYMBOL): D("0.08991")}
    answer = ask(account, PlaceOrders(single("lost", leg(amount="0.04"))))
    assert isinstance(answer, OrderFault)
    assert answer.code == "DUPLICATE_ID"
    assert newest(account, "buy").client_id in answer.found
    assert amounts(account, "buy") == [D("0.05"), D("0.04")]
    assert_level(account)


@pytest.mark.parametrize("target", ["0.05", "0.08"])
def test_a_signals_order_whose_intent_is_lost_is_its_strategys(tmp_path: Path, target: str) -> None:
    account = begin(tmp_path)
    account.signal(target, limit="29900", strategy="s")
    account.advance(1)
    account.signal("0.04", strategy="learned")
    account.advance(1)
    lose_from(account, newest(account, "buy").client_id)
    assert account.books.strategy_positions["learned", SYMBOL] == D("0.03996")
    assert (ADOPTED, SYMBOL) not in account.books.strategy_positions
    assert_level(account)


def test_an_order_of_a_strategy_that_nobody_knows_any_more_is_nobodys_as_before(tmp_path: Path) -> None:
    account = begin(tmp_path)
    account.signal("0.04", strategy="stranger")
    account.advance(1)
    lose_from(account, newest(account, "buy").client_id)
    assert account.books.strategy_positions[ADOPTED, SYMBOL] == D("0.03996")
    assert_level(account)
