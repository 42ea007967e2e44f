"""Where the nodes of a run share memory with their launcher."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from .config.run import Run

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own below it, which only we may enter


def make_memory_dir(socket_dir: str) -> None:
    """Where that cannot be, or somebody else has a folder of this name, `memory_dir` is the socket folder."""
    with suppress(OSError):
        (MEMORY / Path(socket_dir).name).mkdir(mode=0o700)


def memory_dir(socket_dir: str) -> Path:
    """Of the run with this socket folder. In memory where we have a folder there: a file of a disk that is mapped
    would stop its writer now and then, while the disk is busy."""
    path = MEMORY / Path(socket_dir).name
    return path if _is_ours(path) else Path(socket_dir)


def _is_ours(path: Path) -> bool:
    """True for a folder that we made and only we may enter."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def turn_file(run: Run, node: str) -> Path:
    """Where a node marks its turns, as `kernel/turns.py` has it."""
    return memory_dir(run.socket_dir) / f"turn-{node}"


def free_memory(run: Run, node: str) -> None:
    """Nobody reads any more what a node writes here: its launcher is gone, and cannot clean up."""
    file = turn_file(run, node)
    file.unlink(missing_ok=True)
    with suppress(OSError):  # the other nodes' files, or sockets, are in it
        file.parent.rmdir()
