"""Limits changed while the account trades: at once, over restarts, and each change on record."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.kit.account import RISK, SYMBOL, Account, Listener
from tradigrade.actors import topics
from tradigrade.actors.budgets import BudgetKeeper
from tradigrade.config.risk_settings import BudgetSettings, OverrideSettings, RiskSettings
from tradigrade.config.run import Run
from tradigrade.config.settings import Settings
from tradigrade.config.topology import node_tree
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.faulty import FaultyDisk
from tradigrade.trading.limits import LimitChanged
from tradigrade.trading.messages import OrderApproved, OrderRefused, OrderRequested, Terms
from tradigrade.trading.order_events import OrderFilled
from tradigrade.trading.risk.budgets import BudgetAsked, BudgetGranted, Share
from tradigrade.transports.control import Failed, LimitSet, LimitView, RiskAnswered, RiskAsked, SetLimit


def ask(account: Account, question: Any) -> Any:
    done: list[Any] = []
    account.system.ask(RISK, question, 1.0).then(done.append)
    account.advance(0.2)
    assert done[0].error is None, done[0].error
    return done[0].value


def put(account: Account, name: str, value: str, symbol: str = "", strategy: str = "", reason: str = "a try") -> Any:
    return ask(account, SetLimit(name, value, symbol, strategy, reason, "somebody"))


def shown(account: Account, name: str, scope: str) -> LimitView:
    answer: RiskAnswered = ask(account, RiskAsked())
    (found,) = [each for each in answer.limits if (each.name, each.scope) == (name, scope)]
    return found


def test_a_limit_that_was_set_counts_at_once_and_after_a_restart_of_the_process(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    done = put(account, "max_order_notional", "500")
    assert isinstance(done, LimitSet)
    assert (done.before, done.after) == ("2000", "500")
    account.signal("0.03")
    account.advance(1)
    assert account.codes() == ["NOTIONAL_EXCEEDS_MAX_PER_ORDER"]
    account.kill()
    account.boot(seed=2)
    account.serve()
    account.signal("0.03")
    account.advance(1)
    assert account.codes() == ["NOTIONAL_EXCEEDS_MAX_PER_ORDER"]
    assert shown(account, "max_order_notional", "account").value == 500


def test_a_change_is_a_record_of_the_journal_and_approvals_name_its_version(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.01")
    account.advance(1)
    done = put(account, "max_position_notional", "4000", symbol=SYMBOL)
    account.signal("0.02")
    account.advance(1)
    (changed,) = account.records(LimitChanged)
    assert (changed.name, changed.scope, changed.before, changed.after) == (
        *("max_position_notional", f"symbol {SYMBOL}"),
        *("", "4000"),
    )
    assert (changed.by, changed.reason, changed.version) == ("somebody", "a try", done.version)
    before, after = account.records(OrderApproved)
    assert "limits 1-" in before.judged_on
    assert after.judged_on.endswith(f"limits {changed.version}")


@pytest.mark.parametrize(
    ("name", "value", "scope", "words"),
    [
        ("max_order_notional", "9000", {}, "at most max_position_notional"),
        ("max_order_notional", "NaN", {}, "a number above 0"),
        ("max_order_notional", "", {}, "a bound"),
        ("no_such_limit", "1", {}, "expected one of"),
        ("max_leverage", "1", {"symbol": SYMBOL}, "no override"),
        ("max_order_notional", "1", {"symbol": SYMBOL, "strategy": "s"}, "a symbol or a strategy"),
        ("max_order_notional", "1", {"reason": " "}, "why it is changed"),
        ("max_order_notional", "1", {"symbol": "BTCUSDT"}, "expected one of BTC/USDT, found BTCUSDT"),
        ("max_order_notional", "1", {"strategy": "lerned"}, "expected one of learned, manual, found lerned"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    tmp_path: Path, name: str, value: str, scope: dict[str, str], words: str
) -> None:
    account = Account(tmp_path).serve()
    answer = put(account, name, value, **scope)
    assert isinstance(answer, Failed)
    assert words in answer.reason
    assert not account.records(LimitChanged)
    assert not (tmp_path / "account-main.limits.json").exists()


def test_a_limit_that_the_disk_refused_is_not_in_force(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    disk = FaultyDisk(account.system.ports["limits"]._disk)
    account.system.ports["limits"]._disk = disk
    disk.full = True
    assert isinstance(put(account, "max_order_notional", "500"), Failed)
    assert shown(account, "max_order_notional", "account").value == 2_000


def test_what_the_configuration_changed_since_counts_and_the_rest_stays_as_it_was_set(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    put(account, "max_order_notional", "500")
    account.kill()
    again = Account(tmp_path, risk=RiskSettings(max_open_orders=7)).serve()
    assert shown(again, "max_order_notional", "account").value == 500
    assert shown(again, "max_open_orders", "account").value == 7
    changed = again.records(LimitChanged)[-1]
    assert (changed.name, changed.after, changed.by) == ("max_open_orders", "7", "configuration")


def test_an_override_that_the_configuration_has_no_more_goes_and_one_that_a_person_set_stays(tmp_path: Path) -> None:
    less = OverrideSettings(symbol=SYMBOL, limits={"max_order_notional": Decimal(700)})
    account = Account(tmp_path, risk=RiskSettings(overrides=(less,))).serve()
    put(account, "max_order_notional", "600", strategy="learned")
    put(account, "max_open_orders", "9")
    account.kill()
    again = Account(tmp_path).serve()
    assert shown(again, "max_order_notional", "account").value == 2_000
    book = again.risk._limits.book
    assert book.overrides == {"strategy learned": {"max_order_notional": Decimal(600)}}
    assert book.account.max_open_orders == 9
    changed = again.records(LimitChanged)[-1]
    assert (changed.scope, changed.before, changed.after) == (f"symbol {SYMBOL}", "700", "")


def test_a_limit_of_a_strategy_that_only_holds_something_may_be_set(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    assert isinstance(put(account, "max_order_notional", "600", strategy="mine"), Failed)
    account.signal("0.01", strategy="mine")
    account.advance(1)
    assert isinstance(put(account, "max_order_notional", "600", strategy="mine"), LimitSet)


def test_limits_that_do_not_read_halt_until_a_person_looked(tmp_path: Path) -> None:
    (tmp_path / "account-main.limits.json").write_bytes(b"\x00")
    account = Account(tmp_path)
    account.advance(2)
    assert account.rung("system") == "HALTED"


def test_every_limit_is_shown_with_what_counts_against_it(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05")
    account.advance(1)
    account.signal("0.02", limit="29900", strategy="two")
    account.advance(1)
    position = shown(account, "max_position_notional", f"symbol {SYMBOL}")
    held = account.books.balances["BTC"] + Decimal("0.02")
    assert position.used == held * 29_999
    assert position.headroom == 5_000 - held * 29_999
    assert shown(account, "max_open_orders", "account").used == 1
    assert shown(account, "max_gross_notional", "account").value is None
    assert Decimal(0) < (shown(account, "max_drawdown", "account").used or Decimal(0)) < Decimal("0.01")


def test_a_protective_stop_is_approved_on_reducing_and_stays_when_a_new_target_comes(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.02", strategy="learned")
    account.advance(1)
    held = account.books.strategy_positions["learned", SYMBOL].quantize(Decimal("0.00001"), "ROUND_DOWN")
    stop = OrderRequested(
        "stop", "learned", SYMBOL, "sell", "stop_loss", held, None, 1, "by hand", Terms(stop_price=Decimal(28_000))
    )
    account.system.tell(RISK, stop)
    account.advance(1)
    (resting,) = account.books.open_orders()
    assert resting.intent.signal_id == "stop"
    account.signal("0.03", strategy="learned")
    account.advance(1)
    assert resting.open
    assert not resting.cancel_wanted


def test_an_empty_file_kills_and_only_a_release_ends_it(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    (tmp_path / "KILL").touch()
    account.advance(1)
    assert account.rung("system") == "HALTED"
    (tmp_path / "KILL").unlink()
    account.advance(5)
    assert account.rung("system") == "HALTED"
    (tmp_path / "KILL").touch()
    assert account.latch.release("looked at", "somebody", 2)
    assert not (tmp_path / "KILL").exists()
    account.advance(0.5)
    assert account.rung() == "NORMAL"


class Granter(Actor):
    """Grants, while it wants to, whatever it is asked for."""

    gross = Decimal(400)
    answers = True

    def receive(self, message: Any) -> Any:
        if isinstance(message, BudgetAsked) and self.answers:
            now_ns = self.context.now_ns()
            share = Share(self.gross, Decimal(200), now_ns, now_ns + 5 * 10**9)
            self.context.tell(message.reply_to, BudgetGranted(message.account, share, None, message.at_ns))


def test_the_account_keeps_to_its_share_and_falls_back_where_nobody_grants(tmp_path: Path) -> None:
    account = Account(tmp_path, budgets=BudgetSettings(max_gross_notional=Decimal(10_000)))
    granter = Granter()
    account.system.spawn("trader/budgets", lambda: granter)
    account.serve()
    account.advance(2)
    account.signal("0.014")
    account.advance(1)
    assert account.codes() == ["BUDGET_EXCEEDED"], "420 of 400"
    account.signal("0.010")
    account.advance(1)
    assert account.codes() == ["BUDGET_EXCEEDED"]
    granter.answers = False
    account.advance(6)
    account.signal("0.011")
    account.advance(1)
    assert account.codes()[1:] == ["BUDGET_EXCEEDED"]
    refused = account.of(OrderRefused)[-1]
    assert (refused.numbers["bound"], refused.numbers["from"]) == (
        *("200", "the account's guaranteed share: its grant is too old"),
    )


def test_before_the_first_grant_nothing_is_bought(tmp_path: Path) -> None:
    account = Account(tmp_path, budgets=BudgetSettings(max_gross_notional=Decimal(10_000))).serve()
    account.signal("0.01")
    account.advance(1)
    assert account.codes() == ["BUDGET_EXCEEDED"]


def test_the_keeper_of_budgets_stands_in_the_tree_only_where_something_is_shared(tmp_path: Path) -> None:
    for budget, names in ((None, []), (Decimal(10_000), ["budgets"])):
        run = Run("r1", str(tmp_path), "", 0, 0, 0, Settings(budgets=BudgetSettings(max_gross_notional=budget)))
        assert [child.id for child in node_tree("trader", run).children if child.id == "budgets"] == names


def test_an_account_that_lost_its_share_buys_nothing(tmp_path: Path) -> None:
    account = Account(tmp_path, budgets=BudgetSettings(max_daily_loss=Decimal(100), lasts_s=1.5))
    account.system.spawn("trader/budgets", lambda: BudgetKeeper(("main",), account.run.settings.budgets))
    account.serve()
    account.advance(3)
    account.signal("0.06")
    account.advance(1)
    assert len(account.records(OrderApproved)) == 1
    account.move("28000", "28002")
    account.advance(2)
    account.signal("0.07")
    account.advance(1)
    assert account.codes() == ["LOSS_BUDGET_EXCEEDED"], "some 120 of 100"
    account.signal("0")
    account.advance(1)
    assert len(account.records(OrderApproved)) == 2, "what shrinks a position is let through"


def test_the_keeper_grants_to_the_account_of_the_tree(tmp_path: Path) -> None:
    account = Account(tmp_path, budgets=BudgetSettings(max_gross_notional=Decimal(10_000), lasts_s=1.5))
    settings = account.run.settings.budgets
    account.system.spawn("trader/budgets", lambda: BudgetKeeper(("main",), settings))
    account.serve()
    account.advance(3)
    account.signal("0.05")
    account.advance(1)
    assert not account.codes()
    assert len(account.records(OrderApproved)) == 1


def test_a_fill_past_its_bounds_is_told_and_leaves_only_what_shrinks_for_a_minute(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    alerts: list[Any] = []
    account.system.spawn("trader/alerts", lambda: Listener(alerts, (topics.ALERTS,)))
    account.signal("0.02", strategy="learned")
    account.advance(1)
    assert not alerts
    (order,) = [each for each in account.books.orders.values() if each.intent.strategy == "learned"]
    late = OrderFilled(
        *(order.intent.client_id, "late", SYMBOL, "buy", Decimal(30_001), Decimal("0.001"), Decimal(9), "USDT"),
        False,
        1,
    )
    account.system.publish(topics.ORDERS, late)
    account.advance(1)
    assert [alert.code for alert in alerts] == ["FEE_TOO_HIGH"]
    assert account.rung() == "REDUCING"
    account.advance(61)
    assert account.rung() == "NORMAL"


def test_limits_shrink_when_the_market_is_wild(tmp_path: Path) -> None:
    account = Account(tmp_path, risk=RiskSettings(calm_volatility_bps=5.0)).serve()
    for number in range(40):
        account.move(*(("29999", "30001") if number % 2 else ("30050", "30052")))
        account.advance(0.2)
    answer: RiskAnswered = ask(account, RiskAsked())
    assert answer.scales == {SYMBOL: Decimal("0.250")}
    account.signal("0.03")
    account.advance(0.5)
    assert account.codes()[-1] == "NOTIONAL_EXCEEDS_MAX_PER_ORDER"
    assert account.of(OrderRefused)[-1].numbers["from"].endswith("scaled by 0.25")
