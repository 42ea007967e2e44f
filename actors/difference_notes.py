"""The reconciler's part that tells what books and venue disagreed on: each difference once, and once how it ended."""

from collections import deque

from ..kernel.actor import Context
from ..trading.differences import Difference, DifferenceNoted, ForeignOrdersSeen, Kind, describe_foreign, note
from ..trading.evidence import VenueOrder
from . import topics

STANDING_MAX = 100
"""Told one by one of one look; the verdict has them all."""
LATEST_KEPT = 50


class DifferenceNotes:
    """Owned by the reconciler."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.standing: dict[tuple[Kind, str], Difference] = {}
        """What the last verdict found, by kind and subject."""
        self.foreign: dict[str, VenueOrder] = {}
        """Open orders of the account that are not ours, by client id."""
        self.latest: deque[DifferenceNoted] = deque(maxlen=LATEST_KEPT)

    def note(self, difference: Difference, resolution: str) -> None:
        noted = note(difference, resolution, self._context.now_ns())
        self.latest.append(noted)
        self._context.publish(topics.DIFFERENCES, noted)

    def note_standing(self, differences: tuple[Difference, ...]) -> None:
        """What stands is noted once, and once more when it is gone."""
        now = {(each.kind, each.subject): each for each in differences[:STANDING_MAX]}
        for key, difference in now.items():
            if self.standing.get(key) != difference:
                self.note(difference, "")
        for key, difference in self.standing.items():
            if key not in now:
                self.note(difference, "equal again")
        self.standing = now

    def note_foreign(self, foreign: dict[str, VenueOrder]) -> None:
        """Orders that are not ours are nobody's business here, but what they hold is not free."""
        for client_id in sorted(foreign.keys() - self.foreign.keys()):
            self.note(describe_foreign(foreign[client_id]), "")
        for client_id in sorted(self.foreign.keys() - foreign.keys()):
            self.note(describe_foreign(self.foreign[client_id]), "gone")
        if foreign != self.foreign:
            self.foreign = foreign
            self.tell()

    def tell(self) -> None:
        self._context.publish(topics.FOREIGN, ForeignOrdersSeen(tuple(self.foreign.values())))
