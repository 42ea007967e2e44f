import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from tradigrade.supervisors.lifeline import LINE_LIMIT, Lifeline


class Ends:
    """Both ends of a lifeline; what the second one hears is kept."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.ours, theirs = socket.socketpair()
        self.said: list[tuple[str, str]] = []
        self.closed = asyncio.Event()
        self.near = Lifeline(self.loop, self.ours, lambda *_: None, lambda: None)
        self.far = Lifeline(self.loop, theirs, lambda word, detail: self.said.append((word, detail)), self.closed.set)

    async def close(self) -> None:
        self.near.close()
        async with asyncio.timeout(5):
            await self.closed.wait()


def play(test: Callable[[Ends], Awaitable[None]]) -> None:
    async def run() -> None:
        ends = Ends()
        try:
            await test(ends)
        finally:
            ends.near.close()
            ends.far.close()

    asyncio.run(run())


def test_words_arrive_whole_and_in_order_before_the_end_is_noticed() -> None:
    async def test(ends: Ends) -> None:
        for number in range(100):
            ends.near.say("word", str(number))
        await ends.close()
        assert ends.said == [("word", str(number)) for number in range(100)]

    play(test)


@pytest.mark.parametrize("letter", ["x", '"', "\n", "\x00", "€", "😀"])
def test_a_word_too_long_is_cut_and_never_ends_the_line(letter: str) -> None:
    async def test(ends: Ends) -> None:
        ends.near.say("failed", letter * 10 * LINE_LIMIT)
        ends.near.say("bye")
        await ends.close()
        (word, detail), bye = ends.said
        assert (word, bye) == ("failed", ("bye", ""))
        assert detail == letter * len(detail)
        assert len(detail) >= 1000

    play(test)


def test_a_line_without_an_end_is_not_waited_for() -> None:
    async def test(ends: Ends) -> None:
        ends.ours.setblocking(True)
        await asyncio.to_thread(ends.ours.sendall, b"x" * (LINE_LIMIT + 1))
        async with asyncio.timeout(5):
            await ends.closed.wait()
        assert ends.said == []

    play(test)


def test_speaking_to_one_who_is_gone_is_silence() -> None:
    async def test(ends: Ends) -> None:
        ends.far.close()
        ends.near.say("stop", "shutdown")
        ends.near.close()
        ends.near.say("stop", "shutdown")

    play(test)
