"""The whole system on Kraken's protocol: nothing in it knows Binance only."""

from pathlib import Path

import pytest

from tests.kit.running import FAST, assert_no_order_lost_or_doubled, running

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


def test_a_system_trades_on_krakens_protocol_and_another_on_its_public_market(tmp_path: Path) -> None:
    with running(tmp_path / "kraken", config=f'{FAST}\n[venue]\nprotocol = "kraken"\n') as system:
        system.wait_orders(5)
        certificate = system.data_dir / "exchange" / "venue.pem"
        there = f'address = "{system.facts()["exchange"]}"\ncertificate = "{certificate}"\n'
        config = f'{FAST}\n[venue]\nname = "kraken"\npaper = true\nprotocol = "kraken"\n{there}'
        with running(tmp_path / "paper", config=config) as paper:
            paper.wait_orders(3)
            summary = paper.stop()
            assert summary["reconciled"], summary["differences"]
        system.kill("exchange")
        system.wait_serving("exchange", incarnation=2)
        system.wait_orders(len(system.intents()) + 5)
        summary = system.stop()
        assert (summary["reconciled"], summary["differences"], summary["errors"]) == (True, [], 0)
        assert_no_order_lost_or_doubled(system)
