"""What the console's server lets in, and the headers of everything it lets out. Pure decisions.

A page on another site can make a browser send requests here: by its own name bound to this address (DNS rebinding;
the Host header tells), by opening a WebSocket (the Origin header tells), or by posting (which also needs a header that
no page of another origin can send without asking here first, and nothing here says yes).
"""

from collections.abc import Collection, Mapping
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
CHANGES_HEADER = "X-Tradigrade-Console"
"""Sent with whatever changes something."""
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


def change_refused(headers: Mapping[str, str], peer: str | None) -> str:
    """Why a request must not change anything; empty where it comes from the console's own page on this machine."""
    origin, kind = headers.get("Origin"), headers.get("Content-Type", "")
    if origin is None or not origin_allowed(origin, headers.get("Host", "")):
        return f"only the console's own page may change something, found Origin {origin!r}"
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin" or CHANGES_HEADER not in headers:
        return f"only the console's own page may change something: expected the header {CHANGES_HEADER}"
    if kind.partition(";")[0].strip().lower() != "application/json":
        return f"expected Content-Type application/json, found {kind!r}"
    if not _is_here(peer):
        return "from another machine the console may only be read; halt and release where it runs"
    return ""


def _is_here(peer: str | None) -> bool:
    try:
        address = ip_address(peer or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
