"""Trading on a real venue's public market with paper money; another system's exchange stands in for the real venue."""

from pathlib import Path

import pytest

from tests.kit.running import FAST, Running, assert_no_order_lost_or_doubled, run_command, running

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


def on_the_market_of(real: Running) -> str:
    return f"""{FAST}
[venue]
name = "binance"
paper = true
address = "{real.facts()["exchange"]}"
certificate = "{real.data_dir / "exchange" / "venue.pem"}"
"""


def test_a_real_market_is_traded_on_paper_through_an_outage_and_no_order_leaves(tmp_path: Path) -> None:
    with running(tmp_path / "real") as real:
        real.wait_serving("exchange")
        with running(tmp_path / "paper", config=on_the_market_of(real)) as paper:
            paper.wait_orders(5)
            real.kill("exchange")
            real.wait_serving("exchange", incarnation=2)
            orders = len(paper.intents())
            paper.wait_orders(orders + 5)
            summary = paper.stop()
            assert summary["reconciled"], summary["differences"]
            assert summary["restarts"] == 0, "an outage of the real venue is no fault of ours"
            assert_no_order_lost_or_doubled(paper)
            assert set(real.placed_at_venue()) <= set(real.intents()), "an order left for the real venue"
            assert "on paper" in paper.errors.read_text()


def test_a_real_venue_is_not_traded_on_by_a_wrong_word(tmp_path: Path) -> None:
    answer = run_command("up", "--venue", "binance", "--data-dir", str(tmp_path / "data"))
    assert answer.returncode == 2
    assert "give --paper" in answer.stderr
    assert not (tmp_path / "data").exists()


def test_a_venue_that_cannot_be_reached_is_said_so(tmp_path: Path) -> None:
    config = FAST + '[venue]\nname = "binance"\npaper = true\naddress = "127.0.0.1:9"\n'
    config += f'certificate = "{tmp_path / "venue.pem"}"\n'
    (tmp_path / "venue.pem").write_text("")
    file = tmp_path / "tradigrade.toml"
    file.write_text(config)
    answer = run_command("up", "--config", str(file), "--data-dir", str(tmp_path / "data"), "--port", "0")
    assert answer.returncode == 1
    assert "binance cannot be reached" in answer.stderr
    assert "Traceback" not in answer.stderr.split("binance cannot be reached")[-1]
