"""Which of Kraken's errors prove that a request was not taken. Pure."""

import re

PROOFS = (
    "EOrder:",
    "EQuery:",
    "EAPI:",
    "EGeneral:Invalid arguments",
    "EGeneral:Permission denied",
    "EGeneral:Unknown method",
    "EGeneral:Temporary lockout",
    "EGeneral:Too many requests",
    "ESession:Invalid session",
    "EService:Deadline elapsed",
    "EService:Market in ",
)
"""How they begin. Every other proves nothing: a service that failed may have failed after taking the order."""
NAMES = {
    "EOrder:Insufficient funds": "InsufficientFunds",
    "EOrder:Rate limit exceeded": "RateLimitExceeded",
    "EAPI:Rate limit exceeded": "RateLimitExceeded",
    "EOrder:Unknown order": "OrderNotFound",
    "EService:Market in ": "OnMaintenance",
    "EGeneral:Permission denied": "PermissionDenied",
    "EGeneral:Temporary lockout": "DDoSProtection",
    "EGeneral:Too many requests": "DDoSProtection",
    "EGeneral:Invalid arguments": "BadRequest",
    "EQuery:": "BadSymbol",
    "ESession:": "AuthenticationError",
    "EAPI:": "AuthenticationError",
    "EOrder:": "InvalidOrder",
}
"""By how they begin, what ccxt calls them."""
DUPLICATE = re.compile("duplicate|already|not unique", re.IGNORECASE).search
"""It may hold an order of this client id: the opposite of a proof that it does not."""
_first_error = re.compile(r'"error":\s*\[\s*"([^"]*)"|^(E[A-Z][a-z]+:.*)').search
"""By REST ccxt tells the whole answer, and by the WebSocket the error alone."""


def error_of(text: str) -> str:
    """The venue's own error in what ccxt says of one; empty where it has none."""
    found = _first_error(text)
    return found[1] or found[2] or "" if found else ""


def proves_refusal(error: str) -> bool:
    return error.startswith(PROOFS) and not DUPLICATE(error)


def name_of(error: str) -> str:
    return next((name for begin, name in NAMES.items() if error.startswith(begin)), "ExchangeError")
