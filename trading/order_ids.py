"""Client order ids: account, whose and what for, lease epoch and journal sequence.

No id is ever made twice, and an order whose intent a power loss took from the journal still says whose it is.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from .order_groups import slot_of

CLIENT_ID_LIMIT = 36
"""The longest id every venue takes."""
STRATEGY_CHARS, REQUEST_CHARS = 4, 5
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Tags(NamedTuple):
    """Of a strategy's name, and of what the order is for: the leg of a group, or a signal."""

    strategy: str
    request: str


def client_id_prefix(account: str) -> str:
    """What all our ids of an account begin with."""
    return f"tg{account}-"


def make_client_id(account: str, epoch: int, sequence: int, strategy: str, signal_id: str) -> str:
    """The id of the order whose intent is record `sequence` of the journal, under lease `epoch`: an account's name of
    at most 8 characters, tags of 9, epoch and sequence in base 36 of at most 6 and 8."""
    tags = f"{strategy_tag(strategy)}{request_tag(signal_id)}"
    client_id = f"{client_id_prefix(account)}{tags}-{_base36(epoch)}-{_base36(sequence)}"
    assert len(client_id) <= CLIENT_ID_LIMIT, f"client order id {client_id!r} is over {CLIENT_ID_LIMIT} characters"
    return client_id


def tags_of(client_id: str) -> Tags | None:
    """Of one of our ids; None for those of versions that wrote no tags: account, epoch and sequence."""
    _, *parts = client_id.split("-")
    if len(parts) != 3 or len(parts[0]) != STRATEGY_CHARS + REQUEST_CHARS:
        return None
    return Tags(parts[0][:STRATEGY_CHARS], parts[0][STRATEGY_CHARS:])


def sequence_of(client_id: str) -> int:
    """The journal's sequence in a client order id; 0 for an id that is not ours."""
    last, base = client_id.rpartition("-")[2], 10 if tags_of(client_id) is None else 36
    return int(last, base) if last.isalnum() and (base == 36 or last.isdecimal()) else 0


@lru_cache(maxsize=4096)
def strategy_tag(name: str) -> str:
    """The same in every version."""
    return _tag(name, STRATEGY_CHARS)


def request_tag(signal_id: str) -> str:
    """The same for every request of one leg of a group."""
    leg = slot_of(signal_id)
    return _tag(signal_id if leg is None else ".".join(leg), REQUEST_CHARS)


def _tag(text: str, chars: int) -> str:
    number = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
    return _base36(number % len(_DIGITS) ** chars).rjust(chars, "0")


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
