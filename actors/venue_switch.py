"""The venue session's part that keeps a venue's dead-man switch armed while that harms nothing."""

from typing import Any

import msgspec

from ..exchanges.dead_man import DeadManSwitch
from ..exchanges.venue import EvidenceGathered, SwitchAnswered, VenueClosed, VenueOpened, VenuePort
from ..kernel.actor import Context
from ..kernel.loop import Timer
from ..trading.messages import RungChanged
from ..trading.order_events import OrderIntended
from . import topics

TURN_S = 1.0
STOPPING = "STOPPING"
"""Of `trading/causes.py`."""


class SwitchDue(msgspec.Struct, frozen=True):
    """Time to see to the switch."""


class VenueSwitch:
    """Costs nothing at a venue that has none."""

    def __init__(self, context: Context, port: VenuePort) -> None:
        self._context = context
        self._port = port
        self._switch = DeadManSwitch()
        self._timer: Timer | None = None

    def placing(self, intent: OrderIntended) -> None:
        self._switch.placing(intent)
        self._turn()

    def hear(self, word: Any) -> None:
        match word:
            case VenueOpened(offers_switch=offered):
                self._switch.opened(offered=offered)
                if offered and self._timer is None:
                    self._timer = self._context.repeat(TURN_S, SwitchDue())
                    self._context.subscribe(topics.RUNG)
            case VenueClosed():
                self._switch.closed()
            case EvidenceGathered():
                self._switch.seen(word)
            case SwitchAnswered():
                self._switch.answered(word)
                self._context.system.metrics.gauge("venue_switch_armed", float(self._switch.armed == "yes"))
            case RungChanged(causes=causes) if STOPPING in causes:
                self._switch.leave()
            case SwitchDue():
                pass
            case _:
                return
        self._turn()

    def _turn(self) -> None:
        timeout_s = self._switch.turn(self._context.system.clock.monotonic_ns())
        if timeout_s is not None:
            self._port.arm(timeout_s)
