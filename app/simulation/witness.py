"""Sees everything that is handled and all that leaves, keeps the trace, and checks the laws where they could break."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..kernel.incarnation import Incarnation
from ..kernel.simulation.trace import Trace
from ..trading.group_laws import GroupLaws
from ..trading.laws import LawBroken, OrderLaws, Sending, check_conclusions
from ..trading.messages import OrderApproved
from ..trading.order_events import CancelRequested, OrderCancelled, OrderIntended, PositionTransferred
from ..trading.rungs import is_protective
from .venue import open_facts

if TYPE_CHECKING:
    from .world import World

EXECUTOR = "trader/trading/account/executor"
RISK = "trader/trading/account/risk"
LEDGER = "trader/trading/account/ledger"
LOOKED_AT = frozenset({OrderApproved, CancelRequested, OrderCancelled, PositionTransferred})
HALT_KNOWN_S = 3.0
"""A slow risk may hear of a halt late; by then the guard has fenced the executor."""
STOPPED_KNOWN_S = 3.0
"""A symbol that the venue does not trade is silent, and no order leaves on data that old."""


class Witness:
    """One for a run. What breaks a law is kept in `broken`: an exception in an actor would only restart it."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.trace = Trace()
        self.laws = OrderLaws()
        self.groups = GroupLaws()
        self.broken: list[AssertionError] = []
        self.owners: dict[str, str] = {}
        """The strategy of every order that left, by client id."""
        self.transferred: set[tuple[str, str]] = set()
        """The strategies' symbols of which something was taken, or given to."""
        self._risk = ""
        self._on_purpose: set[str] = set()
        """What guards a position, and gives way to another order of its group."""

    def watch(self, node: Any) -> Callable[[Incarnation, Any], None]:
        """What a node's cell calls with every message."""
        world, clock, add = self._world, self._world.clock, self.trace.add

        def see(actor: Incarnation, message: Any) -> None:
            kind, path = type(message), actor.path
            add(f"{clock.elapsed_ns} {path} {actor.incarnation} {kind.__name__}")
            if path == RISK:
                self._newest_risk(node)
            elif kind in LOOKED_AT:
                self._look(node, path, message)
            if world.tell is not None:
                world.tell(clock.elapsed_ns, path, message)

        return see

    def _look(self, node: Any, path: str, message: Any) -> None:
        if path == EXECUTOR and isinstance(message, OrderApproved):
            self.laws.note_approval(message, self._newest_risk(node))
        elif path == EXECUTOR and isinstance(message, CancelRequested) and message.reason != "a newer signal":
            self._on_purpose.add(message.client_id)
        elif path == LEDGER and isinstance(message, PositionTransferred):
            self.transferred |= {(message.giver, message.symbol), (message.taker, message.symbol)}
        elif path == LEDGER and isinstance(message, OrderCancelled):
            self._check(lambda: check_conclusions([message], open_facts(self._world.venue)))

    def sent(self, node: Any, intent: OrderIntended) -> None:
        """An order leaves a trader."""
        self.owners[intent.client_id] = intent.strategy
        self.trace.add(f"{self._world.clock.monotonic_ns()} sent {intent.client_id}")
        self._check(lambda: self._check_halt(node, intent.client_id))
        self._check(lambda: self._check_symbol(node, intent))
        self._check(lambda: self.groups.check_sent(intent, self._world.venue.orders))
        self._check(
            lambda: self.laws.check_sent(
                Sending(
                    intent,
                    journalled=self._world.journal_holds(intent.client_id, node.system.ports["journal"].path),
                    lease_held=node.system.ports["lease"].held(),
                    holder=node.owner,
                )
            )
        )

    def _check_halt(self, node: Any, client_id: str) -> None:
        """Nothing new leaves into a halt that stood long enough for everybody, the guard too, to act on it."""
        halted_s = self._world.halted_s()
        if halted_s > HALT_KNOWN_S and not node.was_stopped:
            raise LawBroken(6, f"{client_id} left {halted_s:.1f} s into a halt")

    def _check_symbol(self, node: Any, intent: OrderIntended) -> None:
        """Nothing leaves for a symbol that has not traded for long enough to know it."""
        stopped_s = self._world.venue.stopped_s(intent.symbol)
        if stopped_s > STOPPED_KNOWN_S and not node.was_stopped:
            raise LawBroken(6, f"{intent.client_id} left {stopped_s:.1f} s after the venue stopped {intent.symbol}")

    def _check_protection(self, client_id: str) -> None:
        """What guards a position stands until it is closed on purpose."""
        order = self._world.venue.open_orders().get(client_id)
        meant = self._world.flattens or client_id in self._on_purpose
        if order is not None and is_protective(order.type) and not meant:
            raise LawBroken(6, f"{client_id} protects a position, and was to be cancelled")

    def cancelled(self, node: Any, client_id: str) -> None:
        self.trace.add(f"{self._world.clock.monotonic_ns()} cancel {client_id}")
        held = node.system.ports["lease"].held()
        known = node.name == "guard"  # it goes by what the venue shows
        known = known or self._world.journal_holds(client_id, node.system.ports["journal"].path)
        self._check(lambda: self.laws.check_cancel(client_id, lease_held=held, known=known))
        self._check(lambda: self._check_protection(client_id))

    def note_stray(self, error: BaseException) -> None:
        """Raised outside of every actor: a disk that failed may do that, a fault of ours may not."""
        if not isinstance(error, OSError):
            self.broken.append(AssertionError(f"an exception outside every actor: {error!r}"))

    def _newest_risk(self, node: Any) -> str:
        """Where it just ended, the last there was."""
        risk = node.system.actors.get(RISK)
        if risk is not None and risk.behaviour is not None:
            self._risk = getattr(risk.behaviour, "incarnation", self._risk)
        return self._risk

    def _check(self, check: Callable[[], object]) -> None:
        try:
            check()
        except AssertionError as error:
            self.broken.append(error)
