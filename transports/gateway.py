"""One thread per node that owns every ZeroMQ socket: a ROUTER to hear on, a DEALER to each peer spoken to.

Links are one-way (an answer travels on the other side's own link), so no routing identity is ever trusted or reused.
Sockets are ipc files in a directory only its owner may enter. Delivery is at most once: a frame for a peer that is
away waits in a small queue, past which it is dropped and counted.
"""

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

import zmq

from ..kernel.envelope import Envelope, Reply
from ..kernel.errors import ActorFailed
from ..kernel.system import System
from .codec import FRAME_LIMIT, SCHEMA_VERSION, Frame, WireFault, decode, encode
from .control import Failed

OUTGOING_LIMIT = 10_000
HIGH_WATER_MARK = 200
"""Frames kept for a peer that is away; those that must not arrive late carry a deadline."""
PEERS_LIMIT = 64
"""Links kept open: whoever asks from the command line is a node of its own."""
RECONNECT_MS = 10
RECONNECT_MAX_MS = 1_000


class Gateway:
    """The transport of one node's system. Other threads touch only `send`, `start` and `close`."""

    def __init__(self, system: System, directory: Path, incarnation: str) -> None:
        self._system = system
        self._directory = directory
        self._incarnation = incarnation
        self._outgoing: deque[tuple[str, bytes]] = deque()
        self._questions: dict[int, Reply] = {}
        self._peers: dict[str, zmq.Socket[bytes]] = {}
        self._sequence = 0
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._closing = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind and serve; returns when the node can be reached. `zmq.ZMQError` says why it cannot be."""
        context = zmq.Context()
        try:
            router = self._bind(context)
        except zmq.ZMQError:
            self._release(context)
            raise
        self._thread = threading.Thread(target=self._run, args=(context, router), name="gateway", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send what is queued and end the thread; bounded by half a second."""
        self._closing = True
        self._wake()
        if self._thread is not None:
            self._thread.join(0.5)

    def send(self, path: str, envelope: Envelope) -> bool:
        """Queue an envelope for another node; False where the queue is at its bound or the wire refuses the message."""
        if len(self._outgoing) >= OUTGOING_LIMIT:
            return False
        try:
            self._ask_or_tell(path, envelope)
        except WireFault:
            self._system.metrics.count("wire_faults")
            return False
        return True

    def _ask_or_tell(self, path: str, envelope: Envelope) -> None:
        self._sequence += 1
        correlation = 0
        if envelope.reply is not None:
            correlation = self._sequence
            self._questions[correlation] = envelope.reply
            envelope.reply.then(lambda _: self._questions.pop(correlation, None))
        self._queue(path, envelope, correlation, self._incarnation)

    def _queue(
        self, path: str, envelope: Envelope, correlation: int, incarnation: str, *, answer: bool = False
    ) -> None:
        frame = Frame(
            SCHEMA_VERSION,
            path,
            envelope.sender or self._system.node,
            incarnation,
            self._sequence,
            envelope.message,
            correlation,
            answer,
            envelope.deadline_ns,
        )
        self._outgoing.append((path.partition("/")[0], encode(frame)))
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_out.send(b"\0")

    # -- on the system's loop -----------------------------------------------------------------------------------------

    def _receive(self, data: bytes) -> None:
        try:
            frame = decode(data)
        except WireFault:
            self._system.metrics.count("wire_faults")
            return
        if frame.answer:
            self._answered(frame)
            return
        reply = None
        if frame.correlation:
            reply = Reply()
            reply.then(lambda done: self._answer(frame, done))
        self._system.deliver(frame.target, Envelope(frame.payload, frame.sender, reply, frame.deadline_ns))

    def _answer(self, question: Frame, reply: Reply) -> None:
        message = reply.value if reply.error is None else Failed(reason=str(reply.error))
        if len(self._outgoing) >= OUTGOING_LIMIT:
            self._system.metrics.count("wire_frames_dropped")
            return
        try:
            self._queue_answer(question, message)
        except WireFault as fault:
            self._system.metrics.count("wire_faults")
            self._queue_answer(question, Failed(reason=f"the answer of {question.target!r} is refused: {fault}"))

    def _queue_answer(self, question: Frame, message: object) -> None:
        envelope = Envelope(message, question.target)
        self._queue(question.sender, envelope, question.correlation, question.incarnation, answer=True)

    def _answered(self, frame: Frame) -> None:
        if frame.incarnation != self._incarnation:  # the one who asked is no more, and its numbers are used again
            return
        if (reply := self._questions.pop(frame.correlation, None)) is None:
            return
        payload: object = frame.payload
        if isinstance(payload, Failed):
            reply.fail(ActorFailed(payload.reason))
        else:
            reply.resolve(payload)

    def _bind(self, context: zmq.Context[zmq.Socket[bytes]]) -> zmq.Socket[bytes]:
        router = context.socket(zmq.ROUTER)
        router.setsockopt(zmq.LINGER, 0)
        router.setsockopt(zmq.MAXMSGSIZE, FRAME_LIMIT)
        router.setsockopt(zmq.RCVHWM, HIGH_WATER_MARK)
        router.bind(endpoint(self._directory, self._system.node))
        return router

    def _release(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        context.destroy(linger=100)
        self._wake_in.close()
        self._wake_out.close()

    # -- on the gateway's own thread ----------------------------------------------------------------------------------

    def _run(self, context: zmq.Context[zmq.Socket[bytes]], router: zmq.Socket[bytes]) -> None:
        try:
            self._serve(context, router)
        finally:
            self._release(context)

    def _serve(self, context: zmq.Context[zmq.Socket[bytes]], router: zmq.Socket[bytes]) -> None:
        poller = zmq.Poller()
        poller.register(router, zmq.POLLIN)
        poller.register(self._wake_in.fileno(), zmq.POLLIN)
        deliver: Callable[[bytes], None] = self._receive
        while not (self._closing and not self._outgoing):
            poller.poll(1000)
            with contextlib.suppress(BlockingIOError):
                self._wake_in.recv(4096)
            while self._outgoing:
                name, data = self._outgoing.popleft()
                self._send_now(self._peer(context, name), data)
            with contextlib.suppress(zmq.Again):
                while True:
                    parts = router.recv_multipart(zmq.DONTWAIT)
                    self._system.loop.call_soon_threadsafe(lambda data=parts[-1]: deliver(data))  # type: ignore[misc]

    def _peer(self, context: zmq.Context[zmq.Socket[bytes]], name: str) -> zmq.Socket[bytes]:
        """The link to a node, made on first use; past the bound the one not used for longest is closed."""
        peer = self._peers.pop(name, None) or self._connect(context, name)
        self._peers[name] = peer
        if len(self._peers) > PEERS_LIMIT:
            self._peers.pop(next(iter(self._peers))).close()
        return peer

    def _connect(self, context: zmq.Context[zmq.Socket[bytes]], name: str) -> zmq.Socket[bytes]:
        peer = context.socket(zmq.DEALER)
        peer.setsockopt(zmq.LINGER, 100)
        peer.setsockopt(zmq.SNDHWM, HIGH_WATER_MARK)
        peer.setsockopt(zmq.SNDTIMEO, 0)
        peer.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
        peer.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
        peer.connect(endpoint(self._directory, name))
        return peer

    def _send_now(self, peer: zmq.Socket[bytes], data: bytes) -> None:
        try:
            peer.send(data, zmq.DONTWAIT)
        except zmq.Again:
            self._system.metrics.count("wire_frames_dropped")


def endpoint(directory: Path, node: str) -> str:
    """Where a node hears, as a ZeroMQ endpoint."""
    return f"ipc://{directory}/{node}.sock"
