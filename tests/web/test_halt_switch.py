"""The kill switch of the console: what works it, and what a page of another origin may not do."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from tests.web.samples import NOW, feed_all
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.halt import HALT_NAME, HISTORY_NAME, REASON_LIMIT, Halt, HaltLatch
from tradigrade.web.guard import CHANGES_HEADER, change_refused
from tradigrade.web.server import REQUEST_BYTES_MAX, ConsoleServer
from tradigrade.web.state import ConsoleState

BOUND_S = 5.0
WHO = "mara at the console"


class FullDisk(SystemDisk):
    """Nothing can be written."""

    def open(self, path: Path) -> Any:
        raise OSError(28, "No space left on device", str(path))

    def replace(self, path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))


def serve(folder: Path, test: Callable[[SimpleNamespace], Awaitable[None]], disk: SystemDisk | None = None) -> None:
    async def run() -> None:
        state, latch = ConsoleState(), HaltLatch(disk or SystemDisk(), folder / HALT_NAME)
        feed_all(state, NOW)
        server = ConsoleServer(state, lambda: NOW, latch=latch, who=WHO)
        url = f"http://127.0.0.1:{await server.start('127.0.0.1', 0)}"
        async with aiohttp.ClientSession() as http:
            it = SimpleNamespace(state=state, latch=latch, server=server, url=url, http=http, folder=folder)
            try:
                async with asyncio.timeout(4 * BOUND_S):
                    await test(it)
            finally:
                await server.stop()

    asyncio.run(run())


async def post(it: SimpleNamespace, path: str, body: Any, **headers: str) -> tuple[int, Any]:
    told = {"Origin": it.url, CHANGES_HEADER: "1", **headers}
    async with it.http.post(it.url + path, json=body, headers=told) as response:
        return response.status, await response.json()


def test_it_latches_the_halt_that_the_command_line_latches_and_releases_it(tmp_path: Path) -> None:
    async def test(it: SimpleNamespace) -> None:
        status, told = await post(it, "/api/halt", {"reason": "  prices look wrong "})
        assert (status, told["halt"]) == (
            200,
            {"reason": "prices look wrong", "by": WHO, "at_ms": NOW // 10**6},
        )
        assert it.latch.read() == Halt("prices look wrong", WHO, NOW)
        assert it.state.view(NOW)["halt"] == told["halt"], "every page shows it"
        assert await post(it, "/api/release", {"reason": "they are right"}) == (200, {"halt": None})
        assert it.latch.read() is None
        lines = (tmp_path / HISTORY_NAME).read_text().splitlines()
        assert ["prices look wrong" in lines[0], "they are right" in lines[1]] == [True, True]

    serve(tmp_path, test)


def test_the_first_halt_stands_and_what_is_not_halted_cannot_be_released(tmp_path: Path) -> None:
    async def test(it: SimpleNamespace) -> None:
        assert await post(it, "/api/release", {"reason": "why not"}) == (409, {"error": "nothing is halted"})
        it.latch.halt("drawdown", "risk", NOW)
        status, told = await post(it, "/api/halt", {"reason": "mine too"})
        assert (status, told["halt"]["reason"], told["halt"]["by"]) == (200, "drawdown", "risk")

    serve(tmp_path, test)


def test_a_halt_of_somebody_else_is_shown_within_a_second(tmp_path: Path) -> None:
    async def test(it: SimpleNamespace) -> None:
        async with it.http.ws_connect(f"{it.url}/ws", origin=it.url) as ws:
            assert (await ws.receive_json(timeout=BOUND_S))["halt"] is None
            it.latch.halt("drawdown", "risk", NOW)
            view = await ws.receive_json(timeout=BOUND_S)
            while view["halt"] is None:
                view = await ws.receive_json(timeout=BOUND_S)
            assert view["halt"]["by"] == "risk"
            (tmp_path / HALT_NAME).write_text("garbage")
            while "cannot be read" not in view["halt"]["reason"]:
                view = await ws.receive_json(timeout=BOUND_S)

    serve(tmp_path, test)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "reason"),
        ({"reason": ""}, "expected a reason of at most 500 characters, found none"),
        ({"reason": "  \n"}, "found none"),
        ({"reason": "x" * (REASON_LIMIT + 1)}, "found 501 characters"),
        ({"reason": 7}, "Expected `str`"),
        ({"reason": "x", "by": "somebody else"}, "unknown field"),
        (["x"], "Expected `object`"),
    ],
)
@pytest.mark.parametrize("path", ["/api/halt", "/api/release"])
def test_what_is_no_reason_is_refused_with_a_sentence(path: str, body: Any, words: str, tmp_path: Path) -> None:
    async def test(it: SimpleNamespace) -> None:
        it.latch.halt("drawdown", "risk", NOW) if path == "/api/release" else None
        before = it.latch.read()
        status, told = await post(it, path, body)
        assert (status, words in told["error"]) == (400, True), told
        assert it.latch.read() == before

    serve(tmp_path, test)


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    async def test(it: SimpleNamespace) -> None:
        status, told = await post(it, "/api/halt", {"reason": "now"})
        assert (status, "the latch cannot be written" in told["error"]) == (507, True)

    serve(tmp_path, test, FullDisk())


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
    ],
)
@pytest.mark.parametrize("path", ["/api/halt", "/api/release"])
def test_a_page_of_another_origin_works_no_switch(path: str, headers: dict[str, str], tmp_path: Path) -> None:
    async def test(it: SimpleNamespace) -> None:
        status, told = await post(it, path, {"reason": "csrf"}, **headers)
        assert (status, "error" in told, it.latch.read()) == (403, True, None)
        assert not (tmp_path / HISTORY_NAME).exists()

    serve(tmp_path, test)


@pytest.mark.parametrize("missing", ["Origin", CHANGES_HEADER])
def test_a_request_without_the_pages_headers_works_no_switch(missing: str, tmp_path: Path) -> None:
    async def test(it: SimpleNamespace) -> None:
        headers = {name: value for name, value in {"Origin": it.url, CHANGES_HEADER: "1"}.items() if name != missing}
        async with it.http.post(f"{it.url}/api/halt", json={"reason": "x"}, headers=headers) as response:
            assert response.status == 403
        async with it.http.options(f"{it.url}/api/halt", headers={"Origin": "http://evil.example"}) as response:
            assert "Access-Control-Allow-Origin" not in response.headers, "no other origin may send them either"
        assert it.latch.read() is None

    serve(tmp_path, test)


def test_a_body_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    async def test(it: SimpleNamespace) -> None:
        headers = {"Origin": it.url, CHANGES_HEADER: "1"}
        body = {"reason": "x" * REQUEST_BYTES_MAX}
        async with it.http.post(f"{it.url}/api/halt", json=body, headers=headers) as response:
            assert response.status == 413

    serve(tmp_path, test)


OWN = {"Host": "[::1]:1", "Origin": "http://[::1]:1", CHANGES_HEADER: "1", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.7", False),
        ("::ffff:192.168.1.7", False),
        ("", False),
        (None, False),
        ("localhost", False),
    ],
)
def test_from_another_machine_nothing_is_changed(peer: str | None, allowed: bool) -> None:
    assert (change_refused(OWN, peer) == "") is allowed
