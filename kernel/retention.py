"""Mail that waits for the next incarnation of an actor, where its supervisor asked for that."""

from threading import Lock

from .envelope import Envelope


class Retention:
    """Per path at most `limit` envelopes, in order, while nobody lives there."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[str, tuple[int, list[Envelope]]] = {}

    def keep(self, path: str, limit: int, envelopes: list[Envelope]) -> list[Envelope]:
        """Hold what an incarnation left behind, after what waits already; what is over `limit` is returned."""
        with self._lock:
            _, waiting = self._waiting.get(path, (limit, []))
            return self._hold(path, limit, waiting + envelopes)

    def put_back(self, path: str, limit: int, envelopes: list[Envelope]) -> None:
        """Hold again what was taken, ahead of what waits."""
        with self._lock:
            _, waiting = self._waiting.get(path, (limit, []))
            self._hold(path, limit + len(waiting), envelopes + waiting)

    def _hold(self, path: str, limit: int, envelopes: list[Envelope]) -> list[Envelope]:
        self._waiting[path] = (limit, envelopes[:limit])
        return envelopes[limit:]

    def below(self, path: str) -> list[str]:
        """The paths below this one for which something is held."""
        with self._lock:
            return [held for held in self._waiting if held.startswith(f"{path}/")]

    def offer(self, path: str, envelope: Envelope) -> bool:
        """Hold one more; False where nothing is held for the path, or no room is left."""
        if path not in self._waiting:
            return False
        with self._lock:
            limit, envelopes = self._waiting.get(path, (0, []))
            if len(envelopes) >= limit:
                return False
            envelopes.append(envelope)
            return True

    def take(self, path: str) -> list[Envelope]:
        """Everything held for the path, which holds nothing afterwards."""
        with self._lock:
            return self._waiting.pop(path, (0, []))[1]

    def __len__(self) -> int:
        return sum(len(envelopes) for _, envelopes in self._waiting.values())
