import json
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tradigrade.kernel.disk import SystemDisk
from tradigrade.models.faults import StateRefused, WeightsCorrupt
from tradigrade.models.features import FEATURE_NAMES
from tradigrade.models.lstm import LstmWeights
from tradigrade.models.registry import ModelMetrics, ModelRegistry
from tradigrade.models.runner import ModelRunner
from tradigrade.trading.messages import BarClosed, MarketDataUpdate, ModelPublished, Prediction

BAR_NS = 10**9
SYMBOL = "BTC/USDT"


def bar(n: int, close: float) -> BarClosed:
    price = Decimal(str(close))
    return BarClosed(SYMBOL, n * BAR_NS, (n + 1) * BAR_NS, price, price, price, price, Decimal(1), 1)


def trade(n: int, aggressor: str) -> MarketDataUpdate:
    one = Decimal(1)
    at_ns = n * BAR_NS + 1
    return MarketDataUpdate(SYMBOL, "trade", at_ns, at_ns, n, one, one, one, one, one, one, aggressor)  # type: ignore[arg-type]


def told_market(bars: int, seed: int = 1) -> list[tuple[MarketDataUpdate, BarClosed]]:
    """Whoever trades in a bar tells where the next close goes."""
    draw, price, made = random.Random(seed), 100.0, []
    for n in range(bars):
        rises = draw.random() < 0.5
        made.append((trade(n, "buy" if rises else "sell"), bar(n, round(price, 2))))
        price += 0.05 if rises else -0.05
    return made


def run(runner: ModelRunner, market: list[tuple[MarketDataUpdate, BarClosed]]) -> list[Prediction]:
    made = []
    for update, closed in market:
        runner.on_market(update)
        made.append(runner.on_bar(closed)[0])
    return made


def publish_weights(
    folder: Path, version: str, features: int = len(FEATURE_NAMES), pull: float = 0.0
) -> ModelPublished:
    """An LSTM that follows the trade imbalance: `pull` above 0 tells the future of `told_market`."""
    input_weights = np.zeros((4, features))
    input_weights[2, FEATURE_NAMES.index("trade_imbalance") if features > 5 else 0] = 5.0
    weights = LstmWeights(
        mean=np.zeros(features),
        scale=np.ones(features),
        input_weights=input_weights,
        hidden_weights=np.zeros((4, 1)),
        bias=np.array([9.0, -9.0, 0.0, 9.0]),
        head_weights=np.array([pull]),
        head_bias=np.zeros(1),
    )
    return ModelRegistry(SystemDisk(), folder).publish(
        SYMBOL, "lstm", version, weights=weights, metrics=ModelMetrics(1, 0.6)
    )


def serve(runner: ModelRunner, published: ModelPublished) -> None:
    runner.load(published, ModelRegistry(SystemDisk(), Path()).load(published))


def test_a_prediction_says_who_made_it_of_what_and_for_when() -> None:
    runner = ModelRunner(SYMBOL, horizon_bars=2, bar_s=0.5)
    prediction, sample = runner.on_bar(bar(3, 100.5))
    assert (prediction.probability_up, prediction.horizon_s, prediction.model) == (0.5, 1.0, "linear@0")
    assert prediction.bar_ns == sample.bar_ns == 4 * BAR_NS
    assert prediction.features == sample.features
    assert (sample.symbol, sample.close, len(sample.features)) == (SYMBOL, 100.5, len(FEATURE_NAMES))


def test_it_learns_what_the_market_tells() -> None:
    runner = ModelRunner(SYMBOL, 1, 1.0)
    run(runner, told_market(200))
    runner.learn()
    assert runner.learned_bars == 199
    assert runner.losses()["linear"] < 0.5


@pytest.mark.parametrize("known", [1, 40, 80])
def test_another_future_leaves_the_predictions_of_the_past_unchanged(known: int) -> None:
    told = run(ModelRunner(SYMBOL, 1, 1.0), told_market(100))
    other = run(ModelRunner(SYMBOL, 1, 1.0), told_market(100)[:known] + told_market(100, seed=2)[known:])
    assert told[:known] == other[:known]
    assert told[known:] != other[known:]


def test_whenever_it_learns_of_a_bar_the_next_ones_prediction_is_the_same() -> None:
    at_once, when_it_must = ModelRunner(SYMBOL, 1, 1.0), ModelRunner(SYMBOL, 1, 1.0)
    market, told = told_market(60), []
    for update, closed in market:
        at_once.on_market(update)
        told.append(at_once.on_bar(closed)[0])
        at_once.learn()
        at_once.learn()
    assert run(when_it_must, market) == told
    assert (at_once.learned_bars, when_it_must.learned_bars) == (59, 58)
    assert when_it_must.state() == at_once.state()


