"""The rules of a real venue's symbols where it cannot be asked: those of last time, while they are not too old."""

import asyncio
from pathlib import Path
from typing import Any

import ccxt
import pytest
from msgspec.structs import replace

from tradigrade.actors import live_venue
from tradigrade.actors.live_venue import RULES_NAME, load_rules
from tradigrade.config.market_settings import VenueSettings
from tradigrade.exchanges.ccxt_markets import KEPT_S
from tradigrade.exchanges.limit_windows import SharedWindows
from tradigrade.exchanges.public_venue import VenueFault
from tradigrade.exchanges.rate_budget import RateBudget
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.disk import SystemDisk
from tradigrade.trading.instruments import PAPER_INSTRUMENTS

NOW_NS = 1_700_000_000 * 10**9
BTC, ETH = "BTC/USDT", "ETH/USDT"


class Venue:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.error: Exception | None = None
        self.asked = 0
        self.told: list[str] = []
        self.last_response_headers = {"Retry-After": "3600"}
        self.rules = {symbol: PAPER_INSTRUMENTS[symbol] for symbol in (BTC, ETH)}

        async def fetch(_venue: str, symbols: tuple[str, ...], _opener: Any, limits: Any) -> Any:
            self.asked += 1
            if self.error is not None:
                limits.hear_error(self, self.error)
                raise self.error
            return tuple(self.rules[symbol] for symbol in symbols)

        monkeypatch.setattr(live_venue, "fetch_instruments", fetch)
        monkeypatch.setattr(live_venue, "machine_windows", lambda _: SharedWindows(folder / "limits"))

    def load(self, *symbols: str, after_s: float = 0.0) -> Any:
        settings, clock = VenueSettings(name="binance"), ManualClock(NOW_NS + round(after_s * 1e9))
        return asyncio.run(load_rules(settings, symbols, SystemDisk(), self.folder, clock, self.told.append))


@pytest.fixture
def venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Venue:
    return Venue(tmp_path, monkeypatch)


@pytest.mark.parametrize("error", [ccxt.OnMaintenance("503"), TimeoutError(), OSError("no route")], ids=repr)
def test_in_an_outage_the_rules_of_last_time_hold_and_that_is_told(venue: Venue, error: Exception) -> None:
    before = venue.load(BTC, ETH)
    venue.error = error
    assert venue.load(ETH, after_s=7_200) == before[1:]
    assert "its rules are those of 2.0 h ago" in venue.told[0]


@pytest.mark.parametrize(
    ("after_s", "symbols", "reason"),
    [(KEPT_S + 1, (BTC,), "may be others now"), (-60.0, (BTC,), "may be others now"), (1.0, (ETH,), "of ETH/USDT are")],
    ids=["too old", "of a clock that was ahead", "another symbol"],
)
def test_rules_that_may_be_wrong_open_nothing(
    venue: Venue, after_s: float, symbols: tuple[str, ...], reason: str
) -> None:
    venue.load(BTC)
    venue.error = ccxt.ExchangeNotAvailable("503")
    with pytest.raises(VenueFault, match=reason):
        venue.load(*symbols, after_s=after_s)


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"at_ns":"x"}'], ids=str)
def test_without_rules_from_before_it_is_said_that_there_are_none(venue: Venue, content: bytes | None) -> None:
    if content is not None:
        (venue.folder / RULES_NAME).write_bytes(content)
    venue.error = TimeoutError()
    with pytest.raises(VenueFault, match="no rules of it are known from before"):
        venue.load(BTC)


def test_a_venue_that_refuses_us_is_not_asked_again_by_whoever_starts_next(venue: Venue) -> None:
    venue.load(BTC)
    venue.error = ccxt.DDoSProtection("418")
    assert venue.load(BTC) == venue.load(BTC, after_s=5) == (venue.rules[BTC],)
    assert venue.asked == 2
    assert RateBudget(windows=SharedWindows(venue.folder / "limits")).pause_s("cancel", NOW_NS) == 3_600.0


def test_new_rules_replace_the_old(venue: Venue) -> None:
    venue.load(BTC)
    venue.rules[BTC] = replace(venue.rules[BTC], tick_size=venue.rules[BTC].tick_size * 10)
    venue.load(BTC, after_s=60)
    venue.error = TimeoutError()
    assert venue.load(BTC, after_s=120) == (venue.rules[BTC],)
