"""Every setting, its unit and its default, in one typed tree. The file form is `tradigrade.toml`."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

PositiveFloat = Annotated[float, msgspec.Meta(gt=0, lt=1e9)]
PositiveInt = Annotated[int, msgspec.Meta(gt=0, lt=2**31)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0, lt=1e6)]
Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]
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


class OverrideSettings(Section, frozen=True):
    """Other values of some limits, for one symbol or for one strategy."""

    symbol: str = ""
    strategy: str = ""
    limits: dict[str, Any] = {}
    """By name, as in `[risk]`."""


class RuleSettings(Section, frozen=True):
    """Forbids orders that all of it applies to; what is empty applies to all. Times are UTC, `HH:MM`."""

    name: str
    symbols: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    side: Literal["buy", "sell"] | None = None
    since: str = "00:00"
    until: str = "24:00"
    """Not included; earlier than `since`: on the next day."""
    weekdays: tuple[int, ...] = ()
    """0 is Monday."""


class RiskSettings(Section, frozen=True):
    """The first version of the limits: `tradigrade risk set` changes them while the system runs. Money is in the
    account's currency; what is not given has no bound."""

    max_order_notional: Decimal = Decimal(2_000)
    """Amount times price of one order, at most."""
    max_position_notional: Decimal = Decimal(5_000)
    """Per symbol, unfilled and unknown orders counted at their worst."""
    max_orders_per_s: PositiveInt = 20
    max_price_deviation_bps: PositiveFloat = 100.0
    """A limit price further than this from the touch is refused."""
    max_resting_deviation_bps: PositiveFloat = 5_000.0
    """The same of an order that was asked for as it is and only rests."""
    max_market_age_s: PositiveFloat = 2.0
    """A market older than this refuses new orders."""
    approval_ttl_s: PositiveFloat = 0.5
    """An approval not used by then is void."""
    daily_loss_warning: Fraction = 0.03
    """A loss of this fraction of the day's opening equity (UTC) leaves only orders that shrink positions."""
    max_daily_loss: Fraction | None = None
    """A loss of this fraction of the day's opening equity halts everything until a person releases it."""
    max_weekly_loss: Fraction | None = None
    """The same of the equity that the week (from Monday, UTC) began with."""
    max_drawdown: Fraction = 0.10
    """A fall of this fraction below the peak equity halts everything until a person releases it."""
    max_gross_notional: Decimal | None = None
    """All positions of the account together, at their worst."""
    max_net_notional: Decimal | None = None
    max_leverage: PositiveFloat | None = 1.0
    """Gross exposure by equity."""
    max_concentration: Fraction | None = 1.0
    """Of the equity in one symbol."""
    max_equity_age_s: PositiveFloat = 60.0
    """An equity that could not be told for longer bounds nothing: what needs it is refused."""
    max_open_orders: PositiveInt | None = 1_000
    max_symbol_orders: PositiveInt | None = None
    """Open orders on one symbol."""
    max_strategy_orders: PositiveInt | None = None
    """Open orders of one strategy."""
    max_strategy_orders_per_s: PositiveInt | None = None
    max_strategy_notional: Decimal | None = None
    """Capital budget of each strategy."""
    max_strategy_fraction: Fraction | None = None
    """The same, of the equity."""
    max_fee_bps: PositiveFloat | None = 100.0
    """A fill with a higher fee leaves only orders that shrink positions of its symbol."""
    calm_volatility_bps: PositiveFloat | None = None
    """Above this volatility of a minute the limits of orders and positions shrink in proportion."""
    scale_from_drawdown: Fraction | None = None
    """From this fall below the peak on they shrink too, evenly until `max_drawdown`."""
    min_scale: Fraction = 0.25
    """They shrink no further than to this part."""
    overrides: tuple[OverrideSettings, ...] = ()
    rules: tuple[RuleSettings, ...] = ()
    """What is forbidden whatever the limits say."""


