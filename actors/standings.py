"""Risk's part that keeps the ladder: causes in, where every scope stands out, every move told."""

from collections.abc import Iterable

from ..kernel.actor import Context
from ..trading.causes import within
from ..trading.ladder import (
    ACCOUNT,
    Event,
    Ladder,
    Move,
    Noted,
    Now,
    Released,
    TimePassed,
    begin,
    judge,
    step,
    strategy_scope,
    waits,
)
from ..trading.messages import DataQuality, MarketDataUpdate, RungChanged
from ..trading.rungs import Standing
from ..trading.views import RungMove, StandingView
from . import topics


class Standings:
    """Owned by risk. Publishes `RungChanged` for each scope whose standing moves. Everything is bad news until proven
    good: the account is not reconciled, no market was heard of."""

    def __init__(
        self, context: Context, symbols: tuple[str, ...], strategies: Iterable[tuple[str, str]], *, lease_held: bool
    ) -> None:
        self._context = context
        self._crossed: dict[str, bool] = {}
        self.symbols = frozenset(symbols)
        noted = [Noted(symbol, "FEED_UNHEARD", holds=True) for symbol in symbols]
        noted.append(Noted(ACCOUNT, "UNRECONCILED", holds=True))
        noted.append(Noted(ACCOUNT, "LEASE_LOST", holds=not lease_held))
        scopes = (*symbols, *(strategy_scope(*each) for each in strategies))
        self.ladder: Ladder = begin(scopes, noted, self._now())
        self.tell_all()

    # -- facts --------------------------------------------------------------------------------------------------------

    def note(self, scope: str, cause: str, *, holds: bool, detail: str = "") -> None:
        if not self._is_news(scope, cause, holds=holds, detail=detail):
            return
        self._step(Noted(scope, cause, holds, detail))

    def note_feed(self, symbol: str, *, live: bool, reason: str) -> None:
        """A feed that never was live is only not heard of yet: nothing needs to prove that it lasts."""
        unheard = self.holds(symbol, "FEED_UNHEARD")
        self.note(symbol, "FEED_UNHEARD", holds=unheard and not live, detail=reason)
        self.note(symbol, "FEED_DOWN", holds=not unheard and not live, detail=reason)

    def note_quality(self, quality: DataQuality, least: float) -> None:
        """A feed that is not live says so by itself; so does one whose quotes are crossed, which nobody else hears."""
        live = "not live" not in quality.reasons
        self.note(quality.symbol, "FEED_CROSSED", holds=live and "crossed" in quality.reasons, detail=quality.detail)
        self.note(quality.symbol, "DATA_POOR", holds=live and quality.score < least, detail=quality.detail)

    def note_market(self, update: MarketDataUpdate) -> None:
        """A market speaks for itself: whether it is crossed, and that it is not stale."""
        crossed = update.bid >= update.ask
        if self._crossed.get(update.symbol) is not crossed:
            self._crossed[update.symbol] = crossed
            self.note(update.symbol, "FEED_CROSSED", holds=crossed)
        if "FEED_STALE" in self.ladder.applied.get(update.symbol, {}):
            self.note(update.symbol, "FEED_STALE", holds=False)

    def note_ages(self, markets: dict[str, MarketDataUpdate], now_ns: int, max_age_ns: int) -> None:
        """Markets that were not heard of for too long are stale."""
        for symbol, update in markets.items():
            if not within(now_ns - update.received_ns, max_age_ns):
                self.note(symbol, "FEED_STALE", holds=True)

    def release(self) -> None:
        self._step(Released())

    def pass_time(self) -> None:
        if waits(self.ladder):
            self._step(TimePassed())

    # -- standings ----------------------------------------------------------------------------------------------------

    def holds(self, scope: str, cause: str) -> bool:
        applied = self.ladder.applied.get(scope, {}).get(cause)
        return applied is not None and applied.gone_ns is None

    def of(self, scope: str) -> Standing:
        """Where a scope stands; also one nobody noted anything of."""
        standing = self.ladder.standings.get(scope)
        return judge(self.ladder.applied, scope) if standing is None else standing

    def views(self) -> tuple[StandingView, ...]:
        return tuple(
            StandingView(scope, each.rung.name, each.reason, each.since_ns)
            for scope, each in self.ladder.standings.items()
        )

    def moves(self) -> tuple[RungMove, ...]:
        """Newest first."""
        return tuple(
            RungMove(move.scope, move.before, move.after, move.reason, move.causes, move.at_ns)
            for move in reversed(self.ladder.moves)
        )

    def tell_all(self) -> None:
        for scope in self.ladder.standings:
            self.tell(scope)
        self._gauge()

    def tell(self, scope: str) -> None:
        each = self.of(scope)
        self._publish(scope, each.rung.name, each.reason, each.rung.name, each.causes, each.since_ns)

    # -- the machine --------------------------------------------------------------------------------------------------

    def _is_news(self, scope: str, cause: str, *, holds: bool, detail: str) -> bool:
        applied = self.ladder.applied.get(scope, {}).get(cause)
        if holds:
            return applied is None or applied.gone_ns is not None or applied.detail != detail
        return applied is not None and applied.gone_ns is None

    def _step(self, event: Event) -> None:
        self.ladder, told = step(self.ladder, event, self._now())
        for move in told:
            self._tell(move)
        if told:
            self._gauge()

    def _tell(self, move: Move) -> None:
        self._publish(move.scope, move.after, move.reason, move.before, move.causes, move.since_ns)

    def _publish(
        self, scope: str, rung: str, reason: str, previous: str, causes: tuple[str, ...], since_ns: int
    ) -> None:
        change = RungChanged(scope, rung, reason, self._context.now_ns(), previous, causes, since_ns)
        self._context.publish(topics.RUNG, change)
        self._context.publish(topics.rung(scope), change)  # for those whom only their own concerns

    def _gauge(self) -> None:
        self._context.system.metrics.gauge("rung", self.ladder.standings[ACCOUNT].rung)

    def _now(self) -> Now:
        return Now(self._context.system.clock.monotonic_ns(), self._context.now_ns())
