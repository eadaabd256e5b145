"""A bad line between a browser and the service: slow, far, lossy, and cut after a POST when a test asks for that.

A TCP proxy in this process. It models what a browser notices of a bad mobile line. Each direction has a bit rate that
all connections share, and every segment takes half a round trip. A lost segment arrives after a retransmission
time-out, and the later segments of its connection wait for it, as in TCP. A connection opens after one round trip. A
seeded generator decides which segments are lost.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SEGMENT = 1400
LONGEST_WAIT_SECONDS = 120.0


@dataclass
class Direction:
    """One direction of the line: when it will be free again, and how many bytes it has carried."""

    bits_a_second: float
    free_at: float = 0.0
    carried: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def carry(self, size: int) -> float:
        """Take `size` bytes; return the moment (of `time.monotonic`) at which the last byte has left."""
        with self.lock:
            self.free_at = max(self.free_at, time.monotonic()) + size * 8 / self.bits_a_second
            self.carried += size
            return self.free_at


class BadLine:
    """The line to a server on this machine; `address` is where a browser finds it.

    loss: the share of segments that have to be sent again. After `cut_posts` the answers to the next POSTs are dropped
    and their connections reset: the server has done the work, and the browser never receives the answer.
    """

    def __init__(
        self, port: int, *, kbit_a_second: float = 1e6, round_trip: float = 0.0, loss: float = 0.0, seed: int = 2022
    ) -> None:
        self.port, self.round_trip, self.loss = port, round_trip, loss
        self.up, self.down = Direction(kbit_a_second * 1000), Direction(kbit_a_second * 1000)
        self.lost = self.cuts = 0
        self._chance = random.Random(seed)
        self._to_cut = 0
        self._counting = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def cut_posts(self, times: int) -> None:
        """Drop the answers to the next `times` POSTs; 0 drops no more."""
        with self._counting:
            self._to_cut = times

    def _takes_a_cut(self) -> bool:
        with self._counting:
            if not self._to_cut:
                return False
            self._to_cut -= 1
            return True

    def close(self) -> None:
        """Accept no more connections."""
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                browser, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(browser,), daemon=True).start()

    def _connect(self, browser: socket.socket) -> None:
        time.sleep(self.round_trip + self._delay_of_loss())
        server = socket.create_connection(("127.0.0.1", self.port))
        for end in (browser, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        cut = threading.Event()
        for source, target, way in ((browser, server, self.up), (server, browser, self.down)):
            Pipe(self, source, target, way, cut).start()

    def _delay_of_loss(self) -> float:
        if self._chance.random() >= self.loss:
            return 0.0
        self.lost += 1
        return max(1.0, 2 * self.round_trip)


class Pipe:
    """One direction of one connection: each segment is sent on at its time, in the order of reading."""

    def __init__(
        self, line: BadLine, source: socket.socket, target: socket.socket, way: Direction, cut: threading.Event
    ) -> None:
        self.line, self.source, self.target, self.way, self.cut = line, source, target, way, cut
        self.due: deque[tuple[float, bytes]] = deque()
        self.ready = threading.Condition()
        self.last = 0.0

    def start(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._send, daemon=True).start()

    def _read(self) -> None:
        goes_up = self.way is self.line.up
        while True:
            try:
                piece = self.source.recv(SEGMENT)
            except OSError:
                piece = b""
            if goes_up and piece.startswith(b"POST ") and self.line._takes_a_cut():
                self.cut.set()
            elif not goes_up and piece and self.cut.is_set():
                # The answer's first byte has come, so the server has committed its work. Drop the answer here.
                self.line.cuts += 1
                _reset(self.target)
                _reset(self.source)
                return
            at = self.way.carry(len(piece)) + self.line.round_trip / 2
            self.last = max(self.last, at + (self.line._delay_of_loss() if piece else 0.0))
            with self.ready:
                self.due.append((self.last, piece))
                self.ready.notify()
            if not piece:
                return

    def _send(self) -> None:
        while True:
            with self.ready:
                if not self.ready.wait_for(lambda: self.due, LONGEST_WAIT_SECONDS):
                    return
                at, piece = self.due.popleft()
            time.sleep(max(0.0, at - time.monotonic()))
            try:
                if not piece:
                    self.target.shutdown(socket.SHUT_WR)
                    return
                self.target.sendall(piece)
            except OSError:
                return


def _reset(end: socket.socket) -> None:
    """Close at once with a TCP reset, as a broken line does."""
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # The other side closed first.
    finally:
        end.close()


@contextmanager
def bad_line(port: int, **how: float) -> Iterator[BadLine]:
    """Put a bad line in front of the server at `port`, and remove it at the end."""
    line = BadLine(port, **how)  # type: ignore[arg-type]
    try:
        yield line
    finally:
        line.close()
