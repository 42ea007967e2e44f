"""Refusals of the venue in Binance's codes and exact texts: clients tell errors apart by the text, too."""

from typing import Any, NamedTuple


class Refusal(NamedTuple):
    code: int
    message: str
    status: int = 400
    data: Any = None
    """What else is told, if anything."""

    def body(self) -> dict[str, Any]:
        told = {"code": self.code, "msg": self.message}
        return told if self.data is None else told | {"data": self.data}


class RequestRefused(Exception):
    """The client's request is refused and changed nothing; `refusal` is what it is answered."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.code}: {refusal.message}")
        self.refusal = refusal


class RequestFailed(RequestRefused):
    """The request was carried out, and not all of it succeeded: its orders count as placed."""


INVALID_SYMBOL = Refusal(-1121, "Invalid symbol.")
INVALID_ASSET = Refusal(-1121, "Invalid asset.")
INVALID_TIME_IN_FORCE = Refusal(-1115, "Invalid timeInForce.")
INVALID_ORDER_TYPE = Refusal(-1116, "Invalid orderType.")
INVALID_SIDE = Refusal(-1117, "Invalid side.")
INVALID_QUANTITY = Refusal(-1013, "Invalid quantity.")
INVALID_PRICE = Refusal(-1013, "Invalid price.")
INVALID_INTERVAL = Refusal(-1120, "Invalid interval.")
DUPLICATE_SYMBOLS = Refusal(-1151, "Symbol is present multiple times in the list.")
LOOKUP_TOO_BIG = Refusal(-1127, "More than 24 hours between startTime and endTime.")
TOO_PRECISE = Refusal(-1111, "Precision is over the maximum defined for this asset.")

INSUFFICIENT_BALANCE = Refusal(-2010, "Account has insufficient balance for requested action.")
DUPLICATE_ORDER = Refusal(-2010, "Duplicate order sent.")
WOULD_MATCH = Refusal(-2010, "Order would immediately match and take.")
WOULD_TRIGGER = Refusal(-2010, "Stop price would trigger immediately.")
BAD_PRICES = Refusal(-2010, "The relationship of the prices for the orders is not correct.")
ICEBERG_EXCEEDS = Refusal(-2010, "IcebergQty exceeds QTY.")
NO_LIQUIDITY = Refusal(-2010, "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.")
PREVENTION_NOT_ALLOWED = Refusal(-1013, "This symbol does not allow the specified self-trade prevention mode.")
UNSUPPORTED_COMBINATION = Refusal(-2010, "Unsupported order combination")
BUY_STOP_BELOW = Refusal(-1196, "A stop loss order in a buy OCO must be above.")
SELL_STOP_ABOVE = Refusal(-1197, "A stop loss order in a sell OCO must be below.")
BUY_PROFIT_ABOVE = Refusal(-1198, "A take profit order in a buy OCO must be below.")
SELL_PROFIT_BELOW = Refusal(-1199, "A take profit order in a sell OCO must be above.")
UNKNOWN_LIST = Refusal(-2011, "Unknown order list sent.")
NO_SUCH_LIST = Refusal(-2018, "Order list does not exist.")
UNKNOWN_ORDER = Refusal(-2011, "Unknown order sent.")
STRATEGY_TYPE_TOO_SMALL = Refusal(-1134, "`strategyType` was less than 1000000.")
INVALID_CANCEL_RESTRICTIONS = Refusal(
    -1145, "`cancelRestrictions` has to be either `ONLY_NEW` or `ONLY_PARTIALLY_FILLED`."
)
RESTRICTED = Refusal(-2011, "Order was not canceled due to cancel restrictions.")
AMEND_OF_UNKNOWN = Refusal(-2038, "Unknown order sent.")
AMEND_INCREASES = Refusal(-2038, "Order amend (quantity increase) is not supported.")
AMEND_CHANGES_NOTHING = Refusal(-2038, "The requested action would change no state; rejecting.")
NO_SOR = Refusal(-2010, "SOR is not supported for this symbol.")
RETIRED = Refusal(-1020, "This operation is not supported.", 410)
TOO_MANY_CONNECTIONS = Refusal(-1003, "Too many connections; current limit is 300 per 5 MINUTES.", 429)
NO_SUCH_ORDER = Refusal(-2013, "Order does not exist.")

KEY_MALFORMED = Refusal(-2014, "API-key format invalid.", 401)
KEY_REFUSED = Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
LOGON_WITH_HMAC = Refusal(-4056, "HMAC_SHA256 API key is not supported.")
NOT_LOGGED_ON = Refusal(-1002, "You are not authorized to execute this request.", 401)
BAD_SIGNATURE = Refusal(-1022, "Signature for this request is not valid.")
TIMESTAMP_AHEAD = Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
TIMESTAMP_OUTSIDE = Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
WINDOW_TOO_LARGE = Refusal(-1131, "recvWindow must be less than 60000.")
UNKNOWN_METHOD = Refusal(-1020, "This operation is not supported.")
TOO_MANY_SUBSCRIPTIONS = Refusal(-1003, "Too many user data stream subscriptions on this connection.")


SERVER_FAULT = Refusal(-1000, "An unknown error occurred while processing the request.", 500)
OUT_OF_ORDER = Refusal(-1001, "Internal error; unable to process your request. Please try again.", 503)
OVERLOADED = Refusal(
    -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", 503
)
MARKET_CLOSED = Refusal(-1013, "Market is closed.")
CANCEL_REFUSED_AS_TOLD = Refusal(-2011, "This account may not place or cancel orders.")
REFUSED_AS_TOLD = Refusal(-2010, "This action is disabled on this account.")


def missing(name: str) -> Refusal:
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def missing_both(first: str, second: str) -> Refusal:
    return Refusal(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


def too_precise(name: str) -> Refusal:
    return Refusal(-1111, f"Parameter '{name}' has too much precision.")


def illegal(name: str, pattern: str) -> Refusal:
    return Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'.")


def unread(read: int, sent: int) -> Refusal:
    return Refusal(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.")


def empty(name: str) -> Refusal:
    return Refusal(-1105, f"Parameter '{name}' was empty.")


def not_required(name: str) -> Refusal:
    return Refusal(-1106, f"Parameter '{name}' sent when not required.")


def filter_failed(name: str) -> Refusal:
    return Refusal(-1013, f"Filter failure: {name}")


TOO_MANY_ORDERS = -1015


def too_many_orders(limit: int, interval: str) -> Refusal:
    return Refusal(TOO_MANY_ORDERS, f"Too many new orders; current limit is {limit} orders per {interval}.", 429)


def banned(until_ms: int) -> Refusal:
    advice = "Please use WebSocket Streams for live updates to avoid bans."
    return Refusal(-1003, f"Way too much request weight used; IP banned until {until_ms}. {advice}", 418)


def overweight(limit: int) -> Refusal:
    advice = "Please use WebSocket Streams for live updates to avoid polling the API."
    text = f"Too much request weight used; current limit is {limit} request weight per 1 MINUTE. {advice}"
    return Refusal(-1003, text, 429)
