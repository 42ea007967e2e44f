"""What is made of what is seen after a fault."""

from typing import Any

import pytest

from tests.app.samples import RISK, tree
from tests.web.samples import NOW, S, process, symbol, trading
from tradigrade.chaos.cause import Done
from tradigrade.chaos.plan import KINDS, Kind, Step
from tradigrade.chaos.watch import WATCH_S, Sight, StepWatch, refused
from tradigrade.trading.rungs import Rung
from tradigrade.trading.views import StandingView
from tradigrade.transports.control import ChaosAsked

AT = 100 * S
MS = S // 1000


def kind(name: str) -> Kind:
    return next(each for each in KINDS if each.name == name)


def sight(after_ms: float, *, told: Any = (), account: Any = "well", **changes_of_risk: Any) -> Sight:
    """What was seen that long after the fault; `told` are the launcher's words, `account` None where it is silent."""
    seen = tree(nodes=told, **changes_of_risk)
    for node in seen["children"]:
        node["report_age_s"] = 0.0
    now_ns = AT + round(after_ms * MS)
    return Sight(now_ns, seen, trading() if account == "well" else account, now_ns)


def nodes(**trader: Any) -> tuple[Any, ...]:
    return process("forkserver"), process("trader", **trader), process("learner")


def watch(name: str = "kill actor", target: str = RISK, **more: Any) -> StepWatch:
    step = Step(1, 0.0, kind(name), target, **more)
    asked = ChaosAsked(step.kind.action, target, step.for_s, step.by_s or 0.1)  # type: ignore[arg-type]
    return StepWatch(step, Done(asked, 1, 1, AT), AT, NOW, sight(-50), Rung.NORMAL)


def test_an_actor_that_comes_back_at_once_recovered_when_its_supervisor_says() -> None:
    one = watch()
    one.see(sight(-10))
    one.see(sight(100, restarts=1, incarnation=2, started_ns=AT + 3 * MS))
    assert not one.over, "trading was asked before the target was back"
    one.see(sight(200, restarts=1, incarnation=2, started_ns=AT + 3 * MS))
    assert (one.told.verdict, one.told.recovered_ms, one.told.noticed_ms) == ("recovered", 3.0, 3.0)
    assert one.told.what == "killed, without its stop hook"


def test_where_trading_was_disturbed_it_recovered_when_trading_did() -> None:
    one = watch()
    cancel_only = trading(rung="CANCEL_ONLY", reconciled=False)
    one.see(sight(50, account=cancel_only))
    one.see(sight(150, restarts=1, incarnation=2, started_ns=AT + 60 * MS, account=cancel_only))
    one.see(sight(900, restarts=1, incarnation=2, started_ns=AT + 60 * MS))
    assert (one.told.verdict, one.told.recovered_ms, one.told.rung) == ("recovered", 900.0, "CANCEL_ONLY")
    assert one.told.noticed_ms == 50.0


@pytest.mark.parametrize(
    "account",
    [
        None,
        trading(reconciled=False),
        trading(rung="REDUCING", rung_reason="daily loss"),
        trading(symbols=(symbol(live=False),)),
    ],
    ids=["silent", "not reconciled", "lower rung", "market not live"],
)
def test_a_target_that_is_back_is_not_enough_where_trading_is_not(account: Any) -> None:
    one = watch()
    back = {"restarts": 1, "incarnation": 2, "started_ns": AT + MS}
    one.see(sight(100, account=account, **back))
    one.see(sight(WATCH_S * 900, account=account, **back))
    assert not one.over
    one.see(sight(WATCH_S * 1001, account=account, **back))
    assert one.told.verdict == "not recovered"
    assert "20 s after" in one.told.text


def test_a_target_that_was_left_down_did_not_recover() -> None:
    one = watch("crash actor")
    one.see(sight(100, state="failed", reason="gave up"))
    assert (one.told.verdict, one.told.recovered_ms) == ("not recovered", None)
    assert "left down" in one.told.text


