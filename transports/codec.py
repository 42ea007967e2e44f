"""The wire form: one MessagePack map per frame, a tagged union inside, everything unknown refused.

Refused with `WireFault`: an unknown tag or field, a wrong type, NaN or infinity, a number, text or collection over its
bound, another schema version. No type nests in itself, so depth is bounded too. Times are nanoseconds UTC.
"""

from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from operator import attrgetter, itemgetter
from typing import Any, Union

import msgspec
from msgspec import inspect

from ..supervisors import reports
from ..trading import messages, order_events, refills, views
from . import control, order_commands

SCHEMA_VERSION = 1
FRAME_LIMIT = 1 << 20
"""Bytes of the largest frame a node sends or accepts."""
TEXT_LIMIT = 64 * 1024
"""Characters of the longest text."""
ITEMS_LIMIT = 10_000
"""Items of the largest collection."""
DIGITS_LIMIT = 100
"""Digits of the longest decimal, and its largest power of ten: no price or amount comes near, and sums stay cheap."""


Check = Callable[[Any], None]


class WireFault(Exception):
    """A peer sent what the wire does not allow; nothing of it was handled."""


def _concrete(module: Any, base: type) -> list[type]:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, base)]
    return [kind for kind in kinds if kind is not base]


PAYLOADS: tuple[type, ...] = tuple(
    dict.fromkeys(
        _concrete(messages, messages.Message)
        + _concrete(order_events, messages.Message)
        + _concrete(refills, messages.Message)
        + _concrete(views, messages.Message)
        + _concrete(reports, reports.Report)
        + _concrete(control, reports.Report)
        + _concrete(order_commands, reports.Report)
    )
)
"""Every message that may cross a process border."""

