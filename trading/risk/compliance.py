"""Who may trade what, and when: rules as data, in one version that every decision names."""

from collections.abc import Iterable
from typing import Any

import msgspec

from ..limits import fingerprint
from ..messages import Side

DAY_NS, MINUTE_NS = 86_400_000_000_000, 60_000_000_000
THURSDAY = 3
"""1970 began on one; Monday is 0."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Forbids orders that all of it applies to; what is empty applies to all. Times are of the day, UTC, `HH:MM`."""

    name: str
    symbols: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    side: Side | None = None
    since: str = "00:00"
    until: str = "24:00"
    """Not included; earlier than `since`: on the next day."""
    weekdays: tuple[int, ...] = ()
    """0 is Monday."""

    def applies(self, strategy: str, symbol: str, side: Side | None, now_ns: int) -> bool:
        return (
            (not self.symbols or symbol in self.symbols)
            and (not self.strategies or strategy in self.strategies)
            and (self.side is None or side == self.side)
            and self._is_time(now_ns)
        )

    def _is_time(self, now_ns: int) -> bool:
        weekday = (now_ns // DAY_NS + THURSDAY) % 7
        minute = now_ns % DAY_NS // MINUTE_NS
        since, until = minute_of(self.since), minute_of(self.until)
        if since > until and minute < until:  # it began yesterday
            weekday = (weekday - 1) % 7
        inside = since <= minute < until if since <= until else minute >= since or minute < until
        return inside and (not self.weekdays or weekday in self.weekdays)


class RuleBook(msgspec.Struct, frozen=True):
    """All rules, and a version that follows from what they say."""

    rules: tuple[Rule, ...]
    version: str


def make_rules(rules: Iterable[Any]) -> RuleBook:
    """Of rules as settings hold them. Raises `ValueError` for one that could never apply."""
    made = tuple(msgspec.convert(msgspec.to_builtins(rule), Rule) for rule in rules)
    for rule in made:
        if minute_of(rule.since) == minute_of(rule.until) or not set(rule.weekdays) <= set(range(7)):
            raise ValueError(f"rule {rule.name!r} never applies: {rule.since} to {rule.until}, days {rule.weekdays}")
    return RuleBook(made, fingerprint(made))


def decide(book: RuleBook, strategy: str, symbol: str, side: Side | None, now_ns: int) -> str | None:
    """The name of the first rule that forbids it, or None."""
    for rule in book.rules:
        if rule.applies(strategy, symbol, side, now_ns):
            return rule.name
    return None


def minute_of(text: str) -> int:
    """Minutes since midnight; `ValueError` for what is no time of a day."""
    hours, separator, minutes = text.partition(":")
    if not (separator and hours.isdecimal() and minutes.isdecimal() and len(text) == 5):
        raise ValueError(f"expected a time as HH:MM, got {text!r}")
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > 24 * 60:
        raise ValueError(f"expected a time from 00:00 to 24:00, got {text!r}")
    return total
