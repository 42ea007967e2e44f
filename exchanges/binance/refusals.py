"""Which of Binance's errors prove that a request was not taken, and what ccxt calls them. Pure."""

NAMES: dict[int, str] = {
    -1002: "AuthenticationError",
    -1003: "RateLimitExceeded",
    -1013: "BadRequest",
    -1014: "InvalidOrder",
    -1015: "RateLimitExceeded",
    -1020: "BadRequest",
    -1021: "InvalidNonce",
    -1022: "AuthenticationError",
    -1121: "BadSymbol",
    -1151: "BadSymbol",
    -2008: "AuthenticationError",
    -2010: "InvalidOrder",
    -2011: "OrderNotFound",
    -2013: "OrderNotFound",
    -2014: "AuthenticationError",
    -2015: "AuthenticationError",
} | dict.fromkeys(
    (*range(-1106, -1099), -1108, -1111, *range(-1120, -1113), -1127, -1128, -1130, -1131, -1134, -1145), "BadRequest"
)
"""Every other code proves nothing; -1000, -1001, -1006 and -1007 say so themselves."""
BY_MESSAGE = {
    "Account has insufficient balance for requested action.": "InsufficientFunds",
    "Order would immediately match and take.": "OrderImmediatelyFillable",
    "Order would immediately trigger.": "OrderImmediatelyFillable",
    "Stop price would trigger immediately.": "OrderImmediatelyFillable",
    "Market is closed.": "MarketClosed",
    "This account may not place or cancel orders.": "PermissionDenied",
    "Filter failure: LOT_SIZE": "InvalidOrder",
    "Filter failure: PRICE_FILTER": "InvalidOrder",
}
DUPLICATE = "Duplicate order sent."
"""It holds an order of this client id: the opposite of a proof that it does not, whoever sent it twice."""
LIMITED = (418, 429)
"""What a request is answered that comes too soon: it was not looked at."""


def proven_refusal(status: int, code: int, message: str) -> str:
    """The name of the refusal; empty where the error leaves in doubt whether the request was taken.

    What is no error of the client's own is never proof: a server that failed may have failed after taking the order.
    """
    if status in LIMITED:
        return "DDoSProtection"
    if not 400 <= status < 500 or code not in NAMES or message == DUPLICATE:
        return ""
    return BY_MESSAGE.get(message, NAMES[code])
