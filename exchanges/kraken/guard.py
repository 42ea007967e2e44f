"""The guard's own way to Kraken: what it needs of its signed REST, and no code of the executor's client."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlencode

import aiohttp
import msgspec

from ...kernel.clock import Clock
from ...trading.guard_events import CancelDone, OpenOrder, OpenOrdersSeen
from ..guard_rest import GuardRefused, RestGuard, read_body
from .client_ids import ClientIds

BASE_URL = "https://api.kraken.com"
NOT_OPEN = "EOrder:Unknown order"
INVALID_NONCE = "EAPI:Invalid nonce"
NONCE_TRIES, NONCE_PAUSE_S = 10, 0.02
NO_REFUSAL = "no answer of the venue's own form"


class _Description(msgspec.Struct, frozen=True):
    pair: str
    ordertype: str


class _Order(msgspec.Struct, frozen=True):
    descr: _Description
    cl_ord_id: str | None = None


class _Open(msgspec.Struct, frozen=True):
    open: dict[str, _Order]


class _Answer(msgspec.Struct, frozen=True):
    error: tuple[str, ...]
    result: msgspec.Raw = msgspec.Raw()


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_open = msgspec.json.Decoder(_Open).decode


class KrakenGuard(RestGuard):
    """One account at Kraken spot. Its requests go one by one, since nonces are taken only in their order. They are
    milliseconds, as the trader's are: with a key of its own neither bars the other, with the same key one that came
    too late is made again at once."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        api_key: str,
        api_secret: str,
        open_session: Callable[[], aiohttp.ClientSession],
        prefix: str,
    ) -> None:
        """`prefix` is what our client ids of the account begin with; the secret is in base64."""
        super().__init__(loop, open_session)
        self._clock = clock
        self._key, self._secret = api_key, base64.b64decode(api_secret)
        self._ids = ClientIds(prefix)
        self._nonce = 0
        self._turn = asyncio.Lock()

    async def _look(self, number: int) -> OpenOrdersSeen:
        found = _decode_open(await self._signed("OpenOrders", {})).open
        return OpenOrdersSeen(number, tuple(self._order(txid, order) for txid, order in found.items()))

    async def _cancel(self, order: OpenOrder) -> CancelDone:
        try:
            await self._signed("CancelOrder", {"txid": order.venue_id})
        except GuardRefused as error:
            if error.code != NOT_OPEN:
                raise
        return CancelDone(order.venue_id)

    def _order(self, txid: str, order: _Order) -> OpenOrder:
        """Its kind is spelled as that of other venues: protective stops are told by it."""
        kind = order.descr.ordertype.upper().replace("-", "_").replace("TRAILING_STOP", "STOP_LOSS")
        return OpenOrder(order.descr.pair, txid, self._ids.read(order.cl_ord_id or ""), kind)

    async def _signed(self, name: str, params: dict[str, str]) -> msgspec.Raw:
        """The result. Raises GuardRefused for the venue's own word, and for an answer in another form."""
        async with self._turn:
            for _ in range(NONCE_TRIES):
                try:
                    return await self._send(name, params)
                except GuardRefused as error:
                    if error.code != INVALID_NONCE:
                        raise
                await asyncio.sleep(NONCE_PAUSE_S)
            return await self._send(name, params)

    async def _send(self, name: str, params: dict[str, str]) -> msgspec.Raw:
        assert self._session is not None, "a request has its session"
        self._nonce = max(self._nonce + 1, self._clock.now_ns() // 1_000_000)
        path, body = f"/0/private/{name}", urlencode({"nonce": self._nonce, **params})
        message = path.encode() + hashlib.sha256(f"{self._nonce}{body}".encode()).digest()
        signature = base64.b64encode(hmac.new(self._secret, message, hashlib.sha512).digest()).decode()
        headers = {"API-Key": self._key, "API-Sign": signature, "Content-Type": "application/x-www-form-urlencoded"}
        async with self._session.post(BASE_URL + path, data=body, headers=headers, allow_redirects=False) as response:
            payload = await read_body(response)
        try:
            answer = _decode_answer(payload)
        except msgspec.MsgspecError:
            raise GuardRefused(response.status, NO_REFUSAL, payload.decode(errors="replace"), 0.0) from None
        if answer.error:
            raise GuardRefused(response.status, answer.error[0], answer.error[0], 0.0)
        return answer.result
