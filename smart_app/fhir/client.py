"""
The only FHIR network code: read, search with paging, create and update, over one pool, inside one pinned base.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

from smart_app.errors import (
    FhirError,
    GoneError,
    MalformedAnswerError,
    NotOfferedError,
    NotPermittedError,
    NotSignedInError,
    PermanentFhirError,
    RefusedResourceError,
    TemporaryFhirError,
    TooLargeError,
    VersionConflictError,
)
from smart_app.fhir.answers import (
    PageOutline,
    is_failure,
    is_fhir_json,
    issues_of,
    outline_of,
    parse_json,
    words_of,
)
from smart_app.fhir.transport import (
    Answer,
    Budget,
    Clock,
    Limits,
    exchange,
    full_jitter,
    read_retry_after,
    retry_delay,
)

ACCEPT = "application/fhir+json"
PATIENCE_STATUSES = frozenset({429, 500, 502, 503, 504})
_REFERENCE = re.compile(r"([A-Z][A-Za-z]{1,40})/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search: its bytes as they came, and what its outline says. `total` is None where not stated."""

    data: bytes
    count: int
    total: int | None
    next_url: str

    def raw_entries(self) -> list[bytes]:
        """Each entry as its own JSON text."""
        return [bytes(entry) for entry in outline_of(self.data).entry]


@dataclass(frozen=True, slots=True)
class WriteAnswer:
    """What the server said to a create or update; what it left out is an empty text or None."""

    status: int
    location: str
    version_id: str
    etag: str
    body: dict[str, Any] | None

    @property
    def reference(self) -> str:
        """`Type/id` of what was written, from Location or the body; empty when the server says neither."""
        match = re.search(_REFERENCE.pattern + r"$", self.location)
        if match:
            return f"{match[1]}/{match[2]}"
        if self.body and isinstance(self.body.get("id"), str) and self.body.get("resourceType") != "OperationOutcome":
            return f"{self.body['resourceType']}/{self.body['id']}"
        return ""


