"""The user's door: a strategy sees the market and its own fills, and says what it wants to hold."""

from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from .messages import ZERO, BarClosed, MarketDataUpdate, Prediction, SymbolStatus
from .order_events import OrderFilled
from .strategy_orders import Change, Order


class StrategyFault(Exception):
    """The strategy's parameters are wrong: the message says what was expected and what was found."""


class Target(msgspec.Struct, frozen=True):
    """A wish to hold `amount` of the base currency; with a `limit_price`, at no worse than that."""

    amount: Decimal
    limit_price: Decimal | None = None

    def __post_init__(self) -> None:
        """`StrategyFault` for what is no finite `Decimal`, so that the strategy fails and nobody else."""
        for name in ("amount", "limit_price"):
            value = getattr(self, name)
            exact = isinstance(value, Decimal) and value.is_finite()
            if not exact and not (name == "limit_price" and value is None):
                raise StrategyFault(f"Target: {name} must be a finite Decimal, got {value!r}")


Wish = Target | Order | Change | tuple[Target | Order | Change | None, ...] | None
"""What a handler may return. A target is the whole wish: who gives one has its orders made and unmade for it, and
orders of its own stay beside them."""


class Strategy:
    """One strategy on one symbol. Subclass it, override what you need, return a `Target`, an order, or None.

    The same file runs in backtest, paper and live. A strategy is pure: it reads no clock, opens no file and draws
    no randomness; time comes with the messages. It must not raise for market conditions it can foresee: an
    exception restarts it with a clean state. `parameters` are the class's defaults merged with the configuration's;
    an unknown name or another type is a `StrategyFault`.
    """

    defaults: ClassVar[dict[str, Any]] = {}
    """Name and default of every parameter; the default's type is the parameter's type."""
    needs_model: ClassVar[bool] = False
    """True asks for a prediction at every closed bar, delivered to `on_signal`."""

    def __init__(self, symbol: str, parameters: dict[str, Any] | None = None) -> None:
        self.symbol = symbol
        self.parameters = merge_parameters(type(self), parameters or {})
        self.position = ZERO
        """This strategy's own virtual position: the sum of its fills, kept by the system."""
        self.min_amount = self.min_notional = ZERO
        """The venue's smallest order, in base and in quote currency, kept by the system."""
        self.rung = "CANCEL_ONLY"
        """Where it stands on the ladder of degraded modes, kept by the system: what of its orders may leave."""

    def is_flat(self, price: Decimal) -> bool:
        """Whether nothing is held, or only what fees left over: less than the venue's smallest order at `price`."""
        held = abs(self.position)
        return not held or held < self.min_amount or held * price < self.min_notional

    def on_market(self, update: MarketDataUpdate) -> Wish:
        """Every trade, quote and book change of the symbol."""

    def on_bar(self, bar: BarClosed) -> Wish:
        """Every closed bar of `bar_s` seconds."""

    def on_signal(self, prediction: Prediction, market: MarketDataUpdate) -> Wish:
        """The model's view after a closed bar, with the market as it stands."""

    def on_fill(self, fill: OrderFilled) -> None:
        """One of this strategy's own fills, already counted in `position`."""

    def on_status(self, status: SymbolStatus) -> None:
        """The venue halted the symbol, delisted it, or trades it again; `rung` says what may leave."""


def merge_parameters(kind: type[Strategy], given: dict[str, Any]) -> dict[str, Any]:
    """Defaults overlaid with `given`, each value of its default's type."""
    for name, value in given.items():
        if name not in kind.defaults:
            raise StrategyFault(
                f"{kind.__name__}: parameter {name!r} is unknown, expected one of {list(kind.defaults)}"
            )
        expected = type(kind.defaults[name])
        allowed = (float, int) if expected is float else expected
        if isinstance(value, bool) != (expected is bool) or not isinstance(value, allowed):
            raise StrategyFault(f"{kind.__name__}: parameter {name!r} must be {expected.__name__}, got {value!r}")
    return {name: type(default)(given.get(name, default)) for name, default in kind.defaults.items()}
