"""The guard: once the system is halted it cancels what the executor leaves open, after fencing it."""

from typing import Any

from ..exchanges.guard_rest import GuardPort
from ..exchanges.tasks import PortBroke, PortFault
from ..kernel.actor import Actor
from ..storage.lease import LeaseHeld
from ..trading.guard import GuardCore
from ..trading.guard_events import (
    Cancel,
    CancelDone,
    Effect,
    Event,
    Fence,
    Fenced,
    FenceFailed,
    FenceLost,
    GiveBack,
    GuardFailed,
    HaltRead,
    Look,
    OpenOrdersSeen,
    Tell,
)
from ..trading.order_ids import client_id_prefix

TICK_S = 0.2


class _TickDue:
    pass


class Guard(Actor):
    """Needs the ports `guard_venue`, `halt` (the latch), `lease` and `guard_log`, which is told every move."""

    progress_due_s = 2.0

    def __init__(self, account: str, grace_s: float, look_s: float, lost_after_s: float) -> None:
        self.account = account
        self.grace_s = grace_s
        self.look_s = look_s
        self.lost_after_s = lost_after_s

    def start(self) -> None:
        ports, system, path = self.context.ports, self.context.system, self.context.path
        self._venue: GuardPort = ports["guard_venue"]
        self._halt, self._lease, self._log = ports["halt"], ports["lease"], ports["guard_log"]
        self._core = GuardCore(client_id_prefix(self.account), self.grace_s, self.look_s, self.lost_after_s)
        self._counted = 0
        self._lease.release()  # one that was killed let go of nothing
        self._venue.open(lambda word: system.tell(path, word, sender="port/guard_venue"))
        self._show()
        self.context.repeat(TICK_S, _TickDue())

    def stop(self, reason: str) -> None:
        """The next incarnation, or the executor, takes the lease anew."""
        self._venue.close()
        self._lease.release()

    def receive(self, message: Any) -> Any:
        match message:
            case _TickDue():
                self._check_fence()
                self._heed_kill_file()
                halt = self._halt.read()
                self.context.fault_point("guard: halt read")
                self._step(HaltRead("" if halt is None else halt.reason or "no reason given"))
                self.context.progress()
            case OpenOrdersSeen() | CancelDone() | GuardFailed():
                self._step(message)
            case PortBroke(reason):
                raise PortFault(reason)

    def _heed_kill_file(self) -> None:
        """Also where the trader hangs, or is no more."""
        try:
            self._halt.heed_kill_file(self.context.now_ns())
        except OSError:
            self.context.system.metrics.count("halts_not_written")  # tried again at the next look

    def _step(self, event: Event) -> None:
        for effect in self._core.step(event, self.context.system.clock.monotonic_ns()):
            self._do(effect)
        self._show()

    def _do(self, effect: Effect) -> None:
        match effect:
            case Look(number):
                self._venue.look(number)
            case Cancel(order):
                if self._check_fence():
                    self._venue.cancel(order)
            case Fence():
                self._fence()
            case GiveBack():
                self._lease.release()
            case Tell():
                self._log(effect)

    def _fence(self) -> None:
        try:
            self._lease.acquire(steal=True)
        except (LeaseHeld, OSError) as error:
            self._step(FenceFailed(f"the lease cannot be taken: {error}"))
            return
        self.context.system.metrics.count("guard_fenced")
        self._step(Fenced())

    def _check_fence(self) -> bool:
        """Nothing is cancelled without the lease: what is open could then be another's."""
        if self._core.fenced and not self._lease.held():
            self._step(FenceLost())
        return self._core.fenced

    def _show(self) -> None:
        metrics, core = self.context.system.metrics, self._core
        metrics.gauge("guard_state", core.state)
        metrics.gauge("guard_open_orders", len(core.targets))
        metrics.count("guard_cancelled", core.cancelled - self._counted)
        self._counted = core.cancelled