def test_a_target_that_stays_away_did_not_recover_and_it_is_said_why() -> None:
    one = watch("kill node", "trader")
    for after_ms in (100.0, WATCH_S * 1001):
        one.see(sight(after_ms, told=nodes(state="restarting", reason="killed"), account=None))
    assert one.told.verdict == "not recovered"
    assert "not back within 20 s" in one.told.text
    assert one.told.noticed_ms == 100.0


def test_a_killed_node_is_noticed_and_recovers() -> None:
    one = watch("kill node", "trader")
    one.see(sight(20, told=nodes(state="restarting", reason="killed"), account=None))
    again = nodes(incarnation=2, restarts=1, ready_ms=120.0, reason="killed")
    one.see(sight(300, told=again))
    one.see(sight(400, told=again))
    assert (one.told.verdict, one.told.noticed_ms, one.told.recovered_ms) == ("recovered", 20.0, 120.0)


def test_the_ladder_says_when_trading_was_level_again() -> None:
    one = watch()
    back = {"restarts": 1, "incarnation": 2, "started_ns": AT + 3 * MS}
    again = trading(standings=(StandingView("account", "NORMAL", "everything works", NOW + 14 * MS),))
    one.see(sight(100, **back))
    one.see(sight(200, account=again, **back))
    assert (one.told.verdict, one.told.recovered_ms) == ("recovered", 14.0)


def test_a_ladder_that_moved_before_trading_was_seen_not_to_work_says_nothing() -> None:
    one = watch()
    back = {"restarts": 1, "incarnation": 2, "started_ns": AT + 3 * MS}
    again = trading(standings=(StandingView("account", "NORMAL", "everything works", NOW + 14 * MS),))
    one.see(sight(100, account=trading(reconciled=False), **back))
    one.see(sight(200, account=again, **back))
    assert (one.told.verdict, one.told.recovered_ms) == ("recovered", 200.0)


def test_a_fault_that_passes_unnoticed_recovers_when_its_time_is_over() -> None:
    one = watch("disk slow", "trader", for_s=1.0, by_s=0.01)
    one.see(sight(900))
    assert not one.over
    one.see(sight(1010))
    one.see(sight(1110))
    assert (one.told.verdict, one.told.noticed_ms, one.told.recovered_ms) == ("recovered", None, 1010.0)
    assert one.told.what == "its disk is slow for 1 s"


def test_a_fault_of_the_venue_is_over_when_its_time_is_and_trading_is_well() -> None:
    step = Step(1, 0.0, kind("venue fault"), "exchange/venue", for_s=1.0, fault="drop-answers")
    one = StepWatch(step, None, AT, NOW, sight(-50), Rung.NORMAL)
    one.see(sight(1020, account=trading(reconciled=False)))
    one.see(sight(1300))
    assert (one.told.verdict, one.told.recovered_ms, one.told.what) == ("recovered", 1300.0, "drop-answers for 1 s")


def test_what_was_healed_from_outside_recovers_when_all_works() -> None:
    one = watch("hang actor", for_s=60.0)
    one.see(sight(500, state="stalled", reason="made to hang", account=trading(reconciled=False)))
    one.heal()
    one.see(sight(600))
    assert (one.told.verdict, one.told.text) == ("recovered", "healed")


def test_a_kill_is_not_healed_by_words() -> None:
    one = watch("kill node", "trader")
    one.heal()
    one.see(sight(100, told=nodes(state="restarting")))
    assert not one.over


def test_once_it_is_over_nothing_changes_it() -> None:
    one = watch("crash actor")
    one.see(sight(100, state="failed", reason="gave up"))
    told = one.told
    one.see(sight(200))
    assert one.told is told


def test_a_rung_no_lower_than_the_one_it_began_on_is_well() -> None:
    fallback = Sight(AT, tree(), trading(rung="FALLBACK"), AT)
    assert fallback.works(Rung.FALLBACK)
    assert not fallback.works(Rung.NORMAL)


def test_what_could_not_be_put_in_is_told_with_its_reason() -> None:
    told = refused(Step(7, 0.0, kind("kill actor"), RISK), NOW, "nobody lives there now")
    assert (told.number, told.verdict, told.text) == (7, "refused", "nobody lives there now")
