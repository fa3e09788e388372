"""A cable that can be pulled: passes everything on, and while it is out holds what was sent, as a kernel does.

What was held arrives when the cable is back, also of a request that its sender has given up. No event tells anybody.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator

HOLD_SECONDS_MAX = 120


class Cable:
    def __init__(self, listener: socket.socket, target_port: int) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.held = 0
        """Pieces that were sent while the cable was out."""
        self._listener = listener
        self._target = ("127.0.0.1", target_port)
        self._plugged = threading.Event()
        self._plugged.set()
        self._lines: list[socket.socket] = []

    def pull(self) -> None:
        self._plugged.clear()

    def plug(self) -> None:
        self._plugged.set()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._lines.append(near)
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def close(self) -> None:
        self.plug()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._lines:
            each.close()

    def _connect(self, near: socket.socket) -> None:
        self._plugged.wait(HOLD_SECONDS_MAX)
        with contextlib.suppress(OSError):
            far = socket.create_connection(self._target)
            self._lines.append(far)
            threading.Thread(target=self._pass, args=(far, near), daemon=True).start()
            self._pass(near, far)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if not self._plugged.is_set():
                    self.held += 1
                    self._plugged.wait(HOLD_SECONDS_MAX)
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def cable_to(base_url: str) -> Iterator[Cable]:
    cable = Cable(socket.create_server(("127.0.0.1", 0)), int(base_url.rsplit(":", 1)[1]))
    threading.Thread(target=cable.serve, daemon=True).start()
    try:
        yield cable
    finally:
        cable.close()
