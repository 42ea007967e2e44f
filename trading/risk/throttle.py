"""How many orders were approved within the last second: by all, and by each strategy."""

from collections import Counter, deque

WINDOW_NS = 1_000_000_000


class Throttle:
    """Times are monotonic. It holds no more than what was approved within the window."""

    def __init__(self) -> None:
        self._times: deque[tuple[int, str]] = deque()
        self._of_strategy: Counter[str] = Counter()

    def note(self, strategy: str, now_ns: int) -> None:
        self._times.append((now_ns, strategy))
        self._of_strategy[strategy] += 1

    def count(self, strategy: str, now_ns: int) -> tuple[int, int]:
        """Of all strategies together, and of this one."""
        while self._times and self._times[0][0] <= now_ns - WINDOW_NS:
            _, gone = self._times.popleft()
            self._of_strategy[gone] -= 1
            if not self._of_strategy[gone]:
                del self._of_strategy[gone]
        return len(self._times), self._of_strategy[strategy]
