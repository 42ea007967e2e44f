"""A look finds the orders of trades that nobody here knows of, by the id that they were sent under: in memory, and by
ccxt over the venue's protocol."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.exchanges.test_simulated_venue import run_venue
from tests.kit.memory import BTC, Client
from tradigrade.exchanges.binance.dialect import BinanceDialect
from tradigrade.exchanges.ccxt_evidence import AccountLook
from tradigrade.exchanges.simulated.tls import ensure_certificate
from tradigrade.exchanges.venue import EvidenceAsked, EvidenceGathered
from tradigrade.kernel.clock import SystemClock
from tradigrade.trading.evidence import Evidence

LOST = "tgmain-uxbaisilc-1-1q"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_certificate(tmp_path_factory.mktemp("tls"), datetime.datetime.now(datetime.UTC))


def found(evidence: Evidence) -> list[tuple[str, str, str, bool]]:
    return [(each.client_id, each.state, each.side, each.filled == each.amount) for each in evidence.orders]


def test_in_memory() -> None:
    client = Client().start()
    lost = client.intend(price=None)
    resting = client.intend(price="20000")
    client.loop.advance(1)
    client.look(since=0)
    client.loop.advance(1)
    (gathered,) = client.of(EvidenceGathered)
    assert sorted(found(gathered.evidence)) == [(lost, "filled", "buy", True), (resting, "open", "buy", False)]
    assert {trade.client_id for trade in gathered.evidence.trades} == {lost}


def test_what_is_known_is_not_told_again() -> None:
    client = Client().start()
    client.intend(price=None)
    client.loop.advance(1)
    client.look(since=1)
    client.loop.advance(1)
    (gathered,) = client.of(EvidenceGathered)
    assert found(gathered.evidence) == []


def test_over_the_venues_protocol(certificate: Path) -> None:
    async def scenario(rig: Any, stack: Any) -> None:
        exchange = await rig.ccxt(stack)
        await exchange.watch_trades(BTC)  # the market moves
        await exchange.create_order(BTC, "market", "buy", 0.01, None, {"clientOrderId": LOST})
        asked = EvidenceAsked(1, (BTC,), {}, {BTC: 0}, {}, (BTC,))
        look = AccountLook(exchange, BinanceDialect(exchange, lambda _: None), SystemClock())
        evidence = await look.go_on(asked)
        assert found(evidence) == [(LOST, "filled", "buy", True)]
        assert {trade.client_id for trade in evidence.trades} == {LOST}

    run_venue(certificate, scenario)
