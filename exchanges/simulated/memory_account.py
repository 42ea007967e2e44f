"""One way to the account of the venue in memory, as a `VenuePort`: what `CcxtVenue` promises, without its sockets."""

from collections.abc import Callable, Iterable
from typing import Literal

from ...kernel.clock import Clock
from ...kernel.loop import Timer
from ...trading.instruments import Instrument
from ...trading.order_events import OrderIntended
from ..venue import (
    IN_FLIGHT_LIMIT,
    RECONNECT_MAX_S,
    RECONNECT_MIN_S,
    REQUEST_TIMEOUT_S,
    SEND_WITHIN_S,
    CancelAnswered,
    EvidenceAsked,
    EvidenceFailed,
    EvidenceGathered,
    PlaceAnswered,
    RateLimited,
    SwitchAnswered,
    VenueClosed,
    VenueOpened,
    VenueWord,
)
from .errors import RequestRefused
from .memory_clock import ClockWatch
from .memory_host import MemoryHost, name_of
from .memory_look import Look
from .memory_stream import EventStream

Doubt = Callable[[str, str], VenueWord]
"""The word for a request whose answer will not come: (code, reason)."""
Answer = Callable[[], list[VenueWord]]
"""What the venue answers when the request arrives."""


class MemoryAccountPort:
    """`clock` is that of the node it belongs to: it dates what is sent."""

    def __init__(self, host: MemoryHost, clock: Clock, sender: str, instruments: dict[str, Instrument]) -> None:
        self._host = host
        self._clock = clock
        self._sender = sender
        self._instruments = instruments
        self._deliver: Callable[[VenueWord], object] | None = None
        self._waiting: dict[int, tuple[Doubt, Timer]] = {}
        self._requests = 0
        self._connection = 0
        self._stream: EventStream | None = None
        self._retry_s = RECONNECT_MIN_S

    # -- the contract ---------------------------------------------------------------------------------------------

    def open(self, deliver: Callable[[VenueWord], object]) -> None:
        self.close()
        self._deliver = deliver
        self._retry_s = RECONNECT_MIN_S
        self._connect_in(0.0)

    def close(self) -> None:
        """Drop the connection; requests under way stay unanswered, and arrive."""
        for _, timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
        self._deliver, self._stream = None, None
        self._connection += 1
        self._host.connections.accounts.pop(self, None)

    def place(self, intent: OrderIntended) -> None:
        if reason := self._not_sent(intent):
            self._tell(PlaceAnswered(intent.client_id, "refused", code="NOT_SENT", reason=reason))
            return
        self._host.note("left", self._sender, "place", intent.client_id)
        signed_ms = self._clock.now_ns() // 1_000_000
        doubt: Doubt = lambda code, reason: PlaceAnswered(intent.client_id, "unknown", code=code, reason=reason)  # noqa: E731
        self._send("place", doubt, lambda: self._host.place(self._sender, intent, signed_ms))

    def cancel(self, client_id: str, symbol: str) -> None:
        if self._stream is None or len(self._waiting) >= IN_FLIGHT_LIMIT:
            self._tell(CancelAnswered(client_id, "unknown", "not sent"))
            return
        self._host.note("left", self._sender, "cancel", client_id)
        signed_ms = self._clock.now_ns() // 1_000_000
        doubt: Doubt = lambda code, reason: CancelAnswered(client_id, "unknown", f"{code}: {reason}")  # noqa: E731
        self._send("cancel", doubt, lambda: self._host.cancel(self._sender, client_id, symbol, signed_ms))

    def gather(self, request: EvidenceAsked) -> None:
        if self._stream is None:
            self._tell(EvidenceFailed(request.request_id, "not connected"))
            return
        self._host.note("left", self._sender, "gather", "")
        number = self._await(lambda code, reason: EvidenceFailed(request.request_id, f"{code}: {reason}"))
        look = Look(self._host, request, self._clock.now_ns())
        self._host.later(self._host.latency_s(), lambda: self._look(number, request.request_id, look))

    def arm(self, timeout_s: float) -> None:
        doubt: Doubt = lambda code, reason: SwitchAnswered(timeout_s, "unknown", f"{code}: {reason}")  # noqa: E731
        if self._stream is None or len(self._waiting) >= IN_FLIGHT_LIMIT:
            self._tell(doubt("NOT_SENT", "not connected"))
            return
        number = self._await(doubt)
        self._host.later(
            self._host.latency_s(), lambda: self._arrived("cancel", number, lambda: self._host.arm(timeout_s))
        )

    # -- what the venue does --------------------------------------------------------------------------------------

    def hear(self, words: Iterable[VenueWord]) -> None:
        """The venue says this on the account's stream."""
        if self._stream is not None:
            self._stream.put(words)

    def cut(self, reason: str) -> None:
        """The connection breaks: what was on its way here is lost, what was asked is in doubt."""
        if self._stream is None:
            return
        self._stream = None
        self._host.connections.accounts.pop(self, None)
        self._tell(VenueClosed(reason))
        for number in list(self._waiting):
            self._give_up(number, "NetworkError", reason)
        self._reconnect()

    # -- the connection -------------------------------------------------------------------------------------------

    def _connect_in(self, delay_s: float) -> None:
        self._connection += 1
        connection = self._connection
        self._host.later(delay_s + 2 * self._host.latency_s(), lambda: self._connect(connection))

    def _connect(self, connection: int) -> None:
        if connection != self._connection:
            return
        try:
            if not self._host.reachable:
                raise ConnectionRefusedError("nobody listens")
            self._host.admit()
        except (ConnectionRefusedError, RequestRefused) as error:
            self._tell(VenueClosed(f"{type(error).__name__}: {error}"))
            self._reconnect()
            return
        self._retry_s = RECONNECT_MIN_S
        self._stream = EventStream(self._host, lambda words: self._tell_all(connection, words))
        self._host.connections.accounts[self] = None
        self._tell(VenueOpened(self._instruments, self._host.offers_switch))
        ClockWatch(self._host, self._clock, lambda: self._is_connected(connection), self._tell).ask()

    def _reconnect(self) -> None:
        """With back-off and jitter."""
        self._connect_in(self._retry_s * (1.0 - 0.3 * self._host.dice.random.random()))
        self._retry_s = min(self._retry_s * 2, RECONNECT_MAX_S)

    # -- requests -------------------------------------------------------------------------------------------------

    def _not_sent(self, intent: OrderIntended) -> str:
        if self._stream is None:
            return "not connected"
        if len(self._waiting) >= IN_FLIGHT_LIMIT:
            return f"{IN_FLIGHT_LIMIT} requests are under way"
        late_s = (self._clock.now_ns() - intent.at_ns) / 1e9
        return f"{late_s:.3f} s late" if late_s > SEND_WITHIN_S else ""

    def _await(self, doubt: Doubt) -> int:
        """Note a request under way; past the time-out its outcome is in doubt."""
        self._requests += 1
        number = self._requests
        timer = self._host.loop.call_later(
            REQUEST_TIMEOUT_S, lambda: self._give_up(number, "RequestTimeout", f"no answer in {REQUEST_TIMEOUT_S} s")
        )
        self._waiting[number] = doubt, timer
        return number

    def _send(self, kind: Literal["place", "cancel"], doubt: Doubt, arrive: Answer) -> None:
        number, dice = self._await(doubt), self._host.dice
        if dice.fires(f"{kind}_lost"):
            return
        delay_s = self._host.latency_s() + (dice.delay_s() if dice.fires(f"{kind}_delayed") else 0.0)
        self._host.later(delay_s, lambda: self._arrived(kind, number, arrive))

    def _arrived(self, kind: str, number: int, arrive: Answer) -> None:
        if not self._host.reachable:
            self._give_up(number, "NetworkError", "nobody listens")
            return
        words, fires = arrive(), self._host.dice.fires
        words = [*self._limits(), *words]
        if not fires(f"{kind}_unanswered"):
            late_s = REQUEST_TIMEOUT_S if fires(f"{kind}_late") else 0.0
            self._host.later(self._host.latency_s() + late_s, lambda: self._answer(number, words))

    def _look(self, number: int, request_id: int, look: Look) -> None:
        if not self._host.reachable:
            self._give_up(number, "NetworkError", "nobody listens")
        if number not in self._waiting:
            return
        try:
            evidence = look.go_on()
        except RequestRefused as error:
            failed = EvidenceFailed(request_id, f"{name_of(error.refusal)}: venue {error}")
            words: list[VenueWord] = [*self._limits(), failed]
            self._host.later(self._host.latency_s(), lambda: self._answer(number, words))
            return
        if evidence is None:
            round_trip_s = self._host.latency_s() + self._host.latency_s()
            self._host.later(round_trip_s, lambda: self._look(number, request_id, look))
            return
        self._host.note("arrived", self._sender, "gather", "")
        word = EvidenceGathered(request_id, evidence)
        self._host.later(self._host.latency_s(), lambda: self._answer(number, [word]))

    def _answer(self, number: int, words: list[VenueWord]) -> None:
        if (waiting := self._waiting.pop(number, None)) is not None:
            waiting[1].cancel()
            for word in words:
                self._tell(word)

    def _give_up(self, number: int, code: str, reason: str) -> None:
        if (waiting := self._waiting.pop(number, None)) is not None:
            waiting[1].cancel()
            self._tell(waiting[0](code, reason))

    def _limits(self) -> list[VenueWord]:
        """A venue that refuses us for a while says until when."""
        if (left_s := self._host.ban_left_s) <= 0:
            return []
        return [RateLimited(self._clock.now_ns() + round(left_s * 1e9), "429: too much request weight used")]

    def _tell_all(self, connection: int, words: list[VenueWord]) -> None:
        if self._is_connected(connection):
            for word in words:
                self._tell(word)

    def _is_connected(self, connection: int) -> bool:
        return connection == self._connection and self._stream is not None

    def _tell(self, word: VenueWord) -> None:
        if self._deliver is not None:
            self._deliver(word)
