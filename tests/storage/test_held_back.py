"""Who is held back over restarts: kept until removed, or until the settings are others."""

from pathlib import Path

import msgspec
import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.held_back import Held, HeldBack

ONE = Held("trader/strategies/one", "did not end its turn", 3, 1, "settings a")
TWO = Held("trader/strategies/two", "did not end its turn", 3, 2, "settings b")


def make(folder: Path) -> HeldBack:
    return HeldBack(SystemDisk(), folder / "held-back.json")


def test_what_is_added_is_there_for_the_next_process_and_a_later_word_replaces_it(tmp_path: Path) -> None:
    make(tmp_path).add(ONE)
    make(tmp_path).add(TWO)
    make(tmp_path).add(again := msgspec.structs.replace(ONE, times=4))
    assert make(tmp_path).read() == {ONE.path: again, TWO.path: TWO}


def test_what_is_removed_is_gone_and_with_the_last_one_the_file(tmp_path: Path) -> None:
    make(tmp_path).add(ONE)
    make(tmp_path).add(TWO)
    make(tmp_path).remove([ONE.path, "nobody"])
    assert list(make(tmp_path).read()) == [TWO.path]
    make(tmp_path).remove([TWO.path])
    assert list(tmp_path.iterdir()) == []


def test_other_settings_give_another_chance(tmp_path: Path) -> None:
    make(tmp_path).add(ONE)
    make(tmp_path).add(TWO)
    make(tmp_path).forget_others("settings b")
    assert list(make(tmp_path).read()) == [TWO.path]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff"])
def test_what_does_not_read_holds_nobody_back_and_can_be_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "held-back.json").write_bytes(content)
    assert make(tmp_path).read() == {}
    make(tmp_path).add(ONE)
    assert make(tmp_path).read() == {ONE.path: ONE}
