"""The kill switch of the console: it latches the same halt as `tradigrade kill engage`, and ends it.

It also works while the trader, or everything else, is down: the latch is a file.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from ..storage.halt import REASON_LIMIT, HaltLatch
from .guard import change_refused
from .ladder_view import halt_view
from .state import ConsoleState


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    reason: str


class HaltSwitch:
    """Handlers of `POST /api/halt` and `POST /api/release`, both of `{"reason": …}`. They answer `{"halt": …}` with the
    halt that stands then, or null, and refuse with `{"error": sentence}`. `who` is named as the one who did it."""

    def __init__(self, latch: HaltLatch, who: str, state: ConsoleState, clock_ns: Callable[[], int]) -> None:
        self._latch = latch
        self._who = who
        self._state = state
        self._clock_ns = clock_ns
        self._looking = asyncio.Lock()

    def add_to(self, application: web.Application) -> None:
        application.router.add_post("/api/halt", self._post_halt)
        application.router.add_post("/api/release", self._post_release)

    async def look(self) -> bool:
        """Read the latch beside the event loop; whether what it says changed. One after the other: what was read
        earlier never counts as the later."""
        async with self._looking:
            found = await asyncio.to_thread(self._latch.read)
            changed, self._state.halt = found != self._state.halt, found
            return changed

    async def _post_halt(self, request: web.Request) -> web.Response:
        reason, now_ns = await _read_reason(request), self._clock_ns()
        await _on_disk(lambda: self._latch.halt(reason, self._who, now_ns))
        return await self._tell()

    async def _post_release(self, request: web.Request) -> web.Response:
        reason, now_ns = await _read_reason(request), self._clock_ns()
        if not await _on_disk(lambda: self._latch.release(reason, self._who, now_ns)):
            raise _refusal(web.HTTPConflict, "nothing is halted")
        return await self._tell()

    async def _tell(self) -> web.Response:
        await self.look()
        return web.json_response({"halt": halt_view(self._state.halt)})


async def _read_reason(request: web.Request) -> str:
    if refused := change_refused(request.headers, request.remote):
        raise _refusal(web.HTTPForbidden, refused)
    try:
        reason = msgspec.json.decode(await request.read(), type=_Wanted).reason.strip()
    except msgspec.MsgspecError as error:
        raise _refusal(web.HTTPBadRequest, f'expected {{"reason": "…"}}: {error}') from error
    if not 0 < len(reason) <= REASON_LIMIT:
        found = f"found {len(reason)} characters" if reason else "found none"
        raise _refusal(web.HTTPBadRequest, f"expected a reason of at most {REASON_LIMIT} characters, {found}")
    return reason


async def _on_disk(act: Callable[[], Any]) -> Any:
    try:
        return await asyncio.to_thread(act)
    except OSError as error:
        raise _refusal(web.HTTPInsufficientStorage, f"the latch cannot be written: {error}") from error


def _refusal(kind: type[web.HTTPError], words: str) -> web.HTTPError:
    return kind(text=msgspec.json.encode({"error": words}).decode(), content_type="application/json")
