"""What users of other trading systems complain about, played out against this account; each test names its complaint.

The numbers and threads: what was asked for in hummingbot, freqtrade, nautilus_trader, OctoBot and jesse.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.actors.test_order_manager import bracket, place
from tests.kit.account import EXECUTOR, SYMBOL, Account, assert_level
from tests.kit.venue import TrueOrder
from tradigrade.actors import topics
from tradigrade.config.risk_settings import RiskSettings
from tradigrade.storage.journal import JournalFault
from tradigrade.trading.books import ADOPTED
from tradigrade.trading.differences import DifferenceNoted
from tradigrade.trading.messages import CauseNoted
from tradigrade.trading.order_events import BalanceAdopted, FundsMoved, OrderFilled, OrderIntended, PositionTransferred
from tradigrade.trading.order_states import OrderState
from tradigrade.transports.control import AcceptBalance, Acknowledged, Failed

LONG_S = 60.0
"""More than any retry, so that a loop would show."""


def placed(account: Account) -> list[str]:
    return [intent.client_id for intent in account.venue.placed]


def held(account: Account, strategy: str = "s") -> Decimal:
    return account.books.strategy_positions.get((strategy, SYMBOL), Decimal(0))


def test_01_orders_accepted_while_the_network_was_down_are_neither_lost_nor_untracked(tmp_path: Path) -> None:
    """hummingbot#8457: six orders became lost after DNS errors, and a short position was left."""
    account = Account(tmp_path).serve()
    account.venue.fates.append("silent")
    account.signal("0.05", limit="30001")
    account.advance(0.001)
    account.venue.disconnect(for_s=20)
    account.advance(LONG_S)
    assert account.order_states() == ["filled"]
    assert held(account) == Decimal("0.04995")
    assert_level(account)


