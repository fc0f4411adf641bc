"""
The whole path of every sample patient against a real server: launch, read, save, read back, update, conflict, delete.

The server's own data is looked at directly, behind the guard, so that the app's word is never taken for its own deeds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from interop.browser import Browser, Page
from interop.clients import launch_url
from interop.progress import Progress, StepFailedError
from interop.servers import Addresses
from sandbox.patients import SamplePatient

Resource = dict[str, Any]
SAVED = "Saved to the record"
PAGES = ("handout", "handout?lang=es&size=large", "facts", "rules", "rules/review", "plan")
PAPERS = ("handout.pdf?lang=en&size=normal", "handout.pdf?lang=es&size=large", "handover.pdf", "plan.pdf")
"""What every patient of the product's scope has, below the address of the launch."""


@dataclass
class Harvest:
    """What the run leaves for the checkers: files by kind."""

    folder: Path
    resources: list[Path] = field(default_factory=list)
    pages: list[Path] = field(default_factory=list)
    pdfs: list[Path] = field(default_factory=list)

    def keep_page(self, name: str, page: Page) -> None:
        """A page as it was sent."""
        self.pages.append(self._write(f"{name}.html", page.html.encode()))

    def keep_pdf(self, name: str, content: bytes) -> None:
        """A PDF as it was sent."""
        self.pdfs.append(self._write(f"{name}.pdf", content))

    def keep_resource(self, name: str, resource: Resource) -> None:
        """A version of a resource as the server holds it."""
        path = self._write(f"{name}.json", json.dumps(resource, ensure_ascii=False).encode())
        if path not in self.resources:
            self.resources.append(path)

    def _write(self, name: str, content: bytes) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        path.write_bytes(content)
        return path


class Server:
    """The real server, asked directly and never from its cache."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.headers.update({"Accept": "application/fhir+json", "Cache-Control": "no-cache"})

    def read(self, reference: str) -> Resource:
        """One resource."""
        answer = self.session.get(f"{self.base}/{reference}", timeout=60)
        answer.raise_for_status()
        body: Resource = answer.json()
        return body

    def search(self, query: str) -> list[Resource]:
        """All matches of a search that fit on a page."""
        body = self.session.get(f"{self.base}/{query}&_count=200", timeout=60).json()
        return [entry["resource"] for entry in body.get("entry", [])]

    def change(self, resource: Resource) -> str:
        """Somebody else's change; gives the new version."""
        url = f"{self.base}/{resource['resourceType']}/{resource['id']}"
        answer = self.session.put(url, json=resource, timeout=60)
        answer.raise_for_status()
        version: str = answer.json()["meta"]["versionId"]
        return version

    def delete(self, reference: str) -> None:
        """Somebody else's deletion, with what refers to the resource."""
        for pointer in self.search(f"Provenance?target={reference}"):
            self.session.delete(f"{self.base}/Provenance/{pointer['id']}", timeout=60).raise_for_status()
        self.session.delete(f"{self.base}/{reference}", timeout=60).raise_for_status()


