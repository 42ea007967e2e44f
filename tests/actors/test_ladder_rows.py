"""Every row of the ladder, reached and left by its own cause, through the actors of the real tree."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.kit.account import EXECUTOR, RISK, SYMBOL, Account, Listener, assert_level
from tradigrade.actors import topics
from tradigrade.config.placement import hold_back
from tradigrade.config.risk_settings import LadderSettings
from tradigrade.config.settings import StrategySettings
from tradigrade.config.topology import node_tree
from tradigrade.exchanges.venue import ClockCompared, RateLimited
from tradigrade.kernel.disk import SystemDisk
from tradigrade.models.registry import ModelRegistry
from tradigrade.models.runner import LSTM
from tradigrade.storage.halt import HaltLatch
from tradigrade.storage.held_back import HELD_BACK_NAME, Held, HeldBack
from tradigrade.storage.journal import JournalFault
from tradigrade.storage.risk_memory import Memory, RiskMemory
from tradigrade.storage.state_files import StateFiles
from tradigrade.supervisors.actors import ActorSpawner
from tradigrade.supervisors.reports import NodeReport
from tradigrade.supervisors.supervisor import Supervisor
from tradigrade.trading.equity import day_of
from tradigrade.trading.messages import CauseNoted, OrderRefused, RungChanged, SignalGenerated
from tradigrade.trading.order_events import CancelIntended, OrderIntended
from tradigrade.trading.strategies.learned import Learned
from tradigrade.trading.views import TradingSnapshot
from tradigrade.transports.control import Acknowledged, LadderAsked, PauseStrategy, ResumeStrategy

HERE = "tests.actors.test_ladder_rows"
SCOPE = f"learned {SYMBOL}"
RUNNER = "trader/strategies/learned-btc-usdt"


def ask(account: Account, question: Any) -> Any:
    done: list[Any] = []
    account.system.ask(RISK, question, 1.0).then(done.append)
    account.advance(0.1)
    assert done[0].error is None, done[0].error
    return done[0].value


def say(account: Account, word: Any) -> None:
    """As the venue's port says it."""
    account.system.tell("trader/trading/venue", word)
    account.advance(0.05)


def holding(account: Account, amount: str = "0.06") -> Account:
    """Two strategies that hold something."""
    account.signal(amount, strategy="learned")
    account.signal(amount, strategy="another")
    account.advance(1)
    return account


def reasons(account: Account, scope: str) -> list[str]:
    return [change.reason for change in account.of(RungChanged) if change.scope == scope]


# -- CANCEL_ONLY ------------------------------------------------------------------------------------------------------


