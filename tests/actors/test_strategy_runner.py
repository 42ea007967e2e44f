"""A strategy on one symbol: when it speaks, what it knows, what survives."""

import importlib
import inspect
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from tests.kit.account import SYMBOL, Account, Listener
from tradigrade.actors import topics
from tradigrade.actors.feed import Feed
from tradigrade.actors.strategy_runner import SAVE_EVERY_BARS
from tradigrade.config.topology import node_tree
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.disk import SystemDisk
from tradigrade.models.features import FEATURE_NAMES
from tradigrade.models.lstm import LstmWeights
from tradigrade.models.registry import ModelMetrics, ModelRegistry
from tradigrade.models.runner import LSTM, ModelRunner
from tradigrade.storage.state_files import StateFiles
from tradigrade.supervisors.actors import ActorSpawner
from tradigrade.supervisors.supervisor import Supervisor
from tradigrade.trading.messages import (
    BarClosed,
    FeedChanged,
    MarketDataUpdate,
    ModelPublished,
    Prediction,
    SampleTaken,
    SignalGenerated,
)
from tradigrade.trading.order_events import OrderFilled, PositionAsked, StrategyPosition
from tradigrade.trading.strategy import Strategy, Target
from tradigrade.trading.views import LearningView

HERE = "tests.actors.test_strategy_runner"
RUNNER = "trader/strategies/probe-btc-usdt"
BAR_S = 1.0


class Probe(Strategy):
    """Writes down what it sees, and wants what the test says."""

    seen: list[Any] = []  # noqa: RUF012 - the test reads it
    wish: Target | None = None

    def on_market(self, update: MarketDataUpdate) -> Target | None:
        self.seen.append(update)
        return Probe.wish

    def on_bar(self, bar: BarClosed) -> Target | None:
        self.seen.append(bar)
        return None

    def on_fill(self, fill: OrderFilled) -> None:
        self.seen.append((fill, self.position))


class Learner(Probe):
    needs_model = True

    def on_signal(self, prediction: Prediction, market: MarketDataUpdate) -> Target | None:
        self.seen.append(prediction)
        return None


@pytest.fixture(autouse=True)
def _fresh_probe() -> None:
    Probe.seen, Probe.wish = [], None


class Stand(Account):
    """The account with one strategy before it; bars, samples and signals are heard."""

    def __init__(self, folder: Path, strategy: str = "Probe", **settings: Any) -> None:
        self.strategy = strategy
        super().__init__(folder, bar_s=BAR_S, **settings)

    def boot(self, seed: int) -> None:
        super().boot(seed)
        self.states = StateFiles(SystemDisk(), self.folder / "states")
        self.system.ports |= {
            "model_states": self.states,
            "model_registry": ModelRegistry(SystemDisk(), self.folder / "models"),
        }
        self.told: list[Any] = []
        heard_topics = (topics.SIGNALS, topics.SAMPLES, topics.LEARNING)
        self.system.spawn("trader/observer", lambda: Listener(self.told, heard_topics))

    def trade(self) -> "Stand":
        """Start the strategy, under the supervisor of the real tree."""
        settings = self.run.settings
        (configured,) = settings.strategies
        named = replace(configured, path=f"{HERE}:{self.strategy}", name="probe")
        tree = node_tree("trader", replace(self.run, settings=replace(settings, strategies=(named,))))
        (strategies,) = (child for child in tree.children if child.id == "strategies")
        self.system.spawn("trader/strategies", lambda: Supervisor(strategies, ActorSpawner()))
        self.settle()
        return self

    def wants(self, amount: str | None) -> None:
        Probe.wish = None if amount is None else Target(Decimal(amount))

    def said(self, kind: type) -> list[Any]:
        return [message for message in self.told if isinstance(message, kind)]

    def update(self, price: str, at_s: float, kind: Any = "trade") -> MarketDataUpdate:
        """One trade, received at a given second of the session."""
        made = self.make_update(price, at_s, kind)
        self.system.publish(topics.market(SYMBOL), made)
        self.settle()
        return made

    def make_update(self, price: str, at_s: float, kind: Any = "trade") -> MarketDataUpdate:
        at_ns = 1_700_000_000_000_000_000 + round(at_s * 1e9)
        number = Decimal(price)
        return MarketDataUpdate(
            SYMBOL, kind, at_ns, at_ns, 1, number, number, number, number, number, Decimal(1), "buy"
        )

    def counter(self, name: str) -> int:
        return self.system.metrics.counters.get(name, 0)


