"""Restart intensity: how many restarts a supervisor bears within a window. After OTP's supervisor, in nanoseconds."""

from collections import deque


def add_restart(restarts_ns: deque[int], now_ns: int, period_s: float) -> int:
    """Note one more restart, forget those that no longer count, and return how many do; one exactly `period_s` old
    counts. Times are given in order."""
    oldest_ns = now_ns - round(period_s * 1e9)
    while restarts_ns and restarts_ns[0] < oldest_ns:
        restarts_ns.popleft()
    restarts_ns.append(now_ns)
    return len(restarts_ns)
