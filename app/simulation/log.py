"""What simulated nodes log: kept for a diagnosis, printed where somebody wants to read along."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

LINES_KEPT = 2_000


class Line(NamedTuple):
    at_s: float
    node: str
    level: str
    text: str

    def __str__(self) -> str:
        return f"{self.at_s:9.3f} s  {self.node:9} {self.level:7} {self.text}"


class Lines:
    """The newest lines of all nodes."""

    def __init__(self, now_s: Callable[[], float], tell: Callable[[Line], object] = lambda _: None) -> None:
        self.kept: deque[Line] = deque(maxlen=LINES_KEPT)
        self._now_s = now_s
        self._tell = tell

    def add(self, node: str, level: str, text: str) -> None:
        line = Line(self._now_s(), node, level, text)
        self.kept.append(line)
        self._tell(line)


class NodeLog:
    """A structlog logger's methods, as far as nodes use them."""

    def __init__(self, lines: Lines, node: str) -> None:
        self._lines = lines
        self._node = node

    def debug(self, event: str, **fields: object) -> None:
        """Not kept: every start of an actor is one."""

    def info(self, event: str, **fields: object) -> None:
        self._add("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._add("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        self._add("error", event, fields)

    def _add(self, level: str, event: str, fields: dict[str, object]) -> None:
        words = " ".join(f"{name}={value}" for name, value in fields.items() if value not in ("", 0.0, None))
        self._lines.add(self._node, level, f"{event} {words}".strip())
