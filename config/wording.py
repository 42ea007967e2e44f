"""Puts types, values and keys of the settings into words. A value that is a secret is never shown."""

import json
import re
from typing import Any

from msgspec import inspect

MASK = "***"
SHOWN_LENGTH_MAX = 60

_SECRET = re.compile(r"(^|_)(secret|password|passphrase|token|credentials?|dsn|(api|private|access)_?key)(_|$)", re.I)


def is_secret(key: str) -> bool:
    """Whether any part of a dotted key names a secret, such as `password` or `strategies[0].parameters.api_key`."""
    return any(_SECRET.search(part) for part in re.split(r"[.\[\]]+", key))


def join(key: str, name: str) -> str:
    """The dotted key of `name` in the table `key`."""
    return f"{key}.{name}" if key else name


def show(key: str, value: object) -> str:
    """A found value as TOML would spell it, cut to one readable line."""
    if is_secret(key):
        return "a value not shown here because it is secret"
    match value:
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case str() | bool():
            text = json.dumps(value, ensure_ascii=False)
        case _:
            text = str(value)
    return text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}…"


def describe(annotation: Any) -> str:
    """What a setting of this type may hold, as in "a whole number above 0 and below 100"."""
    return _describe(inspect.type_info(annotation))


def _describe(kind: inspect.Type) -> str:
    match kind:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number{_bounds(kind)}"
        case inspect.FloatType():
            return f"a number{_bounds(kind)}"
        case inspect.DecimalType():
            return "a number"
        case inspect.StrType():
            return f"text matching {kind.pattern}" if kind.pattern else "text"
        case inspect.LiteralType():
            return f"one of {', '.join(json.dumps(value) for value in kind.values)}"
        case inspect.UnionType():
            return _describe(kind.types[0])
        case _:
            return "a table"


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    words = {"above": kind.gt, "at least": kind.ge, "below": kind.lt, "at most": kind.le}
    parts = [f"{word} {bound:.15g}" for word, bound in words.items() if bound is not None]
    return f" {' and '.join(parts)}" if parts else ""
