"""One node by itself in a terminal or under systemd: no launcher, the same tree."""

import signal
import socket
import threading
from pathlib import Path

from .config.run import Run, from_json, to_json
from .config.settings import Settings
from .config.topology import NODES
from .node import NodeRuns, main
from .preflight import StartFault, check, check_keys
from .preparation import DataDirectory, prepare, write_private

STOPS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
NODES_FILE = "nodes.json"
"""The run that nodes started by themselves share."""


def run_node(name: str, settings: Settings, data_dir: Path) -> None:
    """Run node `name` until Ctrl-C. Nodes of one data directory find each other; start `exchange` first.

    Raises `StartFault` where the name is unknown, a system runs here already, or something needed is not to be had.
    """
    if name not in NODES:
        raise StartFault(f"there is no node {name!r}; expected one of {', '.join(NODES)}")
    run = _shared_run(settings, data_dir)
    ours, theirs = socket.socketpair()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    threading.Thread(target=_stop_on_interrupt, args=(ours,), daemon=True).start()
    try:
        main(theirs.detach(), {"name": name, "run": to_json(run), "incarnation": 1})
    except NodeRuns as fault:
        raise StartFault(str(fault)) from fault


def _shared_run(settings: Settings, data_dir: Path) -> Run:
    """The run that an earlier node prepared, with these settings; or a new one."""
    directory = DataDirectory(data_dir)
    directory.lock()
    try:
        path = directory.path / NODES_FILE
        if path.exists():
            run = from_json(path.read_text())
            if run.settings == settings and Path(run.socket_dir).is_dir():
                return run
        unprepared = Run("", str(directory.path), "", 0, 0, 0, settings)
        check(unprepared)
        check_keys(unprepared)
        run = prepare(directory, settings)
        write_private(path, to_json(run).encode())
        return run
    finally:
        directory.unlock()


def _stop_on_interrupt(launcher_end: socket.socket) -> None:
    signal.sigwait(STOPS)
    launcher_end.sendall(b'["stop", "interrupted"]\n')