@dataclass
class Journey:
    """
    One patient's path; each method is a leg, and says what is wrong as a problem of the run.

    Pages and papers, which do not depend on the server's manners, are fetched only where a harvest keeps them.
    """

    progress: Progress
    addresses: Addresses
    server: Server
    patient: SamplePatient
    harvest: Harvest | None = None
    browser: Browser = field(default_factory=Browser)
    home: Page | None = None
    enter: Callable[[Browser, str], tuple[int, Page]] | None = None
    """How the app is started for a patient, where not from the sandbox's chart."""

    def run(self, *, to_the_end: bool) -> None:
        """All legs; `to_the_end` with the conflict and the deletion."""
        self.progress.now = self.patient.name
        try:
            self.home = self.launch()
            if not self.patient.expected.applies:
                self.refused(self.home)
                return
            if self.harvest:
                self.papers(self.home)
            saved = self.save()
            self.enter_fact(self.home)
            self.update(saved)
            if to_the_end:
                self.conflict(saved)
                self.deleted(saved)
                self.sign_out()
        except (StepFailedError, requests.RequestException, KeyError, IndexError, ValueError) as problem:
            self.wrong(f"{type(problem).__name__}: {problem}")

    def wrong(self, words: str) -> None:
        """Note a problem with this patient."""
        self.progress.problem(f"{self.patient.id}: {words}")

    def launch(self) -> Page:
        """From the EHR's address to the clinician's page."""
        if self.enter is not None:
            status, page = self.enter(self.browser, self.patient.id)
        else:
            status, page = self.browser.open(launch_url(self.addresses.sandbox, self.patient.id))
        if status != 200 or "/c/" not in page.url:
            raise StepFailedError(f"the launch ends at {page.url.split('?')[0]} with {status}: {page.heading}")
        self.keep("summary", page)
        return page

    def refused(self, home: Page) -> None:
        """Out of scope: the page says why, and nothing can be saved or printed."""
        if home.attribute("data-rule") is not None:
            self.wrong("out of scope, and the page gives advice")
        for path in ("plan", "handout", "handout.pdf", "handover.pdf", "calendar.ics"):
            status, page = self.browser.open(home.url.split("?")[0] + path)
            self.keep(f"refused-{path}", page)
            if status != 409:
                self.wrong(f"out of scope, and /{path} answers {status}")
        if self.server.search(f"CarePlan?patient={self.patient.id}"):
            self.wrong("out of scope, and a plan is in the record")

    def papers(self, home: Page) -> None:
        """The handout as page and PDF in both languages and sizes, the handover, the plan, the rules, the facts."""
        base = home.url.split("?")[0]
        for path in PAGES:
            status, page = self.browser.open(base + path)
            if status != 200:
                self.wrong(f"/{path} answers {status}: {page.heading}")
            self.keep(_file_name(path), page)
        for path in PAPERS:
            answer = self.browser.fetch(base + path)
            if answer.status_code != 200 or not answer.content.startswith(b"%PDF"):
                self.wrong(f"/{path} answers {answer.status_code}")
            elif self.harvest:
                self.harvest.keep_pdf(f"{self.patient.id}-{_file_name(path)}", answer.content)

    def save(self) -> str:
        """Save the plan; the server must hold exactly what the receipt names. Gives the reference."""
        receipt = self.press_save()
        reference = receipt.attribute("data-resource")
        if not receipt.heading.startswith(SAVED) or not reference:
            raise StepFailedError(f"the plan was not saved: {receipt.heading}; {_words(receipt)}")
        held = self.server.read(reference)
        if held.get("subject", {}).get("reference") != f"Patient/{self.patient.id}":
            self.wrong(f"{reference} is not about the patient")
        if held["meta"]["versionId"] != receipt.attribute("data-version"):
            self.wrong(f"receipt says version {receipt.attribute('data-version')}, server {held['meta']['versionId']}")
        if len(self.server.search(f"CarePlan?patient={self.patient.id}")) != 1:
            self.wrong("not exactly one plan in the record")
        self.keep("receipt", receipt)
        self.keep_written(reference)
        return reference

    def enter_fact(self, home: Page) -> None:
        """Enter a fact and a study by hand, so that the checkers see a plan and a Provenance that hold them."""
        base = home.url.split("?")[0]
        _, form = self.browser.open(f"{base}facts?fact=bmi")
        entered = {"entry.bmi.value": "31", "entry.bmi.reason": "Measured today."}
        status, page = self.browser.press(form, "Keep this fact", **entered)
        if status != 200:
            self.wrong(f"a fact cannot be entered: {status}, {page.heading}")
        _, form = self.browser.open(f"{base}facts?fact=done.ecg")
        self.keep("entry", form)
        study = {"row.what": "ecg", "row.on": "2019-02", "row.reason": "Letter of her cardiologist."}
        status, page = self.browser.press(form, "Keep this entry", **study)
        if status != 200:
            self.wrong(f"a study cannot be entered: {status}, {page.heading}")

    def update(self, reference: str) -> None:
        """Save again with a change: the same resource, one version later, and what another hand wrote still in it."""
        theirs = self.server.read(reference)
        theirs["title"] = "Title by another hand"
        theirs["category"] = [*theirs["category"], {"text": "Category by another hand"}]
        theirs["activity"] = [*theirs["activity"], {"reference": {"display": "Order by another hand"}}]
        before = self.server.change(theirs)
        receipt = self.press_save(note="Update of the interoperability run.")
        held = self.server.read(reference)
        after = held["meta"]["versionId"]
        if (held.get("title"), held.get("category")) != (theirs["title"], theirs["category"]):
            self.wrong("the title or category of another hand was overwritten")
        if theirs["activity"][-1] not in held.get("activity", []):
            self.wrong("the order that another hand put into the plan was taken out of it")
        if not any(note["text"].startswith("By the clinician: BMI") for note in held.get("note", [])):
            self.wrong("the entered fact does not stand in the plan")
        if not any(note["text"].startswith("By the clinician: last done: ecg") for note in held.get("note", [])):
            self.wrong("the entered study does not stand in the plan")
        if "Order by another hand" not in receipt.html:
            self.wrong("the receipt does not say what another hand's part stays")
        if not receipt.heading.startswith(SAVED) or receipt.attribute("data-resource") != reference:
            self.wrong(f"the update was not saved: {receipt.heading}; {_words(receipt)}")
        elif int(after) != int(before) + 1 or receipt.attribute("data-version") != after:
            self.wrong(f"version {before} became {after}, the receipt says {receipt.attribute('data-version')}")
        self.keep_written(reference)

    def conflict(self, reference: str) -> None:
        """Somebody else changes the plan while the form is open: nothing of theirs is overwritten."""
        form = self.plan_form()
        theirs = self.server.read(reference)
        theirs["note"] = [{"text": "Changed by somebody else."}]
        version = self.server.change(theirs)
        _, receipt = self.browser.press(form, "Save plan to record", note="Mine, in conflict.")
        held = self.server.read(reference)
        if held.get("note") != theirs["note"] or held["meta"]["versionId"] != version:
            self.wrong("the change of somebody else was overwritten")
        if receipt.heading.startswith("Saved"):
            self.wrong(f"a conflict was called {receipt.heading}")
        self.keep("conflict", receipt)

    def deleted(self, reference: str) -> None:
        """Somebody else deletes the plan: the app never says saved unless it is there again."""
        form = self.plan_form()
        self.server.delete(reference)
        _, receipt = self.browser.press(form, "Save plan to record", note="After the deletion.")
        now = receipt.attribute("data-resource")
        if receipt.heading.startswith("Saved") and (not now or self.server.read(now)["resourceType"] != "CarePlan"):
            self.wrong("“saved” is said, and the plan is not in the record")
        self.keep("deleted", receipt)

    def sign_out(self) -> None:
        """The session ends, and the page is gone with it."""
        assert self.home is not None  # set by run
        status, page = self.browser.press(self.home, "End this session")
        self.keep("signed-out", page)
        if status != 200 or self.browser.open(self.home.url)[0] == 200:
            self.wrong("the session does not end")

    def plan_form(self) -> Page:
        """The page with the form of the plan."""
        assert self.home is not None  # set by run
        status, page = self.browser.open(self.home.url.split("?")[0] + "plan")
        if status != 200:
            raise StepFailedError(f"/plan answers {status}: {page.heading}")
        return page

    def press_save(self, **changes: str) -> Page:
        """Open the form, decide what nobody decided, save."""
        return self.browser.press(self.plan_form(), "Save plan to record", **changes)[1]

    def keep(self, name: str, page: Page) -> None:
        """Leave a page for the checkers."""
        if self.harvest:
            self.harvest.keep_page(f"{self.patient.id}-{name}", page)

    def keep_written(self, reference: str) -> None:
        """Leave everything that was written about the plan for the checkers."""
        if self.harvest is None:
            return
        plan = self.server.read(reference)
        written = [plan, *self.server.search(f"Provenance?target={reference}")]
        written += [self.server.read(goal["reference"]) for goal in plan.get("goal", [])]
        written += self.server.search(f"DocumentReference?patient={self.patient.id}")
        for resource in written:
            version = resource["meta"]["versionId"]
            name = f"{self.patient.id}-{resource['resourceType']}-{resource['id']}-{version}"
            self.harvest.keep_resource(name, resource)


def _file_name(path: str) -> str:
    """A name for the checkers' files."""
    return re.sub(r"[^a-z0-9]+", "-", path.replace(".pdf", ""))


def _words(page: Page) -> str:
    """What a person would read of a failure, in short: the page's text without its head and styles."""
    body = page.html.partition("<main")[2]
    plain = "".join(part.partition(">")[2] for part in body.split("<"))
    return " ".join(plain.split())[:400]
