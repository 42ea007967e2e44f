"""The console node's actor: folds every report it hears and keeps the server open."""

from collections.abc import Callable
from typing import Any

import msgspec

from ..exchanges.tasks import PortBroke, TaskSet
from ..kernel.actor import Actor
from ..kernel.envelope import Reply
from ..supervisors.reports import NodeBeat, NodeReport, SystemReport
from ..trading.messages import StateAsked
from ..trading.views import FeedView, TradingSnapshot
from ..transports.control import (
    ChaosProgress,
    ChartAnswered,
    ChartAsked,
    FeedAsked,
    ReconciliationAnswered,
    ReconciliationAsked,
    RiskAnswered,
    RiskAsked,
)
from .server import AddressFault, ConsoleServer
from .state import ConsoleState

HEALTH_PERIOD_S = 1.0
ASK_PERIOD_S = 1.0
ASK_TTL_S = 1.0


class ConsoleBroke(Exception):
    """The server could not open, or stopped pushing."""


class _Opened(msgspec.Struct, frozen=True):
    port: int


class _HealthDue:
    pass


class _AskDue:
    pass


class Console(Actor):
    """Serves once the port is open; crashes with its server. Holds no history that a restart would miss."""

    acknowledges_start = True

    def __init__(
        self,
        host: str,
        port: int,
        risk: str,
        executor: str = "trader/trading/account/executor",
        portfolio: str = "trader/portfolio",
        feeds: tuple[str, ...] = (),
    ) -> None:
        """`risk` is whom to ask for the limits, `executor` for how books and venue compare, `feeds` for how far market
        data is to be trusted, `portfolio` for a whole snapshot where one was missed."""
        self.host = host
        self.port = port
        self.risk = risk
        self.executor = executor
        self.portfolio = portfolio
        self.feeds = feeds

    def start(self) -> None:
        self._state = ConsoleState()
        self._server: ConsoleServer = self.context.ports["console_server"](self._state, self.context.now_ns)
        self._tasks: TaskSet = self.context.ports["tasks"]
        system, path = self.context.system, self.context.path
        self._deliver: Callable[[Any], bool] = lambda word: system.tell(path, word, sender="port/console")
        self._tasks.broke = self._deliver
        self._tasks.run(self._open())

    def stop(self, reason: str) -> None:
        self._tasks.run(self._server.stop())

    def receive(self, message: Any) -> Any:
        match message:
            case NodeBeat():
                self._state.hear(message, self.context.now_ns())
            case NodeReport() | SystemReport() | TradingSnapshot() | ChaosProgress():
                self._state.apply(message, self.context.now_ns())
                if self._state.misses_whole and isinstance(message, TradingSnapshot):
                    self.context.tell(self.portfolio, StateAsked(), ttl_s=ASK_TTL_S)
                self._server.notify()
                self.context.progress()
            case _Opened():
                self.context.acknowledge()
                self.context.repeat(HEALTH_PERIOD_S, _HealthDue())
                self.context.repeat(ASK_PERIOD_S, _AskDue())
            case PortBroke(reason):
                raise ConsoleBroke(reason)
            case _HealthDue() if self._server.fault is not None:
                raise ConsoleBroke(f"pushing ended: {self._server.fault!r}")
            case _AskDue():
                self._ask()

    def _ask(self) -> None:
        """What somebody looks at just now."""
        now_ns = self.context.now_ns()
        if self._state.risk.wanted(now_ns):
            self.context.ask(self.risk, RiskAsked(), ASK_PERIOD_S).then(self._hear_risk)
        if self._state.reconciliation.wanted(now_ns):
            self.context.ask(self.executor, ReconciliationAsked(), ASK_PERIOD_S).then(self._hear_executor)
        if self._state.data.wanted(now_ns):
            for path in self.feeds:
                self.context.ask(path, FeedAsked(), ASK_PERIOD_S).then(self._hear_feed)
        for chart in self._state.charts.wanted(now_ns):
            self._ask_chart(chart)

    def _ask_chart(self, chart: ChartAsked) -> None:
        def hear(reply: Reply) -> None:
            if isinstance(reply.value, ChartAnswered):
                self._state.charts.hear(reply.value, self.context.now_ns())
            else:
                self._state.charts.miss(chart.symbol, str(reply.error or reply.value))

        self.context.ask(self.portfolio, chart, ASK_PERIOD_S).then(hear)

    def _hear_feed(self, reply: Reply) -> None:
        if isinstance(reply.value, FeedView):
            self._state.data.hear_feed(reply.value, self.context.now_ns())
        else:
            self._state.data.miss(str(reply.error or reply.value))

    def _hear_risk(self, reply: Reply) -> None:
        if isinstance(reply.value, RiskAnswered):
            self._state.risk.hear(reply.value, self.context.now_ns())
        else:
            self._state.risk.miss(str(reply.error or reply.value))

    def _hear_executor(self, reply: Reply) -> None:
        if isinstance(reply.value, ReconciliationAnswered):
            self._state.reconciliation.hear(reply.value, self.context.now_ns())
        else:
            self._state.reconciliation.miss(str(reply.error or reply.value))

    async def _open(self) -> None:
        try:
            port = await self._server.start(self.host, self.port)
        except AddressFault as fault:
            self._deliver(PortBroke(str(fault)))
            return
        self._deliver(_Opened(port))
