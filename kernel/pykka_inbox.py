"""What pykka's own refs put into: their envelopes become ours, so an actor answers to `pykka.ActorRef` as well."""

from typing import TYPE_CHECKING, Any

import pykka
from pykka.messages import _ActorStop

from .envelope import Envelope, Reply
from .errors import ActorDead
from .mailbox import Lane
from .signals import Stop

if TYPE_CHECKING:
    from .incarnation import Incarnation


class PykkaInbox:
    """pykka's `ActorInbox`, from any thread."""

    def __init__(self, actor: "Incarnation") -> None:
        self._actor = actor

    def put(self, envelope: Any, /) -> None:
        reply = None
        if envelope.reply_to is not None:
            reply = Reply()
            reply.then(lambda done: _answer(envelope.reply_to, done))
        if isinstance(envelope.message, _ActorStop):
            self._actor.offer(Envelope(Stop(), reply=reply), Lane.STOP)
        else:
            self._actor.offer(Envelope(envelope.message, reply=reply))

    def get(self) -> Any:
        return self._actor.mailbox.get()

    def empty(self) -> bool:
        return self._actor.mailbox.empty()


def _answer(future: Any, reply: Reply) -> None:
    error: Exception | None = reply.error
    if error is None:
        future.set(reply.value)
        return
    if isinstance(error, ActorDead):
        error = pykka.ActorDeadError(str(error))
    future.set_exception((type(error), error, None))
