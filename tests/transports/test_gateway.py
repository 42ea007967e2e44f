"""Two nodes of one process, over real sockets: every wait is for an event and has a bound."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from tests.kit.cells import Puppet, fail
from tradigrade.kernel.clock import Clock, ManualClock, SystemClock
from tradigrade.kernel.envelope import Envelope, Reply
from tradigrade.kernel.errors import ActorDead, ActorFailed, AskTimeout
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.system import System
from tradigrade.trading.messages import RiskAlert, StateAsked
from tradigrade.trading.order_events import PositionAsked, StrategyPosition
from tradigrade.transports import gateway as gateways
from tradigrade.transports.codec import FRAME_LIMIT
from tradigrade.transports.gateway import HIGH_WATER_MARK, OUTGOING_LIMIT, Gateway, endpoint

LIMIT_S = 10.0


class Hearing(Puppet):
    """Answers by `answer`, and can be waited for."""

    def __init__(self, answer: Callable[[Any], Any] = lambda _: StateAsked()) -> None:
        super().__init__()
        self._answer = answer
        self._heard = asyncio.Event()

    def receive(self, message: Any) -> Any:
        self.log.append(message)
        self._heard.set()
        return self._answer(message)

    async def hears(self, amount: int = 1) -> list[Any]:
        async with asyncio.timeout(LIMIT_S):
            while len(self.log) < amount:
                self._heard.clear()
                await self._heard.wait()
        return self.log


class Nodes:
    """Nodes by name, on the running loop."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._gateways: dict[str, Gateway] = {}

    def node(self, name: str, *, incarnation: str = "1", clock: Clock | None = None, start: bool = True) -> System:
        system = System(name, asyncio.get_running_loop(), clock or SystemClock(), SeededEntropy(1))
        system.transport = self._gateways[name] = Gateway(system, self.directory, f"{name}-{incarnation}")
        if start:
            self._gateways[name].start()
        return system

    def gateway(self, name: str) -> Gateway:
        return self._gateways[name]

    def close(self, name: str) -> None:
        self._gateways.pop(name).close()

    def close_all(self) -> None:
        for name in list(self._gateways):
            self.close(name)


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short: the name of a socket has 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="tg-", dir="/tmp"))
    yield made
    shutil.rmtree(made)


def play(directory: Path, test: Callable[[Nodes], Awaitable[None]]) -> None:
    async def run() -> None:
        nodes = Nodes(directory)
        try:
            await test(nodes)
        finally:
            nodes.close_all()

    asyncio.run(run())


def place(system: System, actor: Hearing | None = None) -> Hearing:
    made = actor or Hearing()
    system.spawn(f"{system.node}/ear", lambda: made)
    return made


async def resolved(reply: Reply) -> Reply:
    done = asyncio.Event()
    reply.then(lambda _: done.set())
    async with asyncio.timeout(LIMIT_S):
        await done.wait()
    return reply


async def until(holds: Callable[[], object]) -> None:
    """For what another thread does and nobody tells."""
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def test_a_message_told_to_another_node_arrives_as_it_was_sent_in_order(directory: Path) -> None:
    async def test(nodes: Nodes) -> None:
        one, two = nodes.node("one"), nodes.node("two")
        ear = place(two)
        alerts = [RiskAlert("code", "detail", number) for number in range(100)]
        for alert in alerts:
            assert one.tell("two/ear", alert)
        assert await ear.hears(100) == alerts

    play(directory, test)


