"""The rules of a real venue's symbols, as ccxt tells them."""

import asyncio
from decimal import Decimal
from typing import Any

import ccxt.pro
import pytest

from tradigrade.exchanges import public_venue
from tradigrade.exchanges.ccxt_parsing import exact
from tradigrade.exchanges.public_venue import VenueFault, fetch_instruments

NONE = {"min": None, "max": None}


def market(**precision: Any) -> dict[str, Any]:
    limits = {"amount": NONE, "price": NONE, "cost": NONE, "leverage": NONE}
    words = {"symbol": "PEPE/USD", "id": "PEPE-USD", "base": "PEPE", "quote": "USD", "limits": limits}
    return words | {"precision": {"price": 1e-12, "amount": 1.0} | precision}


class Venue:
    def __init__(self, markets: dict[str, Any]) -> None:
        self.markets, self.id = markets, "kraken"

    async def load_markets(self) -> None: ...

    async def close(self) -> None: ...


class Session:
    async def __aenter__(self) -> "Session":
        return self

    async def __aexit__(self, *_: object) -> None: ...


def fetch(monkeypatch: pytest.MonkeyPatch, venue: Venue, *symbols: str) -> Any:
    async def open_session() -> Any:
        return Session()

    monkeypatch.setattr(ccxt.pro, "kraken", lambda _: venue)
    return asyncio.run(fetch_instruments("kraken", symbols, open_session))


def test_limits_that_a_venue_does_not_have_bound_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (rule,) = fetch(monkeypatch, Venue({"PEPE/USD": market()}), "PEPE/USD")
    assert (rule.tick_size, rule.step_size, rule.venue_symbol) == (Decimal("1e-12"), Decimal(1), "PEPEUSD")
    assert (rule.min_amount, rule.max_amount, rule.min_notional) == (Decimal(0), Decimal(10**12), Decimal(0))


@pytest.mark.parametrize("precision", [{"price": None}, {"amount": None}, {"price": 0.0}, {"amount": float("nan")}])
def test_a_symbol_whose_steps_the_venue_does_not_say_is_named(
    monkeypatch: pytest.MonkeyPatch, precision: dict[str, Any]
) -> None:
    with pytest.raises(VenueFault, match="PEPE/USD: kraken does not say"):
        fetch(monkeypatch, Venue({"PEPE/USD": market(**precision)}), "PEPE/USD")


def test_a_symbol_that_is_not_traded_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VenueFault, match="XBT/USD is not traded at kraken"):
        fetch(monkeypatch, Venue({"PEPE/USD": market()}), "PEPE/USD", "XBT/USD")


@pytest.mark.parametrize("value", [None, "abc", "", float("inf"), "NaN"], ids=repr)
def test_what_is_no_finite_number_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError, match="expected a finite number"):
        exact(value)


def test_every_venue_whose_market_can_be_traded_on_counts_in_ticks() -> None:
    """A precision is taken for a step: 0.01, not two places."""
    assert {getattr(ccxt.pro, name)().precisionMode for name in public_venue.PROTOCOLS} == {ccxt.TICK_SIZE}
