"""Actors in the background: the others take their turns first, and yet they always come to theirs."""

from typing import Any

from tests.kit.cells import VirtualSystem
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.cell import BACKGROUND_EVERY, CellActor


class Noting(Actor):
    """Notes whose turn it was, and tells itself again so many times."""

    mailbox_limit = 10_000

    def __init__(self, noted: list[str]) -> None:
        self.noted = noted

    def receive(self, message: Any) -> None:
        self.noted.append(self.context.path.partition("/")[2])
        if message:
            self.context.tell(self.context.path, message - 1)


class Behind(Noting):
    in_background = True


def place(*paths: str) -> tuple[VirtualSystem, list[str]]:
    system, noted = VirtualSystem("node"), list[str]()
    for path in paths:
        system.place(f"node/{path}", (Behind if path.startswith("behind") else Noting)(noted))
    system.run()
    return system, noted


def test_what_was_told_first_waits_for_those_that_are_not_in_the_background() -> None:
    system, noted = place("behind", "one", "two")
    for path in ("behind", "one", "two"):
        system.tell(f"node/{path}", 0)
    system.run()
    assert noted == ["one", "two", "behind"]


def test_however_busy_the_others_are_it_has_its_turn_in_time() -> None:
    system, noted = place("behind", "one", "two")
    for path in ("one", "two", "behind"):
        system.tell(f"node/{path}", 200)
    system.run()
    share = CellActor.share
    first = noted.index("behind")
    assert 0 < first <= BACKGROUND_EVERY * share
    assert noted.count("behind") == noted.count("one") == noted.count("two") == 201


def test_alone_it_takes_every_turn() -> None:
    system, noted = place("behind")
    system.tell("node/behind", 50)
    system.run()
    assert len(noted) == 51
