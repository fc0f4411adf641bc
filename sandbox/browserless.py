"""A SMART client without a browser, for tests: launches, signs in by plain form posts, exchanges the code."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests

READ_EVERYTHING = "openid fhirUser launch patient/*.rs"
WRITE_EVERYTHING = "openid fhirUser launch offline_access patient/*.cruds"


@dataclass
class Exchange:
    """What a sign-in needs between its steps."""

    iss: str
    client_id: str = "aftercare-demo"
    redirect_uri: str = ""
    scope: str = READ_EVERYTHING
    secret: str = ""
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def configuration(self) -> dict[str, Any]:
        """The issuer's smart-configuration."""
        found: dict[str, Any] = requests.get(f"{self.iss}/.well-known/smart-configuration", timeout=30).json()
        return found

    def parameters(self, launch: str | None) -> dict[str, str]:
        """Of the authorization request."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        found = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "nonce": self.nonce,
            "aud": self.iss,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return found | ({"launch": launch} if launch else {})

    def token_form(self, code: str) -> dict[str, str]:
        """Of the token request, for a public client."""
        return {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            "client_id": self.client_id,
        }


def launch_of(launch_url: str) -> tuple[str, str]:
    """`iss` and `launch` of a launch address."""
    query = parse_qs(urlsplit(launch_url).query)
    return query["iss"][0], query.get("launch", [""])[0]


def authorize(exchange: Exchange, launch: str | None, **answers: str) -> str:
    """
    Sign in and consent by form posts; gives the address to which the EHR sends the browser back.

    Args:
        answers: form fields to fill in otherwise than they stand (`username`, `patient`, `decision`).
    """
    session = requests.Session()
    url = exchange.configuration["authorization_endpoint"] + "?" + urlencode(exchange.parameters(launch))
    answer = session.get(url, allow_redirects=False, timeout=30)
    for _ in range(4):
        if answer.status_code in (302, 303):
            return answer.headers["Location"]
        answer.raise_for_status()
        action, fields = read_form(answer.text)
        fields.setdefault("decision", "allow")
        filled = {name: answers.get(name, value) for name, value in fields.items()}
        answer = session.post(urljoin(answer.url, action), data=filled, allow_redirects=False, timeout=30)
    raise AssertionError("the sign-in does not end")


def read_form(html: str) -> tuple[str, dict[str, str]]:
    """Action and fields of the only form of a page; ticked boxes only, radio buttons that are checked."""
    action = re.search(r'<form[^>]*action="([^"]*)"', html)
    if action is None:
        raise AssertionError(f"no form on the page: {html[:500]}")
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", html):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        kind = found.get("type", "text")
        # A script that leaves every box ticked may as well leave them out: the page then grants all of them.
        if kind == "checkbox" or (kind == "radio" and "checked" not in tag):
            continue
        fields[unescape(found["name"])] = unescape(found.get("value", ""))
    return unescape(action.group(1)), fields


def exchange_code(exchange: Exchange, location: str) -> requests.Response:
    """The token answer for the code of a redirect."""
    query = parse_qs(urlsplit(location).query)
    if query.get("state") != [exchange.state]:
        raise AssertionError(f"no code came back: {location}")
    auth = (exchange.client_id, exchange.secret) if exchange.secret else None
    form = exchange.token_form(query["code"][0])
    return requests.post(exchange.configuration["token_endpoint"], data=form, auth=auth, timeout=30)


def sign_in(launch_url: str, redirect_uri: str, scope: str = READ_EVERYTHING, **answers: str) -> dict[str, Any]:
    """The whole of a launch for the public demo client; gives the token answer, with `iss` added."""
    iss, launch = launch_of(launch_url)
    exchange = Exchange(iss, redirect_uri=redirect_uri, scope=scope)
    answer = exchange_code(exchange, authorize(exchange, launch or None, **answers))
    answer.raise_for_status()
    return {**answer.json(), "iss": iss, "nonce": exchange.nonce}


def fhir_session(token: dict[str, Any]) -> requests.Session:
    """A session that carries the access token."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token['access_token']}"
    return session
