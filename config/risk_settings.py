"""The settings that bound what may be lost: limits, rules, budgets over accounts, and where the ladder begins."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from .section import Count, Fraction, PositiveFloat, PositiveInt, Section


class OverrideSettings(Section, frozen=True):
    """Other values of some limits, for one symbol or for one strategy."""

    symbol: str = ""
    strategy: str = ""
    limits: dict[str, Any] = msgspec.field(default_factory=dict)
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