@pytest.mark.parametrize(
    ("path", "answer", "error", "says"),
    [
        ("two/ear", lambda asked: StrategyPosition(asked.strategy, asked.symbol, 1), None, ""),
        ("two/nobody", None, ActorFailed, "nobody lives at 'two/nobody'"),
        ("two/ear", fail, ActorFailed, "'two/ear' failed: RuntimeError: boom"),
        ("two/ear", lambda _: None, ActorFailed, "a NoneType may not cross a process border"),
        ("two/ear", lambda _: object(), ActorFailed, "the answer of 'two/ear' is refused: a object may not cross"),
        ("two/ear", lambda _: RiskAlert("code", "x" * FRAME_LIMIT, 1), ActorFailed, "is over the bound"),
        ("two/ear", lambda _: Reply(), AskTimeout, "'two/ear' did not answer PositionAsked within 0.2 s"),
        ("nowhere/ear", None, AskTimeout, "'nowhere/ear' did not answer PositionAsked within 0.2 s"),
    ],
    ids=["value", "nobody", "crash", "no answer", "unsound answer", "too large an answer", "silence", "no such node"],
)
def test_an_ask_of_another_node_always_resolves(
    directory: Path, path: str, answer: Any, error: type[Exception] | None, says: str
) -> None:
    async def test(nodes: Nodes) -> None:
        one, two = nodes.node("one"), nodes.node("two")
        place(two, Hearing(answer))
        timeout_s = 0.2 if error is AskTimeout else LIMIT_S
        reply = await resolved(one.ask(path, PositionAsked("s", "BTC"), timeout_s))
        assert (type(reply.error) if reply.error else None) is error
        assert says in str(reply.error or "")
        if error is None:
            assert reply.value == StrategyPosition("s", "BTC", 1)
        assert nodes.gateway("one")._questions == {}, "what is resolved is forgotten"

    play(directory, test)


def test_an_answer_that_may_not_cross_does_not_stop_the_node(directory: Path) -> None:
    async def test(nodes: Nodes) -> None:
        one, two = nodes.node("one"), nodes.node("two")
        ear = place(two, Hearing(lambda _: object()))
        await resolved(one.ask("two/ear", StateAsked(), LIMIT_S))
        one.tell("two/ear", StateAsked())
        await ear.hears(2)
        assert two.metrics.counters["wire_faults"] >= 1

    play(directory, test)


def test_a_message_that_may_not_cross_is_a_dead_letter_and_its_asker_is_told(directory: Path) -> None:
    async def test(nodes: Nodes) -> None:
        one = nodes.node("one")
        reply = one.ask("two/ear", object(), LIMIT_S)
        assert isinstance(reply.error, ActorDead)
        assert (one.metrics.counters["wire_faults"], one.metrics.counters["dead_letters"]) == (1, 1)

    play(directory, test)


def test_a_path_that_is_only_the_own_name_is_no_other_node(directory: Path) -> None:
    async def test(nodes: Nodes) -> None:
        one = nodes.node("one")
        assert not one.tell("one", StateAsked())
        assert [letter.target for letter in one.dead_letters] == ["one"]

    play(directory, test)


def test_for_a_peer_that_is_away_a_bounded_number_waits_and_the_rest_is_counted(directory: Path) -> None:
    async def test(nodes: Nodes) -> None:
        one, sent = nodes.node("one"), HIGH_WATER_MARK + 150
        for number in range(sent):
            assert one.tell("two/ear", RiskAlert("code", "", number))
        await until(lambda: one.metrics.counters.get("wire_frames_dropped", 0) == sent - HIGH_WATER_MARK)
        ear = place(nodes.node("two"))
        assert [alert.at_ns for alert in await ear.hears(HIGH_WATER_MARK)] == list(range(HIGH_WATER_MARK))

    play(directory, test)


def test_a_gateway_that_does_not_keep_up_refuses_past_its_bound(directory: Path) -> None:
    async def test(nodes: Nodes) -> None:
        one = nodes.node("one", start=False)
        taken = sum(one.tell("two/ear", StateAsked()) for _ in range(OUTGOING_LIMIT + 10))
        nodes.gateway("one").start()
        assert taken == OUTGOING_LIMIT
        assert one.metrics.counters["dead_letters"] == 10

    play(directory, test)


