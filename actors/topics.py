"""The names under which actors of a node hear each other."""

ORDERS = "orders"
"""Every journalled event of the account."""
ACCOUNT_BEGAN = "account-began"
"""The executor began: what the one before it wrote and did not tell any more stands in the journal."""
APPROVALS = "approvals"
REFUSALS = "refusals"
RECONCILED = "reconciled"
DIFFERENCES = "differences"
"""What books and venue disagreed on, and how each difference ended."""
FOREIGN = "foreign"
"""Open orders of the account that somebody else placed."""
RUNG = "rung"
LIMITS = "limits"
"""`LimitChanged`: another value of a limit, from now on."""
ALERTS = "alerts"
"""`RiskAlert`: what a person should look at."""
CAUSES = "causes"
"""`CauseNoted`: what moves the ladder, from whoever sees it."""
VENUE = "venue"
"""What the venue says of itself: its clock, its limits."""
LEARNER = "learner"
"""Whether the learner is heard of."""
FEEDS = "feeds"
QUALITY = "quality"
"""`DataQuality` of every symbol."""
STATUS = "status"
"""`SymbolStatus` as a venue says it in its streams."""
UNIVERSE = "universe"
"""`SymbolStatus`: what a venue trades, and what it does not any more."""
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


def refilled(symbol: str) -> str:
    """Trades of one symbol that its stream left out."""
    return f"refilled/{symbol}"


def quality(symbol: str) -> str:
    """How far one symbol's data is to be trusted."""
    return f"quality/{symbol}"


def reference(symbol: str) -> str:
    """What other venues say of one symbol."""
    return f"reference/{symbol}"


def rung(scope: str) -> str:
    """Where one scope of the ladder stands."""
    return f"rung/{scope}"


def position(strategy: str, symbol: str) -> str:
    """A strategy's own position in one symbol."""
    return f"position/{strategy}/{symbol}"
