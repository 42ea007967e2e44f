"""What a supervisor is told about its children: data, validated before anything starts."""

from typing import Any, Literal

import msgspec

from .backoff import Backoff

Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
Restart = Literal["permanent", "transient", "temporary"]


class SpecFault(Exception):
    """A tree or a child specification is wrong; the message says which child, what was expected and found."""


class ChildSpec(msgspec.Struct, frozen=True):
    """One child: a dotted path to an actor class and its settings, or a supervisor with children of its own.

    `restart`: permanent children always come back, transient ones only after a failure, temporary ones never.
    `shutdown_s` is how long a child may take to stop before it is killed; 0 kills at once.
    """

    id: str
    actor: str = ""
    settings: dict[str, Any] = {}
    restart: Restart = "permanent"
    shutdown_s: float = 5.0
    flags: "Flags | None" = None
    children: tuple["ChildSpec", ...] = ()

    @property
    def is_supervisor(self) -> bool:
        return self.flags is not None


class Flags(msgspec.Struct, frozen=True):
    """How a supervisor answers failures: `intensity` restarts within `period_s` are borne, one more and it gives up."""

    strategy: Strategy = "one_for_one"
    intensity: int = 10
    period_s: float = 30.0
    backoff: Backoff = Backoff()


def validate(spec: ChildSpec, path: str = "") -> None:
    """Check a whole tree before anything of it starts; `SpecFault` names the first child that is wrong."""
    where = f"{path}/{spec.id}" if path else spec.id
    if not spec.id or "/" in spec.id:
        raise SpecFault(f"child {where!r}: the id must be a name without '/', got {spec.id!r}")
    if not spec.shutdown_s >= 0:
        raise SpecFault(f"child {where!r}: shutdown_s must be >= 0, got {spec.shutdown_s}")
    if bool(spec.actor) == spec.is_supervisor:
        raise SpecFault(f"child {where!r}: expected either an actor path or supervisor flags, got both or neither")
    if spec.children and not spec.is_supervisor:
        raise SpecFault(f"child {where!r}: only a supervisor has children")
    if spec.flags is not None:
        _validate_flags(spec.flags, where)
    ids = [child.id for child in spec.children]
    if duplicates := sorted({name for name in ids if ids.count(name) > 1}):
        raise SpecFault(f"supervisor {where!r}: duplicate child ids {duplicates}")
    for child in spec.children:
        validate(child, where)


def _validate_flags(flags: Flags, where: str) -> None:
    if flags.intensity < 0:
        raise SpecFault(f"supervisor {where!r}: intensity must be >= 0, got {flags.intensity}")
    if not flags.period_s > 0:
        raise SpecFault(f"supervisor {where!r}: period_s must be > 0, got {flags.period_s}")
    if not 0 <= flags.backoff.min_s <= flags.backoff.max_s:
        raise SpecFault(f"supervisor {where!r}: backoff needs 0 <= min_s <= max_s, got {flags.backoff}")
    if not 0 <= flags.backoff.jitter <= 1:
        raise SpecFault(f"supervisor {where!r}: backoff needs jitter between 0 and 1, got {flags.backoff}")
