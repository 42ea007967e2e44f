"""The names under which actors of a node hear each other."""

ORDERS = "orders"
"""Every journalled event of the account."""
APPROVALS = "approvals"
REFUSALS = "refusals"
RECONCILED = "reconciled"
RUNG = "rung"
FEEDS = "feeds"
SERVING = "serving"
"""Published once the node does what it is for."""
LEARNING = "learning"
SAMPLES = "samples"
MODELS = "models"
SIGNALS = "signals"
STATE_ASKED = "state-asked"
"""Whoever publishes state publishes it again: a newcomer missed it."""


def market(symbol: str) -> str:
    """Every update of one symbol."""
    return f"market/{symbol}"


def position(strategy: str, symbol: str) -> str:
    """A strategy's own position in one symbol."""
    return f"position/{strategy}/{symbol}"
