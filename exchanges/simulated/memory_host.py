"""The venue's side of every request in memory: its clock, its books, and what it answers."""

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Literal

import msgspec

from ...kernel.clock import Clock
from ...kernel.loop import Loop, Timer
from ...trading.instruments import Instrument
from ...trading.order_events import OrderIntended
from ..binance.order_params import order_params
from ..venue import CancelAnswered, PlaceAnswered, SwitchAnswered, VenueWord
from .connections import Connections
from .engine import Engine
from .errors import (
    INSUFFICIENT_BALANCE,
    REFUSED_AS_TOLD,
    TIMESTAMP_AHEAD,
    TIMESTAMP_OUTSIDE,
    Refusal,
    RequestRefused,
    overweight,
)
from .memory_faults import FaultDice
from .orders import OrderRequest
from .parameters import read_order
from .words import fill_word

RECEIVE_WINDOW_MS = 2_000
AHEAD_MS = 1_000
WEIGHT_LIMIT = 6_000
NOTES_KEPT = 1_000_000

_NAMES = {-1003: "DDoSProtection", -1013: "InvalidOrder", -1021: "InvalidNonce", -1121: "BadSymbol"} | {
    -2010: "InvalidOrder",
    -2011: "OrderNotFound",
    -2013: "OrderNotFound",
}


class RequestNote(msgspec.Struct, frozen=True, gc=False):
    """One request as it left a port, or as it arrived at the venue, which answered with `code`: empty where it did what
    was asked, else the refusal."""

    at_ns: int
    where: Literal["left", "arrived"]
    sender: str
    kind: Literal["place", "cancel", "gather"]
    client_id: str
    code: str = ""


class MemoryHost:
    """What ports share: loop, true clock, latencies, faults, and the engine while the venue is up."""

    def __init__(self, loop: Loop, clock: Clock, random: Random, latency_s: tuple[float, float]) -> None:
        self.loop = loop
        self.clock = clock
        self.dice = FaultDice(random)
        self.engine: Engine
        self.up = False
        self.notes: deque[RequestNote] = deque(maxlen=NOTES_KEPT)
        self._banned_until_ns = 0
        self.reachable_at_ns = 0
        self.halted: dict[str, str] = {}
        """By symbol, with which status it is listed: it does not trade. To be changed in place, as `delisted`."""
        self.delisted: dict[str, None] = {}
        self.connections = Connections()
        self._latency_s = latency_s
        self.offers_switch = False
        self._switch: Timer | None = None
        """Where it is armed: set off, it cancels every order."""

    # -- time -----------------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """By the venue's own clock."""
        return self.clock.now_ns() // 1_000_000 + self.dice.faults.clock_offset_ms

    def latency_s(self) -> float:
        """Of one way."""
        least, most = self._latency_s
        return least + (most - least) * self.dice.random.random()

    def later(self, delay_s: float, action: Callable[[], object]) -> None:
        self.loop.call_later(delay_s, action)

    # -- doors ----------------------------------------------------------------------------------------------------

    @property
    def reachable(self) -> bool:
        return self.up and self.clock.monotonic_ns() >= self.reachable_at_ns

    @property
    def ban_left_s(self) -> float:
        return max(0, self._banned_until_ns - self.clock.monotonic_ns()) / 1e9

    @property
    def banned(self) -> bool:
        return self.ban_left_s > 0

    def trades(self, symbol: str) -> bool:
        return symbol not in self.halted and symbol not in self.delisted

    def ban(self, for_s: float) -> None:
        self._banned_until_ns = self.clock.monotonic_ns() + round(for_s * 1e9)

    def admit(self) -> None:
        """Raises RequestRefused during a ban, or where one begins."""
        if self.dice.fires("ban"):
            self.ban(self.dice.faults.ban_s)
        if self.banned:
            raise RequestRefused(overweight(WEIGHT_LIMIT))

    def note(self, where: Literal["left", "arrived"], sender: str, kind: Literal["place", "cancel", "gather"],
             client_id: str, code: str = "") -> None:  # fmt: skip
        self.notes.append(RequestNote(self.clock.now_ns(), where, sender, kind, client_id, code))

    # -- requests -------------------------------------------------------------------------------------------------

    def place(self, sender: str, intent: OrderIntended, signed_ms: int) -> list[VenueWord]:
        """The answer to an order that arrives now: accepted with its fills, or refused."""
        try:
            self._judge("place", signed_ms)
            if not self.trades(intent.symbol):
                raise RequestRefused(REFUSED_AS_TOLD)
            order = self.engine.place(self._request(intent), self.now_ms)
        except RequestRefused as error:
            code = name_of(error.refusal)
            self.note("arrived", sender, "place", intent.client_id, code)
            return [PlaceAnswered(intent.client_id, "refused", code=code, reason=f"venue {error}")]
        self.note("arrived", sender, "place", intent.client_id)
        done = PlaceAnswered(intent.client_id, "done", venue_id=str(order.order_id))
        return [done, *(fill_word(fill, intent.client_id, intent.symbol) for fill in self.engine.fills_of(order))]

    def cancel(self, sender: str, client_id: str, symbol: str, signed_ms: int) -> list[VenueWord]:
        try:
            self._judge("cancel", signed_ms)
            order = self.engine.find_order(self.instrument(symbol).venue_symbol, None, client_id)
            self.engine.cancel(order, "", self.now_ms)
        except RequestRefused as error:
            self.note("arrived", sender, "cancel", client_id, name_of(error.refusal))
            return [CancelAnswered(client_id, "refused", f"{name_of(error.refusal)}: venue {error}")]
        self.note("arrived", sender, "cancel", client_id)
        return [CancelAnswered(client_id, "done")]

    def arm(self, timeout_s: float) -> list[VenueWord]:
        try:
            self.admit()
        except RequestRefused as error:
            return [SwitchAnswered(timeout_s, "refused", f"{name_of(error.refusal)}: venue {error}")]
        if self._switch is not None:
            self._switch.cancel()
        self._switch = self.loop.call_later(timeout_s, self._set_off) if timeout_s else None
        return [SwitchAnswered(timeout_s, "done")]

    def _set_off(self) -> None:
        self._switch = None
        if self.up and (orders := list(self.engine.open_orders())):
            self.dice.fired["switch_set_off"] += 1
            self.engine.cancel_all(orders, "", self.now_ms)

    def instrument(self, symbol: str) -> Instrument:
        """By ccxt's spelling. Raises RequestRefused."""
        return self.engine.market(symbol.replace("/", "")).instrument

    def _judge(self, kind: str, signed_ms: int) -> None:
        self.admit()
        now_ms = self.now_ms
        if signed_ms > now_ms + AHEAD_MS:
            raise RequestRefused(TIMESTAMP_AHEAD)
        if now_ms - signed_ms > RECEIVE_WINDOW_MS:
            raise RequestRefused(TIMESTAMP_OUTSIDE)
        if self.dice.fires(f"{kind}_refused"):
            raise RequestRefused(REFUSED_AS_TOLD)

    def _request(self, intent: OrderIntended) -> OrderRequest:
        """Read from what would be sent, so that both doors of the venue let the same in. Raises RequestRefused."""
        return read_order(order_params(intent, self.instrument(intent.symbol).venue_symbol))


def name_of(refusal: Refusal) -> str:
    """What ccxt's exception for it is called."""
    return "InsufficientFunds" if refusal == INSUFFICIENT_BALANCE else _NAMES.get(refusal.code, "BadRequest")
