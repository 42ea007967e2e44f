"""What can go wrong between actors, named by whose fault it is.

KernelError
├── ActorDead        nobody is there: the target ended before it handled the message
├── MailboxFull      the target is there and does not keep up
├── AskTimeout       the target is there and did not answer in time
├── ActorFailed      the target raised while handling the question
├── Poisoned         the message crashed its actor as often as is borne, and was set aside
├── Fenced           the caller itself has ended: nothing it does counts any more
├── NoProgress       an actor lives and does nothing useful
├── PathTaken        two actors were given one path: a mistake of ours
└── Misplaced        the actor cannot run in the runtime it was given: a mistake of the configuration
"""


class KernelError(Exception):
    """Base of all errors between actors."""


class ActorDead(KernelError):
    """The target ended, or never was; the message was not handled."""


class MailboxFull(KernelError):
    """The target's mailbox is at its bound; the message was not queued."""


class AskTimeout(KernelError):
    """No answer in time; the message may still be handled."""


class ActorFailed(KernelError):
    """The target raised while handling the question, and crashed of it."""


class Poisoned(KernelError):
    """The message crashed its actor again and again; it is a dead letter now."""


class Fenced(KernelError):
    """Raised inside an incarnation that was killed and still runs: it can neither send nor subscribe any more."""


class NoProgress(KernelError):
    """Useful output is overdue, and the actor has no repair of its own."""


class PathTaken(KernelError):
    """An actor already lives at this path."""


class Misplaced(KernelError):
    """The actor and its runtime do not fit; the message says why."""


class Ignore(Exception):
    """Raised by a start hook that has nothing to do: no failure, and nobody lives there."""
