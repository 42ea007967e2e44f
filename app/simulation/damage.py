"""How each kind of fault is done to a simulated system. What is returned ends it; None where it had no effect."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..kernel.incarnation import Incarnation
from ..kernel.simulation.schedule import Fault
from .node import SimulatedNode

if TYPE_CHECKING:
    from .world import World

Undo = Callable[[], object]


def nothing() -> None:
    """For what passes by itself."""


# -- processes and actors ---------------------------------------------------------------------------------------------


def _node(world: "World", name: str) -> SimulatedNode | None:
    return world.nodes.get(name)


def kill(world: "World", fault: Fault) -> Undo | None:
    if (node := _node(world, fault.target)) is None:
        return None
    node.kill()
    return nothing


def stop(world: "World", fault: Fault) -> Undo | None:
    if (node := _node(world, fault.target)) is None:
        return None
    node.loop.stop()
    return node.loop.resume


def kill_launcher(world: "World", fault: Fault) -> Undo | None:
    if not world.launcher.alive:
        return None
    world.end_launcher()
    return nothing


def stop_launcher(world: "World", fault: Fault) -> Undo | None:
    loop = world.launcher.loop
    loop.stop()
    return loop.resume


def lose_power(world: "World", fault: Fault) -> Undo | None:
    """At once, or at the end of a time in which the disk only says that it synced: more than a moment is lost then."""
    if not fault.for_s:
        world.lose_power()
        return nothing
    world.disk.loses_sync = True

    def end() -> None:
        world.disk.loses_sync = False
        world.lose_power()

    return end


def crash(world: "World", fault: Fault) -> Undo | None:
    if (actor := _actor(world, fault)) is None:
        return None
    actor.crash("injected: by the schedule")
    return nothing


def end_actor(world: "World", fault: Fault) -> Undo | None:
    if (actor := _actor(world, fault)) is None:
        return None
    actor.kill()
    return nothing


def hang(world: "World", fault: Fault) -> Undo | None:
    """Nobody lets go of it again: its supervisor must notice."""
    if (actor := _actor(world, fault)) is None:
        return None
    actor.hold()
    return nothing


def slow(world: "World", fault: Fault) -> Undo | None:
    if (actor := _actor(world, fault)) is None:
        return None
    actor.delay_s = fault.amount
    return lambda: setattr(actor, "delay_s", 0.0)


def _actor(world: "World", fault: Fault) -> Incarnation | None:
    node = _node(world, fault.target.partition("/")[0])
    return node.system.actors.get(fault.target) if node is not None and node.loop.state == "running" else None


# -- network, disk, clock, lease --------------------------------------------------------------------------------------


def lossy(world: "World", fault: Fault) -> Undo:
    conditions = world.network.conditions
    conditions.drop, conditions.duplicate, conditions.jitter_s = fault.amount, fault.amount, fault.amount / 2
    return lambda: _make_lossless(world)


def _make_lossless(world: "World") -> None:
    conditions = world.network.conditions
    conditions.drop = conditions.duplicate = conditions.jitter_s = 0.0


def partition(world: "World", fault: Fault) -> Undo:
    pair = frozenset(fault.target.split(" "))
    world.network.conditions.cut.add(pair)
    return lambda: world.network.conditions.cut.discard(pair)


def disk(name: str) -> Callable[["World", Fault], Undo]:
    def apply(world: "World", fault: Fault) -> Undo:
        setattr(world.disk, name, True)
        return lambda: setattr(world.disk, name, False)

    return apply


def jump(world: "World", fault: Fault) -> Undo:
    world.host_clock.offset_ns += round(fault.amount * 1e9)
    return world.host_clock.set_right


def drift(world: "World", fault: Fault) -> Undo:
    world.host_clock.drift(fault.amount)
    return world.host_clock.set_right


def steal(world: "World", fault: Fault) -> Undo | None:
    """Somebody else takes the account's lease, and gives it back."""
    return world.steal_lease()


def halt(world: "World", fault: Fault) -> Undo | None:
    """A person's kill switch; whoever looks after the system releases it (`World.watch_launcher`)."""
    return nothing if world.halt("by the schedule") else None


def points(world: "World", fault: Fault) -> Undo:
    world.fault_points.chance = fault.amount
    return lambda: setattr(world.fault_points, "chance", 0.0)


# -- the venue --------------------------------------------------------------------------------------------------------


def venue_chance(world: "World", fault: Fault) -> Undo:
    setattr(world.venue.faults, fault.target, fault.amount)
    return lambda: setattr(world.venue.faults, fault.target, 0.0)


def stop_symbol(world: "World", fault: Fault) -> Undo:
    """The first symbol is `halted` or `delisted`; at the end it trades again."""
    symbol, venue = world.settings.symbols[0], world.venue
    (venue.halt if fault.target == "halted" else venue.delist)(symbol)
    return lambda: venue.open_again(symbol)


def venue_event(world: "World", fault: Fault) -> Undo:
    setattr(world.venue.faults, fault.target, 1)
    return lambda: setattr(world.venue.faults, fault.target, 0)
