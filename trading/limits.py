"""Limits are data: what bounds an account, what overrides that for a symbol or a strategy, and what is no limit.

Every value is an exact number, or None where there is no bound. Money is in the account's currency.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from zlib import crc32

import msgspec

from .messages import ZERO, Message

Unit = Literal["money", "fraction", "multiple", "bps", "seconds", "count"]

MONEY_MAX = Decimal(10**15)
ONE = Decimal(1)


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What bounds one account. `SPECS` says of each what it counts and where it may be overridden."""

    max_order_notional: Decimal | None = Decimal(2_000)
    max_price_deviation_bps: Decimal | None = Decimal(100)
    max_resting_deviation_bps: Decimal | None = Decimal(5_000)
    max_market_age_s: Decimal | None = Decimal(2)
    max_fee_bps: Decimal | None = Decimal(100)
    max_position_notional: Decimal | None = Decimal(5_000)
    max_concentration: Decimal | None = ONE
    max_symbol_orders: Decimal | None = None
    calm_volatility_bps: Decimal | None = None
    max_strategy_notional: Decimal | None = None
    max_strategy_fraction: Decimal | None = None
    max_strategy_orders: Decimal | None = None
    max_strategy_orders_per_s: Decimal | None = None
    max_gross_notional: Decimal | None = None
    max_net_notional: Decimal | None = None
    max_leverage: Decimal | None = ONE
    max_open_orders: Decimal | None = Decimal(1_000)
    max_orders_per_s: Decimal | None = Decimal(20)
    max_equity_age_s: Decimal | None = Decimal(60)
    daily_loss_warning: Decimal | None = Decimal("0.03")
    max_daily_loss: Decimal | None = None
    max_weekly_loss: Decimal | None = None
    max_drawdown: Decimal | None = Decimal("0.10")
    scale_from_drawdown: Decimal | None = None
    min_scale: Decimal | None = Decimal("0.25")


class Spec(NamedTuple):
    """`over`: what the limit bounds one of; an order's limit may be overridden for both, a symbol's or a strategy's
    for one of those, and the account's for none."""

    unit: Unit
    over: Literal["order", "symbol", "strategy", "account"]
    text: str
    optional: bool = True


SPECS: dict[str, Spec] = {
    "max_order_notional": Spec(
        "money", "order", "amount times worst price of one order that grows a position", optional=False
    ),
    "max_price_deviation_bps": Spec(
        "bps", "order", "limit price from the touch, and a fill's from what it was judged at"
    ),
    "max_resting_deviation_bps": Spec("bps", "order", "limit price of a requested order that rests, from the touch"),
    "max_market_age_s": Spec("seconds", "order", "age of the market an order is judged on", optional=False),
    "max_fee_bps": Spec("bps", "order", "fee of a fill, of its notional"),
    "max_position_notional": Spec("money", "symbol", "what is held and may still be bought of it", optional=False),
    "max_concentration": Spec("fraction", "symbol", "of the equity in one symbol"),
    "max_symbol_orders": Spec("count", "symbol", "open orders on one symbol"),
    "calm_volatility_bps": Spec("bps", "symbol", "a minute's volatility above which limits shrink in proportion"),
    "max_strategy_notional": Spec("money", "strategy", "capital budget: what a strategy holds and may still buy"),
    "max_strategy_fraction": Spec("fraction", "strategy", "the same, of the equity"),
    "max_strategy_orders": Spec("count", "strategy", "open orders of one strategy"),
    "max_strategy_orders_per_s": Spec(
        "count", "strategy", "orders of one strategy a second, but for those that shrink its position"
    ),
    "max_gross_notional": Spec("money", "account", "all positions at their worst, whatever their side"),
    "max_net_notional": Spec("money", "account", "longs less shorts, at their worst"),
    "max_leverage": Spec("multiple", "account", "gross exposure by equity"),
    "max_open_orders": Spec("count", "account", "open orders"),
    "max_orders_per_s": Spec(
        "count", "account", "orders a second, but for those that shrink a position", optional=False
    ),
    "max_equity_age_s": Spec("seconds", "account", "age of the equity that exposure is measured by", optional=False),
    "daily_loss_warning": Spec("fraction", "account", "of the day's opening equity: only what shrinks positions"),
    "max_daily_loss": Spec("fraction", "account", "of the day's opening equity: halts until released"),
    "max_weekly_loss": Spec("fraction", "account", "of the week's opening equity: halts until released"),
    "max_drawdown": Spec("fraction", "account", "of the peak equity: halts until released", optional=False),
    "scale_from_drawdown": Spec("fraction", "account", "from this fall below the peak on limits shrink"),
    "min_scale": Spec("fraction", "account", "limits shrink no further than to this part", optional=False),
}
"""In the order in which they are shown."""

