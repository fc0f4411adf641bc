"""A server on 127.0.0.1 whose every answer the test writes, down to the bytes; it notes what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """
    One answer. `body` is bytes, or a value that becomes JSON. `drip_s` sends a byte at a time; `cut` sends only so many
    bytes of the announced length; `hang_s` waits before the first byte; `reset` closes without a word.
    """

    status: int = 200
    body: Any = b""
    content_type: str = "application/fhir+json"
    headers: dict[str, str] = field(default_factory=dict)
    hang_s: float = 0.0
    drip_s: float = 0.0
    cut: int | None = None
    reset: bool = False

    def data(self) -> bytes:
        """The body as bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class ScriptedServer:
    """A running server; `answer` decides what each request gets."""

    url: str
    answer: Callable[[Asked], Reply]
    asked: list[Asked] = field(default_factory=list)

    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [each.path for each in self.asked]


@contextmanager
def scripted_server(answer: Callable[[Asked], Reply]) -> Iterator[ScriptedServer]:
    """Serve until the block ends."""
    running = ScriptedServer("", answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, self.rfile.read(length))
            running.asked.append(asked)
            self.send_reply(running.answer(asked))

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815 - http.server's names

        def send_reply(self, reply: Reply) -> None:
            if reply.reset:
                self.close_connection = True
                self.connection.close()
                return
            time.sleep(reply.hang_s)
            data = reply.data()
            try:
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(data)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.send_body(reply, data)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def send_body(self, reply: Reply, data: bytes) -> None:
            if reply.cut is not None:
                self.wfile.write(data[: reply.cut])
                self.close_connection = True
            elif reply.drip_s:
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(reply.drip_s)
            else:
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    running.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join(timeout=5)
        server.server_close()