def test_a_message_that_arrives_past_its_deadline_is_not_handled_and_counted(directory: Path) -> None:
    async def test(nodes: Nodes) -> None:
        one, later = nodes.node("one"), ManualClock(SystemClock().now_ns() + 10**10)
        for deadline_ns, code in ((later.now_ns() - 1, "late"), (later.now_ns() + 1, "in time")):
            one.deliver("two/ear", Envelope(RiskAlert(code, "", 1), deadline_ns=deadline_ns))
        two = nodes.node("two", clock=later)
        ear = place(two)
        (heard,) = await ear.hears()
        assert heard.code == "in time"
        assert two.metrics.counters["expired"] == 1

    play(directory, test)


def test_a_peer_restarted_under_its_name_is_reached_again_and_reaches_again(directory: Path) -> None:
    async def test(nodes: Nodes) -> None:
        one = nodes.node("one")
        for incarnation in "123":
            two = nodes.node("two", incarnation=incarnation)
            place(two)
            assert (await resolved(one.ask("two/ear", StateAsked(), LIMIT_S))).error is None
            if incarnation == "1":
                place(one)
            assert (await resolved(two.ask("one/ear", StateAsked(), LIMIT_S))).error is None
            nodes.close("two")

    play(directory, test)


def test_an_answer_to_what_an_earlier_incarnation_asked_is_ignored(directory: Path) -> None:
    async def test(nodes: Nodes) -> None:
        two, held = nodes.node("two"), Reply()
        answers = iter([held, StrategyPosition("s", "the new answer", 2)])
        ear = place(two, Hearing(lambda _: next(answers)))
        nodes.node("one", incarnation="1").ask("two/ear", PositionAsked("s", "old"), LIMIT_S)
        await ear.hears()
        nodes.close("one")
        silent = Reply()
        two.spawn("two/silent", lambda: Hearing(lambda _: silent))
        reborn = nodes.node("one", incarnation="2")
        first = reborn.ask("two/silent", PositionAsked("s", "new"), LIMIT_S)
        assert list(nodes.gateway("one")._questions) == [1], "the number of the old question"
        held.resolve(StrategyPosition("s", "the old answer", 1))
        second = await resolved(reborn.ask("two/ear", PositionAsked("s", "new"), LIMIT_S))
        assert second.value.symbol == "the new answer", "it came after the old one"
        assert not first.done
        silent.resolve(StrategyPosition("s", "late but right", 3))
        assert (await resolved(first)).value.symbol == "late but right"

    play(directory, test)


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x91" * 1000, b"x" * (FRAME_LIMIT + 1)], ids=len)
def test_junk_on_the_socket_harms_nobody(directory: Path, junk: bytes) -> None:
    async def test(nodes: Nodes) -> None:
        one, two = nodes.node("one"), nodes.node("two")
        ear = place(two)
        with zmq.Context() as context, context.socket(zmq.DEALER) as stranger:
            stranger.setsockopt(zmq.LINGER, 0)
            stranger.connect(endpoint(directory, "two"))
            stranger.send(junk)
            stranger.send_multipart([junk, junk])
            if len(junk) <= FRAME_LIMIT:
                await until(lambda: two.metrics.counters.get("wire_faults") == 2)
            one.tell("two/ear", StateAsked())
            await ear.hears()

    play(directory, test)


def test_links_are_bounded_and_made_again_when_needed(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "PEERS_LIMIT", 2)

    async def test(nodes: Nodes) -> None:
        one = nodes.node("one")
        names = [f"peer{number}" for number in range(5)]
        for name in names:
            place(nodes.node(name))
        for name in names * 2:
            assert (await resolved(one.ask(f"{name}/ear", StateAsked(), LIMIT_S))).error is None
            assert len(nodes.gateway("one")._peers) <= 2

    play(directory, test)


def test_a_gateway_that_cannot_bind_says_so(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(nodes: Nodes) -> None:
        gateway = Gateway(nodes.node("one", start=False), directory / "missing", "1")
        with pytest.raises(zmq.ZMQError, match="missing"):
            gateway.start()
        nodes.gateway("one").start()

    play(directory, test)