AT_MOST: tuple[tuple[str, str], ...] = (
    ("max_order_notional", "max_position_notional"),
    ("max_position_notional", "max_gross_notional"),
    ("max_strategy_notional", "max_gross_notional"),
    ("max_net_notional", "max_gross_notional"),
    ("max_symbol_orders", "max_open_orders"),
    ("max_strategy_orders", "max_open_orders"),
    ("max_strategy_orders_per_s", "max_orders_per_s"),
    ("daily_loss_warning", "max_daily_loss"),
    ("max_daily_loss", "max_weekly_loss"),
    ("scale_from_drawdown", "max_drawdown"),
)
"""The first above the second contradicts it: one of them could never count."""


class LimitFault(Exception):
    """A limit that is none, with what was expected and found."""

    def __init__(self, field: str, expected: str, found: str) -> None:
        super().__init__(f"{field}: expected {expected}, found {found}")
        self.field, self.expected, self.found = field, expected, found


class LimitChanged(Message, frozen=True, gc=False):
    """A limit has another value from now on; empty: no bound. `version` is that of all limits with the change in."""

    name: str
    scope: str
    before: str
    after: str
    version: str
    by: str
    reason: str
    at_ns: int


def check_value(name: str, value: Decimal | None) -> None:
    """Raises `LimitFault` for what this limit cannot be."""
    spec = SPECS.get(name)
    if spec is None:
        raise LimitFault(name, f"one of {', '.join(SPECS)}", name)
    if value is None:
        if not spec.optional:
            raise LimitFault(name, "a bound, for without one there would be none", "none")
        return
    top = ONE if spec.unit == "fraction" else MONEY_MAX
    if not (value.is_finite() and ZERO < value <= top):
        raise LimitFault(name, f"a number above 0 and at most {top:,}", str(value))
    if spec.unit == "count" and value != value.to_integral_value():
        raise LimitFault(name, "a whole number", str(value))


def contradictions(values: Mapping[str, Decimal | None]) -> Iterator[LimitFault]:
    """Every pair that cannot both mean what it says."""
    for small, large in AT_MOST:
        value, bound = values.get(small), values.get(large)
        if value is not None and bound is not None and value > bound:
            yield LimitFault(small, f"at most {large} ({bound})", str(value))


def values_of(limits: Limits) -> dict[str, Decimal | None]:
    return msgspec.structs.asdict(limits)


def make_limits(values: Mapping[str, Any]) -> Limits:
    """Of numbers as settings hold them; names it does not know are left out. Raises `LimitFault`."""
    exact = {name: read_value(name, values[name]) for name in SPECS if name in values}
    made = Limits(**exact)
    for fault in contradictions(values_of(made)):
        raise fault
    return made


def read_value(name: str, value: Any) -> Decimal | None:
    """As settings or a person wrote it. Raises `LimitFault` for what this limit cannot be."""
    try:
        exact = None if value is None else Decimal(str(value))
    except ArithmeticError:
        raise LimitFault(name, "a number", repr(value)) from None
    check_value(name, exact)
    return exact


def fingerprint(*parts: object) -> str:
    """Eight digits that differ where the content does."""
    return f"{crc32(msgspec.json.encode(parts, order='deterministic')):08x}"
