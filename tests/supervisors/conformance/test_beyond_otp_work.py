"""What OTP's supervisor does not do, or not so: it cares for its children's mail, and for what they achieve."""

from typing import Any

from tests.kit.cells import Gate, fail
from tests.supervisors.conformance.children import ROOT, Child
from tests.supervisors.conformance.stage import Stage
from tradigrade.kernel.errors import ActorDead, Poisoned
from tradigrade.kernel.threads import ABANDONED, ThreadsAbandoned
from tradigrade.supervisors.backoff import Backoff

PATH = f"{ROOT}/a"


def log_of(stage: Stage) -> list[Any]:
    """What the child that lives now has handled."""
    found = stage.system.incarnation(PATH).behaviour
    assert isinstance(found, Child)
    return found.log


def reasons(stage: Stage, kind: str) -> list[str]:
    return [report.reason for report in stage.reports(kind)]


def test_the_mail_of_a_child_that_failed_goes_to_the_next_incarnation_up_to_a_bound(stage: Stage) -> None:
    """OTP's mailboxes die with their process."""
    stage.plant(stage.child("a", keep_mailbox=3))
    with stage.system.busy(PATH):
        stage.system.tell(PATH, lambda child: child.context.exit("broken"))
        for number in range(5):
            stage.system.tell(PATH, number)
    stage.settle()
    assert log_of(stage) == [0, 1, 2]
    assert [letter.message for letter in stage.system.dead_letters] == [3, 4]


def test_mail_that_comes_while_a_child_waits_for_its_restart_is_kept_too_and_its_asker_gets_an_answer(
    stage: Stage,
) -> None:
    stage.plant(stage.child("a", keep_mailbox=2), backoff=Backoff(min_s=1.0, jitter=0.0, reset_s=5.0))
    for _ in range(2):
        stage.system.tell(PATH, lambda child: child.context.exit("broken"))
        stage.settle()
    assert stage.living == {}
    answer = stage.system.ask(PATH, "question", 60.0)
    assert stage.system.tell(PATH, "news")
    assert not stage.system.tell(PATH, "one too many")
    stage.system.advance(1.0)
    assert log_of(stage) == ["question", "news"]
    assert answer.wait(0.0) == "question"


def test_mail_is_not_kept_for_a_child_that_does_not_come_back(stage: Stage) -> None:
    stage.plant(stage.child("a", "temporary", keep_mailbox=10))
    with stage.system.busy(PATH):
        stage.system.tell(PATH, lambda child: child.context.exit("broken"))
        answer = stage.system.ask(PATH, "question", 60.0)
    stage.settle()
    assert isinstance(answer.error, ActorDead)
    assert len(stage.system.retention) == 0


def test_a_message_that_crashes_its_child_again_and_again_is_set_aside(stage: Stage) -> None:
    """Here two crashes are borne; then the child goes on with the next message, long before its supervisor gives up."""
    stage.plant(stage.child("a", keep_mailbox=10, poison_after=2), intensity=5)
    with stage.system.busy(PATH):
        answer = stage.system.ask(PATH, fail, 60.0)
        stage.system.tell(PATH, "work")
    stage.system.advance(1.0)
    assert stage.living == {"a": 3}
    assert log_of(stage) == ["work"]
    assert isinstance(answer.error, Poisoned)
    assert [letter.message for letter in stage.system.dead_letters] == [fail]
    assert stage.system.metrics.counters["poisoned"] == 1


def test_a_child_whose_useful_output_is_overdue_may_repair_itself(stage: Stage) -> None:
    """OTP knows only the dead and the living."""
    stage.plant(stage.child("a", kind="Productive", settings={"repairs": True}))
    stage.take_log()
    stage.system.advance(1.0)
    assert stage.take_log() == []
    stage.system.advance(10.0)
    log = stage.take_log()
    assert set(log) == {"repair a"}
    assert len(log) == 7, "due every second, looked at twice in one"
    assert stage.living == {"a": 1}


def test_a_child_that_knows_no_repair_fails_and_is_replaced(stage: Stage) -> None:
    stage.plant(stage.child("a", kind="Productive"))
    stage.system.advance(1.0)
    assert stage.living == {"a": 1}
    stage.system.advance(0.5)
    assert stage.living == {"a": 2}
    (reason,) = reasons(stage, "restarting")
    assert reason.startswith("NoProgress: no useful output for 1.5 s, due every 1 s")
    assert reasons(stage, "stalled") == [], "it answered for itself"


def test_a_child_that_does_not_even_answer_for_it_is_taken_for_hanging(stage: Stage) -> None:
    stage.plant(stage.child("a", kind="Productive"))
    stage.system.incarnation(PATH).held = True
    stage.system.advance(2.5)
    assert stage.living == {"a": 1}
    stage.system.advance(0.5)
    assert stage.living == {"a": 2}
    (reason,) = reasons(stage, "stalled")
    assert reason.startswith("hangs: no useful output for 3.0 s, due every 1 s, and it does not answer for it")
    assert reasons(stage, "restarting") == [reason], "the cause is kept, not that it was killed"


def test_a_child_that_handles_none_of_its_mail_for_five_seconds_is_taken_for_hanging(stage: Stage) -> None:
    stage.plant(stage.child("a"), stage.child("idle"))
    for name in ("a", "idle"):
        stage.system.incarnation(f"{ROOT}/{name}").held = True
    stage.system.advance(60.0)
    assert stage.living == {"a": 1, "idle": 1}, "without mail there is nothing to handle"
    stage.system.tell(PATH, "news")
    stage.system.advance(5.0)
    assert stage.living == {"a": 1, "idle": 1}
    stage.system.advance(0.5)
    assert stage.living == {"a": 2, "idle": 1}
    (reason,) = reasons(stage, "stalled")
    assert reason.startswith("hangs: handled nothing for 5.")
    assert reason.endswith("with 1 messages waiting")


def test_a_thread_that_cannot_be_stopped_is_abandoned_and_counted(threads: Stage) -> None:
    """A process of OTP can always be killed, a thread never: its place is taken, and it does no more harm. From the
    ninth on it is said on a topic, since then only a new process helps."""
    threads.plant(threads.child("a", kind="Productive"), intensity=100)
    threads.parent.context.subscribe(ABANDONED)
    gates = []
    for number in range(1, 10):
        assert threads.living == {"a": number}
        gates.append(Gate(threads.system, PATH, then=lambda child: child.context.publish(ABANDONED, "harm")))
        while threads.living != {"a": number + 1}:
            threads.system.advance(0.25)
        assert len(threads.system.threads.abandoned) == number
    for gate in gates:
        gate.open()
    threads.settle()
    assert not threads.system.threads.abandoned
    assert "harm" not in threads.parent.log
    assert threads.system.metrics.counters["threads_abandoned"] == 9
    assert [message for message in threads.parent.log if isinstance(message, ThreadsAbandoned)] == [
        ThreadsAbandoned(9, 8)
    ]
    assert threads.ask(lambda child: "here", of=PATH) == "here"
