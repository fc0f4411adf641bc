"""
The composition root: makes clocks, store, keys and pages, and nothing else does.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import os
import sys
import threading
import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, redirect, request
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

from smart_app.errors import StartupError, StoreError
from smart_app.fhir.transport import Limits
from smart_app.fhir.validation import load_models
from smart_app.knowledge import KnowledgeBase, default_paths, load_knowledge
from smart_app.settings import Issuer, Settings, check_settings, load_settings
from smart_app.smart.keys import SigningKeys, gather_keys, make_signing_pems
from smart_app.storage.audit import AuditAction, AuditLog, AuditOutcome, audit_report
from smart_app.storage.contexts import Contexts
from smart_app.storage.crypto import make_keyring
from smart_app.storage.drafts import DraftStore
from smart_app.storage.engine import Store, open_store, store_exists
from smart_app.storage.outbox import Outbox
from smart_app.web import health, launch
from smart_app.web.headers import install_headers, may_cache
from smart_app.web.limiter import RateLimiter
from smart_app.web.logs import EventLog, silence_libraries
from smart_app.web.metrics import REQUESTS, SECONDS
from smart_app.web.plan_services import plan_services
from smart_app.web.problem_pages import install_problem_pages
from smart_app.web.security import trusted_hosts
from smart_app.web.services import EXTENSION, services
from smart_app.workflow.config_report import data_key_lines, missing_key_problems, registration_lines
from smart_app.workflow.planning import reconcile_at_start
from smart_app.workflow.services import Clock, Services, SystemTime

PAGES = ("record", "plan", "facts_entry", "resource", "handout", "last_plan", "rules")
KEY_KIND, KEY_ID, FOREVER = "signing-keys", "own", 4_000_000_000.0
SWEEP_S = 30.0
STATIC_S = 31_536_000
IN_FLIGHT = timedelta(seconds=60)


def create_app(
    settings: Settings | None = None,
    clock: Clock | None = None,
    log: EventLog | None = None,
    knowledge: KnowledgeBase | None = None,
) -> Flask:
    """
    The app for these settings (default: those of the environment).

    Raises:
        StartupError: settings, content, keys or store cannot be used.
    """
    settings = settings or load_settings(os.environ)
    paths = default_paths()
    wired = wire(settings, clock, log, knowledge)
    _take_up_saves(wired)
    load_models()
    app = Flask("smart_app", template_folder=str(paths.templates), static_folder=str(paths.static))
    app.extensions[EXTENSION] = wired
    app.jinja_env.undefined = StrictUndefined
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=1024 * 1024,
        MAX_FORM_MEMORY_SIZE=500_000,
        MAX_FORM_PARTS=200,
        TRUSTED_HOSTS=trusted_hosts(settings),
    )
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign] # Flask's documented way
            app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
    app.before_request(_begin)
    install_headers(app)
    install_problem_pages(app)
    _serve_static_by_content(app, paths.static)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(launch.make_blueprint(RateLimiter(settings.rate_per_minute, wired.clock.monotonic)))
    for name in PAGES:
        if importlib.util.find_spec(f"smart_app.web.{name}") is not None:
            app.register_blueprint(importlib.import_module(f"smart_app.web.{name}").make_blueprint())
    app.after_request(_count)
    return app


def wire(
    settings: Settings,
    clock: Clock | None = None,
    log: EventLog | None = None,
    knowledge: KnowledgeBase | None = None,
) -> Services:
    """
    Everything behind the pages.

    Raises:
        StartupError: content, keys or store cannot be used.
    """
    clock = clock or system_time(settings)
    log = log or EventLog()
    silence_libraries(log)
    keyring = make_keyring(settings.data_keys, (settings.secret_key, *settings.secret_key_fallbacks))
    try:
        store = open_store(settings.store, keyring, clock.now)
        keys = _signing_keys(settings, store)
    except StoreError as error:
        raise StartupError(str(error)) from error
    paths = default_paths()
    knowledge = knowledge or load_knowledge(paths.mappings, paths.education)
    return Services(
        settings,
        knowledge,
        store,
        Contexts(store),
        clock,
        keys,
        log,
        DraftStore(store),
        Outbox(store, clock.sleep),
        AuditLog(store),
        Limits(total_s=settings.page_budget_seconds),
    )


def _take_up_saves(wired: Services) -> None:
    """Saves that a crash cut off: unsent ones are closed, sent ones stay unknown until a launch can look."""
    try:
        left = reconcile_at_start(plan_services(wired), wired.instant() - IN_FLIGHT)
    except StoreError as error:
        raise StartupError(str(error)) from error
    if left:
        wired.log.event("saves-unknown", count=left)


def system_time(settings: Settings) -> SystemTime:
    """The real clocks; the day is the EHR's own, or the fixed one of the demo."""

    def day(issuer: Issuer) -> date:
        return settings.as_of or datetime.now(issuer.zone).date()

    return SystemTime(day)


