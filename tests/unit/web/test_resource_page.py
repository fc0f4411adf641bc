"""A resource as the page shows it: whole, but for files in base64 and what may be a token."""

from __future__ import annotations

import base64
import json

from smart_app.web.resource import readable


def test_files_and_tokens_are_named_and_not_shown() -> None:
    file = base64.b64encode(json.dumps({"a": "x" * 900}).encode()).decode()
    shown = readable(
        {
            "resourceType": "DocumentReference",
            "content": [{"attachment": {"data": file, "url": "https://ehr.example/b?token=eyJhbGciOiJub25lIn0.e30.x"}}],
            "description": "Report of " + "a very long visit " * 40,
            "valueInteger": 3,
            "valueBoolean": False,
        }
    )
    attachment = shown["content"][0]["attachment"]
    assert attachment["data"] == f"({len(file):,} characters of base64, not shown here)"
    assert attachment["url"] == "https://ehr.example/b?token=(not shown: may be a token)"
    assert shown["description"].endswith("a very long visit ")
    assert (shown["valueInteger"], shown["valueBoolean"]) == (3, False)


def test_short_base64_of_json_is_not_shown_either() -> None:
    assert "eyJ" not in str(readable({"data": base64.b64encode(b'{"a": 12345}').decode()}))
