"""The process that is killed: it says that it serves, and does nothing else."""

import os
import signal
import socket
from typing import Any

from tradigrade.supervisors.lifeline import encode_line


def main(lifeline_fd: int, argument: dict[str, Any]) -> None:  # noqa: ARG001 - the supervisor's calling convention
    """Serve until the other end of the lifeline says anything, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=lifeline_fd) as lifeline:
        lifeline.sendall(encode_line("up", str(os.getpid())) + encode_line("started", "") + encode_line("serving", ""))
        lifeline.recv(1)
