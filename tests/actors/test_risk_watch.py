"""What risk watches besides orders, over faults of its files, clocks that jump and restarts."""

import errno
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.kit.account import SYMBOL, Account
from tests.kit.cells import VirtualSystem
from tradigrade.actors.commits import Commits
from tradigrade.actors.risk_watch import RiskWatch
from tradigrade.actors.standings import Standings
from tradigrade.config.risk_settings import LadderSettings
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.faulty import FaultyDisk
from tradigrade.storage.halt import HaltLatch
from tradigrade.storage.risk_memory import Memory, RiskMemory
from tradigrade.trading.equity import day_of
from tradigrade.trading.ladder import ACCOUNT, SYSTEM
from tradigrade.trading.limits import Limits
from tradigrade.trading.order_events import OrderIntended

SCOPE = f"learned {SYMBOL}"
HOUR_S = 3600
DAY_S = 24 * HOUR_S


class WatchDisk(FaultyDisk):
    """One whose latch may fail to be read, and that counts syncs."""

    def __init__(self) -> None:
        super().__init__(SystemDisk())
        self.latch_fails = False
        self.synced: list[bool] = []

    def read(self, path: Path) -> bytes:
        if self.latch_fails and path.name == "halt.json":
            raise OSError(errno.EMFILE, "too many open files", str(path))
        return super().read(path)

    def replace(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        super().replace(path, data, sync=sync)
        self.synced.append(sync)


class Keeper(Actor):
    """Holds the watch, as risk does."""

    def start(self) -> None:
        self.standings = Standings(self.context, (SYMBOL,), (("learned", SYMBOL),), lease_held=True)
        self.limits = Limits()
        self.watch = RiskWatch(
            self.context, self.standings, lambda: self.limits, LadderSettings(), (SCOPE,), self.worth
        )

    def worth(self, moved: Mapping[str, Decimal]) -> Decimal | None:
        """A BTC is 30,000."""
        return sum((amount * (30_000 if each == "BTC" else 1) for each, amount in moved.items()), Decimal(0))

    def receive(self, message: object) -> None:
        pass


class Stage:
    """A watch on virtual time, over files that outlive it."""

    def __init__(self, folder: Path) -> None:
        self.disk = WatchDisk()
        self.latch = HaltLatch(self.disk, folder / "halt.json")
        self.file = RiskMemory(self.disk, folder / "account-main.risk")
        self.virtual = VirtualSystem()
        self.moved: dict[str, Decimal] = {}
        self.virtual.ports = {"halt": self.latch, "risk_memory": self.file}
        self.restart()

    def restart(self) -> None:
        if (before := self.virtual.actors.get("node/keeper")) is not None:
            before.kill()
        self.keeper = Keeper()
        self.virtual.reborn("node/keeper", self.keeper)
        self.watch, self.standings = self.keeper.watch, self.keeper.standings

    def check(self, *equities: int, every_s: float = 0.2) -> None:
        for equity in equities:
            self.virtual.advance(every_s)
            self.watch.check(Decimal(equity), self.moved)

    def set_clock(self, by_s: int) -> None:
        clock = self.virtual.clock
        assert isinstance(clock, ManualClock)
        clock._start_ns += by_s * 1_000_000_000

    @property
    def halted(self) -> bool:
        return self.standings.holds(SYSTEM, "HALT")


def test_a_peak_that_rose_right_after_a_save_is_on_disk_a_second_later(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, 11_500, *[10_600] * 6)
    assert stage.file.load().peak_equity == 11_500
    stage.restart()
    stage.check(10_300)
    assert stage.halted, "10.4 % below the peak"


def test_a_peak_that_the_disk_refused_is_saved_once_it_takes_it_and_no_more_often_than_each_second(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    stage.check(9_000, 9_000, every_s=2.0)
    stage.disk.full = True
    stage.check(*range(9_900, 10_001), every_s=0.1)
    assert 10 <= stage.virtual.metrics.counters["risk_memory_not_saved"] <= 12
    stage.disk.full = False
    stage.check(9_500, every_s=1.0)
    assert stage.file.load().peak_equity == 10_000
    saves = len(stage.disk.synced)
    stage.check(9_500, 9_500, every_s=2.0)
    assert len(stage.disk.synced) == saves, "nothing changed"


def test_the_first_save_after_a_start_is_synced_also_where_the_disk_refused_one_before(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(9_000, 9_001, 9_002, every_s=2.0)
    assert stage.disk.synced == [True, False, False, False]
    stage.disk.synced.clear()
    stage.disk.full = True
    stage.restart()
    stage.disk.full = False
    stage.check(9_000, every_s=2.0)
    assert stage.disk.synced == [True]


def test_a_latch_that_does_not_read_once_halts_only_so_long_and_leaves_the_peak(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, 9_100, every_s=2.0)
    stage.disk.latch_fails = True
    stage.check(9_100)
    assert stage.halted
    stage.disk.latch_fails = False
    stage.check(9_100)
    assert not stage.halted
    assert stage.watch._memory.peak_equity == 10_000
    stage.check(8_900)
    assert stage.halted
    assert stage.latch.read() is not None


def test_a_release_of_a_drawdown_that_was_latched_without_its_reason_begins_a_new_peak(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, every_s=2.0)
    stage.disk.full = True
    stage.check(8_900)
    stage.disk.full = False
    assert (tmp_path / "halt.json").read_bytes() == b""
    assert stage.latch.release("accepted", "somebody", 2)
    stage.check(8_900, 8_900)
    assert not stage.halted
    assert stage.watch._memory.peak_equity == 8_900


def test_a_release_of_a_drawdown_stands_also_where_risk_was_down(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, 8_900, every_s=2.0)
    assert stage.file.load().halted
    assert stage.latch.release("accepted", "somebody", 2)
    stage.restart()
    stage.check(8_900, 8_900, every_s=2.0)
    assert stage.latch.read() is None
    assert not stage.halted
    memory = stage.file.load()
    assert (memory.peak_equity, memory.halted) == (8_900, False)
    stage.check(8_000)
    assert stage.halted, "10.1 % below the new peak"


def test_a_resume_that_the_disk_refused_can_be_asked_again(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.watch.pause((SCOPE,), "lunch")
    stage.disk.full = True
    with pytest.raises(OSError, match="space"):
        stage.watch.resume((SCOPE,))
    assert stage.standings.holds(SCOPE, "PAUSED")
    stage.disk.full = False
    stage.check(10_000, every_s=2.0)
    assert SCOPE in stage.file.load().paused
    assert stage.watch.resume((SCOPE,)) == (SCOPE,)
    assert not stage.standings.holds(SCOPE, "PAUSED")
    assert stage.file.load().paused == {}


def test_a_resume_that_the_disk_refused_after_it_was_written_is_written_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, 10_000, every_s=2.0)
    stage.watch.pause((SCOPE,), "lunch")
    save = stage.file.save

    def fail_late(memory: Memory, *, sync: bool) -> None:
        save(memory, sync=sync)
        raise OSError("input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(stage.file, "save", fail_late)
        with pytest.raises(OSError, match="input"):
            stage.watch.resume((SCOPE,))
    assert stage.file.load().paused == {}
    stage.check(10_000, every_s=2.0)
    assert SCOPE in stage.file.load().paused


def test_a_pause_that_the_disk_refused_holds_and_is_remembered_later(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.disk.full = True
    with pytest.raises(OSError, match="space"):
        stage.watch.pause((SCOPE,), "lunch")
    assert stage.standings.holds(SCOPE, "PAUSED")
    stage.disk.full = False
    stage.check(10_000, every_s=2.0)
    assert SCOPE in stage.file.load().paused


# -- clocks that are set ----------------------------------------------------------------------------------------------


def test_a_clock_that_jumps_over_midnight_and_back_does_not_forgive_the_days_loss(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, 9_600)
    stage.set_clock(DAY_S)
    stage.check(*[9_600] * 50)
    stage.set_clock(-DAY_S)
    stage.check(*[9_600] * 50)
    assert stage.standings.holds(ACCOUNT, "DAILY_LOSS")
    assert stage.watch._memory.opening_equity == 10_000


def test_no_day_begins_while_the_clock_is_off_the_venues(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000)
    day = stage.watch._memory.day
    stage.standings.note(ACCOUNT, "CLOCK_SKEW", holds=True)
    stage.set_clock(DAY_S)
    stage.check(*[9_600] * 5, every_s=60.0)
    assert stage.watch._memory.day == day
    stage.standings.note(ACCOUNT, "CLOCK_SKEW", holds=False)
    stage.check(9_600, 9_500, 9_400, every_s=30.0)
    assert (stage.watch._memory.day, stage.watch._memory.opening_equity) == (day + 1, 9_500)


@pytest.mark.parametrize(("days", "opening"), [(1, 9_600), (-1, 10_000), (-2, 9_600)])
def test_a_day_that_lasts_begins_forward_and_back_only_from_one_far_ahead(
    tmp_path: Path, days: int, opening: int
) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000)
    stage.set_clock(days * DAY_S)
    stage.check(9_600, 9_600, every_s=60.0)
    assert stage.watch._memory.opening_equity == opening


def test_restarts_count_by_the_time_that_passed_and_not_by_a_clock_that_was_set(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    for _ in range(6):
        stage.virtual.advance(30.0)
        stage.restart()
    stage.set_clock(-HOUR_S)
    stage.check(10_000)
    assert not stage.standings.holds(ACCOUNT, "RESTARTS")
    stage.restart()
    assert not stage.standings.holds(ACCOUNT, "RESTARTS"), "times to come are dropped"
    for _ in range(4):
        stage.restart()
    assert not stage.standings.holds(ACCOUNT, "RESTARTS"), "four are allowed"
    stage.restart()
    assert stage.standings.holds(ACCOUNT, "RESTARTS")
    stage.check(10_000, every_s=61.0)
    assert not stage.standings.holds(ACCOUNT, "RESTARTS")


def test_an_approval_that_came_to_nothing_is_over_also_where_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(tmp_path).serve()
    with monkeypatch.context() as patch:
        patch.setattr(Commits, "write_intent", lambda self, intent: False)
        account.signal("0.01")
        account.advance(0.05)
    assert account.codes() == ["JOURNAL_FAULT"]
    account.clock._start_ns -= HOUR_S * 1_000_000_000
    account.quotes.quote()
    account.advance(1)
    account.signal("0.01")
    account.advance(1)
    assert len(account.records(OrderIntended)) == 1


# -- losses -----------------------------------------------------------------------------------------------------------


def test_money_paid_in_or_taken_out_is_neither_profit_nor_loss(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, every_s=2.0)
    stage.moved["USDT"] = Decimal(-6_000)
    stage.check(4_000)
    assert not stage.halted
    assert stage.watch.drawdown == 0.0
    stage.check(3_700)
    assert stage.watch.drawdown == pytest.approx(0.075)
    stage.check(3_600)
    assert stage.halted, "400 of the 4,000 that are left at work"


def test_a_withdrawal_leaves_the_fraction_lost_and_the_money_lost_as_they_were(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, 9_100, every_s=2.0)
    stage.moved["USDT"] = Decimal(-8_100)
    stage.check(1_000)
    assert not stage.halted
    assert stage.watch.drawdown == pytest.approx(0.09)
    assert stage.watch.lost == pytest.approx(Decimal(900))
    stage.check(990)
    assert not stage.halted, "9.91 % below the peak"
    stage.check(988)
    assert stage.halted


def test_a_deposit_hides_no_loss(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, 9_100, every_s=2.0)
    stage.moved["BTC"] = Decimal(1)
    stage.check(39_100)
    assert stage.watch.drawdown == pytest.approx(0.09)
    stage.check(38_660)
    assert stage.halted, "the deposit's own fall in price is lost as any other money"


def test_a_transfer_counts_once_over_a_restart(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, every_s=2.0)
    stage.moved["USDT"] = Decimal(-5_000)
    stage.check(5_000)
    stage.restart()
    stage.check(4_600)
    assert not stage.halted
    assert stage.watch.drawdown == pytest.approx(0.08)
    stage.disk.full = True
    stage.moved["USDT"] = Decimal(-7_500)
    stage.check(2_100)
    stage.disk.full = False
    stage.restart()
    stage.check(2_100)
    assert not stage.halted
    assert stage.watch.drawdown == pytest.approx(0.08)


def test_nothing_is_concluded_while_the_worth_of_a_transfer_is_not_known(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000, every_s=2.0)
    stage.moved["BTC"] = Decimal("-0.2")
    stage.watch._worth = lambda _: None
    stage.check(4_000)
    assert not stage.halted
    stage.watch._worth = stage.keeper.worth
    stage.check(4_000, 3_601)
    assert not stage.halted
    stage.check(3_600)
    assert stage.halted


@pytest.mark.parametrize("name", ["max_daily_loss", "max_weekly_loss"])
def test_a_loss_of_the_day_or_week_halts_until_a_person_releases_it(tmp_path: Path, name: str) -> None:
    stage = Stage(tmp_path)
    stage.keeper.limits = msgspec.structs.replace(Limits(), **{name: Decimal("0.05")})
    stage.check(10_000, 9_501, every_s=2.0)
    assert not stage.halted
    stage.check(9_500, 9_900, 9_900)
    assert stage.halted, "it does not end by itself"
    stage.latch.release("accepted", "somebody", 2)
    stage.check(9_450, 9_450)
    assert not stage.halted, "what was lost is accepted"
    stage.check(8_977)
    assert stage.halted
    assert stage.file.load().day_equity == 9_450


@pytest.mark.parametrize(("days", "kept"), [(1, True), (7, False)])
def test_a_week_outlasts_its_days(tmp_path: Path, days: int, kept: bool) -> None:
    stage = Stage(tmp_path)
    stage.check(10_000)
    assert day_of(stage.virtual.clock.now_ns()) % 7 not in (3, 4), "a day that a Monday does not follow"
    stage.set_clock(days * DAY_S)
    stage.check(9_600, 9_600, every_s=60.0)
    assert stage.watch._memory.day_equity == 9_600
    assert (stage.watch._memory.week_equity == 10_000) == kept
