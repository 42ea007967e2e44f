"""Settings as TOML text."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from .section import Section
from .settings import Settings
from .wording import MASK, is_secret, join


def render(settings: Settings) -> str:
    """The effective settings as a `tradigrade.toml` that loads back equal, except that secrets are masked."""
    return "\n".join(_lines(settings, "")).strip() + "\n"


def _lines(section: Section, key: str) -> Iterator[str]:
    """Plain values first: in TOML they would otherwise belong to the table before them."""
    values = msgspec.structs.asdict(section)
    for name, value in values.items():
        if value is not None and not _is_table(value):
            yield f"{_name(name)} = {_value(value, join(key, name))}"
    for name, value in values.items():
        if _is_table(value):
            yield from _tables(value, join(key, name))


def _is_table(value: Any) -> bool:
    return isinstance(value, Section) or (isinstance(value, tuple) and any(isinstance(row, Section) for row in value))


def _tables(value: Any, key: str) -> Iterator[str]:
    header, sections = (f"[[{key}]]", value) if isinstance(value, tuple) else (f"[{key}]", (value,))
    for section in sections:
        yield from ("", header, *_lines(section, key))


def _value(value: Any, key: str) -> str:
    if is_secret(key):
        return json.dumps(MASK)
    match value:
        case bool():
            return str(value).lower()
        case Mapping():
            pairs = (f"{_name(name)} = {_value(item, join(key, name))}" for name, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        case list() | tuple():
            return f"[{', '.join(_value(item, key) for item in value)}]"
        case Decimal():
            return _decimal(value)
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case str():
            return _text(value)
        case _:
            return repr(value)


def _decimal(value: Decimal) -> str:
    """A whole amount as a number; any other as text, for a TOML float would round it."""
    return str(int(value)) if value == value.to_integral_value() else json.dumps(str(value))


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    """TOML's basic strings are JSON's, but for DEL, which TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
