"""Sees everything that is handled and all that leaves, keeps the trace, and checks the laws where they could break."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..kernel.incarnation import Incarnation
from ..kernel.simulation.trace import Trace
from ..trading.laws import OrderLaws, Sending
from ..trading.messages import OrderApproved
from ..trading.order_events import OrderIntended

if TYPE_CHECKING:
    from .world import World

EXECUTOR = "trader/trading/account/executor"
RISK = "trader/trading/account/risk"


class Witness:
    """One for a run. What breaks a law is kept in `broken`: an exception in an actor would only restart it."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.trace = Trace()
        self.laws = OrderLaws()
        self.broken: list[AssertionError] = []
        self.handled: Counter[str] = Counter()
        self._risk = ""

    def watch(self, node: Any) -> Callable[[Incarnation, Any], None]:
        """What a node's cell calls with every message."""
        now_ns, add = self._world.clock.monotonic_ns, self.trace.add
        world = self._world

        def see(actor: Incarnation, message: Any) -> None:
            kind = type(message)
            add(f"{now_ns()} {actor.path} {actor.incarnation} {kind.__name__}")
            if actor.path == RISK:
                self._newest_risk(node)
            elif kind is OrderApproved and actor.path == EXECUTOR:
                self.laws.note_approval(message, self._newest_risk(node))
            if world.tell is not None:
                world.tell(now_ns(), actor.path, message)

        return see

    def sent(self, node: Any, intent: OrderIntended) -> None:
        """An order leaves a trader."""
        self.trace.add(f"{self._world.clock.monotonic_ns()} sent {intent.client_id}")
        self._check(
            lambda: self.laws.check_sent(
                Sending(
                    intent,
                    self._world.clock.now_ns(),
                    journalled=self._world.journal_holds(intent.client_id),
                    lease_held=node.system.ports["lease"].held(),
                    holder=node.owner,
                )
            )
        )

    def cancelled(self, node: Any, client_id: str) -> None:
        self.trace.add(f"{self._world.clock.monotonic_ns()} cancel {client_id}")
        held = node.system.ports["lease"].held()
        known = self._world.journal_holds(client_id)
        self._check(lambda: self.laws.check_cancel(client_id, lease_held=held, known=known))

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
