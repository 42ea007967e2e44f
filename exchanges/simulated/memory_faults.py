"""Faults of the venue in memory: each by chance or by count, switched at run time and counted when it really fired."""

from collections import Counter
from random import Random

import msgspec

Chance = int | float
"""A float is a probability; an int is that many of the next times, and counts down."""


class MemoryFaults(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All off. Seconds are the length of what a fault begins, or the most by which it delays."""

    place_lost: Chance = 0
    """An order's request never arrives."""
    place_unanswered: Chance = 0
    """It arrives and takes effect; its answer is lost."""
    place_late: Chance = 0
    """Its answer comes after the port's time-out."""
    place_refused: Chance = 0
    """The venue refuses it, with a structured answer."""
    place_delayed: Chance = 0
    """It arrives up to `delay_s` later: behind the receive window the venue refuses it."""
    cancel_lost: Chance = 0
    cancel_unanswered: Chance = 0
    cancel_late: Chance = 0
    cancel_refused: Chance = 0
    cancel_delayed: Chance = 0

    look_failed: Chance = 0
    """No call for evidence gets through."""
    look_partial: Chance = 0
    """The orders are answered, the trades or the balances are not."""

    event_lost: Chance = 0
    """One word of the account's stream, a report or a fill."""
    event_duplicated: Chance = 0
    event_delayed: Chance = 0
    """It and all behind it come up to `delay_s` later."""
    event_reordered: Chance = 0
    """It alone does: others overtake it."""
    account_cut: Chance = 0
    """The account's connections break, at one of the market's turns."""

    diff_lost: Chance = 0
    frame_crossed: Chance = 0
    """A quote or diff lies: its best bid is its best ask."""
    frame_malformed: Chance = 0
    snapshot_lost: Chance = 0
    snapshot_stale: Chance = 0
    """A snapshot shows the book as the one before it did."""
    market_silent: Chance = 0
    """At one of the market's turns its streams fall silent for `silent_s`, and stay connected."""
    market_cut: Chance = 0

    ban: Chance = 0
    """A request is answered 429, and so is every other for `ban_s`."""

    clock_offset_ms: int = 0
    """The venue's clock against the true one."""

    delay_s: float = 4.0
    silent_s: float = 4.0
    ban_s: float = 5.0


class FaultDice:
    """Decides when a fault fires. A fault that is off draws nothing, so switching one on moves no other's draws."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.faults = MemoryFaults()
        self.fired: Counter[str] = Counter()

    def fires(self, name: str) -> bool:
        chance: Chance = getattr(self.faults, name)
        if not chance or not self._hits(name, chance):
            return False
        self.fired[name] += 1
        return True

    def delay_s(self) -> float:
        """A part of the longest delay."""
        return self.random.random() * self.faults.delay_s

    def _hits(self, name: str, chance: Chance) -> bool:
        if isinstance(chance, int):
            setattr(self.faults, name, chance - 1)
            return True
        return self.random.random() < chance