def test_a_clock_off_the_venues_allows_only_cancels_until_it_was_right_for_a_while(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    say(account, ClockCompared(-0.501))
    assert account.rung("account") == "CANCEL_ONLY"
    say(account, ClockCompared(0.1))
    account.advance(4)
    assert account.rung("account") == "CANCEL_ONLY"
    account.advance(1.2)
    assert account.rung("account") == "NORMAL"


def test_a_clock_that_cannot_be_told_is_off(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    say(account, ClockCompared(float("nan")))
    assert account.rung("account") == "CANCEL_ONLY"


def test_what_the_venue_said_of_the_clock_is_known_to_the_next_risk(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    say(account, ClockCompared(2.0))
    account.system.actors[RISK].crash("the test")
    account.advance(3)
    assert account.rung("account") == "CANCEL_ONLY"


def test_a_venue_that_limits_us_is_left_alone_until_its_time_is_over(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    say(account, RateLimited(account.clock.now_ns() + 3_000_000_000, "too much"))
    account.signal("0.05")
    account.advance(2.9)
    assert account.rung("account") == "CANCEL_ONLY"
    assert account.codes() == ["RUNG"]
    account.advance(1.4)
    assert account.rung("account") == "NORMAL"


def test_a_ban_of_days_is_kept_and_a_time_that_cannot_be_meant_is_an_alert(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    alerts: list[Any] = []
    account.system.spawn("trader/alerts", lambda: Listener(alerts, (topics.ALERTS,)))
    account.advance(0.1)
    days_ns = 3 * 86_400 * 10**9
    say(account, RateLimited(account.clock.now_ns() + days_ns, "418", doubt="'NaN' cannot be meant"))
    assert account.rung("account") == "CANCEL_ONLY"
    assert account.risk._facts._limited_until_ns == pytest.approx(account.clock.monotonic_ns() + days_ns, abs=1e9)
    assert [(alert.code, alert.detail) for alert in alerts] == [("RETRY_AFTER", "'NaN' cannot be meant")]


def test_a_journal_that_cannot_be_written_refuses_orders_and_books_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.05", limit="29900", strategy="resting")
    account.advance(1)

    def full(record: Any) -> int:
        raise JournalFault("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(account.journal, "append", full)
        account.signal("0.05")
        account.advance(1)
        assert account.codes() == ["JOURNAL_FAULT"]
        assert account.rung("account") == "CANCEL_ONLY"
        account.venue.fill(*account.venue.open_ids())
        account.advance(1)
        assert account.executor.books.strategy_positions["resting", SYMBOL] > 0
        assert account.executor.context.incarnation == 1
    account.until(lambda: account.rung() == "NORMAL")
    account.signal("0.05")
    account.advance(6)
    assert account.records(SignalGenerated), "what nobody waits for was written late, not lost"
    assert_level(account)


def test_a_feed_that_is_not_live_or_stale_concerns_its_symbol_alone(tmp_path: Path) -> None:
    account = Account(tmp_path, symbols=(SYMBOL, "ETH/USDT"))
    account.venue.touch["ETH/USDT"] = (Decimal(1999), Decimal(2000))
    account.serve()
    del account.venue.touch["ETH/USDT"]  # nothing is quoted any more
    account.advance(3)
    assert (account.rung("ETH/USDT"), account.rung(), account.rung("account")) == ("CANCEL_ONLY", "NORMAL", "NORMAL")
    account.venue.touch["ETH/USDT"] = (Decimal(1999), Decimal(2000))
    account.advance(1.2)
    assert account.rung("ETH/USDT") == "NORMAL"
    account.quotes.live = False
    account.quotes.tell_state()
    account.advance(0.1)
    assert (account.rung(), account.rung("account")) == ("CANCEL_ONLY", "NORMAL")
    account.quotes.live = True
    account.quotes.tell_state()
    account.advance(0.7)
    assert account.rung() == "NORMAL"


# -- REDUCING ---------------------------------------------------------------------------------------------------------


def test_a_paused_strategy_may_only_sell_until_resumed_and_the_others_go_on(tmp_path: Path) -> None:
    account = holding(Account(tmp_path).serve())
    assert type(ask(account, PauseStrategy("learned", reason="lunch"))).__name__ == "Acknowledged"
    assert account.rung(SCOPE) == "REDUCING"
    assert reasons(account, SCOPE)[-1] == "paused by a person: lunch"
    account.signal("0.08", strategy="learned")
    account.signal("0.08", strategy="another")
    account.advance(1)
    assert account.codes() == ["REDUCING"]
    account.signal("0.01", strategy="learned")
    account.advance(1)
    assert [(each.strategy, each.side) for each in account.records(OrderIntended)[2:]] == [
        ("another", "buy"),
        ("learned", "sell"),
    ]
    ask(account, ResumeStrategy("learned"))
    assert account.rung(SCOPE) == "NORMAL"


def test_a_pause_outlives_the_process(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    ask(account, PauseStrategy("learned", SYMBOL, "lunch"))
    account.kill()
    account.boot(seed=2)
    account.until(lambda: account.rung() == "NORMAL")
    assert account.rung(SCOPE) == "REDUCING"
    assert reasons(account, SCOPE)[-1] == "paused by a person: lunch"


def test_who_is_not_there_cannot_be_paused_and_who_is_not_paused_not_resumed(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    assert ask(account, PauseStrategy("nobody")).reason == f"no strategy nobody; there are: {SCOPE}"
    assert ask(account, ResumeStrategy("learned")).reason == "learned is neither paused nor left down"


def test_a_loss_of_the_day_allows_only_what_shrinks_until_it_is_made_good_for_a_while(tmp_path: Path) -> None:
    account = holding(Account(tmp_path).serve())
    account.move("27000", "27002")  # 0.12 lose 360 of 10,000
    account.advance(1)
    assert account.rung("account") == "REDUCING"
    assert "the day's loss reached 3.00% of" in reasons(account, "account")[-1]
    account.move("29999", "30001")
    account.advance(58)
    assert account.rung("account") == "REDUCING"
    account.advance(4)
    assert account.rung("account") == "NORMAL"


@pytest.mark.parametrize(("days_ago", "rung"), [(0, "REDUCING"), (1, "NORMAL")])
def test_what_the_day_began_with_is_remembered_for_that_day(tmp_path: Path, days_ago: int, rung: str) -> None:
    account = Account(tmp_path)
    account.kill()
    memory = Memory(day=day_of(account.clock.now_ns()) - days_ago, opening_equity=Decimal(10_400))
    RiskMemory(SystemDisk(), tmp_path / "account-main.risk").save(memory, sync=False)
    account.boot(seed=2)
    account.advance(3)
    assert account.rung("account") == rung


def test_too_many_restarts_of_the_account_allow_only_what_shrinks_for_their_time(tmp_path: Path) -> None:
    account = Account(tmp_path, ladder=LadderSettings(restarts=2, restarts_period_s=30.0)).serve()
    for _ in range(3):
        account.system.actors[EXECUTOR].crash("the test")
        account.advance(2)
    assert account.rung("account") == "REDUCING"
    assert reasons(account, "account")[-1] == "restarted more than 2 times within 30 s"
    account.advance(30)
    assert account.rung("account") == "NORMAL"


def test_a_journal_that_cannot_be_put_on_disk_allows_only_what_shrinks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(tmp_path).serve()

    def refuse() -> None:
        raise JournalFault("input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(account.journal, "sync", refuse)
        account.signal("0.05")
        account.advance(0.9)
        assert account.rung("account") == "NORMAL"
        account.advance(0.3)
        assert account.rung("account") == "REDUCING"
        assert reasons(account, "account")[-1] == "input/output error"
    account.advance(5.5)
    assert account.rung("account") == "NORMAL"


def test_a_sync_that_does_not_come_back_counts_as_one_that_fails(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.behaviour("trader/trading/journal")._run_in_thread = lambda action, done: None
    account.signal("0.05")
    account.advance(1.5)
    assert account.rung("account") == "REDUCING", reasons(account, "account")


def test_a_disk_nearly_full_allows_only_what_shrinks(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.free_bytes = 99_000_000
    account.advance(1.2)
    assert account.rung("account") == "REDUCING"
    account.free_bytes = 101_000_000
    account.advance(7)
    assert account.rung("account") == "NORMAL"


# -- HALTED -----------------------------------------------------------------------------------------------------------


def test_the_kill_switch_cancels_all_but_what_protects_and_then_nothing_leaves_until_released(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.02", limit="29900", strategy="one")
    account.signal("0.02", limit="29800", strategy="two")
    account.advance(1)
    one, two = account.books.open_orders()
    two.intent = replace(two.intent, type="STOP_LOSS_LIMIT")
    account.latch.halt("the kill switch", "somebody", 1)
    account.advance(0.3)
    assert {account.rung(scope) for scope in ("system", "account", SYMBOL, SCOPE)} == {"HALTED"}
    assert reasons(account, "system")[-1] == "the kill switch (by somebody)"
    assert account.venue.open_ids() == {two.intent.client_id}
    assert [cancel.client_id for cancel in account.records(CancelIntended)] == [one.intent.client_id]
    account.signal("0.03", strategy="three")
    account.advance(3)
    assert account.codes() == ["RUNG"]
    assert account.venue.cancels == [one.intent.client_id]
    account.latch.release("all is well", "somebody", 2)
    account.advance(0.3)
    assert account.rung() == "NORMAL"


def test_a_halt_outlives_the_process_and_is_left_by_release_alone(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.latch.halt("the kill switch", "somebody", 1)
    account.advance(0.3)
    account.kill()
    account.boot(seed=2)
    account.advance(10)
    assert account.rung() == "HALTED"
    HaltLatch(SystemDisk(), tmp_path / "halt.json").release("looked at", "somebody", 2)
    account.advance(0.3)
    assert account.rung() == "NORMAL"


def test_a_cancel_lost_while_halted_is_sent_again(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    account.signal("0.02", limit="29900")
    account.advance(1)
    account.venue.cancel_fates.extend(["lost", "lost"])
    account.latch.halt("the kill switch", "somebody", 1)
    account.advance(12)
    assert account.venue.open_ids() == set()


def test_a_latch_that_does_not_read_is_a_halt(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    (tmp_path / "halt.json").write_bytes(b"\x00")
    account.advance(0.3)
    assert account.rung("system") == "HALTED"


def test_a_drawdown_halts_also_where_the_latch_cannot_be_written_and_a_release_begins_a_new_peak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = holding(Account(tmp_path).serve())

    def refuse(*_: Any) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(account.latch, "halt", refuse)
        account.move("21000", "21002")  # 0.12 lose 1,080 of 10,000
        account.advance(0.5)
        assert account.rung("system") == "HALTED"
        assert account.latch.read() is None
    account.advance(0.5)
    halt = account.latch.read()
    assert halt is not None
    assert halt.reason.startswith("drawdown stop: equity ")
    account.latch.release("accepted", "somebody", 2)
    account.advance(1)
    assert account.rung("system") == "NORMAL", "the peak is counted anew"


def test_a_memory_that_does_not_read_halts_until_a_person_looked(tmp_path: Path) -> None:
    (tmp_path / "account-main.risk").write_bytes(b"\x00")
    account = Account(tmp_path)
    account.advance(1)
    assert account.rung("system") == "HALTED"
    assert "is not known any more" in reasons(account, "system")[-1]


# -- FALLBACK ---------------------------------------------------------------------------------------------------------


class Failing(Learned):
    """Fails at every update."""

    def on_market(self, update: Any) -> None:
        raise RuntimeError("a bug of the user")


class Trading(Account):
    """The account with a strategy that needs a model, and the line to the learner, under the real supervisors."""

    strategy = "tradigrade.trading.strategies.learned:Learned"

    def __init__(self, folder: Path, **ladder: Any) -> None:
        strategies = (StrategySettings(path=self.strategy, name="learned"),)
        super().__init__(folder, strategies=strategies, ladder=LadderSettings(**ladder))

    def boot(self, seed: int) -> None:
        super().boot(seed)
        self.registry = ModelRegistry(SystemDisk(), self.folder / "models")
        states = StateFiles(SystemDisk(), self.folder / "states")
        self.system.ports |= {"model_states": states, "model_registry": self.registry}
        self.learner_lives = True
        tree = node_tree("trader", self.run)
        children = {child.id: child for child in tree.children}
        helpers = replace(tree, children=(children["learning"],))
        held = self.system.ports["held_back"].read()
        strategies = hold_back(children["strategies"], {path: each.reason for path, each in held.items()}, "trader")
        self.system.spawn("trader/strategies", lambda: Supervisor(strategies, ActorSpawner()))
        self.system.spawn("trader/helpers", lambda: Supervisor(helpers, ActorSpawner()))
        self.causes: list[Any] = []
        self.system.spawn("trader/causes", lambda: Listener(self.causes, (topics.CAUSES,)))
        self.settle()

    def advance(self, seconds: float) -> None:
        """The learner reports every half second."""
        while seconds > 0:
            if self.learner_lives:
                report = NodeReport("learner", 1, 1, self.clock.now_ns(), ())
                self.system.tell("trader/helpers/learning", report)
            super().advance(min(seconds, 0.5))
            seconds -= 0.5

    @property
    def models(self) -> Any:
        return self.behaviour(RUNNER)._models


def test_a_silent_learner_brings_the_fallback_model_with_smaller_orders_until_it_is_heard_again(tmp_path: Path) -> None:
    account = Trading(tmp_path, learner_silent_s=5.0)
    account.serve()
    assert account.rung(SCOPE) == "NORMAL"
    account.learner_lives = False
    account.advance(7)
    assert account.rung(SCOPE) == "FALLBACK"
    assert account.rung() == "NORMAL"
    runner = account.behaviour(RUNNER)
    assert runner.strategy.rung == runner.rung.name == "FALLBACK"
    account.models._scoreboard.champion = LSTM
    account.models._weights = object()
    assert (account.models.chosen, account.models.champion) == (LSTM, "linear")
    account.models._weights = None
    signal = account.signal("0", strategy="learned")
    account.system.tell(RISK, replace(signal, signal_id="x", target=Decimal("0.01"), model="lstm@1"))
    account.advance(1)
    assert [refused.code for refused in account.of(OrderRefused)] == ["FALLBACK"]
    account.learner_lives = True
    account.advance(4)
    assert account.rung(SCOPE) == "NORMAL"
    assert runner.strategy.rung == "NORMAL"
    assert not account.models.fallback


def test_a_runner_that_restarts_while_the_learner_is_silent_knows_its_rung(tmp_path: Path) -> None:
    account = Trading(tmp_path, learner_silent_s=5.0)
    account.serve()
    account.learner_lives = False
    account.advance(7)
    account.system.actors[RUNNER].crash("the test")
    account.advance(3)
    assert account.behaviour(RUNNER).context.incarnation == 2
    assert account.behaviour(RUNNER).strategy.rung == "FALLBACK"
    account.learner_lives = True
    account.advance(4)
    assert account.rung(SCOPE) == "NORMAL"


def test_drift_brings_the_fallback_model_until_it_is_over_for_a_while(tmp_path: Path) -> None:
    account = Trading(tmp_path)
    account.serve()
    for _ in range(30):
        account.models._drift.record(1.5)
    account.advance(1)
    assert account.rung(SCOPE) == "FALLBACK"
    assert "predicts worse than a coin" in reasons(account, SCOPE)[-1]
    for _ in range(60):
        account.models._drift.record(0.6)
    account.advance(28)
    assert account.rung(SCOPE) == "FALLBACK"
    account.advance(4)
    assert account.rung(SCOPE) == "NORMAL"


def test_a_model_in_use_that_is_not_renewed_gives_way_to_the_fallback_model(tmp_path: Path) -> None:
    account = Trading(tmp_path, model_stale_s=3.0)
    account.serve()
    account.advance(5)
    assert account.rung(SCOPE) == "NORMAL", "the fallback model itself needs no renewal"
    type(account.models).chosen, chosen = property(lambda models: LSTM), type(account.models).chosen
    try:
        account.advance(1)
        assert account.rung(SCOPE) == "FALLBACK"
        account.behaviour(RUNNER)._watch.renewed()
        account.advance(2.7)
        assert account.rung(SCOPE) == "NORMAL"
    finally:
        type(account.models).chosen = chosen


def test_a_strategy_left_down_may_only_be_sold_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trading, "strategy", f"{HERE}:Failing")
    account = Trading(tmp_path)
    account.until(lambda: account.rung(SCOPE) == "REDUCING", within_s=30.0)
    assert "a bug of the user" in reasons(account, SCOPE)[-1]
    assert account.rung() == "NORMAL"


def test_a_strategy_held_back_over_restarts_may_only_be_sold_of_until_it_is_resumed(tmp_path: Path) -> None:
    file = HeldBack(SystemDisk(), tmp_path / HELD_BACK_NAME)
    file.add(Held(RUNNER, "did not end its turn, 3 times within 10 min", 3, 1, "settings"))
    account = Trading(tmp_path)
    account.until(lambda: account.rung() == "NORMAL")
    assert account.rung(SCOPE) == "REDUCING"
    assert reasons(account, SCOPE)[-1] == "left down: did not end its turn, 3 times within 10 min"
    assert RUNNER not in account.system.actors
    account.system.actors[RISK].crash("what its supervisor said was told to the one before")
    account.advance(1)
    account.until(lambda: account.rung() == "NORMAL")
    assert account.rung(SCOPE) == "REDUCING"
    assert isinstance(ask(account, ResumeStrategy("learned")), Acknowledged)
    account.until(lambda: account.rung(SCOPE) == "NORMAL")
    assert RUNNER in account.system.actors
    assert file.read() == {}
    assert ask(account, ResumeStrategy("learned")).reason == "learned is neither paused nor left down"


# -- what is told -----------------------------------------------------------------------------------------------------


def test_whoever_asks_for_the_ladder_sees_where_everything_stands_and_how_it_came_there(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    ask(account, PauseStrategy("learned"))
    answer = ask(account, LadderAsked())
    assert {view.scope: view.rung for view in answer.standings} == {
        "system": "NORMAL",
        "account": "NORMAL",
        SYMBOL: "NORMAL",
        SCOPE: "REDUCING",
    }
    assert (answer.moves[0].scope, answer.moves[0].after) == (SCOPE, "REDUCING")


def test_the_console_is_told_standings_and_moves(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    shown: list[TradingSnapshot] = []
    account.system.spawn("console/console", lambda: Listener(shown, ()))
    ask(account, PauseStrategy("learned"))
    account.advance(0.5)
    assert {view.scope for view in shown[-1].standings} == {"system", "account", SYMBOL, SCOPE}
    newest = shown[-1].moves[0]
    assert (newest.scope, newest.before, newest.after, newest.causes) == (SCOPE, "NORMAL", "REDUCING", ("PAUSED",))
    assert shown[-1].rung == "NORMAL"


@pytest.mark.parametrize(
    "word",
    [CauseNoted("account", "NONSENSE", True), CauseNoted("account", "HALT", True), CauseNoted("X/Y", "PAUSED", True)],
)
def test_a_cause_nobody_knows_or_that_is_not_for_others_to_say_moves_nothing_and_is_counted(
    tmp_path: Path, word: CauseNoted
) -> None:
    account = Account(tmp_path).serve()
    account.heard.clear()
    account.system.publish(topics.CAUSES, word)
    account.advance(0.5)
    assert account.of(RungChanged) == []
    assert account.system.metrics.counters["causes_unknown"] == 1


def test_an_order_approved_before_its_rung_fell_is_refused_by_the_executor(tmp_path: Path) -> None:
    from tests.kit.account import approval

    account = Account(tmp_path).serve()
    given = approval(account, strategy="learned")
    ask(account, PauseStrategy("learned"))
    account.system.tell(EXECUTOR, given)
    account.advance(0.1)
    assert account.codes() == ["REDUCING"]
    assert account.venue.placed == []
