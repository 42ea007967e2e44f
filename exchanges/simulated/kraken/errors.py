"""Refusals in Kraken's texts, which are all that a client can tell them by."""

from ..errors import (
    DUPLICATE_ORDER,
    INSUFFICIENT_BALANCE,
    INVALID_PRICE,
    INVALID_QUANTITY,
    INVALID_SYMBOL,
    NO_SUCH_ORDER,
    TOO_PRECISE,
    UNKNOWN_ORDER,
    WOULD_MATCH,
    WOULD_TRIGGER,
    Refusal,
    RequestRefused,
    filter_failed,
)

OWN = 1
"""The code of what is refused in Kraken's text: it has no codes."""


def own(text: str, status: int = 200) -> Refusal:
    return Refusal(OWN, text, status)


class Refused(RequestRefused):
    """The client's request is refused and changed nothing; `text` is what it is answered."""

    def __init__(self, text: str) -> None:
        super().__init__(own(text))
        self.text = text


UNKNOWN_PAIR = "EQuery:Unknown asset pair"
UNKNOWN_ASSET = "EQuery:Unknown asset"
UNKNOWN_METHOD = "EGeneral:Unknown method"
INTERNAL = "EGeneral:Internal error"
LOCKED_OUT = "EGeneral:Temporary lockout"
DENIED = "EGeneral:Permission denied"
INVALID_ARGUMENTS = "EGeneral:Invalid arguments"
UNAVAILABLE = "EService:Unavailable"
BUSY = "EService:Busy"
CANCEL_ONLY = "EService:Market in cancel_only mode"
INVALID_KEY = "EAPI:Invalid key"
INVALID_SIGNATURE = "EAPI:Invalid signature"
INVALID_NONCE = "EAPI:Invalid nonce"
CALLS_EXCEEDED = "EAPI:Rate limit exceeded"
ORDERS_EXCEEDED = "EOrder:Rate limit exceeded"
INVALID_SESSION = "ESession:Invalid session"
DEADLINE = "EService:Deadline elapsed"
NO_AGREEMENT = "EOrder:Trading agreement required"
NO_ORDER = "EOrder:Unknown order"
DUPLICATE_ID = "EOrder:Duplicate cl_ord_id"

_TEXTS: dict[Refusal, str] = {
    INVALID_SYMBOL: UNKNOWN_PAIR,
    INVALID_QUANTITY: "EGeneral:Invalid arguments:volume",
    TOO_PRECISE: "EGeneral:Invalid arguments:volume",
    filter_failed("LOT_SIZE"): "EGeneral:Invalid arguments:volume minimum not met",
    filter_failed("NOTIONAL"): "EOrder:Cost minimum not met",
    INVALID_PRICE: "EGeneral:Invalid arguments:price",
    filter_failed("PRICE_FILTER"): "EOrder:Tick size check failed",
    filter_failed("PERCENT_PRICE_BY_SIDE"): "EOrder:Invalid price",
    filter_failed("TRAILING_DELTA"): "EGeneral:Invalid arguments:price",
    filter_failed("ICEBERG_PARTS"): "EGeneral:Invalid arguments:displayvol",
    filter_failed("MAX_NUM_ORDERS"): "EOrder:Orders limit exceeded",
    filter_failed("MAX_NUM_ALGO_ORDERS"): "EOrder:Scheduled orders limit exceeded",
    INSUFFICIENT_BALANCE: "EOrder:Insufficient funds",
    DUPLICATE_ORDER: DUPLICATE_ID,
    WOULD_MATCH: "EOrder:Post only order",
    WOULD_TRIGGER: "EOrder:Invalid price",
    UNKNOWN_ORDER: NO_ORDER,
    NO_SUCH_ORDER: NO_ORDER,
}


def translate(refusal: Refusal) -> Refusal:
    """What the engine's refusal is called here."""
    return refusal if refusal.code == OWN else own(_TEXTS.get(refusal, INVALID_ARGUMENTS))


def invalid(argument: str) -> Refused:
    return Refused(f"{INVALID_ARGUMENTS}:{argument}")
