"""The journal's owner: opens and recovers the file, syncs it within 10 ms, writes what nobody waits for."""

from typing import Any

from ..kernel.actor import Actor
from ..trading.messages import AccountReconciled, OrderApproved, OrderRefused, RungChanged, SignalGenerated
from ..trading.tally import RunStarted
from . import topics

SYNC_PERIOD_S = 0.01


class _SyncDue:
    pass


class JournalKeeper(Actor):
    """Opens the port `journal` for everybody after it in the tree; records decisions from their topics."""

    progress_due_s = 2.0

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id

    def start(self) -> None:
        self._journal = self.context.ports["journal"]
        self._run_in_thread = self.context.ports["thread"]
        recovered_bytes = self._journal.open()
        if recovered_bytes:
            self.context.system.metrics.count("journal_torn_bytes", recovered_bytes)
        self._journal.append(RunStarted(self.run_id, self.context.now_ns()))
        for topic in (topics.SIGNALS, topics.APPROVALS, topics.REFUSALS, topics.RECONCILED, topics.RUNG):
            self.context.subscribe(topic)
        self.context.repeat(SYNC_PERIOD_S, _SyncDue())

    def receive(self, message: Any) -> Any:
        match message:
            case _SyncDue():
                self.context.progress()
                if self._journal.is_full:
                    self._journal.rotate()
                elif self._journal.unsynced:
                    self._run_in_thread(self._journal.sync)
            case SignalGenerated() | OrderApproved() | OrderRefused() | RungChanged() | AccountReconciled():
                self._journal.append(message)

    def stop(self, reason: str) -> None:
        self._journal.close()
