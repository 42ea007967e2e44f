"""Orders over Binance's WebSocket API: signed bytes out, the venue contract's words in. Pure."""

import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Literal

import msgspec

from ...trading.order_events import OrderFilled, OrderIntended
from ..venue import CancelAnswered, Outcome, PlaceAnswered, VenueWord
from .order_params import cancel_params, order_params
from .refusals import LIMITED, proven_refusal

MS_NS = 1_000_000


class Fill(msgspec.Struct, rename="camel", gc=False):
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    trade_id: int

    def __post_init__(self) -> None:
        """What is no finite price and amount is refused with the whole frame."""
        if not (self.price.is_finite() and self.qty.is_finite() and self.commission.is_finite()):
            raise ValueError("expected finite numbers in a fill")
        if self.price <= 0 or self.qty <= 0:
            raise ValueError(f"expected a price and an amount above 0, found {self.price} and {self.qty}")


class Result(msgspec.Struct, rename="camel"):
    """What the order came to; a cancel's has no fills."""

    order_id: int
    transact_time: int = 0
    fills: tuple[Fill, ...] = ()


class Retry(msgspec.Struct, frozen=True, rename="camel"):
    """When one that is limited may come again, in ms UTC; 0 where it is not said."""

    retry_after: int = 0


class Refusal(msgspec.Struct):
    code: int
    msg: str = ""
    data: Retry = Retry()


class Limit(msgspec.Struct, rename="camel", gc=False):
    """How much of something was used in the current interval."""

    rate_limit_type: str
    interval: Literal["SECOND", "MINUTE", "HOUR", "DAY"]
    interval_num: int
    limit: int
    count: int


class Answer(msgspec.Struct, rename="camel"):
    """One frame. Without an `id` of ours it answers nothing that we asked."""

    id: str | int | None = None
    status: int = 0
    result: Result | None = None
    error: Refusal | None = None
    rate_limits: tuple[Limit, ...] = ()


read_answer = msgspec.json.Decoder(Answer).decode
"""Raises msgspec.MsgspecError for what is no such frame."""
_encode = msgspec.json.Encoder().encode


class _Hmac:
    """HMAC-SHA256 (RFC 2104) with the key's blocks hashed once: a fifth of what `hmac.digest` takes."""

    BLOCK = 64

    def __init__(self, key: bytes) -> None:
        padded = (hashlib.sha256(key).digest() if len(key) > self.BLOCK else key).ljust(self.BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def hexdigest(self, text: bytes) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.hexdigest()


class Signer:
    """Makes the frames of one account."""

    def __init__(self, api_key: str, api_secret: str, window_ms: int) -> None:
        self._hmac = _Hmac(api_secret.encode())
        self._fixed: dict[str, str | int] = {"apiKey": api_key, "recvWindow": window_ms}

    def frame(self, number: int, method: str, params: dict[str, str], at_ms: int) -> bytes:
        """Signed over its parameters by name, each as it is spelled in the frame."""
        signed: dict[str, str | int] = {**params, **self._fixed, "timestamp": at_ms}
        text = "&".join([f"{name}={signed[name]}" for name in sorted(signed)])
        signed["signature"] = self._hmac.hexdigest(text.encode())
        return _encode({"id": str(number), "method": method, "params": signed})


class BinanceWire:
    """Of one account at `url`; `hear` is told every answer, for what it says of limits."""

    def __init__(self, url: str, signer: Signer, hear: Callable[[Answer], object]) -> None:
        self.url = url
        self._signer = signer
        self._hear = hear

    async def greet(self) -> bytes:
        return b""

    def place(self, number: int, intent: OrderIntended, venue_symbol: str, now_ns: int) -> bytes:
        return self._signer.frame(number, "order.place", order_params(intent, venue_symbol), now_ns // MS_NS)

    def cancel(self, number: int, client_id: str, venue_symbol: str, now_ns: int) -> bytes:
        return self._signer.frame(number, "order.cancel", cancel_params(client_id, venue_symbol), now_ns // MS_NS)

    def read(self, payload: bytes) -> Answer:
        answer = read_answer(payload)
        self._hear(answer)
        return answer

    def placed(self, intent: OrderIntended, answer: Answer) -> list[VenueWord]:
        return place_words(intent, answer)

    def cancelled(self, client_id: str, answer: Answer) -> CancelAnswered:
        return cancel_word(client_id, answer)

    def ends(self, answer: Answer) -> bool:
        return False


def place_words(intent: OrderIntended, answer: Answer) -> list[VenueWord]:
    """Of the answer to an order: its fills follow it."""
    if answer.status == 200 and answer.result is not None:
        result = answer.result
        fills = [_fill(intent, fill, result.transact_time) for fill in result.fills]
        return [PlaceAnswered(intent.client_id, "done", venue_id=str(result.order_id)), *fills]
    outcome, name, reason = _failure(answer)
    return [PlaceAnswered(intent.client_id, outcome, code=name, reason=reason)]


def cancel_word(client_id: str, answer: Answer) -> CancelAnswered:
    if answer.status == 200 and answer.result is not None:
        return CancelAnswered(client_id, "done")
    _, name, reason = _failure(answer)
    return CancelAnswered(client_id, "refused" if name == "OrderNotFound" else "unknown", reason)


def limited_until_ms(answer: Answer) -> int | None:
    """Until when the venue refuses us, 0 where it does not say; None where it does not."""
    if answer.status not in LIMITED or answer.error is None:
        return None
    return answer.error.data.retry_after


def _failure(answer: Answer) -> tuple[Outcome, str, str]:
    if answer.error is None:
        return "unknown", "BadResponse", f"an answer of status {answer.status} without result or error"
    code, words = answer.error.code, answer.error.msg
    name = proven_refusal(answer.status, code, words)
    return "refused" if name else "unknown", name or "ExchangeError", f"binance {answer.status} {code}: {words}"[:300]


def _fill(intent: OrderIntended, fill: Fill, transact_ms: int) -> OrderFilled:
    return OrderFilled(
        client_id=intent.client_id,
        trade_id=str(fill.trade_id),
        symbol=intent.symbol,
        side=intent.side,
        price=fill.price,
        amount=fill.qty,
        fee=fill.commission,
        fee_currency=fill.commission_asset,
        maker=False,
        at_ns=transact_ms * MS_NS,
    )
