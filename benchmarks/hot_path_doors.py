"""How the measured process reaches the market and the venue, and when its orders left."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tradigrade.exchanges import loopback

_CLIENT_ID = re.compile(rb"newClientOrderId=([^&]+)").search


@dataclass(frozen=True)
class Doors:
    """Ports of the loopback. Without a certificate everything goes over plain sockets."""

    frames_port: int
    venue_port: int
    certificate: Path | None

    def open_session(self, port: int) -> aiohttp.ClientSession:
        """As shipped, or the same over plain sockets."""
        if self.certificate is not None:
            return loopback.open_session(port, self.certificate)
        connector = aiohttp.TCPConnector(
            resolver=loopback.LoopbackResolver(port), limit=0, socket_factory=loopback.open_loopback_socket
        )
        return aiohttp.ClientSession(connector=connector, trust_env=False)

    def spell(self, urls: Any) -> Any:
        """URLs, nested or not, of the scheme that fits."""
        if self.certificate is not None:
            return urls
        return json.loads(json.dumps(urls).replace("https://", "http://").replace("wss://", "ws://"))


class SentOrders:
    """Notes each order request at the moment it is handed to its socket: head and body leave in that one write."""

    def __init__(self) -> None:
        self._sent: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self._sent)

    def watch(self, session: aiohttp.ClientSession) -> None:
        trace = aiohttp.TraceConfig()
        trace.on_request_chunk_sent.append(self._note)
        trace.freeze()
        session.trace_configs.append(trace)

    def times_ns(self) -> dict[str, int]:
        """When each client order id left, in nanoseconds UTC."""
        return {match[1].decode(): at_ns for at_ns, body in self._sent if (match := _CLIENT_ID(body))}

    async def _note(self, _session: Any, _context: Any, request: aiohttp.TraceRequestChunkSentParams) -> None:
        if request.method == "POST":
            self._sent.append((time.time_ns(), request.chunk))