def serve() -> int:
    """
    Run the app under gunicorn with the settings of the environment; returns its exit code.

    Raises:
        StartupError: the settings cannot be used; said before any worker starts.
    """
    settings = load_settings(os.environ)
    conf = os.environ.get("AFTERCARE_GUNICORN_CONF") or str(Path(__file__).resolve().parent.parent / "gunicorn.conf.py")
    if not Path(conf).is_file():
        raise StartupError("gunicorn.conf.py is not found: name it in AFTERCARE_GUNICORN_CONF")
    bind = f"{settings.host}:{settings.port}"
    command = [sys.executable, "-m", "gunicorn", "--config", conf, "--bind", bind, "smart_app.app:create_app()"]
    os.execv(sys.executable, command)  # noqa: S606 - our own fixed command; gunicorn takes the place of this process


def print_audit(verify_only: bool, now: datetime) -> int:
    """Print the audit, or only whether it is whole; the exit code is 1 when it is not."""
    settings = load_settings(os.environ)
    keyring = make_keyring(settings.data_keys, (settings.secret_key, *settings.secret_key_fallbacks))
    store = open_store(settings.store, keyring, now.timestamp)
    lines, whole = audit_report(AuditLog(store), verify_only=verify_only)
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0 if whole else 1


def end_sessions(issuer: str, user: str, now: datetime) -> int:
    """End the sessions of an issuer, or of one of its users; the exit code is 1 where no such issuer is registered."""
    settings = load_settings(os.environ)
    if settings.issuer_of(issuer) is None:
        sys.stdout.write(f"{issuer} is not a slug of the registry\n")
        return 1
    keyring = make_keyring(settings.data_keys, (settings.secret_key, *settings.secret_key_fallbacks))
    store = open_store(settings.store, keyring, now.timestamp)
    ended, audit = Contexts(store).end_all(issuer, user), AuditLog(store)
    for context in ended:
        audit.append(
            AuditAction.SIGN_OUT,
            AuditOutcome.SUCCESS,
            issuer=context.issuer,
            user=context.fhir_user or context.subject,
            patient=context.patient_id,
            handle=context.handle,
            detail="ended by the administrator",
        )
    sys.stdout.write(f"{len(ended)} session(s) ended; drafts are kept\n")
    return 0


def print_config(now: datetime) -> int:
    """
    Print what to register at each EHR and the records under each data key; the exit code is 1 on any problem.
    """
    problems = check_settings(os.environ)
    if not problems:
        settings = load_settings(os.environ)
        lines, problems = _data_keys(settings, now)
        sys.stdout.write("".join(f"{line}\n" for line in (*registration_lines(settings), *lines)))
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    sys.stdout.write(f"{len(problems)} problem(s)\n")
    return 1 if problems else 0


