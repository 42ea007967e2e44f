"""Where the nodes of a run share memory with their launcher."""

from contextlib import suppress
from pathlib import Path

from .config.run import Run

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own below it, which only we may enter


def memory_dir(socket_dir: str) -> Path:
    """Of the run with this socket folder. In memory where the host has a folder for that: a file of a disk that is
    mapped would stop its writer now and then, while the disk is busy."""
    return MEMORY / Path(socket_dir).name if MEMORY.is_dir() else Path(socket_dir)


def turn_file(run: Run, node: str) -> Path:
    """Where a node marks its turns, as `kernel/turns.py` has it."""
    return memory_dir(run.socket_dir) / f"turn-{node}"


def free_memory(run: Run, node: str) -> None:
    """Nobody reads any more what a node writes here: its launcher is gone, and cannot clean up."""
    file = turn_file(run, node)
    file.unlink(missing_ok=True)
    with suppress(OSError):  # the other nodes' files, or sockets, are in it
        file.parent.rmdir()
