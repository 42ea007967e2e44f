"""How the measured process reaches the market and the venue, and when its orders left."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tradigrade.exchanges import loopback

_CLIENT_ID = re.compile(rb'"newClientOrderId":"([^"]+)"').search


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
    """Notes each order at the moment its frame is handed to its WebSocket's transport."""

    def __init__(self) -> None:
        self._sent: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self._sent)

    def watch(self, session: aiohttp.ClientSession) -> None:
        """Every WebSocket which that session opens from now on."""
        connect = session._ws_connect

        async def connect_watched(*arguments: Any, **settings: Any) -> Any:
            socket = await connect(*arguments, **settings)
            self._watch(socket)
            return socket

        vars(session)["_ws_connect"] = connect_watched  # what `ws_connect` wraps

    def times_ns(self) -> dict[str, int]:
        """When each client order id left, in nanoseconds UTC."""
        return {match[1].decode(): at_ns for at_ns, frame in self._sent if (match := _CLIENT_ID(frame))}

    def _watch(self, socket: Any) -> None:
        send = socket.send_frame

        async def send_noted(frame: bytes, *rest: Any) -> None:
            await send(frame, *rest)
            if b'"order.place"' in frame:
                self._sent.append((time.time_ns(), frame))

        socket.send_frame = send_noted
