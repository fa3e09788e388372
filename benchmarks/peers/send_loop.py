"""The floor where no C compiler is: the same loop over epoll in Python. Not imported by anything."""

import selectors
import socket
import struct
import time

from benchmarks.peers.pace import HZ, Telling, arguments

ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def main() -> None:
    options = arguments()
    payload = options.payload.read_bytes()
    frame = struct.pack("!BBH", 0x81, 126, len(payload)) + payload
    telling, open_sockets = Telling(), []
    selector = selectors.EpollSelector()
    listener = socket.create_server(("127.0.0.1", options.port), backlog=2048)
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ)
    due = time.monotonic()
    while True:
        for key, _ in selector.select(max(0, due - time.monotonic())):
            if key.fileobj is listener:
                client, _ = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.setblocking(False)
                selector.register(client, selectors.EVENT_READ)
            else:
                client = key.fileobj  # type: ignore[assignment]
                client.recv(4096)
                client.send(ANSWER)
                selector.unregister(client)
                open_sockets.append(client)
        if time.monotonic() >= due:
            due = max(due + 1 / HZ, time.monotonic())
            if telling.on:
                for each in open_sockets:
                    each.send(frame)


if __name__ == "__main__":
    main()
