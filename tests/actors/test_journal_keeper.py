"""When the journal is put on the disk itself."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.actors import topics
from tradigrade.actors.journal_keeper import JournalKeeper
from tradigrade.config.risk_settings import LadderSettings
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.background import Action, Done, run_at_once
from tradigrade.storage.journal import JournalFault
from tradigrade.trading.messages import AccountReconciled, RiskAlert

PATH = "trader/journal"


class Held:
    """Keeps actions until a test lets them run."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Action, Done]] = []

    def __call__(self, action: Action, done: Done) -> None:
        self.waiting.append((action, done))

    def finish(self, fault: str = "") -> None:
        action, done = self.waiting.pop(0)
        if not fault:
            action()
        done(fault)


class Scene:
    def __init__(
        self,
        folder: Path,
        thread: Callable[[Action, Done], None] = run_at_once,
        ports: Mapping[str, Any] = MappingProxyType({}),
        beside: Mapping[str, Actor] = MappingProxyType({}),
    ) -> None:
        self.journal = AccountJournal(SystemDisk(), folder / "account.journal")
        self.system = VirtualSystem("trader")
        self.system.ports = {"journal": self.journal, "thread": thread, **ports}
        for path, actor in beside.items():
            self.system.spawn(path, lambda actor=actor: actor)
        self.system.spawn(PATH, lambda: JournalKeeper("run", LadderSettings()))
        self.system.run()

    def append(self) -> None:
        self.journal.append(AccountReconciled(True, (), 0, 0, self.system.clock.now_ns()))

    @property
    def handled(self) -> int:
        return self.system.actors[PATH].handled


