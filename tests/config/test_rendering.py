import tomllib
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.config.loader import load_settings, render
from tradigrade.config.risk_settings import OverrideSettings, RiskSettings
from tradigrade.config.settings import (
    AccountSettings,
    ConsoleSettings,
    LearningSettings,
    Settings,
    StrategySettings,
    SupervisionSettings,
)

plain_text = st.text(max_size=8)
parameters = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | plain_text | st.datetimes() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain_text, inner, max_size=3),
    max_leaves=5,
)
money = st.decimals(min_value="0.00000001", max_value=10**12, places=8)
seconds = st.floats(min_value=1e-6, max_value=1e6)
all_symbols = ["BTC/USDT", "ETH/USDT", "SOL/USDC"]

sound_settings = st.builds(
    Settings,
    symbols=st.permutations(all_symbols).map(tuple),
    bar_s=seconds,
    on_stop=st.sampled_from(["cancel", "leave", "flatten"]),
    replay=st.text(),
    speed=st.floats(min_value=0.001, max_value=1000),
    seed=st.integers(min_value=0, max_value=2**31 - 1),
    strategies=st.lists(
        st.builds(
            StrategySettings,
            path=st.just("file.py:Own"),
            symbols=st.lists(st.sampled_from(all_symbols), unique=True).map(tuple),
            parameters=st.dictionaries(plain_text, parameters, max_size=3),
            name=st.from_regex(r"\A[a-z][a-z0-9_]{0,15}\Z"),
        ),
        max_size=3,
        unique_by=lambda strategy: strategy.name,
    ).map(tuple),
    account=st.builds(AccountSettings, opening_balance=money),
    risk=st.builds(
        lambda amounts, gross, overrides: RiskSettings(
            max_order_notional=min(amounts),
            max_position_notional=max(amounts),
            max_gross_notional=gross and max(amounts) + gross,
            overrides=overrides,
        ),
        st.tuples(money, money),
        st.none() | money,
        st.sampled_from([(), (OverrideSettings("BTC/USDT", limits={"max_symbol_orders": 3}),)]),
    ),
    learning=st.builds(LearningSettings, enabled=st.booleans()),
    console=st.builds(ConsoleSettings, host=st.text(), port=st.integers(min_value=0, max_value=65535)),
    supervision=st.builds(SupervisionSettings, period_s=seconds),
)


def load_text(text: str) -> Settings:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tradigrade.toml"
        path.write_text(text, encoding="utf-8", newline="")
        return load_settings(path, environment={})


@settings(max_examples=150, deadline=None)
@given(sound_settings)
def test_rendered_settings_load_back_equal(sound: Settings) -> None:
    assert load_text(render(sound)) == sound


def test_the_defaults_render_as_readable_toml() -> None:
    lines = render(Settings()).splitlines()
    assert lines[0] == 'symbols = ["BTC/USDT"]'
    assert {"bar_s = 1.0", "[risk]", "max_order_notional = 2000", "[[strategies]]"} <= set(lines)


def test_an_amount_that_is_not_whole_stays_exact() -> None:
    exact = Decimal("0.1000000000000000055511151231257827")
    assert load_text(render(Settings(account=AccountSettings(opening_balance=exact)))).account.opening_balance == exact


def test_secrets_are_masked_wherever_they_are_nested() -> None:
    secrets: dict[str, Any] = {"api_key": "s3", "venue": {"password": "s3"}, "tokens_seen": 4, "dsn": "pg://u:s3@h"}
    text = render(Settings(strategies=(StrategySettings(path="a:A", parameters=secrets),)))
    (strategy,) = tomllib.loads(text)["strategies"]
    assert "s3" not in text
    assert strategy["parameters"] == {"api_key": "***", "venue": {"password": "***"}, "tokens_seen": 4, "dsn": "***"}
