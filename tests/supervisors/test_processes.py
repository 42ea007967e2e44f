"""Real processes, really killed. Every wait is for an event and has a bound."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.kit.launched import LIMIT_S, NODES, WARM, Launched, gone, launch, node, nodes
from tradigrade.supervisors.process_table import FORK_SERVERS
from tradigrade.supervisors.requests import Done, StartChild, TerminateChild

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture(autouse=True)
def _findable(monkeypatch: pytest.MonkeyPatch) -> None:
    """New processes find the target, wherever the tests were started."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_node_is_forked_from_the_warm_server_and_stops_in_good_order() -> None:
    async def test(launched: Launched) -> None:
        found = await launched.runs("node")
        assert parent_of(found.pid) == launched["forkserver"].pid
        assert parent_of(launched["spare"].pid) == launched["forkserver"].pid, "each is forked from the other"
        await launched.end()
        assert {process.state for process in launched.spawner.processes.values()} == {"stopped"}
        assert (found.reason, launched["spare"].reason) == ("shutdown", "shutdown")
        await gone(found.pid)

    launch(nodes(*WARM, node()), test)


def test_a_node_without_a_fork_server_is_a_fresh_interpreter() -> None:
    async def test(launched: Launched) -> None:
        found = await launched.runs("node")
        assert parent_of(found.pid) == os.getpid()

    launch(nodes(node()), test)


def test_a_killed_node_is_heard_at_once_and_restarted() -> None:
    async def test(launched: Launched) -> None:
        first, other = await launched.runs("node"), await launched.runs("other")
        os.kill(first.pid, signal.SIGKILL)
        second = await launched.runs("node", 2)
        assert (first.state, first.reason) == ("stopped", "killed")
        assert (second.restarts, second.pid != first.pid) == (1, True)
        (report,) = [report for report in launched.spawner.reports() if report.name == "node"]
        assert report.up_ms is not None
        assert 0 < report.up_ms < LIMIT_S * 1000
        assert launched["other"] is other, "nobody else was touched"

    launch(nodes(*WARM, node(), node("other")), test)


def test_when_the_fork_server_is_killed_no_node_is_lost_and_the_other_one_takes_over() -> None:
    async def test(launched: Launched) -> None:
        first = await launched.runs("node")
        spare = launched["spare"].pid
        os.kill(launched["forkserver"].pid, signal.SIGKILL)
        server = await launched.runs("forkserver", 2)
        assert parent_of(server.pid) == spare
        os.kill(first.pid, 0)
        assert launched["node"] is first
        os.kill(first.pid, signal.SIGKILL)
        second = await launched.runs("node", 2)
        assert parent_of(second.pid) == spare

    launch(nodes(*WARM, node()), test)


def test_when_all_fork_servers_are_killed_they_come_back() -> None:
    async def test(launched: Launched) -> None:
        await launched.runs("node")
        for name in FORK_SERVERS:
            os.kill(launched[name].pid, signal.SIGKILL)
        for name in FORK_SERVERS:
            await launched.until(lambda name=name: launched[name].incarnation > 1 and launched[name].state == "running")
        assert launched["node"].incarnation == 1

    launch(nodes(*WARM, node()), test)


def test_a_process_whose_launcher_is_gone_ends_by_itself() -> None:
    async def test(launched: Launched) -> None:
        found = await launched.runs("node")
        assert found.lifeline is not None
        found.lifeline.close()
        await gone(found.pid)
        found.state = "stopped"
        launched.kill_all()

    launch(nodes(node()), test)


def test_a_process_that_never_stops_is_killed_after_its_shutdown_time() -> None:
    async def test(launched: Launched) -> None:
        found = await launched.runs("node")
        await launched.end()
        assert (found.state, found.reason) == ("stopped", "killed")

    launch(nodes(node(shutdown_s=0.2, deaf=True)), test)


def test_a_process_that_never_serves_is_killed() -> None:
    async def test(launched: Launched) -> None:
        assert "did not start within 1 s" in await launched.down()

    launch(nodes(node(start_s=1.0, mute=True)), test)


def test_a_process_that_cannot_start_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    async def test(launched: Launched) -> None:
        assert "child 'node' failed to start" in await launched.down()

    launch(nodes(*WARM, node(fails=True)), test)
    assert "RuntimeError: this process cannot start" in capfd.readouterr().err


def test_a_fork_server_that_hangs_is_replaced_and_holds_nothing_up() -> None:
    async def test(launched: Launched) -> None:
        found = await launched.runs("node")
        os.kill(launched["forkserver"].pid, signal.SIGSTOP)
        os.kill(found.pid, signal.SIGKILL)
        await launched.runs("node", 2)
        assert (await launched.runs("forkserver", 2)).restarts == 1

    launch(nodes(*WARM, node()), test)


def test_a_start_that_was_asked_of_a_fork_server_that_hangs_succeeds_by_the_other() -> None:
    async def test(launched: Launched) -> None:
        for name in FORK_SERVERS:
            await launched.runs(name)
        os.kill(launched["forkserver"].pid, signal.SIGSTOP)
        launched.system.ask(NODES, StartChild(node("late")), LIMIT_S)
        assert (await launched.runs("late")).restarts == 0
        assert (await launched.runs("forkserver", 2)).restarts == 1

    launch(nodes(*WARM), test)


def test_a_start_taken_back_while_the_fork_servers_hang_holds_nothing_up() -> None:
    async def test(launched: Launched) -> None:
        servers = [await launched.runs(name) for name in FORK_SERVERS]
        for server in servers:
            os.kill(server.pid, signal.SIGSTOP)
        launched.system.ask(NODES, StartChild(node("late")), LIMIT_S)
        answered = asyncio.get_running_loop().create_future()
        launched.system.ask(NODES, TerminateChild("late"), LIMIT_S).then(answered.set_result)
        assert (await asyncio.wait_for(answered, LIMIT_S)).value == Done()
        await launched.end()
        for server in servers:
            await gone(server.pid)

    launch(nodes(*WARM), test)


def test_a_fork_server_told_to_stop_while_it_warms_up_stops_in_good_order() -> None:
    async def test(launched: Launched) -> None:
        await launched.until(lambda: "forkserver" in launched.spawner.processes)
        await launched.end()
        assert launched["forkserver"].reason == "shutdown"

    launch(nodes(*WARM), test)