class BudgetSettings(Section, frozen=True):
    """Limits over all accounts together."""

    max_gross_notional: Decimal | None = None
    """None: each account has its own limits alone."""
    max_daily_loss: Decimal | None = None
    """What all accounts together may lose of what the day began with; an account that lost its share buys nothing."""
    guaranteed: Fraction = 0.5
    """This part of each is split evenly, and stays each account's own whatever the others do."""
    lasts_s: PositiveFloat = 5.0
    """An account that heard no grant for longer has its guaranteed part alone."""


class LadderSettings(Section, frozen=True):
    """From where on a fact leads down the ladder of degraded modes."""

    max_clock_skew_s: PositiveFloat = 0.5
    """A clock further from the venue's than this leaves only cancels."""
    min_data_quality: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    """Market data of a symbol with a lower score leaves only cancels, and no model learns from it or predicts by it."""
    learner_silent_s: PositiveFloat = 10.0
    """A learner not heard of for longer brings the fallback model in."""
    model_stale_s: PositiveFloat = 600.0
    """A model in use that was not renewed for longer gives way to the fallback model."""
    drift_margin: PositiveFloat = 0.05
    """Mean log-loss above a coin's 0.693 by this much, over recent bars, is drift."""
    storage_grace_s: PositiveFloat = 1.0
    """Syncs of the journal may fail for so long."""
    min_free_mb: Count = 100
    """Less free disk than this leaves only orders that shrink positions; 0: never."""
    restarts: Count = 4
    """More restarts of the account within `restarts_period_s` leave only orders that shrink positions."""
    restarts_period_s: PositiveFloat = 60.0


class ReferenceSettings(Section, frozen=True):
    """Another venue whose public prices ours are compared with; nothing is traded there."""

    venue: Literal["kraken", "okx", "coinbase", "bybit"]
    symbols: tuple[str, ...] = ()
    """Empty: every symbol of the system."""


class FeedSettings(Section, frozen=True):
    symbols_per_feed: PositiveInt = 100
    """Each feed has its own connection, its own part of the symbols, and fails alone."""
    max_jump: Fraction = 0.05
    """A price that differs by more than this fraction from the last ones is kept back until another stream of the venue
    says the same."""
    references: tuple[ReferenceSettings, ...] = ()


class UniverseSettings(Section, frozen=True):
    """What the venue trades: asked for now and then, besides what its streams say."""

    refresh_s: PositiveFloat = 60.0
    cancel_orders: bool = True
    """Cancel what is open on a symbol that is halted, all but what guards a position, and all on one that is gone."""


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


class VenueSettings(Section, frozen=True):
    """Whose market is traded on. Orders are matched on this machine, whatever market they are matched against."""

    name: Literal["simulated", "binance", "kraken", "okx", "coinbase", "bybit"] = "simulated"
    """`simulated` needs no network; of any other the public streams are read, without keys."""
    paper: bool = False
    """Has to be true for every venue but the simulated one: real orders are not there yet."""
    address: str = ""
    """`HOST:PORT` of what stands in for the real venue under all its names, such as another exchange of this program;
    empty: the venue itself."""
    certificate: str = ""
    """A file with the only certificate to trust there; empty: those this machine trusts."""
    protocol: Literal["binance", "kraken"] = "binance"
    """What the local venue speaks, with the rules, fees and refusals that go with it; the market is the same."""


class VenueModelSettings(Section, frozen=True):
    """How the local venue behaves as one far away would. Off as it stands: no latency, no limit anybody meets."""

    latency_ms: Milliseconds = 0.0
    """One way, at least; every request, answer and frame takes it."""
    jitter_ms: Milliseconds = 0.0
    """At most so much more, evenly."""
    tail_ms: Milliseconds = 0.0
    """The mean of what some take longer, exponentially."""
    tail_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """How many of them."""
    weight_per_minute: PositiveInt = 1_000_000
    """Request weight; Binance allows 6,000."""
    orders_per_10_s: PositiveInt = 1_000_000
    """Binance allows 100."""
    connection_life_s: PositiveFloat = 24 * 3_600.0
    """Every connection ends after that; it is told ten minutes before."""


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
    placement: dict[str, Literal["cell", "threads"]] = {}
    """Where a part of the tree runs, by its path as `tradigrade tree` shows it, and all below it; the rest is in the
    cell of its node, which is fastest. A thread of its own suits what blocks."""
