"""The doors of a simulated node: the same names and contracts as `ports.py`, and nothing real behind them."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from ..actors.venue_server import ServerOpened
from ..config.feeds import feed_plans
from ..config.run import Run
from ..exchanges.listing import ListingPort, ListingWord
from ..exchanges.market import MarketPort, MarketWord
from ..exchanges.tasks import PortBroke
from ..exchanges.venue import EvidenceAsked, VenuePort, VenueWord
from ..kernel.simulation.hosts import arriving
from ..models.registry import ModelRegistry
from ..storage.account_journal import AccountJournal
from ..storage.background import run_at_once
from ..storage.halt import HALT_NAME, HaltLatch
from ..storage.held_back import HELD_BACK_NAME, HeldBack
from ..storage.lease import FileLease
from ..storage.limits_file import LimitsFile
from ..storage.risk_memory import RiskMemory
from ..storage.state_files import StateFiles
from ..trading.order_events import OrderIntended
from .guard_port import NodeGuardPort

if TYPE_CHECKING:
    from .node import SimulatedNode

OPEN_S = 0.01
ROTATE_AT_BYTES = 32 << 10
"""Small, so that a run sees several rotations of its journal."""


def simulated_ports(node: "SimulatedNode", run: Run) -> dict[str, Any]:
    """What the actors of a node need."""
    match node.name:
        case "exchange":
            return {"venue_server": SimulatedVenueServer(node)}
        case "trader":
            return _trader_ports(node, run)
        case "guard":
            return _guard_ports(node, run)
        case "learner":
            return {"trainer_states": StateFiles(node.disk, run.models_dir / "states"), "torch": False}
        case _:
            return {"tasks": SimulatedTasks(), "console_server": SilentServer}


def _trader_ports(node: "SimulatedNode", run: Run) -> dict[str, Any]:
    account = run.settings.account.name
    return {
        **{
            plan.port: NodeMarketPort(node, node.world.venue.market_port(node.world.host_clock))
            for plan in feed_plans(run.settings)
        },
        "listing": NodeListingPort(node, node.world.venue.listing_port()),
        "venue": NodeVenuePort(node, node.world.venue.account_port(node.owner, node.world.host_clock)),
        "journal": AccountJournal(node.disk, run.data / f"account-{account}.journal", ROTATE_AT_BYTES),
        "lease": FileLease(node.disk, run.data / f"account-{account}.lease"),
        "halt": HaltLatch(node.disk, run.data / HALT_NAME),
        "held_back": HeldBack(node.disk, run.data / HELD_BACK_NAME),
        "limits": LimitsFile(node.disk, run.data / f"account-{account}.limits.json"),
        "risk_memory": RiskMemory(node.disk, run.data / f"account-{account}.risk"),
        "thread": run_at_once,
        "model_states": StateFiles(node.disk, run.models_dir / "states"),
        "model_registry": ModelRegistry(node.disk, run.models_dir),
    }


def _guard_ports(node: "SimulatedNode", run: Run) -> dict[str, Any]:
    account = run.settings.account.name
    return {
        "guard_venue": NodeGuardPort(node, run.settings.symbols),
        "halt": HaltLatch(node.disk, run.data / HALT_NAME),
        "lease": FileLease(node.disk, run.data / f"account-{account}.lease"),
        "guard_log": lambda told: node.log.warning("guard", state=told.state.name, reason=told.reason),
    }


class NodeVenuePort:
    """An account's session as one process has it: words wait while it is stopped, and end with it."""

    def __init__(self, node: "SimulatedNode", port: VenuePort) -> None:
        self._node = node
        self._port = port
        node.closers.append(port.close)

    def open(self, deliver: Callable[[VenueWord], object]) -> None:
        self._port.open(arriving(self._node.loop, deliver))  # type: ignore[arg-type]  # words of any kind

    def place(self, intent: OrderIntended) -> None:
        if self._node.alive:
            self._node.world.witness.sent(self._node, intent)
            self._port.place(intent)

    def cancel(self, client_id: str, symbol: str) -> None:
        if self._node.alive:
            self._node.world.witness.cancelled(self._node, client_id)
            self._port.cancel(client_id, symbol)

    def gather(self, request: EvidenceAsked) -> None:
        if self._node.alive:
            self._port.gather(request)

    def arm(self, timeout_s: float) -> None:
        if self._node.alive:
            self._port.arm(timeout_s)

    def close(self) -> None:
        self._port.close()


class NodeMarketPort:
    """Market data as one process hears it."""

    def __init__(self, node: "SimulatedNode", port: MarketPort) -> None:
        self.protocol = port.protocol
        self._node = node
        self._port = port
        node.closers.append(port.close)

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None:
        self._port.open(symbols, arriving(self._node.loop, deliver))  # type: ignore[arg-type]  # words of any kind

    def request_snapshot(self, symbol: str, delay_s: float) -> None:
        self._port.request_snapshot(symbol, delay_s)

    def request_trades(self, symbol: str, first_id: int, limit: int) -> None:
        self._port.request_trades(symbol, first_id, limit)

    def resubscribe(self, symbol: str) -> None:
        self._port.resubscribe(symbol)

    def close(self) -> None:
        self._port.close()


class NodeListingPort:
    """What the venue lists, as one process hears it."""

    def __init__(self, node: "SimulatedNode", port: ListingPort) -> None:
        self._node = node
        self._port = port
        node.closers.append(port.close)

    def ask(self, deliver: Callable[[ListingWord], object]) -> None:
        if self._node.alive:
            self._port.ask(arriving(self._node.loop, deliver))  # type: ignore[arg-type]  # words of any kind

    def close(self) -> None:
        self._port.close()


class SimulatedVenueServer:
    """The venue is open while the exchange node's actor keeps it open."""

    def __init__(self, node: "SimulatedNode") -> None:
        self._node = node
        self._venue = node.world.venue
        self.venue = self
        node.closers.append(self.close)

    def stats(self) -> dict[str, int]:
        """As the real venue's, of what there is."""
        books = self._venue.engine.state.books
        return {"orders": books.last_order_id, "fills": books.last_trade_id}

    def open(self, deliver: Callable[[ServerOpened], object]) -> None:
        self._node.loop.call_later(OPEN_S, lambda: self._open(deliver))

    def close(self) -> None:
        self._venue.close()

    def _open(self, deliver: Callable[[ServerOpened], object]) -> None:
        self._venue.open()
        deliver(ServerOpened(0))


class SimulatedTasks:
    """Runs a coroutine to its end at once: none of those that a simulated node starts waits for anything."""

    def __init__(self) -> None:
        self.broke: Callable[[PortBroke], object] = lambda _: None

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            work.send(None)
        except StopIteration:
            return
        work.close()
        raise RuntimeError("a simulated node waits for something that only a real one has")


class SilentServer:
    """The console's server without a socket: it is notified, and nobody looks."""

    fault = None

    def __init__(self, state: Any, clock_ns: Callable[[], int]) -> None:
        """As `ConsoleServer`."""

    async def start(self, host: str, port: int) -> int:
        return port

    async def stop(self) -> None:
        """Nothing is open."""

    def notify(self) -> None:
        """Nobody looks."""
