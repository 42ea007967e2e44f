"""The trainer: learns the LSTM from samples as their labels arrive, a slice at a time, and publishes its weights."""

from collections import deque
from importlib import import_module
from typing import Any, NamedTuple

from ..config.settings import LearningSettings
from ..kernel.actor import Actor
from ..models.faults import StateRefused
from ..models.features import FEATURE_NAMES
from ..models.registry import ModelMetrics, ModelRegistry
from ..models.runner import LSTM
from ..trading.messages import SampleTaken

HIDDEN = 16
SLICE_PERIOD_S = 0.05
SYMBOLS_A_TURN = 4
"""Each takes tens of milliseconds, and a node that does not end its turn is taken for dead."""
SLICES_PER_SAMPLE = 1
"""Steps a new sample is worth: more only learn the window by heart."""
SLICES_OWED_MAX = 200
PUBLISH_EVERY_SLICES = 20
SAVE_EVERY_SLICES = 40
COIN = 0.6931
"""Log-loss of a coin: weights that do not beat it on bars they never saw are not published."""


class _SliceDue:
    pass


class _Imported(NamedTuple):
    """What trains is there, or why not."""

    fault: str


class TrainingUnavailable(Exception):
    """torch is installed and does not load."""


def _import_training() -> None:
    try:
        import_module(f"{__package__.rpartition('.')[0]}.models.training")
    except ImportError as error:
        raise OSError(f"torch does not load: {error}") from error


class TrainerActor(Actor):
    """One network per symbol. Without the port `torch` it only counts samples, and says so by the gauge `torch`.

    It serves at once and keeps what it hears; importing torch takes seconds, on a thread beside.
    """

    def __init__(self, symbols: tuple[str, ...], learning: LearningSettings, receiver: str) -> None:
        self.symbols = symbols
        self.learning = learning
        self.receiver = receiver

    def start(self) -> None:
        self._trainers: dict[str, Any] = {}
        self._slices = dict.fromkeys(self.symbols, 0)
        self._owed = dict.fromkeys(self.symbols, 0)
        self._turns = deque(self.symbols)
        window = self.learning.window_bars
        self._waiting = {symbol: deque[SampleTaken](maxlen=window) for symbol in self.symbols}
        """Samples of those whose trainer is not made yet."""
        installed = bool(self.context.ports["torch"])
        self.context.system.metrics.gauge("torch", float(installed))
        if installed and self.symbols:
            system, path = self.context.system, self.context.path
            self.context.ports["thread"](_import_training, lambda fault: system.tell(path, _Imported(fault)))

    def stop(self, reason: str) -> None:
        for symbol in self._trainers:
            self._save(symbol)

    def receive(self, message: Any) -> Any:
        match message:
            case SampleTaken(symbol=symbol):
                self.context.system.metrics.count("samples")
                if symbol in self._trainers:
                    self._learn(message)
                elif symbol in self._waiting:
                    self._waiting[symbol].append(message)
            case _Imported(fault) if fault:
                raise TrainingUnavailable(fault)
            case _Imported():
                self.context.repeat(SLICE_PERIOD_S, _SliceDue())
            case _SliceDue():
                for _ in range(min(SYMBOLS_A_TURN, len(self._turns))):
                    self._take_turn(self._turns[0])
                    self._turns.rotate(-1)

    def _take_turn(self, symbol: str) -> None:
        if symbol not in self._trainers:
            self._trainers[symbol] = self._make(symbol)
            while self._waiting[symbol]:
                self._learn(self._waiting[symbol].popleft())
        self._train(symbol, self._trainers[symbol])

    def _learn(self, sample: SampleTaken) -> None:
        self._trainers[sample.symbol].add(sample)
        self._owed[sample.symbol] = min(self._owed[sample.symbol] + SLICES_PER_SAMPLE, SLICES_OWED_MAX)

    def _make(self, symbol: str) -> Any:
        from ..models.training import LstmTrainer

        learning = self.learning

        def fresh() -> LstmTrainer:
            size = len(FEATURE_NAMES)
            return LstmTrainer(size, HIDDEN, learning.seed, learning.window_bars, horizon_bars=learning.horizon_bars)

        trainer = fresh()
        state = self.context.ports["trainer_states"].load(_state_name(symbol))
        if state is not None:
            try:
                trainer.restore(state)
            except StateRefused:
                self.context.system.metrics.count("model_states_refused")
                return fresh()
        return trainer

    def _train(self, symbol: str, trainer: Any) -> None:
        if self._owed[symbol] == 0 or trainer.train_slice() is None:
            return
        self._owed[symbol] -= 1
        self.context.progress()
        self._slices[symbol] += 1
        self.context.system.metrics.count("training_slices")
        if self._slices[symbol] % PUBLISH_EVERY_SLICES == 0:
            self._publish(symbol, trainer)
        if self._slices[symbol] % SAVE_EVERY_SLICES == 0:
            self._save(symbol)

    def _publish(self, symbol: str, trainer: Any) -> None:
        loss = trainer.held_out_log_loss()
        if loss is None or loss >= COIN:
            return
        self.context.system.metrics.gauge("held_out_log_loss", loss)
        registry: ModelRegistry = self.context.ports["model_registry"]
        version = registry.next_version(symbol, LSTM)
        metrics = ModelMetrics(trainer.trained_bars, loss)
        published = registry.publish(symbol, LSTM, version, weights=trainer.weights(), metrics=metrics)
        self.context.system.metrics.count("models_published")
        self.context.tell(self.receiver, published)

    def _save(self, symbol: str) -> None:
        self.context.ports["trainer_states"].save(_state_name(symbol), self._trainers[symbol].state())


def _state_name(symbol: str) -> str:
    return f"lstm-{symbol.replace('/', '-')}"
