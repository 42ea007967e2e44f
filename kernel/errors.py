"""What can go wrong between actors, named by whose fault it is.

KernelError
├── ActorDead        nobody is there: the target ended before it handled the message
├── MailboxFull      the target is there and does not keep up
├── AskTimeout       the target is there and did not answer in time
├── ActorFailed      the target raised while handling the question
└── PathTaken        two actors were given one path: a mistake of ours
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


class PathTaken(KernelError):
    """An actor already lives at this path."""
