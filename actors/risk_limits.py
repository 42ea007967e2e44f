"""Risk's part that holds the limits in force: from the configuration, and as people set them while it runs."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from ..config.limits import configured_limits
from ..config.risk_settings import RiskSettings
from ..kernel.actor import Context
from ..storage.limits_file import LimitsFile, LimitsLost, Stored
from ..trading.adoption import MANUAL
from ..trading.limit_book import LimitBook, change, check, make_scope, merge
from ..trading.limits import LimitChanged, LimitFault, Limits, read_value
from ..trading.messages import RiskAlert
from ..transports.control import Failed, LimitSet, SetLimit
from . import topics

RESOLVED_MAX = 5_000
BY_CONFIGURATION = "configuration"


class RiskLimits:
    """Owned by risk. Needs the port `limits`. `fault`: why what was set is not known, and everything must halt."""

    def __init__(
        self,
        context: Context,
        settings: RiskSettings,
        symbols: tuple[str, ...],
        strategies: Callable[[], Iterable[tuple[str, str]]],
    ) -> None:
        """`strategies`: those there are, each with its symbols; people may hold under any name that holds something."""
        self._context = context
        self._symbols = symbols
        self._strategies = strategies
        self._file: LimitsFile = context.ports["limits"]
        self._configured = configured_limits(settings)
        self._resolved: dict[tuple[str, str], Limits] = {}
        self.fault = ""
        self.book = self._load()

    def of(self, strategy: str, symbol: str) -> Limits:
        key = (strategy, symbol)
        if (limits := self._resolved.get(key)) is None:
            if len(self._resolved) >= RESOLVED_MAX:
                self._resolved.clear()
            limits = self._resolved[key] = self.book.resolve(strategy, symbol)
        return limits

    @property
    def account(self) -> Limits:
        return self.book.account

    def set(self, asked: SetLimit) -> LimitSet | Failed:
        """A person's word; in force once it is on the disk."""
        try:
            if not asked.reason.strip():
                raise LimitFault("reason", "why it is changed", "none")
            if asked.symbol and asked.value and asked.symbol not in self._symbols:  # it would bound nothing
                raise LimitFault("symbol", f"one of {', '.join(self._symbols)}", asked.symbol)
            scope = make_scope(asked.symbol, asked.strategy)
            known = {MANUAL, *(strategy for strategy, _ in self._strategies())}
            if asked.strategy and asked.value and asked.strategy not in known:
                raise LimitFault("strategy", f"one of {', '.join(sorted(known))}", asked.strategy)
            value = read_value(asked.name, asked.value or None) if asked.value or scope == "account" else None
            book = change(self.book, asked.name, scope, value)
            changed = self._word(self.book, book, asked.name, scope, asked.by, asked.reason)
            self._file.save(Stored(book, self._configured), changed)
        except (LimitFault, OSError) as fault:
            return Failed(str(fault))
        self.book = book
        self._resolved.clear()
        self._context.publish(topics.LIMITS, changed)
        return LimitSet(changed.name, changed.scope, changed.before, changed.after, changed.version)

    # -- what was set before ------------------------------------------------------------------------------------------

    def _load(self) -> LimitBook:
        try:
            stored = self._file.load()
        except LimitsLost as fault:
            self.fault = f"what limits were set is not known any more: {fault}"
            return self._configured
        if stored is None:
            return self._configured
        return stored.book if stored.configured == self._configured else self._merge(stored)

    def _merge(self, stored: Stored) -> LimitBook:
        """What the configuration changed since counts; all else stays as it was set."""
        book, now = stored.book, self._configured
        merged, words = merge(book, stored.configured, now)
        changes = [self._word(book, merged, *each, BY_CONFIGURATION, "the configuration changed") for each in words]
        try:
            check(merged)
            self._file.save(Stored(merged, now), *changes)
        except LimitFault as fault:
            return self._refuse_merge(book, f"the configuration contradicts what was set: {fault}")
        except OSError:
            self._context.system.metrics.count("limits_not_saved")  # merged again at the next start
        for changed in changes:
            self._context.publish(topics.LIMITS, changed)
        return merged

    def _refuse_merge(self, book: LimitBook, words: str) -> LimitBook:
        self._context.publish(topics.ALERTS, RiskAlert("LIMITS_CONTRADICT", words[:300], self._context.now_ns()))
        return book

    def _word(self, before: LimitBook, after: LimitBook, name: str, scope: str, by: str, reason: str) -> LimitChanged:
        was, now = (_text(each.value(name, scope)) for each in (before, after))
        return LimitChanged(name, scope, was, now, after.version, by[:100], reason[:300], self._context.now_ns())


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"
