"""Another venue beside our own, over sockets: its prices are compared with, and its end is none of ours."""

from pathlib import Path

import pytest

from tests.kit.running import FAST, Running, assert_no_order_lost_or_doubled, run_command, running
from tradigrade.operate import ask_feeds
from tradigrade.trading.views import FeedView

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


def feeds_of(system: Running) -> dict[str, FeedView]:
    return {feed.venue: feed for feed in ask_feeds(system.data_dir)}


def deviation_bps(system: Running) -> float | None:
    return feeds_of(system)["binance"].symbols[0].deviation_bps


def test_prices_are_compared_with_another_venues_until_it_ends_and_then_trading_goes_on(tmp_path: Path) -> None:
    with running(tmp_path / "kraken", config=f'{FAST}\n[venue]\nprotocol = "kraken"\n') as other:
        other.wait_serving("exchange")
        certificate = other.data_dir / "exchange" / "venue.pem"
        there = f'address = "{other.facts()["exchange"]}"\ncertificate = "{certificate}"\n'
        config = f'{FAST}\n[[feeds.references]]\nvenue = "kraken"\n{there}'
        with running(tmp_path / "ours", config=config) as ours:
            ours.wait_orders(3)
            ours.wait("a comparison", lambda: deviation_bps(ours) is not None)
            assert feeds_of(ours)["kraken"].reference
            other.stop()
            ours.wait("the end of the other", lambda: not feeds_of(ours)["kraken"].connected)
            ours.wait("that nothing old is compared with", lambda: deviation_bps(ours) is None)
            ours.wait_orders(len(ours.intents()) + 3)
            shown = run_command("data", "quality", "--data-dir", str(ours.data_dir))
            assert "kraken (reference)" in shown.stdout, shown.stderr
            summary = ours.stop()
            assert summary["reconciled"], summary["differences"]
            assert_no_order_lost_or_doubled(ours)
