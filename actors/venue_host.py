"""The exchange node's actor: keeps the simulated venue open, tells what it holds, and puts faults into it."""

from typing import Any

from msgspec.structs import asdict

from ..exchanges.simulated.errors import RequestRefused
from ..exchanges.simulated.venue import SimulatedVenue
from ..kernel.actor import Actor
from ..transports.control import Acknowledged, Failed, TransferAsked, VenueBooks, VenueBooksAsked, VenueFaultAsked
from .venue_server import ServerFailed, ServerOpened

STATS_PERIOD_S = 1.0
TIMES_MAX = 1_000_000
"""How often a fault happens that lasts for a time instead."""


class VenueBroke(Exception):
    """The venue could not open, or its market broke."""


class _StatsDue:
    pass


class VenueHost(Actor):
    """Serves once the venue's doors are open; crashes with the venue."""

    acknowledges_start = True

    def start(self) -> None:
        self._server = self.context.ports["venue_server"]
        self._asked: dict[str, VenueFaultAsked] = {}
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
            case VenueFaultAsked():
                return self._set_fault(message)
            case TransferAsked():
                return self._transfer(message)
            case VenueBooksAsked():
                return Failed("the venue is not open yet") if self._venue is None else _books(self._venue)
            case _StatsDue():
                for name, value in self._server.venue.stats().items():
                    self.context.system.metrics.gauge(f"venue_{name}", value)

    @property
    def _venue(self) -> SimulatedVenue | None:
        venue: SimulatedVenue | None = self._server.venue
        return venue

    def _set_fault(self, asked: VenueFaultAsked) -> Acknowledged | Failed:
        if self._venue is None:
            return Failed("the venue is not open yet")
        known = _faults(self._venue)
        if asked.fault not in known:
            return Failed(f"there is no fault {asked.fault!r} of the venue: expected one of {', '.join(known)}")
        if asked.times < 0 or (asked.for_s is not None and asked.for_s <= 0):
            return Failed(f"expected --times of at least 0 and --for above 0, found {asked.times} and {asked.for_s}")
        self._asked[asked.fault] = asked
        _set(self._venue, asked.fault, asked.times if asked.for_s is None else TIMES_MAX)
        if asked.for_s is not None:
            self.context.system.call_later(asked.for_s, lambda: self._end(asked))
        return Acknowledged(self.context.incarnation, self.context.system.clock.monotonic_ns())

    def _transfer(self, asked: TransferAsked) -> Acknowledged | Failed:
        if self._venue is None:
            return Failed("the venue is not open yet")
        try:
            self._venue.transfer(asked.currency, asked.amount)
        except RequestRefused as error:
            return Failed(f"transfer of {asked.amount} {asked.currency}: {error}")
        return Acknowledged(self.context.incarnation, self.context.system.clock.monotonic_ns())

    def _end(self, asked: VenueFaultAsked) -> None:
        """Its time is over, unless another one took its place."""
        if self._venue is not None and self._asked.get(asked.fault) is asked:
            _set(self._venue, asked.fault, 0)


def _faults(venue: SimulatedVenue) -> dict[str, int]:
    """As the command line spells them, with how often they are still to come."""
    counts = {name: value for name, value in asdict(venue.faults).items() if type(value) is int}
    return {name.replace("_", "-"): times for name, times in counts.items()}


def _set(venue: SimulatedVenue, fault: str, times: int) -> None:
    setattr(venue.faults, fault.replace("-", "_"), times)


def _books(venue: SimulatedVenue) -> VenueBooks:
    held = {asset: balance.free + balance.locked for asset, balance in venue.state.books.account.balances.items()}
    balances = {asset: amount for asset, amount in held.items() if amount}
    return VenueBooks(balances, len(venue.state.open), _faults(venue))
