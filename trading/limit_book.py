"""The limits in force: an account's, and what overrides them for a symbol or a strategy, in one version."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from .limits import (
    SPECS,
    LimitFault,
    Limits,
    check_value,
    contradictions,
    fingerprint,
    make_limits,
    read_value,
    values_of,
)

ACCOUNT = "account"
SYMBOL, STRATEGY = "symbol ", "strategy "
"""A scope of overrides begins so."""
OVERRIDES_MAX = 1_000


class LimitBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of everything; a change makes the next."""

    account: Limits = Limits()
    overrides: dict[str, dict[str, Decimal]] = {}
    """By scope, `symbol BTC/USDT` or `strategy learned`."""
    number: int = 1

    @property
    def version(self) -> str:
        """Counted, and told apart from another of the same number by its content."""
        return f"{self.number}-{fingerprint(self.account, self.overrides)}"

    def resolve(self, strategy: str, symbol: str) -> Limits:
        """What counts for this strategy on this symbol; where both override one, the smaller."""
        ours = [self.overrides.get(f"{SYMBOL}{symbol}"), self.overrides.get(f"{STRATEGY}{strategy}")]
        merged: dict[str, Decimal] = {}
        for override in ours:
            for name, value in (override or {}).items():
                merged[name] = min(value, merged.get(name, value))
        return msgspec.structs.replace(self.account, **merged) if merged else self.account

    def source(self, name: str, strategy: str, symbol: str) -> str:
        """Where the value of a limit comes from: its name, scope and version."""
        value = getattr(self.resolve(strategy, symbol), name)
        for scope in (f"{SYMBOL}{symbol}", f"{STRATEGY}{strategy}"):
            if name in self.overrides.get(scope, {}) and self.overrides[scope][name] == value:
                return f"{name} of {scope}, limits {self.number}"
        return f"{name} of the account, limits {self.number}"

    def value(self, name: str, scope: str) -> Decimal | None:
        """As it was set for this scope; None: not set, or no bound."""
        values = values_of(self.account) if scope == ACCOUNT else self.overrides.get(scope, {})
        return values.get(name)


def make_scope(symbol: str = "", strategy: str = "") -> str:
    """Raises `LimitFault` for both at once."""
    if symbol and strategy:
        raise LimitFault("scope", "a symbol or a strategy", "both")
    return f"{SYMBOL}{symbol}" if symbol else f"{STRATEGY}{strategy}" if strategy else ACCOUNT


def change(book: LimitBook, name: str, scope: str, value: Decimal | None) -> LimitBook:
    """The next version; None ends a bound, or an override. Raises `LimitFault`, and nothing changes."""
    if scope == ACCOUNT:
        check_value(name, value)
        changed = msgspec.structs.replace(book, account=msgspec.structs.replace(book.account, **{name: value}))
    else:
        changed = msgspec.structs.replace(book, overrides=_override(book, name, scope, value))
    check(changed)
    return msgspec.structs.replace(changed, number=book.number + 1)


def _override(book: LimitBook, name: str, scope: str, value: Decimal | None) -> dict[str, dict[str, Decimal]]:
    before = book.overrides.get(scope, {})
    ours = {key: each for key, each in before.items() if key != name}
    if value is not None:
        ours[name] = value
    elif name not in before:
        raise LimitFault(f"{name} of {scope}", "an override to end", "none")
    others = {key: each for key, each in book.overrides.items() if key != scope}
    return {**others, scope: ours} if ours else others


def merge(book: LimitBook, before: LimitBook, now: LimitBook) -> tuple[LimitBook, tuple[tuple[str, str], ...]]:
    """What the configuration changed from `before` to `now`, removals too, over what was set; and what that changes, as
    names and scopes."""
    scopes = (ACCOUNT, *sorted(before.overrides.keys() | now.overrides.keys()))
    differs = (
        (name, scope) for scope in scopes for name in SPECS if before.value(name, scope) != now.value(name, scope)
    )
    changes = tuple(each for each in differs if book.value(*each) != now.value(*each))
    account = {name: now.value(name, scope) for name, scope in changes if scope == ACCOUNT}
    overrides = {scope: dict(values) for scope, values in book.overrides.items()}
    for name, scope in changes:
        if scope != ACCOUNT:
            overrides.setdefault(scope, {}).pop(name, None)
            if (value := now.value(name, scope)) is not None:
                overrides[scope][name] = value
    kept = {scope: values for scope, values in overrides.items() if values}
    return LimitBook(Limits(**{**values_of(book.account), **account}), kept, book.number + 1), changes


def check(book: LimitBook) -> None:
    """Raises `LimitFault` for the first thing that does not fit."""
    if len(book.overrides) > OVERRIDES_MAX:
        raise LimitFault("overrides", f"at most {OVERRIDES_MAX}", str(len(book.overrides)))
    values = values_of(book.account)
    for name, value in values.items():
        check_value(name, value)
    for fault in contradictions(values):
        raise fault
    for scope, override in book.overrides.items():
        _check_override(values, scope, override)


def _check_override(values: dict[str, Decimal | None], scope: str, override: dict[str, Decimal]) -> None:
    kind = scope.partition(" ")[0]
    for name, value in override.items():
        check_value(name, value)
        if SPECS[name].over not in ("order", kind):
            raise LimitFault(f"{name} of {scope}", f"no override: it is a limit of the {SPECS[name].over}", str(value))
    for fault in contradictions({**values, **override}):
        raise LimitFault(f"{fault.field} of {scope}", fault.expected, fault.found)


def make_book(values: Mapping[str, Any], overrides: Mapping[str, Mapping[str, Any]]) -> LimitBook:
    """The first version, of numbers as settings hold them. Raises `LimitFault`."""
    exact = {
        scope: {name: read_value(name, value) for name, value in each.items()} for scope, each in overrides.items()
    }
    bounds = {
        scope: {name: value for name, value in each.items() if value is not None} for scope, each in exact.items()
    }
    book = LimitBook(make_limits(values), bounds)
    check(book)
    return book
