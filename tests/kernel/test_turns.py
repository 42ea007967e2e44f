"""Who has the turn is seen from outside: nobody between turns, and the one that never ends its own."""

from pathlib import Path
from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.cell import Cell
from tradigrade.kernel.turns import (
    PATH_BYTES,
    PATHS_MAX,
    SIZE_BYTES,
    TURN,
    Turn,
    Turns,
    create_turns,
    decode_turn,
    read_turn,
)


def look(memory: bytearray) -> Turn:
    return decode_turn(lambda start, size: bytes(memory[start : start + size]))


class Looking(Actor):
    """Looks at its own turn, as another process would."""

    def __init__(self, memory: bytearray) -> None:
        self.memory = memory
        self.seen: list[Turn] = []

    def start(self) -> None:
        self.receive("start")

    def receive(self, message: Any) -> None:
        self.seen.append(look(self.memory))
        if message == "fail":
            raise RuntimeError(message)


def place(memory: bytearray, *paths: str) -> tuple[VirtualSystem, list[Looking]]:
    system = VirtualSystem("node")
    cell = system.runtimes["cell"]
    assert isinstance(cell, Cell)
    cell.turns = Turns(memoryview(memory), 7)
    actors = [Looking(memory) for _ in paths]
    for path, actor in zip(paths, actors, strict=True):
        system.place(path, actor)
    return system, actors


def test_each_turn_names_its_actor_and_between_turns_nobody_is_named() -> None:
    memory = bytearray(SIZE_BYTES)
    system, (one, two) = place(memory, "node/one", "node/two")
    for path in ("node/one", "node/two"):
        system.tell(path, "work")
    system.run()
    assert [(turn.incarnation, turn.path) for turn in one.seen] == [(7, "node/one")] * 2
    assert [turn.path for turn in two.seen] == ["node/two"] * 2
    assert look(memory).path == ""


def test_a_later_turn_of_the_same_actor_looks_different() -> None:
    system, (one,) = place(bytearray(SIZE_BYTES), "node/one")
    for _ in range(2):
        system.tell("node/one", "work")
        system.run()
    assert len(set(one.seen)) == len(one.seen) == 3


def test_a_turn_that_fails_is_over_too() -> None:
    memory = bytearray(SIZE_BYTES)
    system, _ = place(memory, "node/one")
    system.tell("node/one", "fail")
    system.run()
    assert look(memory).path == ""


def test_an_actor_keeps_its_number_over_its_incarnations() -> None:
    turns = Turns(memoryview(bytearray(SIZE_BYTES)), 1)
    assert turns.number("node/one") == turns.number("node/one") == 1
    assert turns.number("node/two") == 2


def test_what_has_no_place_in_the_table_is_never_named_and_harms_nobody() -> None:
    memory = bytearray(SIZE_BYTES)
    turns = Turns(memoryview(memory), 1)
    assert turns.number("n/" + "é" * PATH_BYTES) == 0
    for number in range(PATHS_MAX):
        turns.number(f"node/{number}")
    assert turns.number("node/late") == 0
    turns.words[TURN] = PATHS_MAX
    assert look(memory).path == f"node/{PATHS_MAX - 1}"
    turns.words[TURN] = turns.number("node/late")
    assert look(memory).path == ""


def test_another_process_reads_it_from_a_file_and_the_next_incarnation_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "turn-node"
    assert read_turn(file) is None
    turns = create_turns(file, 3)
    turns.words[TURN] = turns.number("node/one")
    assert read_turn(file) == Turn(3, 0, "node/one")
    create_turns(file, 4)
    assert read_turn(file) == Turn(4, 0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["turn-node"]


def test_a_part_of_a_file_tells_nothing(tmp_path: Path) -> None:
    file = tmp_path / "turn-node"
    file.write_bytes(bytes(100))
    assert read_turn(file) is None


def test_without_room_there_is_no_file_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", refuse)
    with pytest.raises(OSError, match="No space"):
        create_turns(tmp_path / "turn-node", 1)
    assert list(tmp_path.iterdir()) == []
