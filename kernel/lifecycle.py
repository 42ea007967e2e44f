"""The life of one incarnation: an order of phases, and the table of what may follow what."""

from enum import IntEnum


class Phase(IntEnum):
    """In the order of a life; no incarnation ever goes back."""

    CREATED = 0
    STARTING = 1
    """Its start hook runs, or it has not acknowledged its start yet."""
    RUNNING = 2
    STOPPING = 3
    """It takes no more mail: its stop hook runs, and everything it held is released."""
    ENDED = 4


FOLLOWERS: dict[Phase, tuple[Phase, ...]] = {
    Phase.CREATED: (Phase.STARTING, Phase.STOPPING),
    Phase.STARTING: (Phase.RUNNING, Phase.STOPPING),
    Phase.RUNNING: (Phase.STOPPING,),
    Phase.STOPPING: (Phase.ENDED,),
    Phase.ENDED: (),
}


def may_follow(phase: Phase, to: Phase) -> bool:
    """Whether the table allows `to` right after `phase`."""
    return to in FOLLOWERS[phase]
