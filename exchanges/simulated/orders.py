"""Orders and fills as the venue holds them."""

from decimal import Decimal

import msgspec

from .records import (
    MAIN,
    NO_LIST,
    Closing,
    Contingency,
    OrderKind,
    OrderSide,
    Prevention,
    TimeInForce,
)

ZERO = Decimal(0)
OPEN = ("NEW", "PARTIALLY_FILLED", "PENDING_NEW")


class Order(msgspec.Struct):
    order_id: int
    client_id: str
    symbol: str
    base: str
    quote: str
    side: OrderSide
    type: OrderKind
    time_in_force: TimeInForce
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    locked: Decimal
    created_ms: int
    updated_ms: int
    status: str = "NEW"
    executed: Decimal = ZERO
    executed_quote: Decimal = ZERO
    stop_price: Decimal = ZERO
    """Of a trailing order: where the trail stands, zero before it began."""
    waits: bool = False
    """For its stop price; it neither matches nor is on the book."""
    trailing_delta: int = 0
    iceberg: Decimal = ZERO
    uid: int = MAIN
    fee_reserve: Decimal | None = None
    prevention: Prevention = "NONE"
    activation: Decimal = ZERO
    """Where a trail begins, if not at once."""
    list_id: int = NO_LIST
    held: bool = False
    """For its list's working order: its status is PENDING_NEW."""
    working_ms: int = 0
    """Since when it is on the book; zero before."""
    rank: int = 0
    """Its place among our orders of its price: the lower, the earlier it came there."""
    ahead: Decimal = ZERO
    """What strangers have standing before it at its price."""
    closing: Closing | None = None
    shown: Decimal = ZERO
    """Of an iceberg: what is left of the part that is on the book."""
    prevented: Decimal = ZERO
    prevented_id: int = -1
    reason: str = ""
    """Binance's word for why it expired."""
    strategy_id: int | None = None
    strategy_type: int | None = None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def rests(self) -> bool:
        """Whether it is on the book."""
        return self.is_open and not self.waits and not self.held

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.executed

    @property
    def visible(self) -> Decimal:
        return self.shown if self.iceberg else self.remaining

    @property
    def pays(self) -> str:
        """The asset the order pays with, locked while it is open."""
        return self.quote if self.side == "BUY" else self.base

    @property
    def receives(self) -> str:
        return self.base if self.side == "BUY" else self.quote

    @property
    def fee_asset(self) -> str:
        """The asset that its fees are taken from."""
        return self.receives if self.fee_reserve is None else self.quote


class OrderRequest(msgspec.Struct, frozen=True):
    """A new order, well-formed but not yet judged. A market order has no price and one of the two quantities; an order
    that waits has a stop price, a trail or both."""

    symbol: str
    side: OrderSide
    type: OrderKind
    client_id: str
    time_in_force: TimeInForce = "GTC"
    price: Decimal = ZERO
    quantity: Decimal = ZERO
    quote_quantity: Decimal = ZERO
    stop_price: Decimal = ZERO
    trailing_delta: int = 0
    iceberg: Decimal = ZERO
    uid: int = MAIN
    prevention: Prevention | None = None
    """None: as the symbol does by default."""
    fee_reserve: Decimal | None = None
    """As of `OrderOpened`."""
    strategy_id: int | None = None
    """The client's own, and told again."""
    strategy_type: int | None = None
    closing: Closing | None = None


class ListRequest(msgspec.Struct, frozen=True):
    """Orders that belong together. OCO: the two of a pair; OTO: the working order, then one or a pair that waits for
    it."""

    client_id: str
    contingency: Contingency
    orders: tuple[OrderRequest, ...]


class OrderList(msgspec.Struct):
    list_id: int
    client_id: str
    uid: int
    symbol: str
    contingency: Contingency
    order_ids: tuple[int, ...]
    client_ids: tuple[str, ...]
    """Of its orders, in their order."""
    created_ms: int
    updated_ms: int
    done: bool = False

    @property
    def pair(self) -> tuple[int, ...]:
        """The orders of which one works at most."""
        return self.order_ids if self.contingency == "OCO" else self.order_ids[1:] if len(self.order_ids) > 2 else ()

    @property
    def working(self) -> int:
        """The order that the others wait for; zero of an OCO."""
        return 0 if self.contingency == "OCO" else self.order_ids[0]

    @property
    def status_type(self) -> str:
        return "ALL_DONE" if self.done else "EXEC_STARTED"

    @property
    def order_status(self) -> str:
        return "ALL_DONE" if self.done else "EXECUTING"


class Fill(msgspec.Struct, frozen=True):
    trade_id: int
    order_id: int
    symbol: str
    side: OrderSide
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    at_ms: int
    uid: int = MAIN
    list_id: int = NO_LIST
    counter_id: int = 0


class PreventedMatch(msgspec.Struct, frozen=True):
    """Two orders of one account that did not trade with each other."""

    prevented_id: int
    symbol: str
    uid: int
    taker_id: int
    maker_id: int
    price: Decimal
    mode: Prevention
    taker_prevented: Decimal
    """Zero where the order did not end by it."""
    maker_prevented: Decimal
    at_ms: int
