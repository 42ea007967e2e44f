"""One strategy on one symbol, with its bars and its models: market in, signals out."""

from typing import Any, NamedTuple

from ..config.risk_settings import LadderSettings
from ..kernel.actor import Actor
from ..models.faults import StateRefused, WeightsCorrupt
from ..models.registry import ModelRegistry
from ..models.runner import LSTM, ModelRunner
from ..trading.bars import BarBuilder
from ..trading.causes import CAUSES
from ..trading.ladder import above, strategy_scope
from ..trading.loader import make_strategy
from ..trading.messages import (
    BarClosed,
    DataQuality,
    LearnerState,
    MarketDataUpdate,
    ModelPublished,
    Prediction,
    RungAsked,
    RungChanged,
    SampleTaken,
    SignalGenerated,
    StateAsked,
    SymbolStatus,
)
from ..trading.order_events import OrderFilled, PositionAsked, StrategyPosition
from ..trading.refills import TradesRefilled
from ..trading.rungs import Rung
from ..trading.strategy import Target, Wish
from ..trading.views import LearningView
from ..trading.wishes import check_wish
from . import topics
from .heard_rungs import HeardRungs
from .model_watch import ModelWatch
from .strategy_orders import StrategyOrders

SAVE_EVERY_BARS = 5
CURVE_LENGTH = 600
BAR_CHECKS = 4
"""Looks at the clock per bar, so that a bar without trades closes in time."""

BAR_GRACE_NS = 50_000_000
"""A bar is closed by the clock this much late: updates received before its end may still be on their way."""


class _TimePasses:
    pass


class _Learn(NamedTuple):
    """To itself, when nobody has anything else to do: what of a bar no decision waits for."""

    bar: int
    sample: SampleTaken


class _Save:
    """To itself, likewise."""


