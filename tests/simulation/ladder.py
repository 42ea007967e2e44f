"""A whole simulated system whose rungs are watched."""

from collections.abc import Callable
from typing import Any

from tradigrade.config.risk_settings import RiskSettings
from tradigrade.config.settings import LearningSettings, Settings, StrategySettings
from tradigrade.simulation.world import World
from tradigrade.storage.halt import HaltLatch
from tradigrade.trading.rungs import Rung
from tradigrade.transports.control import PauseStrategy, ResumeStrategy

SYMBOL = "BTC/USDT"
STRATEGY = f"exerciser {SYMBOL}"
LEARNED_SCOPE = f"learned {SYMBOL}"
RUNNER = "trader/strategies/exerciser-btc-usdt"
EXECUTOR, RISK = "trader/trading/account/executor", "trader/trading/account/risk"
STEP_S = 0.05
EXERCISER = StrategySettings(path="tradigrade.trading.strategies.exerciser:Exerciser")
LEARNED = StrategySettings(path="tradigrade.trading.strategies.learned:Learned")


class Watched:
    """Trades one symbol; starts well."""

    def __init__(self, seed: int = 1, **settings: Any) -> None:
        given: dict[str, Any] = {
            "strategies": (EXERCISER, LEARNED),
            "bar_s": 0.5,
            "learning": LearningSettings(enabled=False),
        }
        self.world = World(seed, Settings(**(given | settings)), wire=False)
        self.latch = HaltLatch(self.world.disk, self.world.journal_path.with_name("halt.json"))
        self.until(lambda: self.rung("account") == "NORMAL" == self.rung(SYMBOL), 20.0, "a good beginning")

    def rung(self, scope: str) -> str:
        """As the portfolio heard of it; the lowest where there is no trader."""
        trader = self.world.nodes.get("trader")
        portfolio = None if trader is None else trader.system.actors.get("trader/portfolio")
        if portfolio is None or portfolio.behaviour is None:
            return "none"
        change = portfolio.behaviour.rungs.get(scope)  # type: ignore[attr-defined]
        return "none" if change is None else str(change.rung)

    def reason(self, scope: str) -> str:
        portfolio: Any = self.world.nodes["trader"].system.actors["trader/portfolio"].behaviour
        return str(portfolio.rungs[scope].reason)

    def until(self, holds: Callable[[], bool], within_s: float, what: str) -> float:
        """Advance until it is so; how long that took, in simulated seconds."""
        began_ns = self.world.clock.monotonic_ns()
        while not holds():
            elapsed_s = (self.world.clock.monotonic_ns() - began_ns) / 1e9
            lines = "\n".join(map(str, list(self.world.lines.kept)[-15:]))
            assert elapsed_s < within_s, f"no {what} within {within_s} s\n{lines}"
            self.world.advance(STEP_S)
        return (self.world.clock.monotonic_ns() - began_ns) / 1e9

    # -- causes -------------------------------------------------------------------------------------------------------

    def actor(self, path: str) -> Any:
        return self.world.nodes[path.partition("/")[0]].system.actors[path]

    def crash(self, path: str, times: int, every_s: float = 0.3) -> None:
        for _ in range(times):
            trader = self.world.nodes.get("trader")
            if trader is not None and (actor := trader.system.actors.get(path)) is not None:
                actor.crash("by the test")
            self.world.advance(every_s)

    def ask(self, question: Any) -> Any:
        """Of risk, as the command line does."""
        done: list[Any] = []
        trader = self.world.nodes["trader"]
        trader.loop.run(lambda: trader.system.ask(RISK, question, 1.0).then(done.append))
        self.world.advance(0.1)
        return done[0].value

    def pause(self) -> None:
        self.ask(PauseStrategy("exerciser", SYMBOL, "the test wants it"))

    def resume(self) -> None:
        self.ask(ResumeStrategy("exerciser", SYMBOL))

    def halt(self, reason: str = "the test wants it") -> None:
        self.latch.halt(reason, "the test", self.world.clock.now_ns())

    def release(self) -> None:
        assert self.latch.release("the test is done", "the test", self.world.clock.now_ns())

    def open_at_venue(self) -> set[str]:
        return set(self.world.venue.open_orders())


LOSSY_RISK = RiskSettings(daily_loss_warning=0.0002, max_drawdown=0.5)
DRAWN_DOWN = RiskSettings(daily_loss_warning=0.5, max_drawdown=0.0003)


def at_least(rung: str, found: str) -> bool:
    """As low as `rung`, or lower."""
    return found != "none" and Rung[found] >= Rung[rung]
