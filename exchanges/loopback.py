"""Reaching a venue on this machine under its real names: nothing can leave the machine."""

import errno
import socket
import ssl
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

ADDRESS = "127.0.0.1"


class LoopbackResolver(AbstractResolver):
    """Resolves every host and port to one port of the loopback: it knows no other address."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, *_: object, **__: object) -> list[ResolveResult]:
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=ADDRESS, port=self._port, family=socket.AF_INET, proto=0, flags=flags)
        ]

    async def close(self) -> None:
        """Holds nothing."""


def open_loopback_socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket for the loopback. Raises PermissionError for any other address, which a URL may spell out."""
    family, kind, protocol, _, target = address
    if target[0] != ADDRESS:
        text = f"expected the loopback address {ADDRESS}, found {target[0]}: nothing may leave this machine"
        raise PermissionError(errno.EPERM, text)
    return socket.socket(family, kind, protocol)


def open_session(port: int, certificate: Path) -> aiohttp.ClientSession:
    """A session whose every request goes to `port` on this machine and trusts that one certificate only.

    To be opened in the running loop that uses it, and closed by its owner.
    """
    trust = ssl.create_default_context(cafile=str(certificate))
    connector = aiohttp.TCPConnector(
        ssl=trust, resolver=LoopbackResolver(port), limit=0, socket_factory=open_loopback_socket
    )
    return aiohttp.ClientSession(connector=connector, trust_env=False)
