"""Every setting, its unit and its default, in one typed tree. The file form is `tradigrade.toml`."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

PositiveFloat = Annotated[float, msgspec.Meta(gt=0, lt=1e9)]
PositiveInt = Annotated[int, msgspec.Meta(gt=0, lt=2**31)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,15}$")]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every table of the configuration: immutable, and an unknown key is an error."""


class AccountSettings(Section, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9]{0,7}$")] = "main"
    """Part of every client order id: 1 to 8 lower-case letters and digits."""
    currency: str = "USDT"
    """What money is counted in; every amount of these settings is of it."""
    opening_balance: Decimal = Decimal(10_000)
    """Paper money of a fresh account."""


class RiskSettings(Section, frozen=True):
    max_order_notional: Decimal = Decimal(2_000)
    """Amount times price of one order, at most."""
    max_position_notional: Decimal = Decimal(5_000)
    """Per symbol, unfilled and unknown orders counted at their worst."""
    max_orders_per_s: PositiveInt = 20
    max_price_deviation_bps: PositiveFloat = 100.0
    """A limit price further than this from the touch is refused."""
    max_market_age_s: PositiveFloat = 2.0
    """A market older than this refuses new orders."""
    approval_ttl_s: PositiveFloat = 0.5
    """An approval not used by then is void."""


class StrategySettings(Section, frozen=True):
    path: str
    """`module:Class` of an importable module, or `file.py:Class` in `strategies_dir`."""
    symbols: tuple[str, ...] = ()
    """Empty: every symbol of the system."""
    parameters: dict[str, Any] = {}
    name: Name | None = None
    """Defaults to the class's name in lower case."""


class LearningSettings(Section, frozen=True):
    enabled: bool = True
    horizon_bars: PositiveInt = 1
    """How far ahead a model predicts."""
    window_bars: PositiveInt = 512
    """The trainer's memory per symbol."""
    seed: Count = 7


class ConsoleSettings(Section, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 8420
    """0: any free one."""


class SupervisionSettings(Section, frozen=True):
    intensity: Count = 30
    """This many restarts within `period_s` are borne; one more, and the supervisor gives up."""
    period_s: PositiveFloat = 60.0
    backoff_min_s: PositiveFloat = 0.02
    backoff_max_s: PositiveFloat = 5.0
    """The wait before a restart grows from `backoff_min_s` to this."""
    abandoned_threads: Count = 8
    """A node with more threads that should have ended and cannot be stopped is replaced: only that frees them."""
    heartbeat_s: PositiveFloat = 0.25
    heartbeat_timeout_s: PositiveFloat = 3.0
    """A node silent for longer is lost."""


class Settings(Section, frozen=True):
    symbols: tuple[str, ...] = ("BTC/USDT",)
    bar_s: PositiveFloat = 1.0
    """Length of a bar in seconds of session time."""
    on_stop: Literal["cancel", "leave", "flatten"] = "cancel"
    replay: str = ""
    """A recording of raw Binance frames; empty: the seeded synthetic market."""
    speed: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 1.0
    """Seconds of the market played per second of session time, which is the time on the wall."""
    seed: Count = 7
    """Of the synthetic market: the same seed, the same market."""
    strategies_dir: str = ""
    """Where the user's own strategies lie; empty: nowhere."""
    strategies: tuple[StrategySettings, ...] = (StrategySettings(path="tradigrade.trading.strategies.learned:Learned"),)
    account: AccountSettings = AccountSettings()
    risk: RiskSettings = RiskSettings()
    learning: LearningSettings = LearningSettings()
    console: ConsoleSettings = ConsoleSettings()
    supervision: SupervisionSettings = SupervisionSettings()
    placement: dict[str, Literal["cell", "threads"]] = {}
    """Where a part of the tree runs, by its path as `tradigrade tree` shows it, and all below it; the rest is in the
    cell of its node, which is fastest. A thread of its own suits what blocks."""
