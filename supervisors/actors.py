"""Children that are actors of the same node, resolved from dotted paths when they start."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from ..kernel.actor import Actor
from ..kernel.birth import Birth
from .effects import SpawnChild
from .health import Health
from .slot import Slot
from .spec import ChildSpec
from .supervisor import Supervisor
from .validation import SpecFault, faults


class ActorSpawner:
    """Starts actors in the supervisor's own system, below its path. A child supervisor gets this spawner too.

    `runtime` is where children run whose specification does not say; each child supervisor hands on its own.
    """

    def __init__(self, runtime: str = "") -> None:
        self.runtime = runtime

    def start(self, supervisor: Actor, start: SpawnChild) -> None:
        context, spec = supervisor.context, start.spec
        birth = Birth(
            path=f"{context.path}/{spec.id}",
            factory=lambda: self._make(spec),
            parent=context.path,
            incarnation=start.incarnation,
            restarts=start.restarts,
            restart_reason=start.reason,
            keep_mailbox=spec.keep_mailbox,
            poison_after=spec.poison_after,
        )
        # Supervisors only pass signals on: they stay together, in the system's own place.
        context.system.bear(birth, "" if spec.is_supervisor else spec.runtime or self.runtime)

    def stop(self, supervisor: Actor, child: str, reason: str) -> None:
        supervisor.context.system.stop(f"{supervisor.context.path}/{child}", reason)

    def kill(self, supervisor: Actor, child: str) -> None:
        supervisor.context.system.kill(f"{supervisor.context.path}/{child}")

    def discard(self, supervisor: Actor, child: str) -> None:
        supervisor.context.system.discard(f"{supervisor.context.path}/{child}")

    def check(self, supervisor: Actor, slot: Slot, health: Health) -> str:
        if slot.spec.is_supervisor:
            return ""
        system = supervisor.context.system
        actor = system.actors.find(f"{supervisor.context.path}/{slot.spec.id}")
        return "" if actor is None else health.check(slot, actor, system.clock.monotonic_ns())

    def _make(self, spec: ChildSpec) -> Actor:
        if spec.is_supervisor:
            return Supervisor(spec, ActorSpawner(spec.runtime or self.runtime))
        actor: Actor = resolve(spec.actor)(**spec.settings)
        return actor


def resolve(path: str) -> Any:
    """The class behind `module:Name`; `SpecFault` says what is missing."""
    module_name, _, name = path.partition(":")
    try:
        return getattr(import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SpecFault("invalid_start", path, "actor", "a class that can be loaded", str(error)) from error


def check_tree(spec: ChildSpec, default_runtime: str = "cell") -> None:
    """Everything that can be known before a tree of actors starts: its specification, its classes, their settings and
    where they may run. `SpecFault` for the first thing that is wrong."""
    for fault in faults(spec):
        raise fault
    for where, child, runtime in _workers(spec, spec.id, default_runtime):
        _check_worker(where, child, runtime)


def _workers(spec: ChildSpec, where: str, runtime: str) -> Iterator[tuple[str, ChildSpec, str]]:
    runtime = spec.runtime or runtime
    if spec.actor:
        yield where, spec, runtime
    below = (*spec.children, *([spec.dynamic.template] if spec.dynamic is not None else []))
    for child in below:
        yield from _workers(child, f"{where}/{child.id}", runtime)


def _check_worker(where: str, spec: ChildSpec, runtime: str) -> None:
    try:
        actor = resolve(spec.actor)
    except SpecFault as fault:
        raise SpecFault(fault.code, where, "actor", fault.expected, f"{spec.actor}: {fault.found}") from fault
    if not (isinstance(actor, type) and issubclass(actor, Actor)):
        raise SpecFault("invalid_start", where, "actor", "a subclass of Actor", spec.actor)
    try:
        inspect.signature(actor).bind(**spec.settings)
    except TypeError as error:
        expected = f"the arguments of {actor.__name__}{inspect.signature(actor)}"
        raise SpecFault("invalid_start", where, "settings", expected, str(error)) from error
    if actor.blocks and runtime == "cell":
        raise SpecFault("invalid_runtime", where, "runtime", f"threads, since {actor.__name__} blocks", runtime)
