"""The pipe between a launcher and one process: either end notices the other's death at once, however it died.

Lines of JSON, few and short: the process says `up`, `started`, `serving`, `failed`, `bye`; the launcher says `stop`.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable

LINE_LIMIT = 64 * 1024


def encode_line(word: str, detail: str) -> bytes:
    """One line as it travels; a detail over the bound is cut."""
    words = json.dumps([word, detail[: LINE_LIMIT // 8]], ensure_ascii=False)  # 6 bytes a character at most
    return words.encode(errors="replace") + b"\n"


class Lifeline:
    """One end, read on an asyncio loop. `closed` is called once, when the other end is gone."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        end: socket.socket,
        heard: Callable[[str, str], object],
        closed: Callable[[], object],
    ) -> None:
        self._loop = loop
        self._end = end
        self._heard = heard
        self._closed = closed
        self._buffer = b""
        end.setblocking(False)
        loop.add_reader(end.fileno(), self._read)

    def say(self, word: str, detail: str = "") -> None:
        """Send one line; silence where the other end is gone, since `closed` tells that."""
        with contextlib.suppress(OSError):
            self._end.send(encode_line(word, detail))

    def close(self) -> None:
        if self._end.fileno() >= 0:
            self._loop.remove_reader(self._end.fileno())
            self._end.close()

    def _read(self) -> None:
        try:
            chunk = self._end.recv(LINE_LIMIT)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        self._buffer += chunk
        while b"\n" in self._buffer:
            line, self._buffer = self._buffer.split(b"\n", 1)
            word, detail = json.loads(line)
            self._heard(word, detail)
        if not chunk or len(self._buffer) > LINE_LIMIT:
            self.close()
            self._closed()