class FhirClient:
    """
    One patient's access to one FHIR server.

    Args:
        base_url: the pinned base, without a slash at the end; the access token goes nowhere else.
        access_token: gives the token to send; called for every request.
        pool: the process's connections.
        clock: monotonic time, wall time and waiting.
        limits: sizes and deadlines.
        renew: called once after a 401 with the refused token; gives a new one, or None when sign-in has ended.
    """

    def __init__(
        self,
        base_url: str,
        access_token: Callable[[], str],
        pool: urllib3.PoolManager,
        clock: Clock,
        limits: Limits | None = None,
        renew: Callable[[str], str | None] | None = None,
        jitter: Callable[[], float] = full_jitter,
    ) -> None:
        self.base_url = base_url
        self.limits = limits or Limits()
        self.budget = Budget(self.limits, clock)
        self._access_token = access_token
        self._pool = pool
        self._clock = clock
        self._renew = renew
        self._jitter = jitter
        self._retries_left = 20
        self._lock = threading.Lock()

    def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        """
        One resource; its version from the ETag where the body states none.

        Raises:
            GoneError: there is none, or it was deleted.
            FhirError: any other failure.
        """
        answer = self._get(f"{self.base_url}/{resource_type}/{resource_id}")
        resource = self._resource(answer)
        if resource["resourceType"] != resource_type:
            raise MalformedAnswerError("the EHR answered with another resource type")
        meta, version = resource.get("meta", {}), _etag_version(answer)
        if version and isinstance(meta, dict) and not meta.get("versionId"):
            resource["meta"] = {**meta, "versionId": version}
        return resource

    def read_reference(self, reference: str) -> dict[str, Any]:
        """
        What a reference of the record points to, relative or absolute.

        Raises:
            NotOfferedError: it points outside the pinned base; nothing was asked.
            FhirError: any other failure.
        """
        match = _REFERENCE.fullmatch(self._relative(reference))
        if match is None:
            raise NotOfferedError("the reference points outside this EHR")
        return self.read(match[1], match[2])

    def capability(self) -> dict[str, Any]:
        """The CapabilityStatement; asked without a token, as every server must answer it."""
        return self._resource(self._get(f"{self.base_url}/metadata", authorized=False))

    def search(
        self, resource_type: str, params: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Iterator[bytes]:
        """The pages of a search as they came; see `pages`."""
        return (page.data for page in self.pages(resource_type, params, headers=headers))

    def pages(
        self, resource_type: str, params: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Iterator[Page]:
        """
        The pages of a search, each fetched when it is asked for, so that one page is in memory at a time.

        Raises:
            FhirError: a page could not be read; those before it were.
        """
        url = f"{self.base_url}/{resource_type}?{urlencode(params)}"
        seen: set[str] = set()
        for _ in range(self.limits.pages_per_search):
            seen.add(url)
            answer = self._get(url, headers=headers)
            outline = self._page(answer)
            self.budget.spend_entries(len(outline.entry))
            yield Page(answer.body, len(outline.entry), outline.total, outline.next_url)
            if not outline.next_url:
                return
            url = self._inside(outline.next_url)
            if url in seen:
                raise MalformedAnswerError("the pages of the EHR lead in a circle")
        raise TooLargeError("the search has too many pages to read in full")

    def create(self, resource: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> WriteAnswer:
        """
        Send a new resource, once.

        Raises:
            UnknownOutcomeError: it was sent and no whole answer came.
            FhirError: refused.
        """
        return self._write("POST", f"{self.base_url}/{resource['resourceType']}", resource, headers or {})

    def update(self, resource: Mapping[str, Any], if_match: str | None = None) -> WriteAnswer:
        """
        Send a new version of a resource, once; `if_match` is the version id it replaces, None sends no condition.

        Raises:
            VersionConflictError: somebody else changed it.
            UnknownOutcomeError: it was sent and no whole answer came.
            FhirError: refused.
        """
        url = f"{self.base_url}/{resource['resourceType']}/{resource['id']}"
        return self._write("PUT", url, resource, {"If-Match": f'W/"{if_match}"'} if if_match else {})

    def _get(self, url: str, *, authorized: bool = True, headers: Mapping[str, str] | None = None) -> Answer:
        renewed = False
        for attempt in range(self.limits.tries):
            retry_after: float | None = None
            try:
                token, answer = self._exchange("GET", url, None, headers or {}, authorized)
            except TemporaryFhirError as error:
                failure: FhirError = error
                if attempt + 1 >= self.limits.tries or self.budget.remaining_s() <= 0:
                    raise
            else:
                if answer.status == 401 and authorized and not renewed:
                    renewed = True
                    self._sign_in_again(token)
                    with contextlib.suppress(TemporaryFhirError):
                        answer = self._exchange("GET", url, None, headers or {}, authorized)[1]
                if answer.status not in PATIENCE_STATUSES:
                    return self._accept(answer, url)
                retry_after = read_retry_after(answer.header("retry-after"), self._clock.now())
                failure = self._failure(answer, url)
                if isinstance(failure, TemporaryFhirError):
                    failure.retry_after_s = retry_after
            self._wait(attempt, retry_after, failure)
        raise failure

    def _wait(self, attempt: int, retry_after: float | None, failure: FhirError) -> None:
        delay = retry_delay(attempt, retry_after, self.limits, self._jitter)
        with self._lock:
            self._retries_left -= 1
            spent = self._retries_left < 0
        last = attempt + 1 >= self.limits.tries
        if last or spent or delay is None or delay >= self.budget.remaining_s():
            raise failure
        self._clock.sleep(delay)

    def _sign_in_again(self, refused_token: str) -> None:
        if self._renew is None or self._renew(refused_token) is None:
            raise NotSignedInError("the sign-in at the EHR has ended", status=401)

    def _write(self, method: str, url: str, resource: Mapping[str, Any], extra: Mapping[str, str]) -> WriteAnswer:
        body = json.dumps(resource, ensure_ascii=False, allow_nan=False).encode()
        headers = {"Content-Type": ACCEPT, "Prefer": "return=representation", **extra}
        token, answer = self._exchange(method, url, body, headers, True)
        if answer.status == 401:
            # A 401 says that nothing was done, so this one may be sent again with the new token.
            self._sign_in_again(token)
            _, answer = self._exchange(method, url, body, headers, True)
        if answer.status not in (200, 201, 202):
            failure = self._failure(answer, url)
            if isinstance(failure, TemporaryFhirError):
                failure.retry_after_s = read_retry_after(answer.header("retry-after"), self._clock.now())
            raise failure
        return _write_answer(answer)

    def _exchange(
        self, method: str, url: str, body: bytes | None, extra: Mapping[str, str], authorized: bool
    ) -> tuple[str, Answer]:
        headers = {"Accept": ACCEPT, "Accept-Encoding": "gzip", "User-Agent": "Aftercare", **extra}
        token = self._access_token() if authorized else ""
        if authorized:
            headers["Authorization"] = f"Bearer {token}"
        return token, exchange(self._pool, method, url, headers, body, self.budget)

    def _accept(self, answer: Answer, url: str) -> Answer:
        if answer.status != 200:
            raise self._failure(answer, url)
        if not is_fhir_json(answer.header("content-type")):
            raise MalformedAnswerError("the EHR did not answer with FHIR JSON", status=200)
        if not answer.body.strip():
            raise MalformedAnswerError("the EHR answered with nothing", status=200)
        return answer

    def _resource(self, answer: Answer) -> dict[str, Any]:
        resource = parse_json(answer.body)
        failures = [issue for issue in issues_of(resource) if is_failure(issue)]
        if resource["resourceType"] == "OperationOutcome":
            raise PermanentFhirError(
                "the EHR answered with an error" if failures else "the EHR answered without the resource",
                status=answer.status,
                outcome=resource,
            )
        return resource

    def _page(self, answer: Answer) -> PageOutline:
        if b'"OperationOutcome"' in answer.body[:200]:
            self._resource(answer)
        return outline_of(answer.body)

    def _failure(self, answer: Answer, url: str) -> FhirError:
        outcome = None
        if is_fhir_json(answer.header("content-type")) and answer.body:
            with contextlib.suppress(FhirError):
                outcome = parse_json(answer.body)
        kind = _failure_class(answer.status, one_resource=self._is_instance(url))
        said = f"the EHR answered {answer.status}"
        return kind(said, status=answer.status, outcome=outcome)

    def _is_instance(self, url: str) -> bool:
        return _REFERENCE.fullmatch(self._relative(url)) is not None

    def _relative(self, url: str) -> str:
        return url.removeprefix(f"{self.base_url}/")

    def _inside(self, url: str) -> str:
        """An address of a page link, only if it lies inside the pinned base; else the search is incomplete."""
        absolute = urljoin(f"{self.base_url}/", url)
        base, parts = urlsplit(self.base_url), urlsplit(absolute)
        same = (parts.scheme, parts.netloc) == (base.scheme, base.netloc)
        path = parts.path
        # HAPI's page links are the base itself with a query: `/fhir?_getpages=…`.
        inside = path == base.path or path.startswith(f"{base.path}/")
        if not same or not inside or parts.fragment or ".." in path.split("/") or "%2e" in path.lower():
            raise MalformedAnswerError("a page link of the EHR leads outside its own address")
        if any(character <= " " or character == "\\" for character in url):
            raise MalformedAnswerError("a page link of the EHR is not an address")
        return absolute


def outcome_words(error: FhirError) -> str:
    """What the server said of a failure, empty when nothing; verbatim, so it is shown escaped and never logged."""
    return words_of(issues_of(error.outcome))


def _failure_class(status: int, one_resource: bool) -> type[FhirError]:
    if status in (404, 410) and one_resource:
        return GoneError
    table: dict[int, type[FhirError]] = {
        400: RefusedResourceError,
        401: NotSignedInError,
        403: NotPermittedError,
        404: NotOfferedError,
        405: NotOfferedError,
        409: VersionConflictError,
        410: GoneError,
        412: VersionConflictError,
        422: RefusedResourceError,
        429: TemporaryFhirError,
        501: NotOfferedError,
    }
    if status >= 500:
        return table.get(status, TemporaryFhirError)
    return table.get(status, PermanentFhirError)


def _write_answer(answer: Answer) -> WriteAnswer:
    body: dict[str, Any] | None = None
    if answer.body.strip() and is_fhir_json(answer.header("content-type")):
        with contextlib.suppress(FhirError):
            body = parse_json(answer.body)
    etag, version = answer.header("etag"), _etag_version(answer)
    location = answer.header("location") or answer.header("content-location")
    from_location = re.search(r"/_history/([A-Za-z0-9.-]{1,64})$", location)
    meta = body.get("meta") if body else None
    from_body = meta.get("versionId") if isinstance(meta, dict) else None
    found = version or (from_location[1] if from_location else from_body)
    return WriteAnswer(answer.status, location, found if isinstance(found, str) else "", etag, body)


def _etag_version(answer: Answer) -> str:
    """The version that an ETag names; empty where it names none that a FHIR version could be."""
    match = re.fullmatch(r'(?:W/)?"([A-Za-z0-9.-]{1,64})"', answer.header("etag").strip())
    return match[1] if match else ""
