import os
from pathlib import Path
from typing import Any

import pytest

from tradigrade.storage.state_files import StateFiles


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    states = StateFiles(tmp_path / "new folder")
    assert states.load("a-1.b_c") is None
    for state in ({"x": [1, 2.5]}, {"y": None}):
        states.save("a-1.b_c", state)
        assert StateFiles(tmp_path / "new folder").load("a-1.b_c") == state
    states.save("other", {})
    assert states.load("a-1.b_c") == {"y": None}


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".hidden", "a b", "a" * 101])
def test_a_name_that_is_no_plain_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="a state's name must match"):
        StateFiles(tmp_path).save(name, {})
    with pytest.raises(ValueError, match="a state's name must match"):
        StateFiles(tmp_path).load(name)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe"])
def test_a_state_that_does_not_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    assert StateFiles(tmp_path).load("a") is None


@pytest.mark.parametrize("state", [{"x": float("nan")}, {"x": float("inf")}, {"x": object()}])
def test_a_state_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, state: dict[str, Any]) -> None:
    states = StateFiles(tmp_path)
    states.save("a", {"old": 1})
    with pytest.raises((ValueError, TypeError)):
        states.save("a", state)
    assert states.load("a") == {"old": 1}


def test_a_crash_before_the_exchange_leaves_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states = StateFiles(tmp_path)
    states.save("a", {"old": 1})

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr(os, "replace", crash)
        with pytest.raises(KeyboardInterrupt):
            states.save("a", {"new": 1})
    assert states.load("a") == {"old": 1}
    states.save("a", {"new": 1})
    assert states.load("a") == {"new": 1}
