"""Blocking calls beside the loop: in order, in another thread, and how each ended comes back to the loop's own."""

from queue import Queue
from threading import get_ident
from typing import Any

import pytest

from tradigrade.storage.background import OneThread, run_at_once
from tradigrade.storage.journal import JournalFault

WITHIN_S = 10.0


class QueueLoop:
    """Hands what was scheduled from another thread to the test's own."""

    def __init__(self) -> None:
        self.queue: Queue[Any] = Queue()
        self.call_soon = self.call_soon_threadsafe = self.queue.put

    def call_later(self, delay: float, callback: Any) -> Any:
        raise AssertionError("nothing is delayed")

    def turn(self) -> None:
        self.queue.get(timeout=WITHIN_S)()


def refuse(error: BaseException) -> Any:
    raise error


def test_what_a_disk_refuses_is_told_in_words_and_success_with_none() -> None:
    told: list[str] = []
    run_at_once(lambda: None, told.append)
    run_at_once(lambda: refuse(JournalFault("the disk is full")), told.append)
    run_at_once(lambda: refuse(OSError()), told.append)
    assert told == ["", "the disk is full", "OSError"]


def test_a_call_runs_in_another_thread_and_its_end_comes_to_this_one() -> None:
    loop, told, ran = QueueLoop(), list[tuple[str, int]](), list[int]()
    run = OneThread(loop)
    run(lambda: ran.append(get_ident()), lambda fault: told.append((fault, get_ident())))
    run(lambda: refuse(OSError(5, "broken")), lambda fault: told.append((fault, get_ident())))
    loop.turn()
    loop.turn()
    assert told == [("", get_ident()), ("[Errno 5] broken", get_ident())]
    assert ran[0] != get_ident()


def test_an_error_that_is_none_of_the_disks_is_raised_on_the_loop() -> None:
    loop, told = QueueLoop(), list[str]()
    OneThread(loop)(lambda: refuse(ValueError("ours")), told.append)
    with pytest.raises(ValueError, match="ours"):
        loop.turn()
    assert told == []
