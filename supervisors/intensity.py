"""Restart intensity: how many restarts a supervisor bears within a window. After OTP's supervisor, in nanoseconds."""


def add_restart(restarts_ns: tuple[int, ...], now_ns: int, period_s: float) -> tuple[int, ...]:
    """The restarts that still count at `now_ns`, this one included; a restart exactly `period_s` old counts."""
    oldest_ns = now_ns - round(period_s * 1e9)
    return (*(at_ns for at_ns in restarts_ns if at_ns >= oldest_ns), now_ns)
