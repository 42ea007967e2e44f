"""The guard as an actor, on virtual time: the latch and the lease are real files, the venue is scripted."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.kit.cells import VirtualSystem
from tradigrade.actors.guard import Guard
from tradigrade.config.run import Run
from tradigrade.config.settings import GuardSettings, Settings
from tradigrade.config.topology import LOST_AFTER_S, launcher_tree, node_tree
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.halt import HaltLatch
from tradigrade.storage.lease import FileLease
from tradigrade.trading.guard_events import (
    CancelDone,
    GuardFailed,
    GuardState,
    OpenOrder,
    OpenOrdersSeen,
    Tell,
)

PATH = "guard/guard"
ANSWERS_AFTER_S = 0.02


class ScriptedGuardVenue:
    """One account's open orders; answers after a while, or not at all."""

    def __init__(self, system: VirtualSystem) -> None:
        self.open_orders: dict[str, OpenOrder] = {}
        self.answers = True
        self.cancelled: list[str] = []
        self.before_cancel: Callable[[], object] = lambda: None
        self.closed = 0
        self._system = system
        self._deliver: Callable[[Any], object] = lambda _: None

    def rest(self, number: int, kind: str = "LIMIT", client_id: str = "") -> None:
        name = client_id or f"tgmain-1-{number}"
        self.open_orders[str(number)] = OpenOrder("BTCUSDT", str(number), name, kind)

    def open(self, deliver: Callable[[Any], object]) -> None:
        self._deliver = deliver

    def look(self, number: int) -> None:
        self._answer(lambda: OpenOrdersSeen(number, tuple(self.open_orders.values())), GuardFailed("hangs", number))

    def cancel(self, order: OpenOrder) -> None:
        self.before_cancel()

        def cancelled() -> CancelDone:
            self.cancelled.append(order.venue_id)
            self.open_orders.pop(order.venue_id, None)
            return CancelDone(order.venue_id)

        self._answer(cancelled, GuardFailed("hangs", venue_id=order.venue_id))

    def close(self) -> None:
        self.closed += 1

    def _answer(self, make: Callable[[], Any], failed: GuardFailed) -> None:
        def answer() -> None:
            self._deliver(make() if self.answers else failed)

        self._system.call_later(ANSWERS_AFTER_S, answer)


class Scene:
    """A guard, the executor's lease and the latch, all in one folder."""

    def __init__(self, folder: Path) -> None:
        self.system = VirtualSystem("guard")
        self.venue = ScriptedGuardVenue(self.system)
        self.latch = HaltLatch(SystemDisk(), folder / "halt.json")
        self.executor = FileLease(SystemDisk(), folder / "account-main.lease")
        self.executor.acquire()
        self.lease = FileLease(SystemDisk(), folder / "account-main.lease")
        self.told: list[Tell] = []
        self.system.ports = {
            "guard_venue": self.venue,
            "halt": self.latch,
            "lease": self.lease,
            "guard_log": self.told.append,
        }
        self.spawn()

    def spawn(self) -> None:
        self.system.place(PATH, Guard("main", 0.5, 1.0, LOST_AFTER_S))

    def halt(self) -> None:
        self.latch.halt("drawdown", "risk", self.system.clock.now_ns())

    def release(self) -> None:
        self.latch.release("looked into", "operator", self.system.clock.now_ns())

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            self.system.advance(0.05)

    @property
    def state(self) -> GuardState:
        return GuardState(int(self.system.metrics.gauges["guard_state"]))


def test_on_a_halt_it_fences_the_executor_and_cancels_all_but_protective_stops_within_two_seconds(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path)
    for number in range(1, 41):
        scene.venue.rest(number)
    scene.venue.rest(50, "STOP_LOSS_LIMIT")
    scene.venue.rest(51, client_id="by-hand")
    held_at_cancel: list[bool] = []
    scene.venue.before_cancel = lambda: held_at_cancel.append(scene.executor.held())
    scene.run(5.0)
    assert scene.state is GuardState.WATCHING
    scene.halt()
    scene.run(1.5)
    assert sorted(scene.venue.open_orders) == ["50", "51"]
    assert not any(held_at_cancel), "cancelled while the executor still held the lease"
    assert scene.system.metrics.counters["guard_cancelled"] == 40
    assert scene.system.metrics.counters["guard_fenced"] == 1
    scene.run(3.0)
    assert scene.state is GuardState.DONE
    assert [told.state.name for told in scene.told] == ["GRACE", "LOOKING", "FENCING", "CANCELLING", "DONE"]
    assert "drawdown" in scene.told[0].reason


