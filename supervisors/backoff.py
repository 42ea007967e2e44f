"""How long to wait before the next attempt: doubling, bounded, with jitter."""

import msgspec


class Backoff(msgspec.Struct, frozen=True):
    """The first restart is immediate; then `min_s` doubling up to `max_s`, of which `jitter` (0-1) is random.

    A child that lived for `reset_s` starts over with an immediate restart.
    """

    min_s: float = 0.02
    max_s: float = 5.0
    jitter: float = 0.2
    reset_s: float = 1.0

    def delay_s(self, failures: int, fraction: float) -> float:
        """Seconds to wait after this many failures in a row, `fraction` in [0, 1) drawn by the caller."""
        if failures <= 1 or self.min_s == 0:
            return 0.0
        full_s = min(self.max_s, self.min_s * 2.0 ** min(failures - 2, 60))
        return full_s * (1.0 - self.jitter * fraction)
