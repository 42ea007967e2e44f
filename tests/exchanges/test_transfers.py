"""Money that comes to the simulated venue and leaves it, by both of its faces, in the same words."""

import asyncio
import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.exchanges.test_simulated_venue import run_venue
from tests.kit.memory import Client
from tradigrade.exchanges.ccxt_balances import hear_balances
from tradigrade.exchanges.ccxt_transfers import fetch_transfers
from tradigrade.exchanges.simulated.errors import RequestRefused
from tradigrade.exchanges.simulated.tls import ensure_certificate
from tradigrade.exchanges.venue import BalancesReported, EvidenceAsked, EvidenceGathered
from tradigrade.trading.order_events import FundsMoved

USDT = "USDT"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_certificate(tmp_path_factory.mktemp("tls"), datetime.datetime.now(datetime.UTC))


def test_in_memory_a_transfer_is_told_with_the_total_after_it_and_kept_in_the_history() -> None:
    client = Client().start()
    client.venue.transfer(USDT, Decimal("250.5"))
    client.venue.transfer(USDT, Decimal(-50))
    client.loop.advance(1)
    first, second = client.of(FundsMoved)
    assert (first.amount, first.kind, second.amount, second.kind) == (
        Decimal("250.5"), "deposit", Decimal(-50), "withdrawal",
    )  # fmt: skip
    assert [word.totals for word in client.of(BalancesReported)] == [
        {USDT: Decimal("10250.5")}, {USDT: Decimal("10200.5")},
    ]  # fmt: skip
    client.account.gather(EvidenceAsked(1, (), {}, {}, {}, (), 0))
    client.account.gather(EvidenceAsked(2, (), {}, {}, {}))
    client.loop.advance(2)
    assert sorted(len(word.evidence.transfers) for word in client.of(EvidenceGathered)) == [0, 2]
    assert max(word.evidence.transfers for word in client.of(EvidenceGathered)) == (first, second)


def test_over_its_protocol_ccxt_hears_what_is_told_in_memory_and_finds_it_in_the_history(certificate: Path) -> None:
    async def scenario(rig: Any, stack: Any) -> None:
        exchange = await rig.ccxt(stack)
        words: asyncio.Queue[Any] = asyncio.Queue()
        hear_balances(exchange, words.put_nowait)
        watching = asyncio.create_task(exchange.watch_orders())
        await rig.user_stream()
        rig.venue.transfer(USDT, Decimal("250.5"))
        rig.venue.transfer("BTC", Decimal("-0.25"))
        told = [await words.get() for _ in range(4)]
        watching.cancel()
        moved = [word for word in told if isinstance(word, FundsMoved)]
        assert [(word.currency, word.amount, word.kind) for word in moved] == [
            (USDT, Decimal("250.5"), "deposit"),
            ("BTC", Decimal("-0.25"), "withdrawal"),
        ]
        assert [word.totals for word in told if isinstance(word, BalancesReported)] == [
            {USDT: Decimal("10250.5")},
            {"BTC": Decimal("0.75")},
        ]
        history = await fetch_transfers(exchange, moved[0].at_ns - 10**12)
        assert [word.reference for word in history] == [word.reference for word in moved]
        assert [word.amount for word in history] == [word.amount for word in moved]

    run_venue(certificate, scenario)


@pytest.mark.parametrize(
    ("asset", "amount", "words"),
    [
        (USDT, "-10000.01", "insufficient balance"),
        ("NONE", "1", "Invalid asset"),
        (USDT, "0", "Invalid quantity"),
        (USDT, "NaN", "Invalid quantity"),
        (USDT, "1e13", "Invalid quantity"),
        (USDT, "0.000000001", "Precision is over"),
    ],
)
def test_what_cannot_be_transferred_is_refused_and_nothing_moves(asset: str, amount: str, words: str) -> None:
    client = Client().start()
    before = client.venue.balances()
    with pytest.raises(RequestRefused, match=words):
        client.venue.transfer(asset, Decimal(amount))
    assert client.venue.balances() == before


def test_what_an_order_holds_cannot_be_withdrawn() -> None:
    client = Client().start()
    client.intend()
    client.loop.advance(1)
    with pytest.raises(RequestRefused, match="insufficient balance"):
        client.venue.transfer(USDT, Decimal(-9_999))
