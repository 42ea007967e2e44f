"""Which system a seed runs: one drawn from it that trades a lot, or a user's own."""

from typing import Any

import msgspec

from ..config.market_settings import UniverseSettings
from ..config.risk_settings import RiskSettings
from ..config.settings import Settings, StrategySettings

BRACKETS = StrategySettings(
    path="tradigrade.trading.strategies.momentum:Momentum",
    parameters={"entry_bps": 0.1, "stop_bps": 3.0, "profit_bps": 2.0, "pause_bars": 6, "amount_quote": 200.0},
)


def draw_settings(world_random: Any) -> Settings:
    """A small system that trades a lot: two strategies by targets and one by brackets, on one or two symbols."""
    symbols = ("BTC/USDT", "ETH/USDT")[: world_random.choice([1, 2, 2])]
    path = "tradigrade.trading.strategies.exerciser:Exerciser"
    strategies = tuple(
        StrategySettings(path=path, name=f"exerciser{number}", parameters={"seed": world_random.randrange(1_000)})
        for number in (1, 2)
    )
    return Settings(
        symbols=symbols,
        bar_s=0.5,
        strategies=(*strategies, BRACKETS),
        universe=UniverseSettings(refresh_s=5.0),
        risk=RiskSettings(max_order_notional=1_500, max_position_notional=6_000),  # type: ignore[arg-type]
        on_stop=world_random.choice(["cancel", "cancel", "flatten"]),  # what is left may fill when nobody looks
    )


class Own(msgspec.Struct, frozen=True):
    """A user's settings instead of drawn ones; `path` is the file they came from. What they leave at the end is
    cancelled, the market is the simulator's own, and whether their strategies trade is theirs to know."""

    settings: Settings
    path: str


def choose_settings(own: Own | None, drawn: Any) -> Settings:
    """One stream of chance is drawn from either way: the faults of a seed stay the same."""
    settings = draw_settings(drawn)
    if own is None:
        return settings
    on_stop = "cancel" if own.settings.on_stop == "leave" else own.settings.on_stop
    return msgspec.structs.replace(own.settings, on_stop=on_stop)
