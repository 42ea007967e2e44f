"""The journal's owner: opens and recovers the file, syncs it within 10 ms, writes what nobody waits for."""

from collections import deque
from typing import Any

import msgspec

from ..config.risk_settings import LadderSettings
from ..kernel.actor import Actor
from ..kernel.mailbox import Lane
from ..storage.account_journal import AccountJournal, Record
from ..storage.background import Background
from ..storage.journal import JournalFault
from ..trading.differences import DifferenceNoted
from ..trading.ladder import ACCOUNT
from ..trading.limits import LimitChanged
from ..trading.messages import (
    AccountReconciled,
    CauseNoted,
    OrderApproved,
    OrderRefused,
    RiskAlert,
    RungChanged,
    SignalGenerated,
    StateAsked,
)
from ..trading.tally import RunStarted
from . import topics

SYNC_AFTER_S = 0.01
"""What is appended first is synced this much later, with all that follows it until then."""
TICK_PERIOD_S = 0.5
LOOK_PERIOD_S = 1.0
OWED_MAX = 10_000


class _Appended:
    pass


class _SyncDue:
    pass


class _TickDue:
    pass


class _LookDue:
    pass


class SyncEnded(msgspec.Struct, frozen=True):
    """What stood below `sequence` is on the disk; or `fault` says why it may not be."""

    sequence: int
    fault: str


class ArchiveTidied(msgspec.Struct, frozen=True):
    """Older files were looked after; `fault` says which of them are damaged, or could not be packed away."""

    fault: str


