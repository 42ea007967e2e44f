"""What becomes of nodes that say nothing: who is named for it, and when replacing the node is no use any more. Pure."""

from collections import deque
from typing import Literal

from .kernel.turns import Turn
from .supervisors.intensity import add_restart

STRATEGIES = "trader/strategies/"

Verdict = Literal["replace", "hold_back", "leave_down"]


class TurnWatch:
    """Who has had the same turn for how long, by what was seen of each node now and then."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Turn, int]] = {}

    def look(self, node: str, turn: Turn | None, now_ns: int) -> None:
        """To be called for each node at every look; None where nothing is to be seen."""
        if turn is None or not turn.path:
            self._seen.pop(node, None)
        elif node not in self._seen or self._seen[node][0] != turn:
            self._seen[node] = (turn, now_ns)

    def stuck(self, node: str, incarnation: int, now_ns: int, for_s: float) -> str:
        """The path of the actor whose turn has lasted that long; empty where there is none."""
        turn, since_ns = self._seen.get(node, (None, now_ns))
        lasts = turn is not None and turn.incarnation == incarnation and now_ns - since_ns >= for_s * 1e9
        return turn.path if lasts and turn is not None else ""


class SilentKills:
    """The trader's nodes that were killed since they said nothing. A strategy named for it three times is held back;
    where that is not the answer, the trader is left down."""

    STRATEGY = (3, 600.0)
    """So often within so many seconds, and a strategy is held back."""
    TRADER = (5, 60.0)
    """More often than that, and the trader is left down: nobody, or one of our own, is named."""
    ALL = (20, 600.0)
    """More often than that, whoever is named."""

    def __init__(self) -> None:
        self._all: deque[int] = deque()
        self._unanswered: deque[int] = deque()
        self._by_strategy: dict[str, deque[int]] = {}

    def note(self, path: str, now_ns: int) -> Verdict:
        """One more; `path` is of the actor that was named, empty where none was."""
        times = self._count(path, now_ns)
        held_back = times >= self.STRATEGY[0]
        if not times or times > self.STRATEGY[0]:  # holding it back was no use, or not possible
            unanswered = add_restart(self._unanswered, now_ns, self.TRADER[1])
        else:
            unanswered = 0
        if add_restart(self._all, now_ns, self.ALL[1]) > self.ALL[0] or unanswered > self.TRADER[0]:
            return "leave_down"
        return "hold_back" if held_back else "replace"

    def times(self, path: str) -> int:
        """How often this strategy was named lately."""
        return len(self._by_strategy.get(path, ()))

    def forget(self) -> None:
        """A person starts the trader again: it gets all its chances back."""
        self._all.clear()
        self._unanswered.clear()

    def _count(self, path: str, now_ns: int) -> int:
        if not path.startswith(STRATEGIES):
            return 0
        return add_restart(self._by_strategy.setdefault(path, deque()), now_ns, self.STRATEGY[1])
