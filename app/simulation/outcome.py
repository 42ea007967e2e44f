"""What a simulated seed came to."""

import msgspec

from ..kernel.simulation.schedule import Schedule, to_text


class Outcome(msgspec.Struct, frozen=True):
    """What a seed came to. `broken` is empty where every law held and all came well again."""

    seed: int
    schedule: Schedule
    broken: tuple[str, ...]
    trace: str
    simulated_s: float
    healed_after_s: float | None
    """How long after the last fault everything worked again."""
    orders: int
    counts: dict[str, int]
    lines: tuple[str, ...] = ()
    config: str = ""
    """The file of a user's own settings."""

    @property
    def command(self) -> str:
        """What runs it again."""
        config = f" --config {self.config}" if self.config else ""
        return f"tradigrade simulate --seed {self.seed}{config} --faults '{to_text(self.schedule)}'"
