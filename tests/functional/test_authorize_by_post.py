"""The authorization request as a form, where the registry asks for it and the EHR takes it."""

from __future__ import annotations

import html
import re

from tests.support.recorded_launch import APP, Launched

CAPABILITIES = ["launch-ehr", "permission-v2", "sso-openid-connect", "authorize-post"]
FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def test_the_request_is_a_form_with_the_parameters_of_the_address(launched: Launched) -> None:
    by_address = dict(launched.begin("public"))
    endpoint = f"{launched.ehr.url}/form/authorize?tenant=7"
    launched.ehr.configuration_changes = {"capabilities": CAPABILITIES, "authorization_endpoint": endpoint}
    answer = launched.go("form")
    assert answer.status_code == 200
    action = re.search(r'<form method="post" action="([^"]+)"', answer.text)
    assert action
    assert html.unescape(action[1]) == endpoint
    fields = {name: html.unescape(value) for name, value in FIELD.findall(answer.text)}
    assert set(fields) == set(by_address)
    same = ("response_type", "scope", "code_challenge_method", "launch")
    assert [fields[name] for name in same] == [by_address[name] for name in same]
    assert fields["aud"] == f"{launched.ehr.url}/form/fhir"
    launched.ehr.nonce, launched.ehr.client_id = fields["nonce"], fields["client_id"]
    assert launched.finish("form", state=fields["state"]).status_code == 303


def test_only_that_page_may_post_elsewhere_and_only_to_the_hosts_of_its_ehr(launched: Launched) -> None:
    launched.ehr.configuration_changes = {"capabilities": CAPABILITIES}
    answer = launched.go("form")
    assert f"form-action 'self' {launched.ehr.url};" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    other = launched.browser.get("/", base_url=APP)
    assert "form-action 'self';" in other.headers["Content-Security-Policy"]


def test_an_ehr_that_does_not_announce_posts_is_asked_by_its_address(launched: Launched) -> None:
    assert launched.begin("form")["response_type"] == "code"


def test_without_being_asked_for_it_no_request_is_posted(launched: Launched) -> None:
    launched.ehr.configuration_changes = {"capabilities": CAPABILITIES}
    assert launched.begin("public")["response_type"] == "code"
