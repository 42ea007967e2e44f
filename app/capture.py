"""Captures a node: everything that comes into its system, from the first callback on, in a file of its own.

Recording and replay share the classes here: what a system does to the outside crosses the same `Boundary`.
"""

import importlib.metadata
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec

from .config.run import Run, to_json
from .config.topology import node_tree
from .config.wording import MASK, is_secret
from .exchanges.listing import ListingPort, ListingWord
from .exchanges.market import MarketPort, MarketWord
from .exchanges.venue import EvidenceAsked, VenuePort, VenueWord
from .kernel.boundary import Boundary, CaptureFault, Words
from .kernel.capture import CapturingClock, CapturingLoop, Recorder
from .kernel.capture_disk import CapturingDisk
from .kernel.disk import SystemDisk
from .kernel.envelope import Envelope
from .kernel.identity import SeededEntropy
from .kernel.system import System
from .node_tree import NodeTree
from .seams import Seams
from .storage.background import Action, Background, Done
from .storage.capture_file import FOLDER, CaptureFile, Header, file_name, make_room
from .supervisors.spec import ChildSpec
from .trading.order_events import OrderIntended
from .transports.gateway import OUTGOING_LIMIT, Gateway

CAPTURED = ("trader",)
"""The nodes whose ports can be captured."""
FLUSH_S = 0.25
"""How much of the time before a power loss or a kill a capture may lack; what was journalled has all that led there."""

_FRAMES, _NOTHING, _REASONS = Words(bytes), Words(type(None)), Words(str)
_VENUE_WORDS, _MARKET_WORDS = Words(*get_args(VenueWord)), Words(*get_args(MarketWord))
_LISTING_WORDS = Words(*get_args(ListingWord))
_encode = msgspec.msgpack.Encoder(decimal_format="string").encode


class NodeCapture:
    """The seams of a captured node's system. `ended` hears why the capture ended before its node did."""

    def __init__(self, seams: Seams, recorder: Recorder, seed: int) -> None:
        self._raw = seams
        self.recorder = recorder
        self.seams = Seams(
            CapturingLoop(seams.loop, recorder),
            CapturingClock(seams.clock, recorder),
            SeededEntropy(seed),
            CapturingDisk(seams.disk, recorder),
            nonces_of(seed),
        )

    def start(self) -> None:
        """Hand on what was noted, from now on every `FLUSH_S`."""
        self.recorder.flush()
        if self.recorder.active:
            self._raw.loop.call_later(FLUSH_S, self.start)

    def close(self) -> None:
        """The node has ended."""
        self.recorder.close()


def nonces_of(seed: int) -> SeededEntropy:
    """A stream of its own: what a journal encrypts moves no other draw."""
    return SeededEntropy(seed + 1)


def _threaded(spec: ChildSpec, above: str) -> Iterator[str]:
    """The paths of a tree that are placed on threads."""
    path = f"{above}/{spec.id}" if above else spec.id
    if spec.runtime == "threads":
        yield path
    for child in spec.children:
        yield from _threaded(child, path)


def begin_capture(
    name: str, run: Run, incarnation: int, seams: Seams, ended: Callable[[str], object]
) -> NodeCapture | None:
    """None where that is not asked for; `CaptureFault` where it cannot be. Older captures make room for it."""
    if name not in CAPTURED or not run.settings.capture.enabled:
        return None
    if threaded := next(_threaded(node_tree(name, run), ""), ""):
        raise CaptureFault(f"{threaded} runs on a thread of its own, whose timing cannot be captured")
    limit_bytes = run.settings.capture.limit_mb * 500_000
    folder = run.data / FOLDER
    make_room(folder, limit_bytes)
    seed = int(seams.entropy.new_id() + seams.entropy.new_id(), 16)
    program = importlib.metadata.version("tradigrade")
    header = Header(name, incarnation, _masked(to_json(run)), program, str(seed), seams.clock.now_ns())
    sink = CaptureFile(SystemDisk(), folder / file_name(header, run.run_id), header, limit_bytes)
    return NodeCapture(seams, Recorder(sink, ended), seed)


def _masked(run: str) -> str:
    """What a strategy takes for a parameter may be a secret."""
    return msgspec.json.encode(_mask(msgspec.json.decode(run))).decode()


def _mask(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: MASK if is_secret(key) and item else _mask(item) for key, item in value.items()}
    return [_mask(item) for item in value] if isinstance(value, list) else value


# -- what crosses the boundary ----------------------------------------------------------------------------------------


class Entrances(NamedTuple):
    """How the process begins and ends the tree of its node."""

    start: Callable[[None], object]
    stop: Callable[[str], object]


def tree_entrances(boundary: Boundary, tree: NodeTree) -> Entrances:
    return Entrances(boundary.inlet(lambda _: tree.start(), _NOTHING), boundary.inlet(tree.stop, _REASONS))


