"""The trace of a run as one hash: who handled what, when. Equal seeds give equal traces, in any process (law 10)."""

from hashlib import blake2b

BATCH = 4_096


class Trace:
    """Order matters, and so does every entry. Entries are made of text and numbers alone: nothing in them depends on
    the process that makes them."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)
        self._pending: list[str] = []
        self.length = 0

    def add(self, line: str) -> None:
        self._pending.append(line)
        self.length += 1
        if len(self._pending) >= BATCH:
            self._flush()

    def add_bytes(self, name: str, data: bytes) -> None:
        """A whole file, as a run leaves it."""
        self._flush()
        self._hash.update(name.encode() + b"\0" + blake2b(data).digest())

    def digest(self) -> str:
        """32 hexadecimal digits."""
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        self._hash.update("\n".join(self._pending).encode())
        self._pending.clear()
