"""What the console's server lets in, and the headers of everything it lets out. Pure decisions.

A page on another site can make a browser send requests here: by its own name bound to this address (DNS rebinding;
the Host header tells) or by opening a WebSocket (the Origin header tells).
"""

from collections.abc import Collection
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Server": "tradigrade",
}


def host_name(authority: str) -> str | None:
    """The name in a Host header, in lower case, without port and brackets; None where it is none."""
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts.hostname if parts.netloc == authority and "@" not in authority else None


def host_allowed(authority: str, names: Collection[str]) -> bool:
    """Whether a Host header names this machine's loopback, or one of `names`."""
    name = host_name(authority)
    return name is not None and (name in LOOPBACK_NAMES or name in names)


def origin_allowed(origin: str | None, authority: str) -> bool:
    """Whether a WebSocket comes from a page of this very server. No browser omits Origin, so without one none asks."""
    return origin is None or origin in (f"http://{authority}", f"https://{authority}")
