"""Poor data and halted symbols, heard by those who decide: nothing new leaves, nothing is learned, and it passes."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.actors.test_strategy_runner import BAR_S, Probe, Stand, seen
from tests.kit.account import SYMBOL, Account
from tradigrade.actors import topics
from tradigrade.trading.messages import CauseNoted, DataQuality, Prediction, SampleTaken, SymbolStatus


def score(account: Account, value: float, *reasons: str, settle_s: float = 0.05) -> None:
    word = DataQuality(SYMBOL, value, reasons, "as told by the test", account.clock.now_ns())
    for topic in (topics.QUALITY, topics.quality(SYMBOL)):
        account.system.publish(topic, word)
    account.advance(settle_s)


def test_poor_data_allows_only_cancels_of_that_symbol_until_it_was_good_for_a_while(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    score(account, 0.51, "outliers")
    assert account.rung(SYMBOL) == "NORMAL"
    score(account, 0.49, "outliers")
    assert (account.rung(SYMBOL), account.rung("account")) == ("CANCEL_ONLY", "NORMAL")
    account.signal("0.05")
    account.advance(0.2)
    assert account.codes() == ["RUNG"]
    score(account, 1.0)
    account.advance(0.3)
    assert account.rung(SYMBOL) == "CANCEL_ONLY"
    account.advance(0.5)
    assert account.rung(SYMBOL) == "NORMAL"


def test_a_feed_that_is_not_live_says_so_itself(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    score(account, 0.0, "not live")
    assert account.rung(SYMBOL) == "NORMAL"


def test_crossed_quotes_that_were_kept_back_count_as_a_crossed_market(tmp_path: Path) -> None:
    account = Account(tmp_path).serve()
    score(account, 0.8, "crossed")
    assert account.rung(SYMBOL) == "CANCEL_ONLY"
    score(account, 1.0)
    account.advance(0.8)
    assert account.rung(SYMBOL) == "NORMAL"


@pytest.mark.parametrize("cause", ["SYMBOL_HALTED", "SYMBOL_GONE"])
def test_nothing_new_leaves_on_a_symbol_that_does_not_trade(tmp_path: Path, cause: str) -> None:
    account = Account(tmp_path).serve()
    account.system.publish(topics.CAUSES, CauseNoted(SYMBOL, cause, True, "the venue says so"))
    account.advance(0.1)
    assert (account.rung(SYMBOL), account.rung("account")) == ("CANCEL_ONLY", "NORMAL")
    account.signal("0.05")
    account.advance(0.2)
    assert account.codes() == ["RUNG"]
    account.system.publish(topics.CAUSES, CauseNoted(SYMBOL, cause, False))
    account.advance(0.8)
    assert account.rung(SYMBOL) == "NORMAL"


# -- strategies and their models --------------------------------------------------------------------------------------


def test_no_sample_is_taken_of_a_bar_whose_data_was_poor_at_any_time(tmp_path: Path) -> None:
    Probe.seen = []
    stand = Stand(tmp_path, "Learner")
    stand.serve()
    stand.trade()
    stand.advance(10 * BAR_S)
    score(stand, 0.2, "outliers", settle_s=0.0)
    stand.settle()
    score(stand, 1.0, settle_s=0.0)
    stand.advance(5 * BAR_S)
    ends = [sample.bar_ns for sample in stand.said(SampleTaken)]
    steps = {(after - before) / 1e9 / BAR_S for before, after in pairwise(ends)}
    assert steps == {1.0, 2.0}, "one bar is missing, of all others there is a sample"
    assert stand.counter("bars_of_poor_data") == 1
    assert [each.bar_ns for each in seen(Prediction)] == ends, "and nothing was predicted by it"


def test_a_strategy_is_told_of_its_own_symbol(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.serve()
    stand.trade()
    told: list[Any] = []
    runner: Any = stand.system.actors["trader/strategies/probe-btc-usdt"].behaviour
    runner.strategy.on_status = told.append
    for symbol in (SYMBOL, "ETH/USDT"):
        stand.system.publish(topics.UNIVERSE, SymbolStatus(symbol, "halted", "the test", 1))
    stand.settle()
    assert [status.symbol for status in told] == [SYMBOL]