_KINDS = frozenset(PAYLOADS)
Payload = Union[PAYLOADS]  # type: ignore[valid-type]  # noqa: UP007 - made of a tuple


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A message on its way between nodes. `correlation` joins an answer to its question; 0 asks for none.

    `incarnation` is the sender's; in an answer the asker's, who ignores what an earlier one of its name asked for.
    """

    version: int
    target: str
    sender: str
    incarnation: str
    sequence: int
    payload: Payload
    correlation: int = 0
    answer: bool = False
    deadline_ns: int | None = None
    causation: str = ""


_encoder = msgspec.msgpack.Encoder(decimal_format="string")
_decoder = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    """One frame; `WireFault` where it is larger than `FRAME_LIMIT`, or its payload is no sound one of `PAYLOADS`."""
    if type(frame.payload) not in _KINDS:
        raise WireFault(f"a {type(frame.payload).__name__} may not cross a process border")
    try:
        data = _encoder.encode(frame)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError) as error:
        raise WireFault(f"a {type(frame.payload).__name__} does not encode: {error}") from error
    if len(data) > FRAME_LIMIT:
        raise WireFault(f"a {type(frame.payload).__name__} of {len(data)} bytes is over the bound of {FRAME_LIMIT}")
    return data


def decode(data: bytes) -> Frame:
    """The frame in `data`, or `WireFault`."""
    if len(data) > FRAME_LIMIT:
        raise WireFault(f"a frame of {len(data)} bytes is over the bound of {FRAME_LIMIT}")
    try:
        frame = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireFault(f"a frame does not decode: {error}") from error
    if frame.version != SCHEMA_VERSION:
        raise WireFault(f"expected schema version {SCHEMA_VERSION}, got {frame.version}")
    check = _check_small if len(data) <= ITEMS_LIMIT else _check_large
    if check is not None:
        check(frame)
    return frame


# -- bounds, where the types of the wire have none --------------------------------------------------------------------


def _make_check(kind: inspect.Type, small: bool) -> Check | None:
    """What raises `WireFault` for a value of this type that is over its bound; None where none can be. In a `small`
    frame no text is too long and no collection too large."""
    match kind:
        case inspect.FloatType():
            return _check_float
        case inspect.DecimalType():
            return _check_decimal
        case inspect.StrType():
            return None if small else _check_text
        case inspect.VarTupleType(item_type=inspect.FloatType()):
            return _check_floats
        case inspect.VarTupleType(item_type=inspect.TupleType(item_types=(inspect.IntType(), inspect.FloatType()))):
            return _check_curve
        case inspect.VarTupleType(item_type=item):
            return _check_items(_make_check(item, small), small)
        case inspect.TupleType(item_types=items):
            return _check_each([_make_check(item, small) for item in items])
        case inspect.DictType(key_type=key, value_type=value):
            return _check_dict(_make_check(key, small), _make_check(value, small), small)
        case inspect.StructType(fields=fields):
            return _check_struct([(each.name, _make_check(each.type, small)) for each in fields])
        case inspect.UnionType(types=kinds):
            return _check_union({_class_of(each): _make_check(each, small) for each in kinds})
    assert isinstance(kind, _HARMLESS), f"the wire has no bound for {kind}"
    return None


_HARMLESS = (inspect.IntType, inspect.BoolType, inspect.NoneType, inspect.LiteralType, inspect.EnumType)
_CLASSES = {
    inspect.FloatType: float,
    inspect.DecimalType: Decimal,
    inspect.StrType: str,
    inspect.VarTupleType: tuple,
    inspect.TupleType: tuple,
    inspect.DictType: dict,
}


def _class_of(kind: inspect.Type) -> type | None:
    return kind.cls if isinstance(kind, inspect.StructType) else _CLASSES.get(type(kind))


def _check_float(value: float) -> None:
    if not isfinite(value):
        raise WireFault("a frame holds NaN or infinity")


def _check_decimal(value: Decimal) -> None:
    text = str(value)
    if len(text) <= DIGITS_LIMIT and "E" not in text and "N" not in text and "I" not in text:
        return
    if not value.is_finite():
        raise WireFault("a frame holds NaN or infinity")
    digits = max(len(text), abs(value.adjusted()))
    if digits > DIGITS_LIMIT:
        raise WireFault(f"a frame holds a decimal of {digits} digits, over the bound of {DIGITS_LIMIT}")


def _check_text(value: str) -> None:
    if len(value) > TEXT_LIMIT:
        raise WireFault(f"a frame holds a text of {len(value)} characters, over the bound of {TEXT_LIMIT}")


def _check_size(value: Any) -> None:
    if len(value) > ITEMS_LIMIT:
        raise WireFault(f"a frame holds a collection of {len(value)} items, over the bound of {ITEMS_LIMIT}")


def _check_floats(value: tuple[float, ...]) -> None:
    _check_size(value)
    if not all(map(isfinite, value)):
        raise WireFault("a frame holds NaN or infinity")


def _check_curve(value: tuple[tuple[int, float], ...]) -> None:
    """Points of a time and a number: long ones are frequent."""
    _check_size(value)
    if not all(map(isfinite, map(_second, value))):
        raise WireFault("a frame holds NaN or infinity")


_second = itemgetter(1)


def _check_items(check: Check | None, small: bool) -> Check | None:
    if check is None:
        return None if small else _check_size

    def check_items(value: tuple[Any, ...]) -> None:
        _check_size(value)
        for item in value:
            check(item)

    return check_items


def _check_each(checks: list[Check | None]) -> Check | None:
    places = [(place, check) for place, check in enumerate(checks) if check is not None]

    def check_each(value: tuple[Any, ...]) -> None:
        for place, check in places:
            check(value[place])

    return check_each if places else None


def _check_dict(check_key: Check | None, check_value: Check | None, small: bool) -> Check | None:
    of_keys, of_values = _check_items(check_key, small), _check_items(check_value, small)

    def check_dict(value: dict[Any, Any]) -> None:
        if of_keys is not None:
            of_keys(value)  # the keys, in a row
        if of_values is not None:
            of_values(tuple(value.values()))

    return check_dict if of_keys or of_values else None


def _check_struct(checks: list[tuple[str, Check | None]]) -> Check | None:
    fields = [(attrgetter(name), check) for name, check in checks if check is not None]

    def check_struct(value: Any) -> None:
        for field, check in fields:
            check(field(value))

    return check_struct if fields else None


def _check_union(checks: dict[type | None, Check | None]) -> Check | None:
    known = {kind: check for kind, check in checks.items() if kind is not None and check is not None}

    def check_union(value: Any) -> None:
        check = known.get(type(value))
        if check is not None:
            check(value)

    return check_union if known else None


_frame_type = inspect.type_info(Frame)
_check_small = _make_check(_frame_type, small=True)
_check_large = _make_check(_frame_type, small=False)
