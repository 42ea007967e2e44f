"""What a start forgets of strategies that were held back."""

from pathlib import Path

import pytest

from tradigrade.config.run import fingerprint
from tradigrade.config.settings import Settings
from tradigrade.kernel.disk import SystemDisk
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
