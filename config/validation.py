"""Checks raw values against the typed settings, and names what was expected and found where they do not fit."""

import difflib
from collections.abc import Mapping
from typing import Any, get_args, get_origin

import msgspec

from .errors import ConfigFault
from .section import Section
from .settings import Settings
from .sources import Tree, list_of
from .wording import describe, join, show


def check_tree(tree: Mapping[str, Any], source: str, *, text: bool = False) -> Tree:
    """The tree with every value in the type of its setting; `text` allows numbers and lists spelled as text.

    Raises ConfigFault, naming `source`, for an unknown key, a missing one, a wrong type or a value out of range.
    """
    return _Checker(source, text).check_table(tree, Settings, "")


class _Checker:
    def __init__(self, source: str, text: bool) -> None:
        self._source, self._text = source, text

    def check_table(self, value: Any, section: type[Section], key: str) -> Tree:
        if not isinstance(value, Mapping):
            raise self._fault(key, "a table", show(key, value))
        fields = {field.name: field for field in msgspec.structs.fields(section)}
        for name in value:
            if name not in fields:
                raise self._unknown(name, list(fields), key)
        for name, field in fields.items():
            if field.required and name not in value:
                raise self._fault(join(key, name), describe(field.type), "nothing")
        return {name: self._check(item, fields[name].type, join(key, name)) for name, item in value.items()}

    def _check(self, value: Any, annotation: Any, key: str) -> Any:
        if isinstance(annotation, type) and issubclass(annotation, Section):
            return self.check_table(value, annotation, key)
        if get_origin(annotation) is dict and isinstance(value, Mapping):
            item = get_args(annotation)[1]
            return {name: self._check(each, item, f'{key}."{name}"') for name, each in value.items()}
        if get_origin(annotation) is tuple:
            return self._check_list(value, get_args(annotation)[0], key)
        try:
            return msgspec.convert(value, annotation, strict=not self._text)
        except msgspec.ValidationError as error:
            raise self._fault(key, describe(annotation), show(key, value)) from error

    def _check_list(self, value: Any, item: Any, key: str) -> tuple[Any, ...]:
        rows = list_of(value) if self._text and isinstance(value, str) else value
        if not isinstance(rows, list | tuple):
            raise self._fault(key, f"a list, each {describe(item)}", show(key, value))
        return tuple(self._check(row, item, f"{key}[{index}]") for index, row in enumerate(rows))

    def _unknown(self, name: str, known: list[str], key: str) -> ConfigFault:
        close = difflib.get_close_matches(name, known, n=1)
        expected = f"one of the keys {', '.join(sorted(known))}"
        advice = f"did you mean {join(key, close[0])}?" if close else ""
        return self._fault(join(key, name), "a known key" if close else expected, "an unknown key", advice)

    def _fault(self, key: str, expected: str, found: str, advice: str = "") -> ConfigFault:
        return ConfigFault(self._source, key, expected, found, advice)