def test_bars_after_a_gap_give_no_label_to_those_before() -> None:
    runner = ModelRunner(SYMBOL, 1, 1.0)
    for closed in (bar(1, 100), bar(5, 101), bar(6, 102)):
        runner.on_bar(closed)
    runner.learn()
    assert runner.learned_bars == 1


def test_a_market_that_stands_still_teaches_nothing() -> None:
    runner = ModelRunner(SYMBOL, 1, 1.0)
    for n in range(50):
        runner.on_bar(bar(n, 100))
    assert (runner.learned_bars, runner.losses()) == (0, {})


def test_the_better_model_becomes_champion_and_speaks(tmp_path: Path) -> None:
    runner, market = ModelRunner(SYMBOL, 1, 1.0), told_market(120)
    run(runner, market[:10])
    serve(runner, publish_weights(tmp_path, "00000007", pull=9.0))
    assert runner.champion == "linear"
    last = run(runner, market[10:])[-1]
    assert (runner.champion, runner.version, last.model) == ("lstm", "00000007", "lstm@00000007")
    assert runner.losses()["lstm"] < runner.losses()["linear"]
    assert abs(last.probability_up - 0.5) > 0.4


def test_a_worse_model_never_speaks(tmp_path: Path) -> None:
    runner = ModelRunner(SYMBOL, 1, 1.0)
    serve(runner, publish_weights(tmp_path, "1", pull=-9.0))
    assert {prediction.model.split("@")[0] for prediction in run(runner, told_market(120))} == {"linear"}


def test_fresh_weights_begin_with_the_recent_bars_in_mind(tmp_path: Path) -> None:
    published = publish_weights(tmp_path, "1", pull=9.0)
    market = told_market(6)
    early, late = ModelRunner(SYMBOL, 1, 1.0), ModelRunner(SYMBOL, 1, 1.0)
    serve(early, published)
    run(early, market[:5])
    run(late, market[:5])
    serve(late, published)
    assert early._predict((0.0,) * len(FEATURE_NAMES))["lstm"] == late._predict((0.0,) * len(FEATURE_NAMES))["lstm"]


def test_corrupt_weights_are_refused_and_the_old_ones_stay(tmp_path: Path) -> None:
    runner = ModelRunner(SYMBOL, 1, 1.0)
    serve(runner, publish_weights(tmp_path, "1", pull=9.0))
    corrupt = publish_weights(tmp_path, "2")
    Path(corrupt.path).write_bytes(b"?")
    others = publish_weights(tmp_path, "3", features=5)
    for published, words in ((corrupt, "sha256"), (others, "weights of 12 features, found 5")):
        with pytest.raises(WeightsCorrupt, match=words):
            serve(runner, published)
    run(runner, told_market(60))
    assert (runner.champion, runner.version) == ("lstm", "1")


def test_learned_state_survives_a_restart() -> None:
    first, second = ModelRunner(SYMBOL, 1, 1.0), ModelRunner(SYMBOL, 1, 1.0)
    run(first, told_market(150))
    second.restore(json.loads(json.dumps(first.state())))
    assert second.state() == first.state()
    assert (second.learned_bars, second.losses()) == (149, first.losses())
    run(second, told_market(100, seed=3)[50:])
    second.learn()
    assert second.learned_bars == 198


def test_a_restored_champion_without_its_weights_lets_the_baseline_speak(tmp_path: Path) -> None:
    first, second = ModelRunner(SYMBOL, 1, 1.0), ModelRunner(SYMBOL, 1, 1.0)
    published = publish_weights(tmp_path, "1", pull=9.0)
    serve(first, published)
    run(first, told_market(60))
    second.restore(first.state())
    assert (first.champion, second.champion) == ("lstm", "linear")
    serve(second, published)
    assert second.champion == "lstm"


@pytest.mark.parametrize(
    "damage", [{"features": ["other"]}, {"horizon_s": 9.0}, {"linear": None}, {"linear": {}}, {"scoreboard": {}}]
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(damage: dict[str, object]) -> None:
    runner, other = ModelRunner(SYMBOL, 1, 1.0), ModelRunner(SYMBOL, 1, 1.0)
    run(runner, told_market(50))
    before = other.state()
    with pytest.raises(StateRefused):
        other.restore({**runner.state(), **damage})
    assert other.state() == before


def test_the_trader_never_imports_torch() -> None:
    code = "import sys, tradigrade.models.runner, tradigrade.models.registry; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
