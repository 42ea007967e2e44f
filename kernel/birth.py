"""How an incarnation comes to be: what its supervisor says of it."""

from collections.abc import Callable
from dataclasses import dataclass

from .actor import Actor


@dataclass(frozen=True, slots=True)
class Birth:
    """How an incarnation comes to be."""

    path: str
    factory: Callable[[], Actor]
    parent: str = ""
    """Who is told of its start and its end, and with whom it ends."""
    incarnation: int = 1
    restarts: int = 0
    restart_reason: str = ""
    keep_mailbox: int = 0
    """How many queued messages survive a failure, for the next incarnation; with them the one that was at hand."""
    poison_after: int = 2
    """Where the mailbox is kept: a message that crashed its actor this often is set aside."""
