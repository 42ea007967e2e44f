"""A system on the loops of production: cells on the loop's thread, actors on threads of their own, real time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop

from tests.kit.cells import Puppet
from tradigrade.kernel.clock import SystemClock
from tradigrade.kernel.envelope import Reply
from tradigrade.kernel.errors import AskTimeout
from tradigrade.kernel.identity import SystemEntropy
from tradigrade.kernel.system import System

WAIT_S = 10.0
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def run(loop: str, scenario: Callable[[System], Awaitable[None]]) -> None:
    """Play a scenario in a system on a loop of that kind, and end every actor of it."""

    async def play() -> None:
        system = System("node", asyncio.get_running_loop(), SystemClock(), SystemEntropy())
        async with asyncio.timeout(WAIT_S):
            await scenario(system)
        for path in system.actors:
            system.kill(path)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(play())


async def answer(reply: Reply) -> Any:
    """What the reply is resolved with."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    reply.then(lambda done: future.set_result(done.error or done.value))
    return await future


def pass_on(path: str, question: Any) -> Callable[[Puppet], Reply]:
    """Told to a puppet, it asks another one and answers with what that one says."""
    return lambda puppet: puppet.context.ask(path, question, WAIT_S)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_question_goes_from_cell_to_thread_and_back(loop: str) -> None:
    async def scenario(system: System) -> None:
        system.spawn("node/cell", Puppet)
        system.spawn("node/thread", Puppet, runtime="threads")
        there = pass_on("node/thread", "question")
        assert await answer(system.ask("node/cell", there, WAIT_S)) == "question"
        assert await answer(system.ask("node/thread", pass_on("node/cell", there), WAIT_S)) == "question"

    run(loop, scenario)


@pytest.mark.parametrize("loop", LOOPS)
def test_timers_of_threads_fire_and_are_given_back(loop: str) -> None:
    async def scenario(system: System) -> None:
        done = Reply()

        def tick(puppet: Puppet) -> None:
            puppet.log.append("tick")
            if len(puppet.log) == 3:
                puppet.context.exit("normal")
                done.resolve(list(puppet.log))

        def set_timers(puppet: Puppet) -> None:
            puppet.context.schedule(0.0, fail_if_called).cancel()
            puppet.context.repeat(0.001, tick)

        def fail_if_called(puppet: Puppet) -> None:
            puppet.log.append("given back")

        system.spawn("node/thread", Puppet, runtime="threads")
        system.tell("node/thread", set_timers)
        assert await asyncio.to_thread(done.wait, WAIT_S) == ["tick"] * 3

    run(loop, scenario)


@pytest.mark.parametrize("runtime", ["cell", "threads"])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_question_asked_from_a_plain_thread_is_answered_or_times_out(loop: str, runtime: str) -> None:
    async def scenario(system: System) -> None:
        system.spawn("node/puppet", Puppet, runtime=runtime)

        def ask() -> Any:
            return system.ask("node/puppet", "question", WAIT_S).wait(WAIT_S)

        def ask_in_vain() -> Any:
            return system.ask("node/puppet", lambda _: Reply(), 0.01).wait(0.01)

        assert await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(20))) == ["question"] * 20
        with pytest.raises(AskTimeout):
            await asyncio.to_thread(ask_in_vain)

    run(loop, scenario)
