"""The trace of a run as one hash: who handled what, when. Equal seeds give equal traces, in any process (law 10)."""

from hashlib import blake2b


class Trace:
    """Order matters, and so does every entry. Entries are made of text and numbers alone: nothing in them depends on
    the process that makes them. Whoever adds them calls `flush` now and then: they are kept until it."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)
        self._flushed = 0
        self._pending: list[str] = []
        self.add = self._pending.append

    @property
    def length(self) -> int:
        """How many entries there are."""
        return self._flushed + len(self._pending)

    def add_bytes(self, name: str, data: bytes) -> None:
        """A whole file, as a run leaves it."""
        self.flush()
        self._hash.update(name.encode() + b"\0" + blake2b(data).digest())

    def digest(self) -> str:
        """32 hexadecimal digits."""
        self.flush()
        return self._hash.hexdigest()

    def flush(self) -> None:
        self._hash.update("\n".join((*self._pending, "")).encode())
        self._flushed += len(self._pending)
        self._pending.clear()
