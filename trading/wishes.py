"""What a strategy returned is what it says: found here, it is the strategy that fails, and nobody after it. Pure."""

from decimal import Decimal
from typing import Any

import msgspec

from .strategy import StrategyFault


def check_wish(wish: Any) -> None:
    """`StrategyFault` for an order, or a change of one, that holds a value of another type than its field's: a float
    for a `Decimal`, a word that is none of those there are. Whether the numbers make sense is judged later."""
    if not isinstance(wish, msgspec.Struct):
        raise StrategyFault(
            f"a strategy must return a Target, an order, a change of one, a tuple of these or None, got {wish!r}"
        )
    name = type(wish).__name__
    try:
        read = msgspec.convert(msgspec.to_builtins(wish, builtin_types=(Decimal,)), type(wish))
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise StrategyFault(f"{name}: {error}") from None
    if (bad := _differing(wish, read)) is not None:
        raise StrategyFault(f"{name}: {bad} must be of its type, exactly, got {wish!r}")


def _differing(given: Any, read: Any, where: str = "") -> str | None:
    """The first field that had to be made another value to be read."""
    if isinstance(given, msgspec.Struct):
        names = given.__struct_fields__
        found = (_differing(getattr(given, name), getattr(read, name), name) for name in names)
        return next((bad for bad in found if bad is not None), None)
    return None if type(given) is type(read) else where
