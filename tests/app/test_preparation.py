"""What a start forgets of strategies that were held back, and whose folder in memory it uses."""

from pathlib import Path

import pytest

from tradigrade.config.run import fingerprint
from tradigrade.config.settings import Settings
from tradigrade.kernel.disk import SystemDisk
from tradigrade.memory import make_memory_dir, memory_dir
from tradigrade.preparation import DataDirectory
from tradigrade.storage.held_back import HELD_BACK_NAME, Held, HeldBack

BEFORE = Settings(bar_s=1.0)
HELD = Held("trader/strategies/loop-btc-usdt", "did not end its turn", 3, 1, fingerprint(BEFORE))


def hold(folder: Path) -> HeldBack:
    file = HeldBack(SystemDisk(), folder / HELD_BACK_NAME)
    file.add(HELD)
    return file


@pytest.mark.parametrize(("settings", "stays"), [(Settings(bar_s=1.0), True), (Settings(bar_s=2.0), False)])
def test_a_start_with_other_settings_gives_another_chance(tmp_path: Path, settings: Settings, *, stays: bool) -> None:
    file = hold(tmp_path)
    DataDirectory(tmp_path).start_anew(settings)
    assert bool(file.read()) is stays


def test_a_fresh_start_does_so_too(tmp_path: Path) -> None:
    file = hold(tmp_path)
    DataDirectory(tmp_path).clear()
    assert file.read() == {}


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr("tradigrade.memory.MEMORY", folder)
    return folder


def test_nodes_share_memory_in_a_folder_that_only_we_may_enter(memory: Path) -> None:
    make_memory_dir("/tmp/sockets")
    assert memory_dir("/tmp/sockets") == memory / "sockets"
    assert (memory / "sockets").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("whose", ["open to others", "of somebody else", "a link", "missing"])
def test_a_folder_there_that_is_not_ours_is_left_alone(
    memory: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    theirs = memory / "sockets"
    match whose:
        case "open to others":
            theirs.mkdir()
            theirs.chmod(0o777)
        case "of somebody else":
            theirs.mkdir(mode=0o700)
            owner = theirs.stat().st_uid
            monkeypatch.setattr("os.geteuid", lambda: owner + 1)
        case "a link":
            (memory / "elsewhere").mkdir(mode=0o700)
            theirs.symlink_to(memory / "elsewhere")
        case "missing":
            monkeypatch.setattr("tradigrade.memory.MEMORY", memory / "nowhere")
    make_memory_dir("/tmp/sockets")
    assert memory_dir("/tmp/sockets") == Path("/tmp/sockets")