def test_02_an_order_that_cannot_be_written_down_does_not_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """freqtrade#7184: the order stood at the exchange and its record was refused, "database is locked"."""
    account = Account(tmp_path).serve()

    def refuse(_: Any) -> int:
        raise JournalFault("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(account.journal, "append", refuse)
        account.signal("0.05")
        account.advance(1)
        assert placed(account) == []
    account.advance(LONG_S)
    account.signal("0.05")
    account.advance(6)
    assert len(placed(account)) == 1
    assert_level(account)


def test_03_after_a_crash_every_order_is_found_under_its_own_strategy(tmp_path: Path) -> None:
    """freqtrade#13399: recovery attached a wrong order to a trade and crashed in a loop."""
    account = Account(tmp_path).serve()
    account.venue.fates.extend(["silent", "silent"])
    account.signal("0.02", limit="29900", strategy="one")
    account.signal("0.02", limit="29900", strategy="two")
    account.advance(0.1)
    _, second = account.venue.orders
    account.venue.fill(second)
    account.kill()
    account.boot(seed=2)
    account.serve()
    assert (held(account, "one"), held(account, "two")) == (0, Decimal("0.01998"))
    assert_level(account)


def test_04_and_14_a_cancel_of_an_order_that_is_gone_is_asked_a_few_times_and_crashes_nobody(tmp_path: Path) -> None:
    """freqtrade#12360, hummingbot#5896: cancelling an order that no longer exists, for ever."""
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (order,) = account.venue.orders.values()
    account.venue.disconnect(for_s=2)
    order.state = "cancelled"
    account.signal("0")
    account.advance(LONG_S)
    assert account.order_states() == ["cancelled"]
    assert len(account.venue.cancels) <= 3
    assert account.system.actors[EXECUTOR].context.restarts == 0
    assert_level(account)


def test_05_what_was_sold_by_hand_while_nobody_looked_is_not_minded_any_more(tmp_path: Path) -> None:
    """freqtrade#7606: the bot died, its user closed the position by hand, and it created the stop again and again."""
    account = Account(tmp_path).serve()
    account.signal("0.05", strategy="one")
    account.signal("0.02", strategy="two")
    account.advance(6)
    account.kill()
    sell_by_hand(account, Decimal("0.06"))
    account.boot(seed=2)
    account.serve()
    account.advance(1)
    assert (held(account, "one"), held(account, "two")) == (0, Decimal("0.00993"))
    moved = [(each.giver, each.amount) for each in account.records(PositionTransferred)]
    assert moved == [("one", Decimal("0.04995")), ("two", Decimal("0.01005"))]
    assert [each.subject for each in account.records(DifferenceNoted) if each.kind == "holding"] == ["one", "two"]
    account.signal("0", strategy="two")
    account.advance(LONG_S)
    assert account.venue.balances["BTC"] < Decimal("0.00001")
    assert_level(account)


def sell_by_hand(account: Account, amount: Decimal) -> None:
    """A market order of the account's owner, at the venue itself."""
    (ours, *_) = account.venue.orders.values()
    by_hand = msgspec.structs.replace(ours.intent, client_id="by-hand", side="sell", amount=amount)
    account.venue.orders["by-hand"] = TrueOrder(by_hand, "v77")
    account.venue.fill("by-hand", price=Decimal(29_999))


def test_06_fills_told_twice_do_not_block_a_restart(tmp_path: Path) -> None:
    """freqtrade#8913, #12386: `UNIQUE constraint failed`, again at every start."""
    account = Account(tmp_path).serve()
    account.venue.copies = lambda: 2
    account.signal("0.05")
    account.advance(6)
    for seed in (2, 3):
        account.kill()
        account.boot(seed)
        account.serve()
    assert len(account.records(OrderFilled)) == 1
    assert_level(account)


def test_07_a_warm_restart_invents_no_fill(tmp_path: Path) -> None:
    """nautilus_trader#4736: it invented an opposite fill, and believed that it was flat."""
    account = Account(tmp_path).serve()
    account.signal("0.05")
    account.advance(6)
    before = held(account)
    account.kill()
    account.boot(seed=2)
    account.serve()
    account.advance(LONG_S)
    assert held(account) == before == Decimal("0.04995")
    assert len(account.records(OrderFilled)) == 1
    assert_level(account)


def test_08_a_cold_start_keeps_a_working_order_and_what_it_filled(tmp_path: Path) -> None:
    """nautilus_trader#5000: a working order was dropped where its fills did not rebuild the position."""
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (client_id,) = account.venue.open_ids()
    account.venue.fill(client_id, Decimal("0.02"))
    account.advance(1)
    account.kill()
    for path in tmp_path.glob("account-main.journal*"):
        path.unlink()
    account.boot(seed=2)
    account.serve()
    (order,) = account.books.open_orders()
    assert (order.intent.client_id, order.remaining) == (client_id, Decimal("0.03"))
    account.venue.fill(client_id)
    account.advance(6)
    assert account.books.orders[client_id].state is OrderState.FILLED
    assert account.verdict().equal


def test_09_missing_fills_are_booked_once_and_the_books_stay_level(tmp_path: Path) -> None:
    """nautilus_trader#3622: the same fifteen "missing" fills every minute."""
    account = Account(tmp_path).serve()
    account.venue.copies = lambda: 0
    account.venue.pieces = 15
    account.signal("0.06")
    account.advance(LONG_S)
    booked = [each for each in account.records(DifferenceNoted) if each.kind == "fill"]
    assert len(booked) == len(account.records(OrderFilled)) == 15
    assert {each.resolution for each in booked} == {"booked"}
    assert_level(account)


def test_10_holdings_older_than_any_history_do_not_refuse_the_start(tmp_path: Path) -> None:
    """nautilus_trader#3104: the venue's history does not reach back to the position's opening."""
    account = Account(tmp_path, risk=RiskSettings(max_position_notional=Decimal(60_000)))
    account.venue.balances["BTC"] = Decimal("1.5")
    account.serve()
    assert [adopted.currency for adopted in account.records(BalanceAdopted)] == ["BTC", "USDT"]
    account.signal("0.05")
    account.advance(6)
    assert account.books.balances["BTC"] == Decimal("1.54995")
    assert_level(account)


@pytest.mark.parametrize("fate", ["unanswered", "slow", "lost"])
def test_11_an_order_in_doubt_is_never_sent_again(tmp_path: Path, fate: Any) -> None:
    """nautilus_trader#4215: the retry fired although the acknowledgement had come."""
    account = Account(tmp_path).serve()
    account.venue.fates.append(fate)
    account.signal("0.05", limit="29900")
    account.advance(LONG_S)
    assert len(placed(account)) == 1
    assert_level(account)


def test_12_an_order_whose_fate_nobody_can_tell_stays_unknown_and_keeps_its_reserve(tmp_path: Path) -> None:
    """nautilus_trader#4152: a time-out made an order REJECTED that might be live."""
    account = Account(tmp_path).serve()
    account.venue.fates.append("silent")
    account.venue.looks_fail = True
    account.signal("0.05", limit="29900")
    account.advance(0.001)
    account.kill()  # nobody is left who waits for the answer
    account.advance(1)
    account.boot(seed=2)
    account.advance(LONG_S)
    (order,) = account.books.open_orders()
    assert (order.state, order.remaining) == (OrderState.UNKNOWN, Decimal("0.05"))
    account.venue.looks_fail = False
    account.advance(10)
    assert account.order_states() == ["accepted"]
    assert_level(account)


def test_13_a_signal_that_comes_while_an_order_is_in_doubt_does_not_buy_twice(tmp_path: Path) -> None:
    """hummingbot#493, #601: a create that timed out, and a second order for the same."""
    account = Account(tmp_path).serve()
    account.venue.fates.append("unanswered")
    for _ in range(5):
        account.signal("0.05")
        account.advance(0.3)
    account.advance(LONG_S)
    assert sum(trade.amount for trade in account.venue.trades) == Decimal("0.05")
    assert_level(account)


def test_30_the_drawdown_stop_counts_what_is_not_sold_yet_and_measures_the_whole_account(tmp_path: Path) -> None:
    """freqtrade#9844, #11726: protections that only see closed trades, or trip before the account's own figure."""
    risk = RiskSettings(max_order_notional=Decimal(6_000), max_position_notional=Decimal(6_000))
    account = Account(tmp_path, risk=risk).serve()
    account.signal("0.19")
    account.advance(6)
    account.move(26_000, 26_001)  # the position lost a seventh, the account 8 %: over the warning, under the stop
    account.advance(2)
    assert (account.rung(), account.latch.read()) == ("REDUCING", None)
    account.move(24_000, 24_001)
    account.advance(2)
    assert account.rung() == "HALTED"
    assert account.records(OrderFilled)[-1].side == "buy", "nothing was sold to find it out"


def test_the_drawdown_stop_also_watches_a_symbol_that_only_its_fills_are_wrong_of(tmp_path: Path) -> None:
    risk = RiskSettings(max_order_notional=Decimal(6_000), max_position_notional=Decimal(6_000))
    account = Account(tmp_path, risk=risk).serve()
    account.signal("0.19")
    account.advance(6)
    account.system.publish(topics.CAUSES, CauseNoted(SYMBOL, "POST_TRADE", True, "a fee that is too high"))
    account.advance(1)
    assert account.rung() == "REDUCING"
    account.move(24_000, 24_001)
    account.advance(2)
    assert account.rung() == "HALTED"


def test_31_the_kill_switch_stops_at_once_stays_and_is_resumed_by_a_person(tmp_path: Path) -> None:
    """hummingbot#1145, #2534, #2497: it fired without trades, did not stop, and could not be resumed."""
    account = Account(tmp_path).serve()
    account.advance(LONG_S)
    assert account.latch.read() is None, "nothing happened, so nothing may fire"
    account.signal("0.05", limit="29900")
    account.advance(1)
    account.latch.halt("a test", "a person", account.clock.now_ns())
    account.advance(2)
    assert account.venue.open_ids() == set()
    account.signal("0.05")
    account.kill()
    account.boot(seed=2)
    account.advance(LONG_S)
    account.signal("0.05")
    account.advance(1)
    assert (account.rung(), len(placed(account))) == ("HALTED", 1)
    account.latch.release("looked at it", "a person", account.clock.now_ns())
    account.until(lambda: account.rung() == "NORMAL", LONG_S)
    account.signal("0.05")
    account.advance(6)
    assert held(account) > 0


def test_32_a_stop_that_the_venue_rejects_is_held_here_and_sells_nothing_by_surprise(tmp_path: Path) -> None:
    """freqtrade#12598, #4999: a rejected stop on the exchange, and an emergency exit at the market."""
    account = Account(tmp_path).serve()
    account.venue.fates.extend(["fine", "refused"])
    place(account, bracket())
    account.advance(LONG_S)
    assert held(account) == Decimal("0.04995")
    assert "sell" not in {trade.side for trade in account.venue.trades}
    account.move(29_650, 29_652)
    account.advance(6)
    assert held(account) == 0, "the market reached the stop"
    assert_level(account)


def test_33_stop_and_take_profit_are_there_after_a_restart_and_nothing_is_bought_again(tmp_path: Path) -> None:
    """OctoBot#3190: after a restart the exits were gone, and buys stood that nobody knew."""
    account = Account(tmp_path).serve()
    place(account, bracket())
    account.advance(6)
    account.kill()
    account.boot(seed=2)
    account.serve()
    account.advance(LONG_S)
    assert [order.intent.type for order in account.books.open_orders()] == ["stop_loss"]
    assert len(placed(account)) == 2
    account.move(30_310, 30_312)
    account.advance(6)
    assert (held(account), account.books.open_orders()) == (0, ())
    assert_level(account)


def test_34_what_was_held_before_the_session_is_nobodys_and_sold_by_nobody(tmp_path: Path) -> None:
    """jesse#576, #354: closing a position that pre-dates the session crashed, or was refused in a loop."""
    account = Account(tmp_path)
    account.venue.balances["BTC"] = Decimal(2)
    account.serve()
    account.signal("0.05")
    account.advance(6)
    summary = account.drain("flatten")
    assert summary.reconciled
    assert account.venue.balances["BTC"] == Decimal("2.00000") + held(account)
    assert abs(held(account)) < Decimal("0.0001")


def test_orders_of_somebody_else_on_the_account_are_left_alone(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900")
    account.advance(1)
    (ours,) = account.venue.orders.values()
    account.venue.orders["by-hand"] = TrueOrder(ours.intent, "v99")
    summary = account.drain("cancel")
    assert summary.reconciled
    assert account.venue.open_ids() == {"by-hand"}
    assert (ADOPTED, SYMBOL) not in account.books.strategy_positions
    assert len(account.records(OrderIntended)) == 1


def test_what_somebody_elses_order_may_take_counts_against_our_limits(tmp_path: Path) -> None:
    account = Account(tmp_path, risk=RiskSettings(max_position_notional=Decimal(60_000))).serve()
    account.signal("0.01", limit="29900")
    account.advance(1)
    (ours,) = account.venue.orders.values()
    theirs = msgspec.structs.replace(ours.intent, client_id="by-hand", amount=Decimal("0.32"))
    account.venue.orders["by-hand"] = TrueOrder(theirs, "v99")
    account.advance(6)
    account.signal("0.05", strategy="two")
    account.advance(1)
    assert account.codes() == ["CONCENTRATION_LIMIT"]
    del account.venue.orders["by-hand"]
    account.advance(6)
    account.signal("0.05", strategy="two")
    account.advance(6)
    assert held(account, "two") > 0
    assert_level(account)


def test_a_balance_that_nothing_explains_is_a_persons_to_accept(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.venue.balances["USDT"] -= 100
    account.advance(10)
    assert account.rung() == "CANCEL_ONLY"
    assert isinstance(accept(account, "BTC", "a guess"), Failed), "no balance of it differs"
    assert isinstance(accept(account, "USDT", " "), Failed), "a reason is asked for"
    assert isinstance(accept(account, "USDT", "a fee of the venue's"), Acknowledged)
    account.until(lambda: account.rung() == "NORMAL", LONG_S)
    last = account.records(DifferenceNoted)[-1]
    assert (last.subject, last.resolution) == ("USDT", "accepted by a person: a fee of the venue's")
    (moved,) = account.records(FundsMoved)
    assert (moved.amount, moved.kind) == (-100, "adjustment")
    assert_level(account)


def accept(account: Account, currency: str, reason: str) -> object:
    done: list[Any] = []
    account.system.ask(EXECUTOR, AcceptBalance(currency, reason, "a person"), 1.0).then(done.append)
    account.settle()
    answer: object = done[0].value
    return answer
