"""Orders over Kraken's WebSocket v2: `add_order` and `cancel_order` out, the venue contract's words in."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from ...trading.messages import Terms
from ...trading.order_events import OrderIntended
from ..venue import CancelAnswered, Outcome, PlaceAnswered, VenueWord
from .client_ids import ClientIds
from .refusals import name_of, proves_refusal

DEADLINE_MS = 3_000
"""An order that reaches the matching engine later is refused by it: what it does not hold then, it never will. One that
is less than two seconds ahead when it arrives is none to the venue."""
GREETING = 0
NOT_OPEN = "EOrder:Unknown order"
SESSION_LOST = ("ESession:", "EGeneral:Invalid arguments:token")
LIMITED = ("EGeneral:Temporary lockout", "EGeneral:Too many requests", "EAPI:Rate limit exceeded")
"""It refuses all that we ask, not orders of a pair alone."""
KINDS = {
    "market": "market",
    "limit": "limit",
    "stop_loss": "stop-loss",
    "stop_loss_limit": "stop-loss-limit",
    "take_profit": "take-profit",
    "take_profit_limit": "take-profit-limit",
}


class Result(msgspec.Struct):
    order_id: str = ""


class Answer(msgspec.Struct, rename={"id": "req_id"}):
    """One frame; those of channels have no `id`."""

    id: int | None = None
    success: bool | None = None
    error: str = ""
    result: Result | None = None


_read = msgspec.json.Decoder(Answer).decode
_encode = msgspec.json.Encoder().encode


class KrakenWire:
    """Of one account. `issue` asks for a token, which lasts only while its connection has a subscription: each begins
    with one that says little."""

    def __init__(
        self,
        url: str,
        ids: ClientIds,
        issue: Callable[[], Awaitable[str]],
        limited: Callable[[str], object] = lambda _: None,
    ) -> None:
        """`limited` is told the venue's word that it refuses us for a while."""
        self.url = url
        self._limited = limited
        self._ids = ids
        self._issue = issue
        self._token = ""

    async def greet(self) -> bytes:
        self._token = await self._issue()
        return self._frame(GREETING, "subscribe", {"channel": "balances", "snapshot": False})

    def place(self, number: int, intent: OrderIntended, venue_symbol: str, now_ns: int) -> bytes:
        return self._frame(number, "add_order", order_params(intent, self._ids.spell(intent.client_id), now_ns))

    def cancel(self, number: int, client_id: str, venue_symbol: str, now_ns: int) -> bytes:
        return self._frame(number, "cancel_order", {"cl_ord_id": [self._ids.spell(client_id)]})

    def read(self, payload: bytes) -> Answer:
        answer = _read(payload)
        if answer.error.startswith(LIMITED):
            self._limited(answer.error[:200])
        if answer.id == GREETING and not answer.success:
            raise ValueError(f"expected a subscription, found {answer.error[:200]!r}")
        return answer

    def placed(self, intent: OrderIntended, answer: Answer) -> list[VenueWord]:
        """Of fills the account's stream tells."""
        if answer.success and answer.result is not None and answer.result.order_id:
            return [PlaceAnswered(intent.client_id, "done", venue_id=answer.result.order_id)]
        outcome, reason = _failure(answer)
        return [PlaceAnswered(intent.client_id, outcome, code=name_of(answer.error), reason=reason)]

    def cancelled(self, client_id: str, answer: Answer) -> CancelAnswered:
        if answer.success:
            return CancelAnswered(client_id, "done")
        outcome, reason = _failure(answer)
        return CancelAnswered(client_id, outcome if answer.error.startswith(NOT_OPEN) else "unknown", reason)

    def ends(self, answer: Answer) -> bool:
        """Its token is not taken any more: the next connection begins with a new one."""
        return answer.error.startswith(SESSION_LOST)

    def _frame(self, number: int, method: str, params: dict[str, Any]) -> bytes:
        return _encode({"method": method, "params": params | {"token": self._token}, "req_id": number})


def order_params(intent: OrderIntended, spelled: str, now_ns: int) -> dict[str, Any]:
    """Of `add_order`, without its token; `spelled` is the order's id as the venue takes it, `now_ns` the venue's time.

    Raises ValueError for a trailing stop that has a price to begin at, or to become.
    """
    terms = intent.terms
    name, amount = (
        ("order_qty", intent.amount) if terms.quote_amount is None else ("cash_order_qty", terms.quote_amount)
    )
    params = {
        "order_type": _kind(intent),
        "side": intent.side,
        "symbol": intent.symbol,
        "cl_ord_id": spelled,
        "fee_preference": "quote",  # of which the account's history tells the currency
        "deadline": deadline(now_ns),
        name: number(amount),
    }
    return params | _price(intent) | _trigger(intent) | _flags(terms)


def deadline(now_ns: int) -> str:
    at = datetime.fromtimestamp((now_ns // 1_000_000 + DEADLINE_MS) / 1_000, UTC)
    return at.isoformat(timespec="milliseconds")


def _kind(intent: OrderIntended) -> str:
    if intent.terms.trail_bps:
        return "trailing-stop"
    return "iceberg" if intent.terms.display_amount is not None else KINDS[intent.type]


def number(value: Decimal) -> msgspec.Raw:
    """In all its digits, without an exponent."""
    return msgspec.Raw(f"{value:f}")


def _price(intent: OrderIntended) -> dict[str, msgspec.Raw]:
    limited = intent.price is not None and intent.type.endswith("limit")
    return {"limit_price": number(intent.price)} if limited and intent.price is not None else {}


def _trigger(intent: OrderIntended) -> dict[str, Any]:
    terms = intent.terms
    if terms.trail_bps:
        if terms.stop_price is not None or intent.type != "stop_loss":
            raise ValueError("a trailing order is a stop at the market here, which begins at once")
        return {"triggers": {"reference": "last", "price": number(Decimal(terms.trail_bps) / 100), "price_type": "pct"}}
    if terms.stop_price is None:
        return {}
    return {"triggers": {"reference": "last", "price": number(terms.stop_price), "price_type": "static"}}


def _flags(terms: Terms) -> dict[str, Any]:
    flags: dict[str, Any] = {}
    if terms.post_only:
        flags["post_only"] = True
    elif terms.time_in_force in ("ioc", "fok"):
        flags["time_in_force"] = terms.time_in_force
    if terms.display_amount is not None:
        flags["display_qty"] = number(terms.display_amount)
    return flags


def _failure(answer: Answer) -> tuple[Outcome, str]:
    if not answer.error:
        return "unknown", "an answer without result or error"
    return "refused" if proves_refusal(answer.error) else "unknown", answer.error[:300]
