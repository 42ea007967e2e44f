"""A process that lives on its lifeline and does as its settings say."""

import json
import os
import socket
from typing import Any


def main(lifeline_fd: int, argument: dict[str, Any]) -> None:
    """Ends when told to stop, unless it is deaf, and when its launcher is gone."""
    if argument.get("fails"):
        raise RuntimeError("this process cannot start")
    lifeline = socket.socket(fileno=lifeline_fd)
    words = [["up", str(os.getpid())]] if argument.get("mute") else [["up", str(os.getpid())], ["started", ""]]
    for line in words:
        lifeline.sendall(json.dumps(line).encode() + b"\n")
    for heard in lifeline.makefile():
        if json.loads(heard)[0] == "stop" and not argument.get("deaf"):
            lifeline.sendall(b'["bye", "shutdown"]\n')
            return
