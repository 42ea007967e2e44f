"""The mailbox against the plainest one that could be right: lists, searched through."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tradigrade.kernel.envelope import Envelope
from tradigrade.kernel.mailbox import Block, Conflate, DropOldest, Lane, Mailbox, Policy

POLICIES = st.sampled_from([None, Block(1.0), DropOldest(), Conflate("a"), Conflate("b")])
SIGNAL_LANES = st.sampled_from([Lane.KILL, Lane.STOP, Lane.SUPERVISION])


class MailboxMachine(RuleBasedStateMachine):
    """`work` holds a message with the key it can be conflated by, oldest first; `signals` a list for each lane."""

    @initialize(limit=st.integers(min_value=0, max_value=4))
    def begin(self, limit: int) -> None:
        self.mailbox = Mailbox(limit)
        self.work: list[tuple[int, Any]] = []
        self.signals: dict[Lane, list[int]] = {lane: [] for lane in Lane}
        self.idle: list[int] = []
        self.number = 0

    def envelope(self, policy: Policy | None = None) -> Envelope:
        self.number += 1
        return Envelope(self.number, policy=policy)

    def put_in_model(self, number: int, policy: Policy | None) -> int | None:
        """Who loses a place."""
        key = policy.key if isinstance(policy, Conflate) else None
        same = [place for place, (_, other) in enumerate(self.work) if key is not None and other == key]
        if same:
            lost, self.work[same[-1]] = self.work[same[-1]][0], (number, key)
            return lost
        if len(self.work) < self.mailbox.limit:
            self.work.append((number, key))
            return None
        if not isinstance(policy, DropOldest) or not self.work:
            return number
        self.work.append((number, key))
        return self.work.pop(0)[0]

    @rule(policy=POLICIES)
    def put(self, policy: Policy | None) -> None:
        envelope = self.envelope(policy)
        number = envelope.message
        lost = self.mailbox.put(envelope)
        assert (lost.message if lost is not None else None) == self.put_in_model(number, policy)
        assert (lost is envelope) == (lost is not None and lost.message == number)

    @rule(lane=SIGNAL_LANES)
    def put_signal(self, lane: Lane) -> None:
        envelope = self.envelope()
        assert self.mailbox.put(envelope, lane) is None
        self.signals[lane].append(envelope.message)

    @rule()
    def put_idle(self) -> None:
        envelope = self.envelope()
        lost = self.mailbox.put(envelope, Lane.IDLE)
        assert (lost is envelope) == (len(self.idle) >= self.mailbox.limit)
        if lost is None:
            self.idle.append(envelope.message)

    @rule(key=st.sampled_from([None, "a", "b"]))
    def put_first(self, key: str | None) -> None:
        envelope = self.envelope(None if key is None else Conflate(key))
        self.mailbox.put_first(envelope)
        self.work.insert(0, (envelope.message, key))

    def in_order(self) -> list[int]:
        return [number for lane in Lane for number in self.signals[lane]] + [number for number, _ in self.work]

    @rule()
    def get(self) -> None:
        envelope = self.mailbox.get()
        expected = self.in_order()[:1]
        assert ([] if envelope is None else [envelope.message]) == expected
        for queue in self.signals.values():
            queue[:] = [number for number in queue if [number] != expected]
        self.work = [(number, key) for number, key in self.work if [number] != expected]

    @rule()
    def get_idle(self) -> None:
        envelope = self.mailbox.get_idle()
        assert ([] if envelope is None else [envelope.message]) == self.idle[:1]
        self.idle = self.idle[1:]

    @rule()
    def drain(self) -> None:
        assert [envelope.message for envelope in self.mailbox.drain()] == self.in_order() + self.idle
        self.work.clear()
        self.idle.clear()
        for queue in self.signals.values():
            queue.clear()

    @invariant()
    def counts_agree(self) -> None:
        assert len(self.mailbox) == len(self.in_order()) + len(self.idle)
        assert self.mailbox.empty() is (not self.in_order() and not self.idle)
        assert self.mailbox.room is (len(self.work) < self.mailbox.limit)
        assert self.mailbox.control == len(self.in_order()) - len(self.work)


TestMailboxMachine = MailboxMachine.TestCase
TestMailboxMachine.settings = settings(max_examples=200, stateful_step_count=40)
