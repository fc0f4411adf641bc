"""The sandbox's HTTP server: a thread for each request, on 127.0.0.1 only, without an access log."""

from __future__ import annotations

import socket

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

HOST = "127.0.0.1"
_BACKLOG = 128


class QuietHandler(WSGIRequestHandler):
    """Logs nothing: addresses hold codes and tokens."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: a client that went away is an everyday thing here."""


def listen(port: int = 0) -> socket.socket:
    """
    A listening socket; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def server_on(listener: socket.socket, app: Flask) -> BaseWSGIServer:
    """A server on a listening socket, which the caller closes after the server."""
    port = listener.getsockname()[1]
    return make_server(HOST, port, app, threaded=True, request_handler=QuietHandler, fd=listener.fileno())
