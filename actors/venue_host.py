"""The exchange node's actor: keeps the simulated venue open."""

from typing import Any

from ..kernel.actor import Actor
from .venue_server import ServerFailed, ServerOpened

STATS_PERIOD_S = 0.25


class VenueBroke(Exception):
    """The venue could not open, or its market broke."""


class _StatsDue:
    pass


class VenueHost(Actor):
    """Serves once the venue's doors are open; crashes with the venue."""

    acknowledges_start = True

    def start(self) -> None:
        self._server = self.context.ports["venue_server"]
        system, path = self.context.system, self.context.path
        self._server.open(lambda word: system.tell(path, word, sender="port/venue_server"))

    def stop(self, reason: str) -> None:
        self._server.close()

    def receive(self, message: Any) -> Any:
        match message:
            case ServerOpened():
                self.context.acknowledge()
                self.context.repeat(STATS_PERIOD_S, _StatsDue())
            case ServerFailed(reason):
                raise VenueBroke(reason)
            case _StatsDue():
                for name, value in self._server.venue.stats().items():
                    self.context.system.metrics.gauge(f"venue_{name}", value)
