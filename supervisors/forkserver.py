"""A warm process that forks nodes: heavy imports are paid once, a new node is up in tens of milliseconds.

Run as `python -m tradigrade.supervisors.forkserver FD MODULE,MODULE`. It is single-threaded and owns no socket but
its control channel, so a fork inherits nothing that breaks. A request is a length-prefixed JSON object with one file
descriptor, the node's lifeline; the answer is the new process's id. It ends when its launcher does.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import struct
import sys
import traceback
from importlib import import_module
from typing import Any

from .actors import resolve

HEADER = struct.Struct("!I")
REQUEST_LIMIT = 1 << 20


def send_request(control: socket.socket, target: str, argument: dict[str, Any], lifeline: socket.socket) -> None:
    """Ask for a new process that calls `target(lifeline_fd, argument)`."""
    body = json.dumps({"target": target, "argument": argument}).encode()
    socket.send_fds(control, [HEADER.pack(len(body)) + body], [lifeline.fileno()])


def _receive(control: socket.socket) -> tuple[dict[str, Any], int] | None:
    """The next request and its file descriptor; None when the launcher is gone."""
    data, fds, _, _ = socket.recv_fds(control, 65536, 1)
    if not data:
        return None
    (size,) = HEADER.unpack(data[: HEADER.size])
    assert size <= REQUEST_LIMIT, f"a request of {size} bytes is over the bound of {REQUEST_LIMIT}"
    while len(data) < HEADER.size + size:
        data += control.recv(HEADER.size + size - len(data))
    return json.loads(data[HEADER.size :]), fds[0]


def _become(request: dict[str, Any], lifeline_fd: int) -> None:
    """The child's whole life. Never returns."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        resolve(request["target"])(lifeline_fd, request["argument"])
        status = 0
    except Exception:  # noqa: BLE001 - nobody above would hear of it
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def serve(control: socket.socket) -> None:
    """Fork on request until the launcher is gone."""
    while (received := _receive(control)) is not None:
        request, lifeline_fd = received
        pid = os.fork()
        if pid == 0:
            control.close()
            _become(request, lifeline_fd)
        os.close(lifeline_fd)
        control.sendall(HEADER.pack(pid))


def continue_serving(control_fd: int, argument: dict[str, Any]) -> None:  # noqa: ARG001
    """Target of a fork that becomes a fork server itself, as warm as the one it came from."""
    _serve_from(socket.socket(fileno=control_fd))


def _ignore_stops() -> None:
    """Whoever stops a whole group of processes stops the launcher, and the launcher stops us."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _serve_from(control: socket.socket) -> None:
    _ignore_stops()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps: nodes report their own end by their lifeline
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        control.sendall(HEADER.pack(os.getpid()))
        serve(control)


def main(arguments: list[str]) -> None:
    os.umask(0o077)
    _ignore_stops()
    control = socket.socket(fileno=int(arguments[0]))
    os.set_inheritable(control.fileno(), False)
    for module in filter(None, arguments[1].split(",")):
        import_module(module)
    gc.freeze()
    _serve_from(control)


if __name__ == "__main__":
    main(sys.argv[1:])
