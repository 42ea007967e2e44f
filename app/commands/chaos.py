"""The `tradigrade chaos` commands: one fault on purpose, or many at random."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import FAILED, ConfigOption, DataDirOption, JsonOption, explained, find_data_dir, find_keys

if TYPE_CHECKING:
    from ..transports.control import Action

chaos_app = typer.Typer(
    help="Put a fault into the running system on purpose, and see what its supervisors do. Paper only.",
    no_args_is_help=True,
)

TargetArgument = Annotated[
    str, typer.Argument(metavar="TARGET", help="Name of a node, or path of an actor, as `tradigrade tree` shows them.")
]
NodeArgument = Annotated[str, typer.Argument(metavar="NODE", help="Name of a node, as `tradigrade tree` shows them.")]
ForOption = Annotated[float | None, typer.Option("--for", metavar="SECONDS", help="How long it lasts.")]
NodeForOption = Annotated[
    float | None, typer.Option("--for", metavar="SECONDS", help="How long it lasts. Default: 5 s.")
]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Do not watch what follows (10 s at most).")]


@chaos_app.command("run")
def chaos_run(
    minutes: Annotated[
        float, typer.Option(min=0.05, max=1440.0, help="How long faults are put in. What they did is then waited for.")
    ] = 1.0,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="The same seed plans the same faults. Default: a new one, printed."),
    ] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put random faults into the running paper system, one after another, and judge what comes back.

    Kills (-9), stops, hangs, crashes, slowness, full, slow and failing disks, wrong clocks and faults of the venue; the
    system must have been started with `tradigrade up`. Its console shows all of it live, at /chaos. Ctrl-C ends the
    plan and every fault that lasts, and reports. Exit code 1 where an invariant broke or something did not come back.

    With --json one object: {seed, minutes, state, steps: [{number, kind, target, what, at_ns, verdict, noticed_ms,
    recovered_ms, rung, text}], times: [{kind, count, recovered, p50_ms, p99_ms, max_ms}], invariants: [{name, holds,
    text}], passed}.
    """
    from ..chaos.run import run_chaos

    keys = find_keys(config)
    with explained():
        passed = run_chaos(find_data_dir(data_dir), minutes, seed, keys, as_json=as_json)
    raise typer.Exit(0 if passed else FAILED)


@chaos_app.command("heal")
def chaos_heal(data_dir: DataDirOption = None) -> None:
    """End every fault that was put in and still lasts, everywhere."""
    from ..chaos.cause import heal

    with explained():
        heal(find_data_dir(data_dir))


@chaos_app.command("kill")
def chaos_kill(
    target: TargetArgument, no_wait: NoWaitOption = False, data_dir: DataDirOption = None, as_json: JsonOption = False
) -> None:
    """End an actor without its stop hook, or a process by SIGKILL."""
    _cause("kill", target, data_dir, no_wait=no_wait, as_json=as_json)


@chaos_app.command("hang")
def chaos_hang(
    target: TargetArgument,
    for_s: ForOption = None,
    no_wait: NoWaitOption = False,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold an actor, which handles no message then, or stop a process by SIGSTOP. Default: until it is replaced."""
    _cause("hang", target, data_dir, for_s, no_wait=no_wait, as_json=as_json)


@chaos_app.command("crash")
def chaos_crash(
    target: TargetArgument, no_wait: NoWaitOption = False, data_dir: DataDirOption = None, as_json: JsonOption = False
) -> None:
    """Make an actor fail as if its code had raised, or a node's root supervisor."""
    _cause("crash", target, data_dir, no_wait=no_wait, as_json=as_json)


@chaos_app.command("slow")
def chaos_slow(
    target: TargetArgument,
    for_s: ForOption = None,
    by_s: Annotated[float, typer.Option("--by", metavar="SECONDS", help="How much longer every message takes.")] = 0.1,
    no_wait: NoWaitOption = False,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make every message of an actor take longer, until it is replaced; or stop and continue a process in turns of --by
    seconds, for 5 s where --for does not say."""
    _cause("slow", target, data_dir, for_s, by_s, no_wait=no_wait, as_json=as_json)


@chaos_app.command("disk-full")
def chaos_disk_full(
    node: NodeArgument,
    for_s: NodeForOption = None,
    no_wait: NoWaitOption = False,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a node's writes to files that must survive fail as on a full disk: a short write, then no space left."""
    _cause("disk-full", node, data_dir, for_s, no_wait=no_wait, as_json=as_json)


@chaos_app.command("disk-slow")
def chaos_disk_slow(
    node: NodeArgument,
    for_s: NodeForOption = None,
    by_s: Annotated[
        float, typer.Option("--by", metavar="SECONDS", help="How much longer a write or sync takes.")
    ] = 0.05,
    no_wait: NoWaitOption = False,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make every write and every sync of a node take longer."""
    _cause("disk-slow", node, data_dir, for_s, by_s, no_wait=no_wait, as_json=as_json)


@chaos_app.command("sync-fails")
def chaos_sync_fails(
    node: NodeArgument,
    for_s: NodeForOption = None,
    no_wait: NoWaitOption = False,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let every sync of a node's files fail as on a broken disk."""
    _cause("sync-fails", node, data_dir, for_s, no_wait=no_wait, as_json=as_json)


@chaos_app.command("clock")
def chaos_clock(
    node: NodeArgument,
    by_s: Annotated[
        float, typer.Option("--by", metavar="SECONDS", help="How far its clock is ahead; behind where it is negative.")
    ] = 5.0,
    for_s: NodeForOption = None,
    no_wait: NoWaitOption = False,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a node's time of day wrong. Its timers go on as they should."""
    _cause("clock", node, data_dir, for_s, by_s, no_wait=no_wait, as_json=as_json)


@chaos_app.command("venue")
def chaos_venue(
    fault: Annotated[str, typer.Argument(metavar="FAULT", help="What the venue does wrong; a wrong name lists them.")],
    times: Annotated[int, typer.Option(min=0, help="How often; 0 ends it.")] = 1,
    for_s: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", help="For this long, however often. Default: --times.")
    ] = None,
    data_dir: DataDirOption = None,
) -> None:
    """Make the simulated venue misbehave, for example lose answers after it accepted an order."""
    from ..chaos.cause import ask_venue_fault

    with explained():
        ask_venue_fault(find_data_dir(data_dir), fault, times, for_s)


def _cause(
    action: "Action",
    target: str,
    data_dir: Path | None,
    for_s: float | None = None,
    by_s: float = 0.1,
    *,
    no_wait: bool,
    as_json: bool,
) -> None:
    from ..chaos.cause import cause
    from ..transports.control import ChaosAsked

    with explained():
        cause(find_data_dir(data_dir), ChaosAsked(action, target, for_s, by_s), wait=not no_wait, as_json=as_json)
