"""One node's actors: who lives at which path, and how a message finds its way."""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from .actor import Actor
from .cell import Cell, CellActor
from .clock import Clock
from .envelope import Envelope, Reply
from .errors import ActorDead, AskTimeout, KernelError, PathTaken
from .identity import Entropy
from .loop import Loop
from .mailbox import Lane
from .metrics import Metrics
from .ref import Ref
from .signals import DeadLetter, Down
from .topics import Topics

DEAD_LETTERS_KEPT = 1_000
DEAD_LETTERS = "kernel/dead-letters"
"""Topic on which every dead letter is published."""


class Transport(Protocol):
    """The way to other nodes. `send` says whether the message was taken, never whether it arrived."""

    def send(self, path: str, envelope: Envelope) -> bool: ...


class System:
    """The actors of one node. Nothing is process-global: two systems can live side by side.

    A path begins with its node's name; a path of another node goes through `transport`.
    """

    def __init__(
        self, node: str, loop: Loop, clock: Clock, entropy: Entropy, transport: Transport | None = None
    ) -> None:
        self.node = node
        self.loop = loop
        self.clock = clock
        self.entropy = entropy
        self.transport = transport
        self.ports: dict[str, Any] = {}
        self.topics = Topics()
        self.metrics = Metrics()
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)
        self.cell = Cell(loop)
        self.actors: dict[str, CellActor] = {}

    def spawn(self, path: str, factory: Callable[[], Actor], *, parent: str = "", incarnation: int = 1) -> None:
        """Begin an actor. The parent is told `Started` when it serves, or `Down`; `PathTaken` where one lives."""
        if path in self.actors:
            raise PathTaken(f"an actor already lives at {path!r}: stop it first")
        actor = self.actors[path] = CellActor(self, path, factory, parent=parent, incarnation=incarnation)
        actor.begin()

    def ref(self, path: str) -> Ref:
        """The address of an actor, here or in another node."""
        return Ref(self, path)

    def stop(self, path: str, reason: str) -> None:
        """Ask the actor at `path` to end, ahead of its queued work."""
        if actor := self.actors.get(path):
            actor.request_stop(reason)

    def kill(self, path: str) -> None:
        """End the actor at `path` now, without its stop hook having a say."""
        if actor := self.actors.get(path):
            actor.kill()

    def tell(self, path: str, message: Any, *, sender: str = "", lane: Lane = Lane.USER) -> bool:
        return self.deliver(path, Envelope(message, sender), lane)

    def ask(self, path: str, message: Any, timeout_s: float, *, sender: str = "") -> Reply:
        reply = Reply(self.loop.call_soon)
        deadline_ns = self.clock.now_ns() + round(timeout_s * 1e9)
        expired = AskTimeout(f"{path!r} did not answer {type(message).__name__} within {timeout_s} s")
        timer = self.loop.call_later(timeout_s, lambda: reply.fail(expired))
        reply.then(lambda _: timer.cancel())
        self.deliver(path, Envelope(message, sender, reply, deadline_ns))
        return reply

    def deliver(self, path: str, envelope: Envelope, lane: Lane = Lane.USER) -> bool:
        """Queue an envelope where its path leads; an undeliverable one becomes a dead letter, its asker is told."""
        actor = self.actors.get(path)
        if actor is not None:
            return actor.offer(envelope, lane)
        if self.transport is not None and path.partition("/")[0] != self.node:
            if self.transport.send(path, envelope):
                return True
            return self.undeliverable(path, envelope, ActorDead(f"the way to {path!r} is full, or refused the message"))
        return self.undeliverable(path, envelope, ActorDead(f"nobody lives at {path!r}"))

    def publish(self, topic: str, message: Any, *, sender: str = "") -> None:
        for path in self.topics.subscribers(topic):
            self.deliver(path, Envelope(message, sender))

    def undeliverable(self, path: str, envelope: Envelope, error: KernelError) -> bool:
        """Keep what nobody will handle as a dead letter. Always False, as `deliver` answers then."""
        letter = DeadLetter(path, envelope.message, str(error))
        self.dead_letters.append(letter)
        self.metrics.count("dead_letters")
        if envelope.reply is not None:
            envelope.reply.fail(error)
        if not isinstance(envelope.message, DeadLetter):
            self.publish(DEAD_LETTERS, letter)
        return False

    def ended(self, actor: CellActor, down: Down) -> None:
        """Called by the runtime when everything the actor held is released: free the path, then tell the parent."""
        if self.actors.get(actor.path) is actor:
            del self.actors[actor.path]
        if actor.parent:
            self.tell(actor.parent, down, sender=actor.path, lane=Lane.SUPERVISION)
