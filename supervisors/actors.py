"""Children that are actors of the same node, resolved from dotted paths when they start."""

from importlib import import_module
from typing import Any

from ..kernel.actor import Actor
from .effects import End, StartChild
from .spec import ChildSpec, SpecFault
from .supervisor import Supervisor


class ActorSpawner:
    """Starts actors in the supervisor's own system, below its path. A child supervisor gets this spawner too."""

    def start(self, supervisor: Actor, start: StartChild) -> None:
        context, spec = supervisor.context, start.spec
        path = f"{context.path}/{spec.id}"
        context.system.spawn(path, lambda: self._make(spec), parent=context.path, incarnation=start.incarnation)
        actor = context.system.actors[path].context
        actor.restarts, actor.restart_reason = start.restarts, start.reason

    def stop(self, supervisor: Actor, child: str, reason: str) -> None:
        system, path = supervisor.context.system, f"{supervisor.context.path}/{child}"
        actor = system.actors.get(path)
        if actor is not None and isinstance(actor.behaviour, Supervisor):
            system.tell(path, End(reason))
        else:
            system.stop(path, reason)

    def kill(self, supervisor: Actor, child: str) -> None:
        system, path = supervisor.context.system, f"{supervisor.context.path}/{child}"
        actor = system.actors.get(path)
        if actor is not None and isinstance(actor.behaviour, Supervisor):
            actor.behaviour.kill_children()
        system.kill(path)

    def _make(self, spec: ChildSpec) -> Actor:
        if spec.is_supervisor:
            return Supervisor(spec, self)
        actor: Actor = resolve(spec.actor)(**spec.settings)
        return actor


def resolve(path: str) -> Any:
    """The class behind `module:Name`; `SpecFault` says what is missing."""
    module_name, _, name = path.partition(":")
    try:
        return getattr(import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SpecFault(f"actor {path!r} cannot be loaded, expected 'module:Class': {error}") from error
