"""Risk's part that hears facts and says which causes of the ladder they are."""

from collections.abc import Iterable
from typing import Any

from ..config.risk_settings import LadderSettings
from ..exchanges.retry_after import PAUSE_MAX_S
from ..exchanges.venue import ClockCompared, RateLimited
from ..kernel.actor import Context
from ..storage.held_back import HeldBack
from ..supervisors.reports import SupervisorReport
from ..supervisors.requests import RestartChild
from ..trading.causes import CAUSES, within
from ..trading.ladder import ACCOUNT, SYSTEM, strategy_scope
from ..trading.messages import AccountReconciled, CauseNoted, DataQuality, FeedChanged, RiskAlert
from . import topics
from .standings import Standings

STRATEGIES = "/strategies/"
WORDS_LIMIT = 300
START_TIMEOUT_S = 5.0


class RiskFacts:
    """Owned by risk. `strategies` maps the last part of a runner's path to its (strategy, symbol)."""

    def __init__(
        self, context: Context, standings: Standings, ladder: LadderSettings, strategies: dict[str, tuple[str, str]]
    ) -> None:
        self._context = context
        self._standings = standings
        self._ladder = ladder
        self._runners = {runner: strategy_scope(*each) for runner, each in strategies.items()}
        self._limited_until_ns: int | None = None
        self._left_down: dict[str, tuple[str, str]] = {}
        """By scope: the supervisor and the child."""
        self._held_back: HeldBack = context.ports["held_back"]
        for path, held in self._held_back.read().items():
            self._note_left_down(path, held.reason)

    def hear(self, fact: Any) -> None:
        note = self._standings.note
        match fact:
            case FeedChanged(symbol, live, reason):
                self._standings.note_feed(symbol, live=live, reason=reason)
            case DataQuality():
                self._standings.note_quality(fact, self._ladder.min_data_quality)
            case AccountReconciled(equal, differences):
                note(ACCOUNT, "UNRECONCILED", holds=not equal, detail="; ".join(differences)[:WORDS_LIMIT])
            case ClockCompared(offset_s):
                bound_s = self._ladder.max_clock_skew_s
                words = f"the clock differs from the venue's by more than {bound_s:g} s"
                note(ACCOUNT, "CLOCK_SKEW", holds=not within(abs(offset_s), bound_s), detail=words)
            case RateLimited():
                self._limit(fact)
            case CauseNoted():
                self._take(fact)
            case SupervisorReport():
                self._watch(fact)

    def check(self) -> None:
        """What ends by itself."""
        until_ns = self._limited_until_ns
        if until_ns is not None and self._context.system.clock.monotonic_ns() >= until_ns:
            self._limited_until_ns = None
            self._standings.note(ACCOUNT, "RATE_LIMIT", holds=False)

    def start_again(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Those of the scopes that were left down: their supervisor is asked to start them, and each stays where it
        stands until it serves. `OSError`, and nothing happens, where that cannot be remembered."""
        asked = {scope: self._left_down[scope] for scope in scopes if scope in self._left_down}
        self._held_back.remove(f"{supervisor}/{child}" for supervisor, child in asked.values())
        for supervisor, child in asked.values():
            self._context.ask(supervisor, RestartChild(child), START_TIMEOUT_S)
        return tuple(asked)

    def _limit(self, fact: RateLimited) -> None:
        wait_s = min(max((fact.until_ns - self._context.now_ns()) / 1e9, 0.0), PAUSE_MAX_S)
        until_ns = self._context.system.clock.monotonic_ns() + round(wait_s * 1e9)
        self._limited_until_ns = max(until_ns, self._limited_until_ns or 0)
        self._standings.note(ACCOUNT, "RATE_LIMIT", holds=True, detail=fact.reason[:WORDS_LIMIT])
        if fact.doubt:
            self._context.publish(topics.ALERTS, RiskAlert("RETRY_AFTER", fact.doubt, self._context.now_ns()))

    def _take(self, fact: CauseNoted) -> None:
        """Somebody else's word; of a cause or a scope that nobody knows it is counted, and moves nothing."""
        cause = CAUSES.get(fact.cause)
        if cause is None or cause.latched or not self._is_known(fact.scope):
            self._context.system.metrics.count("causes_unknown")
            return
        self._standings.note(fact.scope, fact.cause, holds=fact.holds, detail=fact.detail)

    def _is_known(self, scope: str) -> bool:
        symbol = scope.rpartition(" ")[2]
        return scope in (SYSTEM, ACCOUNT) or symbol in self._standings.symbols

    def _watch(self, report: SupervisorReport) -> None:
        """A strategy whose supervisor left it down holds positions that nobody minds."""
        if report.kind == "left_down":
            self._note_left_down(report.path, report.reason)
        elif report.kind == "progress" and (scope := self._scope_of(report.path)):
            self._left_down.pop(scope, None)
            self._standings.note(scope, "LEFT_DOWN", holds=False)

    def _note_left_down(self, path: str, reason: str) -> None:
        if scope := self._scope_of(path):
            supervisor, _, child = path.rpartition("/")
            self._left_down[scope] = (supervisor, child)
            self._standings.note(scope, "LEFT_DOWN", holds=True, detail=f"left down: {reason}"[:WORDS_LIMIT])

    def _scope_of(self, path: str) -> str:
        """The strategy whose runner lives at a path; empty where none does."""
        return self._runners.get(path.rpartition("/")[2], "") if STRATEGIES in path else ""
