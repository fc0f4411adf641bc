"""`python -m sandbox`: the sandbox EHR on 127.0.0.1, until it is told to end."""

from __future__ import annotations

import os
import signal
import sys

from sandbox.app import create_sandbox
from sandbox.config import config_from_environment
from sandbox.serving import listen, server_on


def main() -> int:
    """Serve; returns the exit code."""
    try:
        config = config_from_environment(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    port = int(config.base_url.rpartition(":")[2])
    try:
        listener = listen(port)
    except OSError as error:
        print(f"Port {port} cannot be used ({error.strerror}): set SANDBOX_PORT to another.", file=sys.stderr)
        return 2
    app = create_sandbox(config)
    server = server_on(listener, app)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"Sandbox EHR on {config.base_url}", flush=True)
    try:
        server.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        return 0
    finally:
        server.server_close()
        listener.close()
        app.extensions["sandbox"].store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