def captured_ports(boundary: Boundary, ports: dict[str, Any]) -> dict[str, Any]:
    """The ports of a trader, with those to the outside behind the boundary."""
    free_bytes = ports["free_bytes"]
    return {
        **ports,
        **{name: CapturedMarket(boundary, port) for name, port in ports.items() if is_market(name)},
        "listing": CapturedListing(boundary, ports["listing"]),
        "venue": CapturedVenue(boundary, ports["venue"]),
        "thread": CapturedBackground(boundary, ports["thread"]),
        "archive_thread": CapturedBackground(boundary, ports["archive_thread"]),
        "free_bytes": lambda: boundary.ask("looking for free space", free_bytes),
    }


class CapturedVenue:
    """A venue behind the boundary."""

    def __init__(self, boundary: Boundary, port: VenuePort) -> None:
        self._boundary = boundary
        self._port = port

    def open(self, deliver: Callable[[VenueWord], object]) -> None:
        enter = self._boundary.inlet(deliver, _VENUE_WORDS)
        self._call("open the venue", None, lambda: self._port.open(enter))

    def place(self, intent: OrderIntended) -> None:
        self._call(f"place {intent.client_id}", intent, lambda: self._port.place(intent))

    def cancel(self, client_id: str, symbol: str) -> None:
        self._call(f"cancel {client_id}", symbol, lambda: self._port.cancel(client_id, symbol))

    def gather(self, request: EvidenceAsked) -> None:
        self._call("gather evidence", request, lambda: self._port.gather(request))

    def arm(self, timeout_s: float) -> None:
        self._call("arm the switch", timeout_s, lambda: self._port.arm(timeout_s))

    def close(self) -> None:
        self._call("close the venue", None, self._port.close)

    def _call(self, what: str, argument: Any, act: Callable[[], object]) -> None:
        self._boundary.call(_fingerprint(what, argument), what, act)


def is_market(name: str) -> bool:
    """Whether a port of that name is a feed's."""
    return name == "market" or name.startswith("market/")


class CapturedListing:
    """What a venue lists, behind the boundary."""

    def __init__(self, boundary: Boundary, port: ListingPort) -> None:
        self._boundary = boundary
        self._port = port

    def ask(self, deliver: Callable[[ListingWord], object]) -> None:
        enter = self._boundary.inlet(deliver, _LISTING_WORDS)
        self._call("ask for the listing", lambda: self._port.ask(enter))

    def close(self) -> None:
        self._call("close the listing", self._port.close)

    def _call(self, what: str, act: Callable[[], object]) -> None:
        self._boundary.call(_fingerprint(what, None), what, act)


class CapturedMarket:
    """Market data behind the boundary."""

    def __init__(self, boundary: Boundary, port: MarketPort) -> None:
        self.protocol = port.protocol
        self._boundary = boundary
        self._port = port

    def open(self, symbols: tuple[str, ...], deliver: Callable[[MarketWord], object]) -> None:
        enter = self._boundary.inlet(deliver, _MARKET_WORDS)
        self._call("open the market", symbols, lambda: self._port.open(symbols, enter))

    def request_snapshot(self, symbol: str, delay_s: float) -> None:
        what = f"request a snapshot of {symbol}"
        self._call(what, delay_s, lambda: self._port.request_snapshot(symbol, delay_s))

    def request_trades(self, symbol: str, first_id: int, limit: int) -> None:
        what = f"request trades of {symbol}"
        self._call(what, (first_id, limit), lambda: self._port.request_trades(symbol, first_id, limit))

    def resubscribe(self, symbol: str) -> None:
        self._call(f"subscribe anew to {symbol}", None, lambda: self._port.resubscribe(symbol))

    def close(self) -> None:
        self._call("close the market", None, self._port.close)

    def _call(self, what: str, argument: Any, act: Callable[[], object]) -> None:
        self._boundary.call(_fingerprint(what, argument), what, act)


class CapturedBackground:
    """Blocking calls behind the boundary: when and how each ends comes through an inlet."""

    def __init__(self, boundary: Boundary, port: Background) -> None:
        self._boundary = boundary
        self._port = port
        self._waiting: deque[Done] = deque()
        self._enter = boundary.inlet(self._finish, _REASONS)

    def __call__(self, action: Action, done: Done) -> None:
        self._waiting.append(done)
        self._boundary.call(0, "a call beside the loop", lambda: self._port(action, self._enter))

    def _finish(self, fault: str) -> None:
        self._waiting.popleft()(fault)


class CapturedGateway(Gateway):
    """A gateway whose frames cross the boundary."""

    def __init__(self, boundary: Boundary, system: System, directory: Path, incarnation: str) -> None:
        super().__init__(system, directory, incarnation)
        self._boundary = boundary
        self._enter = boundary.inlet(super()._receive, _FRAMES)

    def send(self, path: str, envelope: Envelope) -> bool:
        return not self._boundary.refuses(len(self._outgoing) >= OUTGOING_LIMIT) and super().send(path, envelope)

    def _receive(self, data: bytes) -> None:
        self._enter(data)


def _fingerprint(what: str, argument: Any) -> int:
    return zlib.crc32(_encode(argument), zlib.crc32(what.encode()))
