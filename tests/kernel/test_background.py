"""Actors in the background and urgent ones: who takes turns first, and yet everybody always comes to theirs."""

from typing import Any

import pytest

from tests.kit.cells import VirtualSystem
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.cell import BACKGROUND_EVERY, OTHERS_EVERY, CellActor


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


class Urgent(Noting):
    urgent = True


KINDS = {"behind": Behind, "urgent": Urgent}


def place(*paths: str) -> tuple[VirtualSystem, list[str]]:
    system, noted = VirtualSystem("node"), list[str]()
    for path in paths:
        system.place(f"node/{path}", KINDS.get(path, Noting)(noted))
    system.run()
    return system, noted


def test_what_was_told_first_waits_for_those_that_are_more_urgent() -> None:
    system, noted = place("behind", "one", "two", "urgent")
    for path in ("behind", "one", "two", "urgent"):
        system.tell(f"node/{path}", 0)
    system.run()
    assert noted == ["urgent", "one", "two", "behind"]


@pytest.mark.parametrize(
    ("busy", "waiting", "every"),
    [
        (("one", "two"), "behind", BACKGROUND_EVERY),
        (("one", "urgent"), "behind", BACKGROUND_EVERY),
        (("urgent",), "one", OTHERS_EVERY),
    ],
)
def test_however_busy_the_others_are_it_has_its_turn_in_time(busy: tuple[str, ...], waiting: str, every: int) -> None:
    system, noted = place(*busy, waiting)
    for path in (*busy, waiting):
        system.tell(f"node/{path}", 200)
    system.run()
    first = noted.index(waiting)
    assert 0 < first <= every * CellActor.share
    assert [noted.count(path) for path in (*busy, waiting)] == [201] * (len(busy) + 1)


@pytest.mark.parametrize("mail", [0, 1, 10])
def test_whom_an_actor_told_has_its_turn_before_what_it_leaves_for_afterwards(mail: int) -> None:
    class Leaving(Noting):
        urgent = True

        def receive(self, message: Any) -> None:
            self.noted.append("told")
            if message == "leave":
                self.context.tell("node/urgent", 0)
                self.context.afterwards(lambda: self.noted.append("afterwards"))

    system, noted = place("urgent")
    system.place("node/leaving", Leaving(noted))
    system.run()
    for message in ("leave", *range(mail)):
        system.tell("node/leaving", message)
    system.run()
    assert noted == ["told", "urgent", "afterwards", *["told"] * mail]


def test_alone_it_takes_every_turn() -> None:
    system, noted = place("behind")
    system.tell("node/behind", 50)
    system.run()
    assert len(noted) == 51
