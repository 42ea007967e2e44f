"""The ledger of messages: sent = handled + queued + expired + dead-lettered, whatever happens."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.cell import CellActor
from tradigrade.kernel.envelope import Envelope

PATHS = ("node/a", "node/b", "node/nobody")


class Narrow(Puppet):
    mailbox_limit = 4


class Books:
    """Counts what is sent, and where it ended up."""

    def __init__(self) -> None:
        self.system = VirtualSystem()
        self.incarnations: list[CellActor] = []
        self.sent = 0

    def do(self, operation: str, path: str) -> None:
        actor = self.system.actors.get(path)
        match operation:
            case "spawn":
                self._spawn(path)
            case "tell":
                self._send(path, "work", None)
            case "tell what expires":
                self._send(path, "work", 0.01)
            case "tell to tell itself":
                self._send(path, lambda puppet: self._send(puppet.context.path, "work", None), None)
            case "crash":
                self._send(path, fail, None)
            case "stop" if actor is not None:
                self.sent += 1
                actor.request_stop("shutdown")
            case "kill":
                self.system.kill(path)
            case "run":
                self.system.run()
            case "advance":
                self.system.advance(0.01)
            case "stall":
                self.system.virtual.clock.advance(0.02)

    def balance(self) -> tuple[int, int]:
        """What was sent, and the sum of where it is."""
        handled = sum(actor.handled for actor in self.incarnations)
        expired = sum(actor.expired for actor in self.incarnations)
        queued = sum(len(actor.mailbox) for actor in self.incarnations)
        return self.sent, handled + expired + queued + self.system.metrics.counters.get("dead_letters", 0)

    def _spawn(self, path: str) -> None:
        if path not in self.system.actors and not path.endswith("nobody"):
            self.system.spawn(path, Narrow)
            self.incarnations.append(self.system.actors[path])

    def _send(self, path: str, message: Any, ttl_s: float | None) -> None:
        self.sent += 1
        deadline_ns = None if ttl_s is None else self.system.clock.now_ns() + round(ttl_s * 1e9)
        self.system.deliver(path, Envelope(message, deadline_ns=deadline_ns))


OPERATIONS = st.sampled_from(
    [
        *("spawn", "tell", "tell what expires", "tell to tell itself"),
        *("crash", "stop", "kill", "run", "advance", "stall"),
    ]
)


@given(st.lists(st.tuples(OPERATIONS, st.sampled_from(PATHS)), max_size=60))
def test_no_message_is_lost_or_counted_twice(operations: list[tuple[str, str]]) -> None:
    books = Books()
    for operation, path in operations:
        books.do(operation, path)
        sent, found = books.balance()
        assert sent == found, f"after {operation} {path}"
    books.system.run()
    assert sum(len(actor.mailbox) for actor in books.incarnations) == 0


@given(st.lists(st.tuples(OPERATIONS, st.sampled_from(PATHS)), max_size=40))
def test_every_ask_resolves_whatever_happens_meanwhile(operations: list[tuple[str, str]]) -> None:
    books, replies = Books(), []
    for operation, path in operations:
        replies.append(books.system.ask(path, "question", 1.0))
        books.do(operation, path)
    books.system.advance(1.0)
    assert all(reply.done for reply in replies)
