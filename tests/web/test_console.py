"""The console's actor: whom it asks, and when."""

from decimal import Decimal
from typing import Any

from tests.kit.cells import VirtualSystem
from tradigrade.kernel.actor import Actor
from tradigrade.trading.messages import AccountReconciled
from tradigrade.transports.control import (
    Failed,
    ReconciliationAnswered,
    ReconciliationAsked,
    RiskAnswered,
    RiskAsked,
)
from tradigrade.web.console import ASK_PERIOD_S, Console, _Opened
from tradigrade.web.state import ConsoleState

ANSWERS = {
    RiskAsked: RiskAnswered("1-a", "r", (), (), {"BTC/USDT": Decimal("0.5")}, 1),
    ReconciliationAsked: ReconciliationAnswered(AccountReconciled(True, (), 2, 0, 1), (), (), ()),
}


class Answerer(Actor):
    def __init__(self, asked: list[Any]) -> None:
        self.asked = asked

    def receive(self, message: Any) -> Any:
        self.asked.append(type(message))
        return ANSWERS.get(type(message), Failed("not mine"))


class SilentServer:
    fault = None

    def __init__(self, state: ConsoleState, clock_ns: Any) -> None:
        self.state = state

    async def start(self, host: str, port: int) -> int:
        return port

    def notify(self) -> None:
        """Nobody looks."""


class SilentTasks:
    """Runs nothing: the tests tell what would come of it."""

    broke: Any = None

    def run(self, task: Any) -> None:
        task.close()


def started() -> tuple[VirtualSystem, ConsoleState, list[Any]]:
    system, asked = VirtualSystem("console"), []  # type: ignore[var-annotated]
    servers: list[SilentServer] = []

    def serve(state: ConsoleState, clock_ns: Any) -> SilentServer:
        servers.append(SilentServer(state, clock_ns))
        return servers[-1]

    system.ports = {"console_server": serve, "tasks": SilentTasks()}
    for path in ("trader/risk", "trader/executor"):
        system.spawn(path, lambda: Answerer(asked))
    system.spawn("console/console", lambda: Console("127.0.0.1", 0, "trader/risk", "trader/executor"))
    system.run()
    system.tell("console/console", _Opened(1))
    system.run()
    return system, servers[0].state, asked


def test_risk_and_executor_are_asked_only_while_somebody_looks() -> None:
    system, state, asked = started()
    system.advance(5 * ASK_PERIOD_S)
    assert asked == []
    state.reconciliation.look(system.clock.now_ns())
    system.advance(ASK_PERIOD_S)
    assert asked == [ReconciliationAsked]
    told = state.reconciliation.look(system.clock.now_ns())
    assert (told["equal"], told["open_orders"], told["fault"]) == (True, 2, "")
    state.risk.look(system.clock.now_ns())
    system.advance(ASK_PERIOD_S)
    assert state.risk.look(system.clock.now_ns())["scales"] == {"BTC/USDT": "0.5"}
    system.advance(20 * ASK_PERIOD_S)
    asked.clear()
    system.advance(5 * ASK_PERIOD_S)
    assert asked == []


def test_a_no_is_shown_with_its_reason(monkeypatch: Any) -> None:
    monkeypatch.delitem(ANSWERS, ReconciliationAsked)
    system, state, _ = started()
    state.reconciliation.look(system.clock.now_ns())
    system.advance(ASK_PERIOD_S)
    told = state.reconciliation.look(system.clock.now_ns())
    assert (told["equal"], "not mine" in told["fault"]) == (None, True), told["fault"]
