"""The rules of our symbols are asked for once, and of no others: a venue's whole listing would hold the loop up."""

import asyncio
import datetime
from pathlib import Path
from typing import Any

import ccxt
import ccxt.pro
import pytest

from tests.exchanges.test_ccxt_venue import Port, run
from tests.exchanges.test_simulated_venue import run_venue
from tradigrade.exchanges.binance.dialect import BinanceDialect
from tradigrade.exchanges.ccxt_dialect import Dialect
from tradigrade.exchanges.ccxt_markets import FRESH_S, KEPT_S, KeptMarkets
from tradigrade.exchanges.ccxt_parsing import instruments
from tradigrade.exchanges.simulated.tls import ensure_certificate
from tradigrade.exchanges.venue import VenueClosed, VenueOpened
from tradigrade.kernel.clock import ManualClock

SYMBOLS = tuple(f"C{number}/USDT" for number in range(100))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_certificate(tmp_path_factory.mktemp("tls"), datetime.datetime.now(datetime.UTC))


class Listing:
    """Of ccxt's exchange what asking for its rules needs."""

    id = "binance"

    def __init__(self, listed: tuple[str, ...] = SYMBOLS, error: Exception | None = None) -> None:
        self.listed = {symbol.replace("/", ""): symbol for symbol in listed}
        self.error = error
        self.asked: list[str] = []
        self.markets: dict[str, Any] = {}
        self.currencies: dict[str, Any] = {}
        self.options: dict[str, Any] = {}

    async def fetch_markets(self, params: dict[str, str]) -> list[Any]:
        self.asked.append(params["symbols"])
        if self.error is not None:
            raise self.error
        names = params["symbols"].strip('[]"').split('","')
        if any(name not in self.listed for name in names):
            raise ccxt.BadSymbol("binance -1121 Invalid symbol.")
        return [{"symbol": self.listed[name]} for name in names]

    def set_markets(self, markets: Any, currencies: Any = None) -> None:
        rows = markets.values() if isinstance(markets, dict) else markets
        self.markets = {row["symbol"]: row for row in rows}


def dialect_of(exchange: Listing) -> BinanceDialect:
    dialect = BinanceDialect.__new__(BinanceDialect)
    Dialect.__init__(dialect, exchange, lambda _: None)
    return dialect


def load(kept: KeptMarkets, exchange: Listing) -> str:
    return asyncio.run(kept.load(exchange, dialect_of(exchange)))


@pytest.mark.parametrize(
    ("age_s", "error", "asks", "warned"),
    [
        (FRESH_S - 1, None, 0, False),
        (FRESH_S - 1, ccxt.OnMaintenance("down"), 0, False),
        (FRESH_S + 1, None, 1, False),
        (FRESH_S + 1, ccxt.OnMaintenance("down"), 1, True),
        (KEPT_S - 1, TimeoutError(), 1, True),
    ],
    ids=["young", "young, venue down", "old", "old, venue down", "as old as may be"],
)
def test_a_reconnect_asks_only_where_the_rules_are_old_and_does_without_while_they_are_not_too_old(
    age_s: float, error: Exception | None, asks: int, warned: bool
) -> None:
    clock = ManualClock()
    kept = KeptMarkets(clock, SYMBOLS)
    assert load(kept, Listing()) == ""
    clock.advance(age_s)
    again = Listing(error=error)
    assert bool(load(kept, again)) == warned
    assert (len(again.asked), set(again.markets)) == (asks, set(SYMBOLS))


@pytest.mark.parametrize("age_s", [None, KEPT_S + 1], ids=["nothing is known", "too old"])
def test_without_rules_that_are_young_enough_nothing_is_opened(age_s: float | None) -> None:
    clock = ManualClock()
    kept = KeptMarkets(clock, SYMBOLS)
    if age_s is not None:
        load(kept, Listing())
        clock.advance(age_s)
    with pytest.raises(ccxt.ExchangeNotAvailable):
        load(kept, Listing(error=ccxt.ExchangeNotAvailable("503")))


def test_a_venue_that_refuses_us_its_rules_is_no_outage() -> None:
    clock = ManualClock()
    kept = KeptMarkets(clock, SYMBOLS)
    load(kept, Listing())
    clock.advance(FRESH_S + 1)
    with pytest.raises(ccxt.AuthenticationError):
        load(kept, Listing(error=ccxt.AuthenticationError("no")))


@pytest.mark.parametrize("missing", [(), (0,), (99,), (17, 63)], ids=str)
def test_a_symbol_that_is_not_listed_is_left_out_by_a_few_requests(missing: tuple[int, ...]) -> None:
    listed = tuple(symbol for number, symbol in enumerate(SYMBOLS) if number not in missing)
    exchange = Listing(listed)
    load(KeptMarkets(ManualClock(), SYMBOLS), exchange)
    assert set(exchange.markets) == set(listed)
    assert len(exchange.asked) <= 1 + 14 * len(missing)


def test_more_symbols_than_one_request_takes_are_asked_for_in_parts() -> None:
    many = tuple(f"D{number}/USDT" for number in range(450))
    exchange = Listing(many)
    load(KeptMarkets(ManualClock(), many), exchange)
    assert (len(exchange.asked), set(exchange.markets)) == (3, set(many))


def test_a_reconnect_asks_for_no_rules_and_the_first_connect_only_for_ours(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    fetch = ccxt.pro.binance.fetch_markets

    async def note(exchange: Any, params: Any = {}) -> Any:  # noqa: B006 - as ccxt has it
        asked.append(params)
        return await fetch(exchange, params)

    monkeypatch.setattr(ccxt.pro.binance, "fetch_markets", note)

    async def scenario(port: Port) -> None:
        port.rig.venue.faults.account_cut = 1
        await port.until(VenueClosed)
        opened = await port.until(VenueOpened)
        assert set(opened.instruments) == {"BTC/USDT"}
        assert (port.connections, asked) == (2, [{"symbols": '["BTCUSDT"]'}])

    run(certificate, scenario)


def test_the_rules_are_those_of_the_whole_listing_and_orders_elsewhere_are_found_all_the_same(
    certificate: Path,
) -> None:
    async def scenario(rig: Any, stack: Any) -> None:
        whole = await rig.ccxt(stack)
        await whole.load_markets()
        ours = await rig.ccxt(stack)
        dialect = BinanceDialect(ours, lambda _: None)
        await KeptMarkets(ManualClock(), ("BTC/USDT",)).load(ours, dialect)
        assert set(ours.markets) == {"BTC/USDT"} < set(whole.markets)
        assert instruments(ours, ("BTC/USDT",)) == instruments(whole, ("BTC/USDT",))
        other = next(symbol for symbol in whole.markets if symbol != "BTC/USDT")
        assert (await dialect.find_order("tgnobody-1-1", other)).state == "missing"
        with pytest.raises(ccxt.OrderNotFound):
            await dialect.cancel("tgnobody-1-1", other)
        assert set(ours.markets) == {"BTC/USDT", other}

    run_venue(certificate, scenario)
