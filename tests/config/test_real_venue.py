"""A real venue's market is not opened for an account that could never buy anything there."""

import pytest

from tradigrade.config.consistency import inconsistencies
from tradigrade.config.market_settings import VenueSettings
from tradigrade.config.settings import AccountSettings, Settings


@pytest.mark.parametrize(
    ("name", "currency", "symbols", "wrong"),
    [
        ("kraken", "USDT", ("BTC/USD", "BTC/EUR"), True),
        ("kraken", "USD", ("BTC/USD", "BTC/EUR"), False),
        ("kraken", "USDT", ("BTC/USDT", "ETH/BTC"), False),
        ("simulated", "USD", ("BTC/USDT",), False),
    ],
)
def test_one_of_the_symbols_is_paid_in_the_accounts_currency(
    name: str, currency: str, symbols: tuple[str, ...], wrong: bool
) -> None:
    settings = Settings(
        symbols=symbols,
        account=AccountSettings(currency=currency),
        venue=VenueSettings(name=name, paper=True),  # type: ignore[arg-type]
    )
    found = [each.advice for each in inconsistencies(settings) if each.key == "account.currency"]
    assert found == (['for BTC/USD it is "USD"'] if wrong else [])