class JournalKeeper(Actor):
    """Opens the port `journal` for everybody after it in the tree; records decisions from their topics. A disk that
    refuses is told as a cause of the ladder, and tried again; what does not fit meanwhile is counted."""

    progress_due_s = 2.0
    in_background = True

    def __init__(self, run_id: str, ladder: LadderSettings) -> None:
        self.run_id = run_id
        self.ladder = ladder

    def start(self) -> None:
        self._journal: AccountJournal = self.context.ports["journal"]
        self._run_in_thread: Background = self.context.ports["thread"]
        self._owed: deque[Record] = deque()
        self._faults: dict[str, str] = {}
        """What fails, and why: `write`, `sync` or `rotate`."""
        self._failing_since_ns: int | None = None
        self._syncing: int | None = None
        self._synced = 0
        """The sequence below which everything is being synced, and that below which everything is on the disk."""
        self._synced_ns = self.context.system.clock.monotonic_ns()
        self._scheduled = False
        self._doubted = False
        """True after a failed sync until a new file begins: a later sync need not reach what the failed one lost."""
        self._causes: dict[str, str] = {}
        self._tidying, self._archive_fault = False, ""
        recovered_bytes = self._journal.open()
        self.context.fault_point("journal: opened")
        if recovered_bytes:
            self.context.system.metrics.count("journal_torn_bytes", recovered_bytes)
        self._write(RunStarted(self.run_id, self.context.now_ns()))
        for topic in (
            topics.SIGNALS,
            topics.APPROVALS,
            topics.REFUSALS,
            topics.RECONCILED,
            topics.DIFFERENCES,
            topics.LIMITS,
            topics.RUNG,
        ):
            self.context.subscribe(topic)
        self.context.subscribe(topics.STATE_ASKED)
        self._schedule()
        self._tidy()
        self.context.repeat(TICK_PERIOD_S, _TickDue())
        self.context.repeat(LOOK_PERIOD_S, _LookDue())

    def receive(self, message: Any) -> Any:
        match message:
            case _Appended():
                self._schedule()
            case _SyncDue():
                self._scheduled = False
                self._go_on()
            case _TickDue():
                self._go_on(tick=True)
            case SyncEnded(sequence, fault):
                self._sync_ended(sequence, fault)
            case ArchiveTidied(fault):
                self._tidied(fault)
            case _LookDue():
                self._look_at_disk()
            case (
                SignalGenerated()
                | OrderApproved()
                | OrderRefused()
                | RungChanged()
                | AccountReconciled()
                | DifferenceNoted()
                | LimitChanged()
            ):
                self._write(message)
            case StateAsked():
                for cause, words in self._causes.items():
                    self.context.publish(topics.CAUSES, CauseNoted(ACCOUNT, cause, bool(words), words))

    def stop(self, reason: str) -> None:
        self._journal.at_append(None)
        self._journal.close()

    # -- writing ------------------------------------------------------------------------------------------------------

    def _write(self, record: Record) -> None:
        """In the order in which they came, now or once the disk takes them."""
        if len(self._owed) >= OWED_MAX:
            self._owed.popleft()
            self.context.system.metrics.count("journal_records_lost")
        self._owed.append(record)
        self._flush()

    def _flush(self) -> None:
        try:
            while self._owed:
                self._journal.append(self._owed[0])
                self._owed.popleft()
        except (JournalFault, OSError) as error:
            self._faults["write"] = str(error)
        else:
            self._faults.pop("write", None)

    def _go_on(self, *, tick: bool = False) -> None:
        self.context.progress()
        if self._owed:
            self._flush()
        if self._must_rotate(tick=tick):
            self._rotate()
        elif self._syncing is None:
            self._sync()
        self._judge_faults()
        self._wait()

    def _wait(self) -> None:
        """For the next record, or, where something is left to do, for a moment; a sync under way tells of its end."""
        if self._syncing is not None:
            return
        system, path = self.context.system, self.context.path
        self._journal.at_append(lambda: system.tell(path, _Appended(), sender="port/journal", lane=Lane.SUPERVISION))
        if self._owed or self._faults.keys() - {"rotate"} or self._journal.next_sequence != self._synced:
            self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self.context.schedule(SYNC_AFTER_S, _SyncDue())

    def _must_rotate(self, *, tick: bool) -> bool:
        """Where it is full, at once. After a fault at a tick only, for it takes a while: a rotation is tried again;
        and what a sync had failed for is written anew, with the snapshot, once syncs work."""
        full, doubted = self._journal.is_full, self._doubted and "sync" not in self._faults
        return full or doubted if tick else full and "rotate" not in self._faults

    def _rotate(self) -> None:
        self.context.fault_point("journal: full")
        self._try("rotate", self._journal.rotate)
        self._doubted = self._doubted and "rotate" in self._faults
        if "rotate" not in self._faults:
            self._tidy()
        self.context.fault_point("journal: rotated")

    def _tidy(self) -> None:
        """In a thread of its own: it takes its time, and no sync waits for it."""
        archive, system, path = self.context.ports.get("archive"), self.context.system, self.context.path
        if archive is None or self._tidying:
            return
        self._tidying, now_ns = True, self.context.now_ns()
        self.context.ports["archive_thread"](
            lambda: archive.tidy(now_ns),
            lambda fault: system.tell(path, ArchiveTidied(fault), sender="port/thread", lane=Lane.SUPERVISION),
        )

    def _tidied(self, fault: str) -> None:
        """What is wrong with older files stops nothing: nothing is restored from them. A person is to look."""
        self._tidying = False
        self.context.system.metrics.gauge("journal_archive_fault", float(bool(fault)))
        if fault and fault != self._archive_fault:
            words = f"{fault}; see `tradigrade journal verify`"
            self.context.publish(topics.ALERTS, RiskAlert("JOURNAL_ARCHIVE", words[:300], self.context.now_ns()))
        self._archive_fault = fault

    def _sync(self) -> None:
        """In another thread; that it ended comes as a message, so that nothing here hangs on when it did."""
        sequence, system, path = self._journal.next_sequence, self.context.system, self.context.path
        if sequence == self._synced:
            self._synced_ns = system.clock.monotonic_ns()
            return
        self.context.fault_point("journal: not synced")
        self._syncing = sequence
        self._run_in_thread(
            self._journal.sync,
            lambda fault: system.tell(path, SyncEnded(sequence, fault), sender="port/thread", lane=Lane.SUPERVISION),
        )

    def _sync_ended(self, sequence: int, fault: str) -> None:
        if sequence != self._syncing:
            return  # of the incarnation before
        self._syncing = None
        if fault:
            self._faults["sync"], self._doubted = fault, True
        else:
            self._faults.pop("sync", None)
            self._synced, self._synced_ns = sequence, self.context.system.clock.monotonic_ns()
        self._wait()

    def _try(self, what: str, action: Any) -> None:
        try:
            action()
        except (JournalFault, OSError) as error:
            self._faults[what] = str(error)
        else:
            self._faults.pop(what, None)
            self._synced_ns = self.context.system.clock.monotonic_ns()

    # -- the ladder ---------------------------------------------------------------------------------------------------

    def _judge_faults(self) -> None:
        """What fails, or a sync that does not come back, is borne for a while."""
        now_ns, grace_ns = self.context.system.clock.monotonic_ns(), self.ladder.storage_grace_s * 1e9
        fault = next(iter(tuple(self._faults.values())), "")
        if fault and self._failing_since_ns is None:
            self.context.system.metrics.count("journal_faults")
        self._failing_since_ns = (self._failing_since_ns or now_ns) if fault else None
        lasts = self._failing_since_ns is not None and now_ns - self._failing_since_ns >= grace_ns
        late = now_ns - self._synced_ns > grace_ns
        words = fault or "no sync of the journal came to an end for too long"
        self._note("STORAGE_FAILING", words if lasts or late else "")

    def _look_at_disk(self) -> None:
        look = self.context.ports.get("free_bytes")  # not everything that takes files is a host's disk
        free_mb = float("inf") if look is None else look() / 1e6
        words = f"less than {self.ladder.min_free_mb} MB of the disk are free"
        self._note("DISK_NEARLY_FULL", words if free_mb < self.ladder.min_free_mb else "")

    def _note(self, cause: str, words: str) -> None:
        """Told where it changes."""
        if bool(words) != bool(self._causes.get(cause, "")):
            self.context.publish(topics.CAUSES, CauseNoted(ACCOUNT, cause, bool(words), words[:300]))
        self._causes[cause] = words[:300]
