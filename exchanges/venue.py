"""What the system asks of a venue, and what it hears: one small contract for every exchange.

A port never waits and never raises: every request is answered through `deliver`, in any order, with a proof, a doubt
or a failure. Whatever a port cannot prove it calls unknown.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Literal, Protocol

import msgspec

from ..trading.evidence import Evidence, VenueOrder
from ..trading.instruments import Instrument
from ..trading.messages import ZERO
from ..trading.order_events import FundsMoved, OrderFilled, OrderIntended
from .tasks import PortBroke

REQUEST_TIMEOUT_S = 3.0
"""A request not answered by then is in doubt."""
LOOK_TIMEOUT_S = 9.0
"""A look at the account is many requests: by then it is broken off, and the next one goes on with it."""
SEND_WITHIN_S = 0.4
"""An intent older than this is not sent any more: past intent, sending and the venue's receive window together, an
order that the venue does not hold is proven never to have arrived."""
IN_FLIGHT_LIMIT = 200
"""Requests under way at once; one more is answered as refused before it is sent."""
RECONNECT_MIN_S = 0.05
RECONNECT_MAX_S = 5.0

Outcome = Literal["done", "refused", "unknown"]
"""`refused` only on proof: the venue's structured answer. A time-out, a disconnect or an unreadable answer proves
nothing."""


class VenueOpened(msgspec.Struct, frozen=True):
    """Connected, the private stream is subscribed, and these are the rules of trading."""

    instruments: dict[str, Instrument]
    offers_switch: bool = False
    """The venue has a dead-man switch: `arm` may be called."""
    warning: str = ""
    """What somebody should know of how it was opened."""


class SwitchAnswered(msgspec.Struct, frozen=True):
    """To `arm`: `done` where the venue has set, or cleared, its dead-man switch."""

    timeout_s: float
    outcome: Outcome
    reason: str = ""


class VenueClosed(msgspec.Struct, frozen=True):
    """A connection was lost: events may have been missed until the next `VenueOpened`. The port reconnects itself."""

    reason: str


class PlaceAnswered(msgspec.Struct, frozen=True):
    client_id: str
    outcome: Outcome
    venue_id: str = ""
    code: str = ""
    reason: str = ""


class CancelAnswered(msgspec.Struct, frozen=True):
    """`refused`: the venue has no such open order; its end, a fill or another cancel, is told by other events."""

    client_id: str
    outcome: Outcome
    reason: str = ""


class OrderReported(msgspec.Struct, frozen=True):
    """The private stream's word on an order of ours."""

    client_id: str
    venue_id: str
    state: Literal["open", "cancelled", "rejected"]


class BalancesReported(msgspec.Struct, frozen=True):
    """The private stream's word on the totals, free and locked, of the currencies that changed; what explains it may
    come later, or have come before."""

    totals: dict[str, Decimal]
    at_ns: int


class EvidenceGathered(msgspec.Struct, frozen=True):
    request_id: int
    evidence: Evidence


class EvidenceFailed(msgspec.Struct, frozen=True):
    """The venue could not be asked; this proves nothing."""

    request_id: int
    reason: str


class ClockCompared(msgspec.Struct, frozen=True):
    """The venue's clock less ours, as far as it is proven: what the way there and back may account for is left out."""

    offset_s: float


class RateLimited(msgspec.Struct, frozen=True):
    """The venue said that we ask too much: until then (UTC) it refuses us, or comes near to banning us."""

    until_ns: int
    reason: str = ""
    doubt: str = ""
    """Why the venue's own word of the time was not taken."""


VenueWord = (
    VenueOpened
    | VenueClosed
    | PlaceAnswered
    | CancelAnswered
    | OrderReported
    | OrderFilled
    | FundsMoved
    | BalancesReported
    | EvidenceGathered
    | EvidenceFailed
    | ClockCompared
    | RateLimited
    | SwitchAnswered
    | PortBroke
)


def funds_moved(currency: str, amount: Decimal, at_ms: int, name: str = "") -> FundsMoved:
    """Named by what every door of a venue says of it: Binance gives no name, and some times only to the second."""
    kind: Literal["deposit", "withdrawal"] = "deposit" if amount > 0 else "withdrawal"
    reference = f"{currency}:{name or f'{at_ms // 1_000}:{amount.normalize():f}'}"
    return FundsMoved(currency, amount, kind, reference, at_ms * 1_000_000)


class EvidenceAsked(msgspec.Struct, frozen=True):
    """Asks for open orders, the orders in `open_ids` (client id to symbol) that are not among them, trades of the
    symbols `trades_of` after `since` (symbol to trade id; a symbol without one asks for the last id only) and balances.
    `known` maps the venue's order ids to ours. A venue weighs trades most, and they tell nothing of a symbol where
    nothing happened and whose balances are equal."""

    request_id: int
    symbols: tuple[str, ...]
    open_ids: dict[str, str]
    since: dict[str, int]
    known: dict[str, str]
    trades_of: tuple[str, ...] = ()
    transfers_since_ns: int | None = None
    """Asks for the history of deposits and withdrawals from then on, too."""
    filled: dict[str, Decimal] = {}
    """What the books have of each of `open_ids`: where the venue has filled another amount of an order, the trades of
    its symbol are asked for, too."""

    def moved(self, orders: Iterable[VenueOrder]) -> tuple[str, ...]:
        """The symbols, besides `trades_of`, of whose orders the venue has filled what the books have not."""
        moved = {order.symbol for order in orders if order.filled != self.filled.get(order.client_id, ZERO)}
        return tuple(symbol for symbol in self.symbols if symbol in moved and symbol not in self.trades_of)


class VenuePort(Protocol):
    """The way to one account at one venue."""

    def open(self, deliver: Callable[[VenueWord], object]) -> None: ...

    def place(self, intent: OrderIntended) -> None: ...

    def cancel(self, client_id: str, symbol: str) -> None: ...

    def gather(self, request: EvidenceAsked) -> None: ...

    def arm(self, timeout_s: float) -> None:
        """Cancel everything once nothing was heard of us for so long; 0 disarms. Only where `VenueOpened` offers it."""

    def close(self) -> None: ...