def test_after_the_release_the_executor_can_have_its_lease_again_under_a_larger_epoch(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.venue.rest(1)
    before = scene.executor.acquire()
    scene.halt()
    scene.run(2.0)
    assert not scene.executor.held()
    scene.release()
    scene.run(0.2)
    assert scene.state is GuardState.WATCHING
    assert not scene.lease.held()
    assert scene.executor.acquire() > before


def test_an_executor_that_cancels_by_itself_is_not_fenced(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.venue.rest(1)
    scene.halt()
    scene.run(0.3)
    scene.venue.open_orders.clear()
    scene.run(3.0)
    assert scene.executor.held()
    assert scene.state is GuardState.CONTENT


def test_a_lease_file_removed_from_under_it_is_taken_again_before_the_next_cancel(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.venue.rest(1)
    scene.halt()
    scene.run(1.5)
    (tmp_path / "account-main.lease").unlink()
    scene.venue.rest(2)
    held_at_cancel: list[bool] = []
    scene.venue.before_cancel = lambda: held_at_cancel.append(scene.lease.held())
    scene.run(1.0)
    assert held_at_cancel == [True]
    assert scene.system.metrics.counters["guard_fenced"] == 2


def test_not_one_cancel_is_sent_without_the_lease(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    for number in range(1, 6):
        scene.venue.rest(number)
    held_at_cancel: list[bool] = []

    def note_and_take_away() -> None:
        held_at_cancel.append(scene.lease.held())
        (tmp_path / "account-main.lease").unlink()

    scene.venue.before_cancel = note_and_take_away
    scene.halt()
    scene.run(5.0)
    assert all(held_at_cancel)
    assert not scene.venue.open_orders
    assert scene.system.metrics.counters["guard_fenced"] == len(held_at_cancel) + 1


def test_a_latch_that_cannot_be_read_is_a_halt(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.venue.rest(1)
    (tmp_path / "halt.json").write_bytes(b"\x00torn")
    scene.run(1.5)
    assert not scene.venue.open_orders


def test_a_venue_that_hangs_is_told_and_asked_until_it_answers(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.venue.rest(1)
    scene.venue.answers = False
    scene.halt()
    scene.run(5.0)
    assert "hangs" in scene.told[-1].reason
    assert scene.executor.held()
    scene.venue.answers = True
    scene.run(2.5)
    assert not scene.venue.open_orders


def test_in_an_orderly_stop_it_lets_go_and_steals_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.venue.rest(1)
    scene.run(1.0)
    scene.system.stop(PATH, "shutdown")
    scene.run(1.0)
    assert scene.executor.held()
    assert scene.venue.closed == 1
    assert not scene.venue.cancelled


def test_stopped_while_it_has_the_lease_it_gives_that_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.venue.rest(1)
    scene.halt()
    scene.run(1.5)
    scene.system.stop(PATH, "shutdown")
    scene.run(0.1)
    assert scene.executor.acquire()


def test_a_guard_that_is_restarted_during_a_halt_sees_to_it_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.venue.rest(1)
    scene.halt()
    scene.run(1.5)
    scene.system.kill(PATH)
    scene.run(0.1)
    scene.venue.rest(2)
    scene.spawn()
    scene.run(1.5)
    assert not scene.venue.open_orders


def test_a_guard_that_is_killed_keeps_no_lease_once_it_is_back(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.venue.rest(1)
    scene.halt()
    scene.run(1.5)
    scene.system.kill(PATH)
    scene.release()
    scene.spawn()
    scene.run(0.2)
    assert scene.executor.acquire()


# -- its place in the system ------------------------------------------------------------------------------------------


def make_run(**guard: Any) -> Run:
    return Run("run", "/nowhere", "/nowhere", 1, 1, 0, Settings(guard=GuardSettings(**guard)))


def test_it_starts_before_the_trader_and_is_stopped_after_it() -> None:
    names = [child.id for child in launcher_tree(make_run()).children]
    assert names.index("exchange") < names.index("guard") < names.index("trader")


def test_a_trader_that_keeps_failing_is_left_down_and_takes_nobody_with_it() -> None:
    children = {child.id: child for child in launcher_tree(make_run()).children}
    budget = children["trader"].budget
    assert budget is not None
    assert budget.exhausted == "leave"
    assert all(child.budget is None for name, child in children.items() if name != "trader")


def test_without_a_guard_its_node_only_reports() -> None:
    assert [child.id for child in node_tree("guard", make_run()).children] == ["reporter", "guard"]
    assert [child.id for child in node_tree("guard", make_run(enabled=False)).children] == ["reporter"]


IMPORTED_BY_THE_GUARD = """
import sys
import tradigrade.actors.guard, tradigrade.actors.reporter, tradigrade.exchanges.guard_session
import tradigrade.exchanges.loopback, tradigrade.storage.halt, tradigrade.storage.lease
print(*sorted(sys.modules))
"""


def test_it_shares_no_code_with_the_executors_way_to_the_venue() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED_BY_THE_GUARD], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    banned = ("ccxt", "numpy", "torch", "tradigrade.actors.executor", "tradigrade.exchanges.ccxt")
    assert not [name for name in loaded if name.startswith(banned)]
    assert "tradigrade.exchanges.guard_session" in loaded