def _data_keys(settings: Settings, now: datetime) -> tuple[tuple[str, ...], list[str]]:
    if not store_exists(settings.store):
        return ("data keys: there is no store yet",), []
    keyring = make_keyring(settings.data_keys, (settings.secret_key, *settings.secret_key_fallbacks))
    try:
        store = open_store(settings.store, keyring, now.timestamp)
    except StoreError as error:
        return (), [f"AFTERCARE_STORE: {error}"]
    keys, counts = tuple(keyring.keys), store.key_counts()
    return data_key_lines(keys, counts), list(missing_key_problems(keys, counts))


def _signing_keys(settings: Settings, store: Store) -> SigningKeys:
    if settings.signing_keys:
        pems = [Path(file).read_text(encoding="utf-8") for file in settings.signing_keys]
        return gather_keys(pems, settings.issuers)
    kept = store.get(KEY_KIND, KEY_ID)
    if kept is None:
        made = "\0".join(make_signing_pems()).encode()
        # Of several processes that start at once, one wins and the others take its keys.
        store.put(KEY_KIND, KEY_ID, made, expires_at=FOREVER, expected_version=0)
        kept = store.get(KEY_KIND, KEY_ID)
    if kept is None:
        raise StartupError("the signing keys could not be kept")
    return gather_keys(kept.value.decode().split("\0"), settings.issuers)


def _begin() -> BaseResponse | None:
    """Before a request: note the time, and send `localhost` to 127.0.0.1 in the demo."""
    g.began = time.perf_counter()
    wired = services()
    if wired.settings.demo and request.host.partition(":")[0] == "localhost":
        # To a browser they are different sites: cookies of one are not sent to the other.
        return redirect(f"{wired.settings.public_url}{request.full_path.removesuffix('?')}", 307)
    return None


def keep_sweeping(app: Flask, turns: Iterable[object] | None = None) -> threading.Thread:
    """
    Purge what is over every half minute, also while nobody asks for anything; one thread in each worker process.

    What ended is unreadable at once; this takes it out of the store (http.md 3.3: within 60 seconds).

    Args:
        turns: how often; without end where not given.
    """
    wired: Services = app.extensions[EXTENSION]

    def sweep() -> None:
        for _ in turns if turns is not None else itertools.count():
            wired.clock.sleep(SWEEP_S)
            try:
                wired.contexts.sweep()
            except StoreError as error:
                wired.log.event("sweep-failed", error=type(error).__name__)

    thread = threading.Thread(target=sweep, name="sweeper", daemon=True)
    thread.start()
    return thread


def _count(response: Response) -> Response:
    """After a request: one log line and the counters, by the route's template and never by its address."""
    route = request.url_rule.rule if request.url_rule is not None else "unmatched"
    seconds = time.perf_counter() - g.get("began", time.perf_counter())
    REQUESTS.labels(route, request.method, response.status_code).inc()
    SECONDS.labels(route).observe(seconds)
    if route not in ("/healthz", "/readyz", "/metrics"):
        context = g.get("context")
        services().log.event(
            "request",
            method=request.method,
            route=route,
            status=response.status_code,
            ms=round(seconds * 1000),
            context=context.id[:8] if context is not None else None,
        )
    return response


def _serve_static_by_content(app: Flask, folder: Path) -> None:
    """Put a digest of its content into the address of each static file, which may then be cached for ever."""
    digests: dict[str, str] = {}

    def digest_of(filename: str) -> str:
        if filename not in digests:
            file = folder / filename
            digests[filename] = sha256(file.read_bytes()).hexdigest()[:16] if file.is_file() else ""
        return digests[filename]

    @app.url_defaults
    def _add_digest(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values:
            values.setdefault("v", digest_of(values["filename"]))

    @app.after_request
    def _cache(response: Response) -> Response:
        filename = (request.view_args or {}).get("filename", "") if request.endpoint == "static" else ""
        if filename and response.status_code == 200 and request.args.get("v") == digest_of(filename):
            return may_cache(response, STATIC_S, immutable=True)
        return response