class StrategyRunner(Actor):
    """Speaks only once it knows its own position. Its bars are of session time; a crash loses the current bar.

    At a bar it decides at once, and learns of it when nobody has anything else to do, but before its next prediction.
    """

    catches_up = True  # as the feed does: it takes trades as fast as they are told

    def __init__(
        self,
        name: str,
        strategy: str,
        strategies_dir: str,
        parameters: dict[str, Any],
        symbol: str,
        bar_s: float,
        horizon_bars: int,
        ledger: str,
        risk: str,
        ladder: LadderSettings,
        orders: str = "trader/trading/account/orders",
    ) -> None:
        self.name = name
        self.symbol = symbol
        self.bar_s = bar_s
        self.progress_due_s = 3.0 * bar_s + 2.0
        self.horizon_bars = horizon_bars
        self.ledger = ledger
        self.risk = risk
        self.orders = orders
        self.ladder = ladder
        self._arguments = (strategy, strategies_dir, symbol, parameters)

    def start(self) -> None:
        self._models: ModelRunner | None = None  # `stop` runs also where the next line fails
        self.strategy = make_strategy(*self._arguments)
        self._bars = BarBuilder(self.symbol, round(self.bar_s * 1e9))
        self._state_name = f"{self.name}-{self.symbol.replace('/', '-')}"
        self._scope = strategy_scope(self.name, self.symbol)
        self._orders = StrategyOrders(self.context, self.orders, self.name, self.symbol)
        self._rungs = HeardRungs()
        self.rung = Rung.CANCEL_ONLY
        self._watch = ModelWatch(self.context, self._scope, self.ladder)
        if self.strategy.needs_model:
            self._models = self._make_models()
        self._market: MarketDataUpdate | None = None
        self._poor = self._poor_bar = False
        """Whether market data is not to be trusted, and whether it was not at some time of the open bar."""
        self._seen: MarketDataUpdate | None = None
        """The last update that bars and models know of."""
        self._ready = False
        self._bar_count = 0
        self._probability: float | None = None
        self._curve: list[tuple[int, float]] = []
        for topic in (topics.market(self.symbol), topics.MODELS, topics.position(self.name, self.symbol)):
            self.context.subscribe(topic)
        scopes = above(self._scope)
        heard = (topics.LEARNER, topics.STATE_ASKED, topics.UNIVERSE)
        own = (topics.quality(self.symbol), topics.refilled(self.symbol))
        for topic in (*heard, *own, *map(topics.rung, scopes)):
            self.context.subscribe(topic)
        self.context.tell(self.risk, RungAsked(scopes))
        self.context.tell(self.ledger, PositionAsked(self.name, self.symbol))
        self.context.repeat(self.bar_s / BAR_CHECKS, _TimePasses())

    def stop(self, reason: str) -> None:
        self._save()

    def receive(self, message: Any) -> Any:
        match message:
            case MarketDataUpdate():
                self._on_market(message)
            case _TimePasses():
                if not self._bars.begun:
                    self.context.progress()  # no bar is due before the first price
                self._on_bars(self._bars.advance(self.context.now_ns() - BAR_GRACE_NS))
                if not self._ready:
                    self.context.tell(self.ledger, PositionAsked(self.name, self.symbol))
                self._look_at_models()
            case _Learn() if self._models is not None:
                self._learn(self._models, message)
            case _Save():
                self._save()
            case DataQuality(score=score):
                self._poor = score < self.ladder.min_data_quality
                self._poor_bar = self._poor_bar or self._poor
            case TradesRefilled(trades=trades):
                bars, too_late = self._bars.refill(trades)  # a strategy hears no price that is past
                self.context.system.metrics.count("trades_too_late", too_late)
                self._on_bars(bars)
            case SymbolStatus(symbol=symbol):
                if symbol == self.symbol:
                    self.strategy.on_status(message)
            case RungChanged():
                self._obey(message)
            case LearnerState():
                self._watch.hear(message)
                self._look_at_models()
            case StateAsked():
                self._watch.tell()
            case StrategyPosition(amount=amount):
                self.strategy.position = amount
                self.strategy.min_amount, self.strategy.min_notional = message.min_amount, message.min_notional
                self._ready = True
            case OrderFilled():
                self.strategy.on_fill(message)
            case ModelPublished(symbol=symbol) if symbol == self.symbol and self._models is not None:
                self._load(message)

    def _look_at_models(self) -> None:
        if self._models is not None:
            self._watch.look(self._models)

    def _obey(self, change: RungChanged) -> None:
        """Know one's rung, and let the fallback model speak where the ladder says so."""
        self._rungs.hear(change)
        self.rung = self._rungs.of(self.name, self.symbol)
        self.strategy.rung = self.rung.name
        if self._models is not None and change.scope == self._scope:
            self._models.fallback = any(CAUSES[cause].rung == Rung.FALLBACK for cause in change.causes)

    def _on_market(self, update: MarketDataUpdate) -> None:
        self._market = update
        if bars := self._bars.update(update):  # before the models see the update: bars must not look ahead
            self._on_bars(bars)
        if self._models is not None:
            self._models.on_market(update)
        self._seen = update
        if (target := self.strategy.on_market(update)) is not None:
            self._signal(target, _name(update), None)

    def _on_bars(self, bars: tuple[BarClosed, ...]) -> None:
        for bar in bars:
            self._bar_count += 1
            self.context.progress()
            cause = f"bar {bar.end_ns} of {bar.trades} trades, close {bar.close:f}, up to {_name(self._seen)}"
            self._signal(self.strategy.on_bar(bar), cause, None)
            if self._models is not None:
                self._predict(self._models, bar, cause)

    def _predict(self, models: ModelRunner, bar: BarClosed, cause: str) -> None:
        poor, self._poor_bar = self._poor_bar, self._poor
        if poor:
            models.skip(bar)
            self.context.system.metrics.count("bars_of_poor_data")
            return
        prediction, sample = models.on_bar(bar)
        self._probability = prediction.probability_up
        if self._market is not None:
            self._signal(self.strategy.on_signal(prediction, self._market), cause, prediction)
        self.context.when_idle(_Learn(self._bar_count, sample))

    def _learn(self, models: ModelRunner, step: _Learn) -> None:
        """Its models learn before their next bar in any case; late, it finds that done."""
        models.learn()
        self.context.publish(topics.SAMPLES, step.sample)
        self._show(models, step.sample.bar_ns)
        if step.bar % SAVE_EVERY_BARS == 0:
            self.context.when_idle(_Save())

    def _signal(self, target: Wish, cause: str, prediction: Prediction | None) -> None:
        if target is None or not self._ready:
            return
        if not isinstance(target, Target):
            for wish in target if isinstance(target, tuple) else (target,):
                if isinstance(wish, Target):
                    self._signal(wish, cause, prediction)
                elif wish is not None:
                    check_wish(wish)
                    self._orders.send(wish, cause)
            return
        signal = SignalGenerated(
            signal_id=self.context.system.entropy.new_id(),
            strategy=self.name,
            symbol=self.symbol,
            target=target.amount,
            limit_price=target.limit_price,
            created_ns=self.context.now_ns(),
            cause=cause,
            model=prediction.model if prediction else "",
            probability_up=prediction.probability_up if prediction else None,
            horizon_s=prediction.horizon_s if prediction else None,
            features=prediction.features if prediction else (),
        )
        self.context.fault_point("strategy: signal made")
        self.context.tell(self.risk, signal)
        self.context.fault_point("strategy: signal told")
        self.context.publish(topics.SIGNALS, signal)
        metrics = self.context.system.metrics
        metrics.count("signals")
        if prediction is None and self._market is not None and cause.startswith(self._market.kind):
            metrics.observe("stage_update_to_signal", (signal.created_ns - self._market.received_ns) / 1e9)

    def _make_models(self) -> ModelRunner:
        models = ModelRunner(self.symbol, self.horizon_bars, self.bar_s, self.ladder.drift_margin)
        state = self.context.ports["model_states"].load(self._state_name)
        if state is not None:
            try:
                models.restore(state)
            except StateRefused:
                self.context.system.metrics.count("model_states_refused")
        registry: ModelRegistry = self.context.ports["model_registry"]
        found = registry.latest(self.symbol, LSTM)
        if found.model is not None:
            models.load(found.model, registry.load(found.model))
        return models

    def _load(self, published: ModelPublished) -> None:
        assert self._models is not None
        try:
            self._models.load(published, self.context.ports["model_registry"].load(published))
            self._watch.renewed()
        except WeightsCorrupt:
            self.context.system.metrics.count("models_corrupt")

    def _save(self) -> None:
        if self._models is None:
            return
        try:
            self.context.ports["model_states"].save(self._state_name, self._models.state())
        except OSError:  # a full disk costs what was learned since, never a strategy
            self.context.system.metrics.count("model_states_not_saved")

    def _show(self, models: ModelRunner, at_ns: int) -> None:
        losses = models.losses()
        if models.champion in losses:
            self._curve = [*self._curve[-CURVE_LENGTH + 1 :], (at_ns, losses[models.champion])]
        self.context.system.metrics.gauge("learned_bars", models.learned_bars)
        view = LearningView(
            self.symbol, models.champion, models.version, models.learned_bars, losses, self._probability,
            tuple(self._curve),
        )  # fmt: skip
        self.context.publish(topics.LEARNING, view)


def _name(update: MarketDataUpdate | None) -> str:
    return "nothing yet" if update is None else f"{update.kind} {update.sequence}"
