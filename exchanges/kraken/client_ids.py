"""Our client order ids as Kraken takes them: a text of at most 18 characters, or a UUID. Pure.

Our ids are longer than that, so they go as UUIDs that hold all of their parts: prefix by its hash, tags, epoch and
sequence. Both ways lead to the same id, in another process and years later too.
"""

import re
from hashlib import blake2b

TEXT_MAX = 18
TAG_CHARS = 9
PREFIX_BITS, TAG_BITS, EPOCH_BITS, SEQUENCE_BITS = 25, 47, 20, 36
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_UUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch


class ClientIds:
    """Of one account, whose ids all begin with `prefix`."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._mark = int.from_bytes(blake2b(prefix.encode(), digest_size=8).digest()) % (1 << PREFIX_BITS)
        self._ours = re.compile(
            rf"{re.escape(prefix)}([0-9a-z]{{{TAG_CHARS}}})-([0-9a-z]{{1,6}})-([0-9a-z]{{1,8}})"
        ).fullmatch

    def spell(self, client_id: str) -> str:
        """For the venue. Raises ValueError for an id that it can take in no form."""
        if found := self._ours(client_id):
            tag, epoch, sequence = (int(part, 36) for part in found.groups())
            canonical = self._join(tag, epoch, sequence) == client_id
            if canonical and epoch < 1 << EPOCH_BITS and sequence < 1 << SEQUENCE_BITS:
                number = ((self._mark << TAG_BITS | tag) << EPOCH_BITS | epoch) << SEQUENCE_BITS | sequence
                return f"{number:032x}"
        if len(client_id) > TEXT_MAX or not client_id.isascii() or _UUID(client_id):
            raise ValueError(f"expected a client order id of at most {TEXT_MAX} characters, found {client_id!r}")
        return client_id

    def read(self, text: str) -> str:
        """Of the venue: ours where it is one of ours, else as it is."""
        if not _UUID(text.lower()):
            return text
        number = int(text.replace("-", ""), 16)
        number, sequence = divmod(number, 1 << SEQUENCE_BITS)
        number, epoch = divmod(number, 1 << EPOCH_BITS)
        mark, tag = divmod(number, 1 << TAG_BITS)
        return self._join(tag, epoch, sequence) if mark == self._mark and tag < 36**TAG_CHARS else text

    def _join(self, tag: int, epoch: int, sequence: int) -> str:
        return f"{self._prefix}{_base36(tag).rjust(TAG_CHARS, '0')}-{_base36(epoch)}-{_base36(sequence)}"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits or "0"
