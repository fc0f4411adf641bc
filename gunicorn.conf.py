"""gunicorn: threads, two workers from one loaded app, no control socket, nothing of a request in its logs."""

import os
import tempfile
from pathlib import Path
from typing import Any

_shared_memory = Path("/dev/shm")  # noqa: S108 - a tmpfs: worker heartbeats must not wait for a disk

if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    # Before the app is loaded: prometheus-client decides at import whether counters are shared by the workers.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="aftercare-metrics-")

worker_class = "smart_app.web.gunicorn_worker.Worker"  # gthread, with our headers on its own refusals too
workers = 2
threads = 16
preload_app = True
timeout = 40
graceful_timeout = 30
keepalive = 5
max_requests = 2000
max_requests_jitter = 200
limit_request_line = 4094
control_socket_disable = True
umask = 0o077
worker_tmp_dir = str(_shared_memory) if _shared_memory.is_dir() and os.access(_shared_memory, os.W_OK) else None
logger_class = "smart_app.web.logs.GunicornLogger"
accesslog = None


def post_worker_init(worker: Any) -> None:
    """Begin what a worker does besides answering; threads do not outlive the fork, so not before."""
    from smart_app.app import keep_sweeping

    keep_sweeping(worker.app.callable)


def child_exit(_: Any, worker: Any) -> None:
    """Let the counters of a worker that is gone be added up."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call] # typed only in part
