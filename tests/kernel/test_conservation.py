"""Law 9: what was sent was handled, waits, or has a known fate; of each incarnation, and of all together.

A machine sends, ends and bears again in any order, over each runtime.
"""

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.kit.cells import Puppet, RuntimeName, VirtualSystem, fail
from tradigrade.kernel.birth import Birth
from tradigrade.kernel.envelope import Envelope, Reply
from tradigrade.kernel.mailbox import Block, Conflate, DropOldest, Lane, Policy

PATHS = ("node/a", "node/b")
A_PATH = st.sampled_from(PATHS)
ANY_PATH = st.sampled_from((*PATHS, "node/nobody"))
POLICIES = st.sampled_from([None, None, Block(0.5), DropOldest(), Conflate("a"), Conflate("b")])
KINDS = st.sampled_from(["work", "ask", "perishable", "crash", "tell itself", "exit"])
FATES = ("handled", "expired", "conflated", "dropped")


class Narrow(Puppet):
    mailbox_limit = 3


class ConservationMachine(RuleBasedStateMachine):
    runtime: RuntimeName = "cell"

    def __init__(self) -> None:
        super().__init__()
        self.system = VirtualSystem(runtime=self.runtime)
        self.sent = 0
        self.replies: list[Reply] = []

    def send(self, path: str, message: Any, policy: Policy | None = None, ttl_s: float | None = None) -> None:
        self.sent += 1
        deadline_ns = None if ttl_s is None else self.system.clock.now_ns() + round(ttl_s * 1e9)
        self.system.deliver(path, Envelope(message, "", None, deadline_ns, policy))

    def send_kind(self, path: str, kind: str, policy: Policy | None) -> None:
        match kind:
            case "work":
                self.send(path, "work", policy)
            case "ask":
                self.sent += 1
                self.replies.append(self.system.ask(path, "question", 1.0))
            case "perishable":
                self.send(path, "work", policy, ttl_s=0.01)
            case "crash":
                self.send(path, fail, policy)
            case "tell itself":
                self.send(path, lambda puppet: self.send(puppet.context.path, "work", policy), policy)
            case "exit":
                self.send(path, lambda puppet: puppet.context.exit("no venue"), policy)

    def bear(self, path: str, keep: int, poison_after: int) -> None:
        if path not in self.system.actors:
            incarnation = 1 + sum(born.path == path for born in self.system.register.born)
            birth = Birth(path, Narrow, "", incarnation, keep_mailbox=keep, poison_after=poison_after)
            self.system.bear(birth)

    @rule(path=A_PATH, keep=st.sampled_from([0, 1, 4]), poison_after=st.integers(min_value=1, max_value=3))
    def bear_one(self, path: str, keep: int, poison_after: int) -> None:
        self.bear(path, keep, poison_after)

    @rule(path=ANY_PATH, kind=KINDS, policy=POLICIES)
    def send_one(self, path: str, kind: str, policy: Policy | None) -> None:
        self.send_kind(path, kind, policy)

    @rule(path=A_PATH, keep=st.sampled_from([0, 4]), mail=st.lists(st.tuples(KINDS, POLICIES), min_size=1, max_size=8))
    def send_many_to_one_at_work(self, path: str, keep: int, mail: list[tuple[str, Policy | None]]) -> None:
        self.run()
        self.bear(path, keep, 2)
        self.run()
        if path not in self.system.actors or self.system.actors[path].held:
            return
        self.sent += self.runtime == "threads"  # what keeps a thread at work is a message too
        with self.system.busy(path):
            for kind, policy in mail:
                self.send_kind(path, kind, policy)

    def signal(self, path: str, act: Callable[[Any], object]) -> None:
        if (actor := self.system.actors.get(path)) is not None:
            self.sent += 1
            act(actor)

    @rule(path=A_PATH)
    def leave_for_idleness(self, path: str) -> None:
        self.signal(path, lambda actor: self.system.tell(path, "idle", lane=Lane.IDLE))

    @rule(path=A_PATH)
    def stop(self, path: str) -> None:
        self.signal(path, lambda actor: actor.request_stop("shutdown"))

    @rule(path=A_PATH)
    def crash(self, path: str) -> None:
        self.signal(path, lambda actor: actor.crash("injected"))

    @rule(path=A_PATH)
    def kill(self, path: str) -> None:
        self.system.kill(path)

    @rule(path=A_PATH)
    def hold(self, path: str) -> None:
        if path in self.system.actors:
            self.system.actors[path].held = True

    @rule(path=A_PATH)
    def discard(self, path: str) -> None:
        self.system.discard(path)

    @rule()
    def run(self) -> None:
        self.system.run()

    @rule(seconds=st.sampled_from([0.005, 0.3, 1.0]))
    def advance(self, seconds: float) -> None:
        self.system.advance(seconds)

    @invariant()
    def every_message_is_accounted_for(self) -> None:
        if self.runtime == "threads":
            self.run()
        self.system.assert_conserved()
        born = self.system.register.born
        found = sum(getattr(actor, fate) for actor in born for fate in FATES)
        found += sum(len(actor.mailbox) + len(actor._door) for actor in born)
        found += len(self.system.retention) + self.system.metrics.counters.get("dead_letters", 0)
        assert self.sent == found

    def teardown(self) -> None:
        self.system.advance(2.0)
        assert all(reply.done for reply in self.replies), "a question is always answered"
        for path in PATHS:
            self.system.kill(path)
        self.system.run()
        self.every_message_is_accounted_for()
        assert not any(len(actor.mailbox) for actor in self.system.register.born)


class SimulatedConservationMachine(ConservationMachine):
    runtime = "simulated"


class ThreadsConservationMachine(ConservationMachine):
    runtime = "threads"


TestInACell = ConservationMachine.TestCase
TestSimulated = SimulatedConservationMachine.TestCase
TestOnThreads = ThreadsConservationMachine.TestCase
TestInACell.settings = settings(max_examples=200, stateful_step_count=40)
TestSimulated.settings = settings(max_examples=100, stateful_step_count=40)
TestOnThreads.settings = settings(max_examples=40, stateful_step_count=30)
