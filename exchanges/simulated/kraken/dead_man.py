"""The dead-man switch, `CancelAllOrdersAfter`: every order is cancelled unless it is set again in time. Pure."""

TIMEOUT_MAX_S = 86_400


class DeadManTimer:
    def __init__(self) -> None:
        self.due_ms: int | None = None

    def arm(self, timeout_s: int, now_ms: int) -> None:
        """0 disarms it."""
        self.due_ms = now_ms + timeout_s * 1_000 if timeout_s else None

    def fires(self, now_ms: int) -> bool:
        """Once."""
        if self.due_ms is None or now_ms < self.due_ms:
            return False
        self.due_ms = None
        return True
