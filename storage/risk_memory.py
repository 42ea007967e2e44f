"""What risk must remember over restarts: who is paused, what day and week began with, the peak, when it was started."""

from decimal import Decimal
from pathlib import Path

import msgspec

from ..kernel.disk import Disk
from .unreadable import UNREADABLE


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Equity is in the account's currency; times are UTC."""

    paused: dict[str, str] = {}
    """Scope of a strategy, and why."""
    day: int = -1
    """Days since 1970."""
    opening_equity: Decimal = Decimal(0)
    """At the first look of that day."""
    peak_equity: Decimal = Decimal(0)
    """Since the last release of a halt."""
    starts_ns: tuple[int, ...] = ()
    """Of risk, the latest ones."""
    halted: bool = False
    """A halt was seen, and its release was not yet."""
    day_equity: Decimal = Decimal(0)
    """The same, or, where a halt was released since, at its release."""
    week: int = -1
    """Weeks since 1970, each from a Monday."""
    week_equity: Decimal = Decimal(0)
    """At the first look of that week, or at the last release since."""
    begins: bool = False
    """A halt was released: losses are counted from the next equity on."""
    transferred: dict[str, Decimal] = {}
    """Deposits less withdrawals, by currency, that the equities above were moved by."""
    lost_apart: Decimal = Decimal(0)
    """Of the money lost since `day_equity`, what that does not show since transfers moved it."""


class MemoryLost(Exception):
    """The file is there and does not read: what was in it is not known."""


class RiskMemory:
    """One account's `Memory` in a file that is written whole or not at all."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        self._path = path

    def load(self) -> Memory:
        """Raises `MemoryLost`; an account that never traded has an empty one."""
        try:
            memory = msgspec.json.decode(self._disk.read(self._path), type=Memory)
        except FileNotFoundError:
            return Memory()
        except (OSError, *UNREADABLE) as error:
            raise MemoryLost(f"{self._path} cannot be read: {error}") from error
        equities = (memory.opening_equity, memory.day_equity, memory.week_equity, memory.peak_equity)
        if not all(each.is_finite() for each in (*equities, memory.lost_apart, *memory.transferred.values())):
            raise MemoryLost(f"{self._path} holds an equity that is no number: {memory}")
        return memory

    def save(self, memory: Memory, *, sync: bool) -> None:
        """`OSError` where the disk refuses; the old one stands then. Without `sync` a power loss may take it."""
        self._disk.replace(self._path, msgspec.json.encode(memory), sync=sync)
