"""A request by REST as it came: its parameters, and what of it is signed."""

from typing import NamedTuple
from urllib.parse import parse_qsl

from .authentication import signed_bytes


class RestRequest(NamedTuple):
    params: dict[str, str]
    signed: bytes


def read_request(query: bytes, body: bytes = b"") -> RestRequest:
    """What stands in both, the query says. Whatever the bytes are, it raises nothing."""
    params = _parsed(body) | _parsed(query)
    return RestRequest(params, signed_bytes(query) + signed_bytes(body))


def _parsed(raw: bytes) -> dict[str, str]:
    return dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True))
