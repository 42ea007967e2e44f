"""Every setting, its unit and its default, in one typed tree. The file form is `tradigrade.toml`."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from .market_settings import FeedSettings, UniverseSettings, VenueModelSettings, VenueSettings
from .risk_settings import BudgetSettings, LadderSettings, RiskSettings
from .section import Count, Name, Port, PositiveFloat, PositiveInt, Section


class AccountSettings(Section, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9]{0,7}$")] = "main"
    """Part of every client order id: 1 to 8 lower-case letters and digits."""
    currency: str = "USDT"
    """What money is counted in; every amount of these settings is of it."""
    opening_balance: Decimal = Decimal(10_000)
    """Paper money of a fresh account."""


class StrategySettings(Section, frozen=True):
    path: str
    """`module:Class` of an importable module, or `file.py:Class` in `strategies_dir`."""
    symbols: tuple[str, ...] = ()
    """Empty: every symbol of the system."""
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    name: Name | None = None
    """Defaults to the class's name in lower case."""


class LearningSettings(Section, frozen=True):
    enabled: bool = True
    horizon_bars: PositiveInt = 1
    """How far ahead a model predicts."""
    window_bars: PositiveInt = 512
    """The trainer's memory per symbol."""
    seed: Count = 7


class JournalSettings(Section, frozen=True):
    """The record of all that an account did, and how it is kept."""

    key_file: str = ""
    """Holds the key that new files are encrypted with: 32 bytes as hexadecimal digits or base64, readable by nobody
    else (`tradigrade journal new-key FILE` makes one). Empty: they are not encrypted."""
    old_key_files: tuple[str, ...] = ()
    """Of keys used before, which older files still need. A new key takes over at the next start."""
    keep_files: PositiveInt = 64
    """Of about 4 MB each before they are compressed; older ones are removed. Nothing is restored from them."""
    keep_days: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 0.0
    """Older files are removed after so long; 0: never."""


class GuardSettings(Section, frozen=True):
    enabled: bool = True
    """Without it nobody cancels what a dead executor left open on a halt."""
    grace_s: PositiveFloat = 0.5
    """How long after a halt the executor may cancel by itself."""
    look_s: PositiveFloat = 1.0
    """How often the venue is asked for open orders while halted."""


class CaptureSettings(Section, frozen=True):
    """A record of all that comes into the trader, from which `tradigrade replay` makes its run again."""

    enabled: bool = True
    limit_mb: Annotated[int, msgspec.Meta(ge=1, le=2**20)] = 512
    """Of all captures of a data directory: the oldest are removed for new ones, and one ends at half of it."""


class ConsoleSettings(Section, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 8420
    """0: any free one."""


class SupervisionSettings(Section, frozen=True):
    intensity: Count = 30
    """This many restarts within `period_s` are borne; one more, and the supervisor gives up."""
    period_s: PositiveFloat = 60.0
    account_intensity: Count = 8
    """So many restarts of ledger, executor and risk within `period_s` are borne; one more, and all is halted."""
    backoff_min_s: PositiveFloat = 0.02
    backoff_max_s: PositiveFloat = 5.0
    """The wait before a restart grows from `backoff_min_s` to this."""
    abandoned_threads: Count = 8
    """A node with more threads that should have ended and cannot be stopped is replaced: only that frees them."""
    heartbeat_s: PositiveFloat = 0.5
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
    venue: VenueSettings = VenueSettings()
    venue_model: VenueModelSettings = VenueModelSettings()
    account: AccountSettings = AccountSettings()
    risk: RiskSettings = RiskSettings()
    budgets: BudgetSettings = BudgetSettings()
    ladder: LadderSettings = LadderSettings()
    feeds: FeedSettings = FeedSettings()
    universe: UniverseSettings = UniverseSettings()
    learning: LearningSettings = LearningSettings()
    journal: JournalSettings = JournalSettings()
    guard: GuardSettings = GuardSettings()
    capture: CaptureSettings = CaptureSettings()
    console: ConsoleSettings = ConsoleSettings()
    supervision: SupervisionSettings = SupervisionSettings()
    placement: dict[str, Literal["cell", "threads"]] = msgspec.field(default_factory=dict)
    """Where a part of the tree runs, by its path as `tradigrade tree` shows it, and all below it; the rest is in the
    cell of its node, which is fastest. A thread of its own suits what blocks."""