def test_what_is_appended_is_on_the_disk_ten_milliseconds_later(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    for _ in range(3):
        scene.system.advance(0.7)
        assert not scene.journal.unsynced
        scene.append()
        scene.system.advance(0.009)
        assert scene.journal.unsynced
        scene.append()
        scene.system.advance(0.001)
        assert not scene.journal.unsynced


def test_what_another_thread_appends_is_too(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.system.advance(0.7)
    thread = Thread(target=scene.append)
    thread.start()
    thread.join()
    scene.system.advance(0.01)
    assert not scene.journal.unsynced


def test_a_journal_that_nobody_writes_costs_few_turns(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.system.advance(1.0)
    before = scene.handled
    scene.system.advance(10.0)
    assert scene.handled - before <= 30


def test_what_is_appended_while_a_sync_is_under_way_is_synced_after_it(tmp_path: Path) -> None:
    thread = Held()
    scene = Scene(tmp_path, thread)
    scene.system.advance(0.01)
    assert len(thread.waiting) == 1
    thread.finish()
    scene.append()
    scene.system.advance(0.01)
    (action, done), thread.waiting[:] = thread.waiting[0], []
    action()
    scene.append()
    done("")
    scene.system.advance(0.01)
    assert len(thread.waiting) == 1
    thread.finish()
    assert not scene.journal.unsynced


def test_a_sync_that_failed_is_tried_again_at_once(tmp_path: Path) -> None:
    thread = Held()
    scene = Scene(tmp_path, thread)
    scene.system.advance(0.01)
    for _ in range(3):
        thread.finish("the disk is broken")
        scene.system.advance(0.01)
        assert len(thread.waiting) == 1
    thread.finish()
    scene.system.advance(0.01)
    assert not scene.journal.unsynced


def test_a_sync_that_takes_its_time_holds_nobody_up_and_is_the_only_one(tmp_path: Path) -> None:
    thread = Held()
    scene = Scene(tmp_path, thread)
    for _ in range(500):
        scene.append()
        scene.system.advance(0.01)
        assert len(thread.waiting) == 1
    assert scene.journal.next_sequence == 502, "the start of the run, and all of them"
    thread.finish()
    scene.system.advance(0.01)
    thread.finish()
    assert not scene.journal.unsynced


@pytest.mark.parametrize("ends", ["stop", "crash"])
def test_a_keeper_that_ended_is_not_told_of_appends(tmp_path: Path, ends: str) -> None:
    scene = Scene(tmp_path)
    scene.system.advance(1.0)
    if ends == "stop":
        scene.system.stop(PATH, "shutdown")
    else:
        scene.system.actors[PATH].crash("the test")
    scene.system.run()
    scene.journal.open()
    scene.append()
    assert not scene.system.dead_letters


def test_a_rotation_that_fails_is_tried_twice_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene, tried, rotate = Scene(tmp_path), [0], AccountJournal.rotate

    def refuse() -> None:
        tried[0] += 1
        raise JournalFault("the disk is full")

    monkeypatch.setattr(scene.journal, "_rotate_at_bytes", 1)
    monkeypatch.setattr(scene.journal, "rotate", refuse)
    for _ in range(500):
        scene.append()
        scene.system.advance(0.01)
    assert 9 <= tried[0] <= 11
    assert not scene.journal.unsynced, "it goes on in the old file"
    monkeypatch.setattr(scene.journal, "_rotate_at_bytes", 1000)
    monkeypatch.setattr(scene.journal, "rotate", lambda: rotate(scene.journal))
    scene.system.advance(0.5)
    assert scene.journal.path.name == "account.journal.1"


def test_after_a_sync_that_failed_all_is_written_anew_once_syncs_work(tmp_path: Path) -> None:
    thread = Held()
    scene = Scene(tmp_path, thread)
    scene.system.advance(0.01)
    thread.finish("the disk is broken")
    scene.system.advance(5.0)
    assert scene.journal.path.name == "account.journal", "not while syncs fail"
    thread.finish()
    scene.system.advance(0.5)
    assert scene.journal.path.name == "account.journal.1"
    scene.append()
    scene.system.advance(0.01)
    thread.finish()
    scene.system.advance(5.0)
    assert scene.journal.path.name == "account.journal.1", "once"


# -- older files ------------------------------------------------------------------------------------------------------


class Archive:
    """Counts how often it is to look after older files."""

    def __init__(self) -> None:
        self.tidied: list[int] = []

    def tidy(self, now_ns: int) -> None:
        self.tidied.append(now_ns)


class Alerts(Actor):
    def __init__(self) -> None:
        self.heard: list[RiskAlert] = []

    def start(self) -> None:
        self.context.subscribe(topics.ALERTS)

    def receive(self, message: Any) -> Any:
        self.heard.append(message)


def archived(folder: Path) -> tuple[Scene, Archive, Held, Alerts]:
    archive, thread, alerts = Archive(), Held(), Alerts()
    scene = Scene(folder, ports={"archive": archive, "archive_thread": thread}, beside={"trader/alerts": alerts})
    return scene, archive, thread, alerts


def test_older_files_are_looked_after_at_the_start_and_after_each_rotation_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, archive, thread, _ = archived(tmp_path)
    assert len(thread.waiting) == 1
    thread.finish()
    scene.system.advance(5)
    assert (len(archive.tidied), thread.waiting) == (1, [])
    for _ in range(3):
        monkeypatch.setattr(scene.journal, "_rotate_at_bytes", 1)
        scene.append()
        scene.system.advance(0.01)
        assert len(thread.waiting) == 1, "one under way, whatever rotates meanwhile"
        monkeypatch.setattr(scene.journal, "_rotate_at_bytes", 1 << 20)
        scene.append()
        scene.system.advance(0.1)
    assert scene.journal.path.name == "account.journal.3"
    assert not scene.journal.unsynced, "no sync waits for it"


def test_what_is_wrong_with_older_files_is_told_once_and_stops_nothing(tmp_path: Path) -> None:
    scene, _, thread, alerts = archived(tmp_path)
    thread.finish("journal j.1 is damaged at byte 64")
    scene.system.advance(1)
    (alert,) = alerts.heard
    assert (alert.code, alert.detail) == (
        "JOURNAL_ARCHIVE",
        "journal j.1 is damaged at byte 64; see `tradigrade journal verify`",
    )
    scene.append()
    scene.system.advance(0.1)
    assert not scene.journal.unsynced
