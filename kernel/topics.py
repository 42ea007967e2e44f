"""Publish and subscribe inside one node."""

from threading import Lock


class Topics:
    """Topic names to the paths of their subscribers, in the order of subscription."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._subscribers: dict[str, tuple[str, ...]] = {}

    def subscribe(self, topic: str, path: str) -> None:
        """Idempotent."""
        with self._lock:
            paths = self._subscribers.get(topic, ())
            if path not in paths:
                self._subscribers[topic] = (*paths, path)

    def unsubscribe(self, path: str) -> None:
        """Drop the path from every topic."""
        with self._lock:
            for topic, paths in list(self._subscribers.items()):
                if path in paths:
                    self._subscribers[topic] = tuple(other for other in paths if other != path)

    def subscribers(self, topic: str) -> tuple[str, ...]:
        return self._subscribers.get(topic, ())
