"""`python -m sandbox`: the sandbox EHR on 127.0.0.1, until it is told to end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from werkzeug.serving import make_server

from sandbox.app import create_sandbox
from sandbox.config import config_from_environment
from sandbox.testing import QuietHandler


def main() -> int:
    """Serve; returns the exit code."""
    try:
        config = config_from_environment(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    Path(config.store).parent.mkdir(parents=True, exist_ok=True)
    port = int(config.base_url.rpartition(":")[2])
    app = create_sandbox(config)
    try:
        server = make_server("127.0.0.1", port, app, threaded=True, request_handler=QuietHandler)
    except OSError as error:
        print(f"Port {port} cannot be used ({error.strerror}): set SANDBOX_PORT to another.", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"Sandbox EHR on {config.base_url}", flush=True)
    try:
        server.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        return 0
    finally:
        server.server_close()
        app.extensions["sandbox"].store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