def seen(kind: type) -> list[Any]:
    return [each for each in Probe.seen if isinstance(each, kind)]


# -- the position -----------------------------------------------------------------------------------------------------


def test_it_does_not_speak_before_it_knows_its_position(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.serve()
    ledger = stand.system.actors["trader/trading/account/ledger"]
    stand.system.actors.remove(ledger)
    asked: list[Any] = []
    stand.system.spawn(ledger.path, lambda: Listener(asked, ()))
    stand.trade()
    stand.wants("0.01")
    stand.advance(2)
    assert len(seen(MarketDataUpdate)) >= 3
    assert stand.said(SignalGenerated) == []
    assert len(asked) >= 5, "it goes on asking"
    assert set(asked) == {PositionAsked("probe", SYMBOL)}
    stand.system.publish(topics.position("probe", SYMBOL), StrategyPosition("probe", SYMBOL, Decimal("0.25")))
    stand.advance(1)
    assert stand.said(SignalGenerated)[0].target == Decimal("0.01")


def test_its_position_survives_its_own_restart_and_the_ledgers(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.serve()
    stand.trade()
    stand.wants("0.05")
    stand.advance(1)
    stand.wants(None)
    stand.advance(1)
    held = Decimal("0.04995")
    assert stand.behaviour(RUNNER).strategy.position == held
    for path in (RUNNER, "trader/trading/account/ledger"):
        stand.system.actors[path].crash("the test")
        stand.advance(1)
        assert stand.behaviour(RUNNER).strategy.position == held
    stand.kill()
    stand.boot(seed=2)
    stand.serve()
    stand.trade()
    stand.advance(1)
    assert stand.behaviour(RUNNER).strategy.position == held
    stand.wants("0.05")
    stand.advance(1)
    bought = sum(trade.amount for trade in stand.venue.trades)
    assert bought - held < Decimal("0.0002"), "what it holds is not bought again"


def test_a_fill_is_told_to_its_own_strategy_alone_and_counts_already(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.serve()
    stand.trade()
    stand.signal("0.02", strategy="another")
    stand.advance(1)
    stand.signal("0.05", strategy="probe")
    stand.advance(1)
    ((fill, position),) = seen(tuple)
    assert fill.amount == Decimal("0.05")
    assert position == Decimal("0.04995")


def test_a_signal_names_its_cause(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.serve()
    stand.trade()
    stand.advance(0.2)
    stand.wants("0.01")
    stand.update("30000", 0.3)
    stand.wants(None)
    (signal,) = stand.said(SignalGenerated)
    assert (signal.strategy, signal.symbol, signal.cause) == ("probe", SYMBOL, "trade 1")
    assert signal.created_ns == stand.clock.now_ns()


# -- bars -------------------------------------------------------------------------------------------------------------


def bars_of(stand: Stand, prices: list[tuple[float, str]]) -> list[BarClosed]:
    stand.venue.touch.clear()
    Probe.seen.clear()
    for at_s, price in prices:
        stand.advance(at_s - stand.clock.monotonic_ns() / 1e9)
        stand.update(price, at_s)
    stand.advance(3)
    return seen(BarClosed)


def test_a_bar_holds_nothing_received_at_or_after_its_end(tmp_path: Path) -> None:
    past = [(10.1, "100"), (10.5, "103"), (10.999, "101")]
    ends = []
    for name, future in (("calm", "101"), ("wild", "500")):
        stand = Stand(tmp_path / name)
        stand.trade()
        ends.append(bars_of(stand, [*past, (11.0, future), (11.02, future)])[0])
    assert ends[0] == ends[1]
    assert (ends[0].open, ends[0].high, ends[0].low, ends[0].close) == tuple(map(Decimal, (100, 103, 100, 101)))


def test_a_bar_is_told_before_the_update_that_ends_it(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.trade()
    bars_of(stand, [(10.1, "100"), (11.0, "105")])
    kinds = [type(each).__name__ for each in Probe.seen[:3]]
    assert kinds == ["MarketDataUpdate", "BarClosed", "MarketDataUpdate"]


def test_what_the_models_see_of_a_bar_does_not_depend_on_what_follows(tmp_path: Path) -> None:
    past = [(10.0 + number / 3, str(100 + number % 5)) for number in range(60)]
    samples = []
    for name, future in (("calm", "102"), ("wild", "900")):
        stand = Stand(tmp_path / name, "Learner")
        stand.trade()
        bars_of(stand, [*past, (30.0, future), (30.02, future), (30.4, future)])
        samples.append([sample for sample in stand.said(SampleTaken) if sample.bar_ns <= 1_700_000_030_000_000_000])
    assert len(samples[0]) == 20
    assert samples[0] == samples[1]


def test_updates_that_wait_are_seen_before_a_bar_is_learned_of_and_that_is_before_the_next_prediction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def learn(models: ModelRunner) -> None:
        if models._outcome is not None:
            Probe.seen.append("learned")
        learned(models)

    learned = ModelRunner.learn
    monkeypatch.setattr(ModelRunner, "learn", learn)
    stand = Stand(tmp_path, "Learner").trade()
    for number in range(20):
        stand.update(f"{100 + number}", at_s=number + 0.5)
    Probe.seen.clear()
    waiting = [stand.make_update(f"{130 + number}", at_s=20.5 + 0.4 * number) for number in range(5)]
    for update in waiting:
        stand.system.publish(topics.market(SYMBOL), update)
    stand.settle()
    kinds = [type(each).__name__[0] if not isinstance(each, str) else "learned" for each in Probe.seen]
    assert "".join(kinds) == "BPMMBlearnedPMMBlearnedPMlearned", "bar, prediction, market"


def test_a_bar_closes_by_the_clock_where_no_trade_ends_it(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.trade()
    (bar, *empty) = bars_of(stand, [(10.1, "100")])
    assert bar.trades == 1
    assert [each.volume for each in empty] == [0] * len(empty)
    assert empty


# -- learning ---------------------------------------------------------------------------------------------------------


def learn(stand: Stand, bars: int, first: float = 10.0) -> None:
    bars_of(stand, [(first + number, str(100 + number % 3)) for number in range(bars)])


def test_what_was_learned_is_saved_and_restored(tmp_path: Path) -> None:
    stand = Stand(tmp_path, "Learner")
    stand.trade()
    learn(stand, 20)
    learned = stand.behaviour(RUNNER)._models.learned_bars
    assert learned >= 15
    stand.system.actors[RUNNER].crash("the test")
    stand.advance(0.5)
    assert stand.behaviour(RUNNER)._models.learned_bars == learned
    assert stand.system.metrics.gauges["learned_bars"] == learned


def test_a_kill_loses_at_most_the_bars_since_the_last_save(tmp_path: Path) -> None:
    stand = Stand(tmp_path, "Learner")
    stand.trade()
    learn(stand, 20)
    learned = stand.behaviour(RUNNER)._models.learned_bars
    stand.kill()
    stand.boot(seed=2)
    stand.trade()
    assert learned - SAVE_EVERY_BARS <= stand.behaviour(RUNNER)._models.learned_bars <= learned


@pytest.mark.parametrize("state", [{"features": ["other"]}, {}])
def test_a_state_of_another_making_is_counted_and_begun_anew(tmp_path: Path, state: dict[str, Any]) -> None:
    StateFiles(SystemDisk(), tmp_path / "states").save("probe-BTC-USDT", state)
    stand = Stand(tmp_path, "Learner")
    stand.trade()
    assert stand.counter("model_states_refused") == 1
    assert stand.behaviour(RUNNER)._models.learned_bars == 0


def published(folder: Path, version: str, size: int = len(FEATURE_NAMES)) -> ModelPublished:
    weights = LstmWeights(
        mean=np.zeros(size),
        scale=np.ones(size),
        input_weights=np.zeros((4, size)),
        hidden_weights=np.zeros((4, 1)),
        bias=np.zeros(4),
        head_weights=np.zeros(1),
        head_bias=np.zeros(1),
    )
    return ModelRegistry(SystemDisk(), folder / "models").publish(
        SYMBOL, LSTM, version, weights=weights, metrics=ModelMetrics(100, 0.6)
    )


def test_a_published_model_is_served(tmp_path: Path) -> None:
    stand = Stand(tmp_path, "Learner")
    stand.trade()
    stand.system.publish(topics.MODELS, published(tmp_path, "00000001"))
    learn(stand, 10)
    assert LSTM in stand.said(LearningView)[-1].losses
    assert stand.counter("models_corrupt") == 0


def test_a_model_on_disk_is_served_from_the_start(tmp_path: Path) -> None:
    published(tmp_path, "00000001")
    stand = Stand(tmp_path, "Learner")
    stand.trade()
    learn(stand, 10)
    assert LSTM in stand.said(LearningView)[-1].losses


@pytest.mark.parametrize("damage", ["altered", "missing", "of other features"])
def test_a_corrupt_model_is_counted_and_ignored(tmp_path: Path, damage: str) -> None:
    stand = Stand(tmp_path, "Learner")
    stand.trade()
    model = published(tmp_path, "00000001", size=3 if damage == "of other features" else len(FEATURE_NAMES))
    path = Path(model.path)
    if damage == "altered":
        path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    if damage == "missing":
        path.unlink()
    stand.system.publish(topics.MODELS, model)
    learn(stand, 10)
    assert stand.counter("models_corrupt") == 1
    assert set(stand.said(LearningView)[-1].losses) == {"linear"}
    assert stand.behaviour(RUNNER).context.incarnation == 1


def test_a_model_of_another_symbol_is_not_for_it(tmp_path: Path) -> None:
    stand = Stand(tmp_path, "Learner")
    stand.trade()
    stand.system.publish(topics.MODELS, replace(published(tmp_path, "00000001"), symbol="ETH/USDT"))
    learn(stand, 10)
    assert set(stand.said(LearningView)[-1].losses) == {"linear"}


# -- its faults -------------------------------------------------------------------------------------------------------


class Wrong(Strategy):
    def __init__(self, symbol: str, parameters: dict[str, Any] | None = None) -> None:
        raise ValueError("a bug of the user")


def test_a_strategy_that_cannot_be_made_ends_with_one_sentence(tmp_path: Path) -> None:
    stand = Stand(tmp_path, "Wrong")
    reasons: list[str] = []
    ended = stand.system.ended
    stand.system.ended = lambda actor, down: (reasons.append(down.reason), ended(actor, down))[1]  # type: ignore[method-assign]
    stand.trade()
    assert reasons
    assert "Wrong.__init__ failed with ValueError: a bug of the user" in reasons[0]
    assert "stop hook" not in reasons[0]


def test_a_feed_that_comes_and_goes_is_no_concern_of_the_runner(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.trade()
    stand.system.publish(topics.FEEDS, FeedChanged(SYMBOL, False, "the test", 1))
    stand.advance(1)
    assert stand.behaviour(RUNNER).context.incarnation == 1


class Told(Actor):
    """As quick as a feed, and says on what it is told."""

    catches_up, mailbox_limit = Feed.catches_up, Feed.mailbox_limit

    def receive(self, message: MarketDataUpdate) -> None:
        self.context.publish(topics.market(SYMBOL), message)


def test_a_burst_of_trades_reaches_whole_whoever_acts_on_it(tmp_path: Path) -> None:
    burst = 2 * Actor.mailbox_limit
    stand = Stand(tmp_path).trade()
    stand.system.spawn("trader/feeds/told", Told)
    stand.settle()
    made = stand.make_update("100", 1)
    for number in range(burst):
        assert stand.system.tell("trader/feeds/told", replace(made, sequence=number))
    stand.settle()
    assert [update.sequence for update in Probe.seen if isinstance(update, MarketDataUpdate)] == list(range(burst))
    assert {path: actor.dropped for path, actor in stand.system.actors.items() if actor.dropped} == {}


ACTORS = Path(inspect.getfile(topics)).parent


def test_whoever_hears_every_trade_takes_them_as_fast_as_a_feed_tells_them() -> None:
    """In a cell by longer turns, or it has room for all that a feed may hold."""
    hearers = [path.stem for path in ACTORS.glob("*.py") if "topics.market(" in path.read_text()]
    found = {
        kind
        for name in hearers
        for kind in vars(importlib.import_module(f"tradigrade.actors.{name}")).values()
        if inspect.isclass(kind) and issubclass(kind, Actor) and kind.__module__.endswith(f".{name}")
    }
    assert {kind.__name__ for kind in found} >= {"StrategyRunner", "OrderManager", "Portfolio"}
    slow = [kind for kind in found if not kind.catches_up and kind.mailbox_limit < Feed.mailbox_limit]
    assert slow == []
