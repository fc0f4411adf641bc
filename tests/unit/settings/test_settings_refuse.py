"""The app refuses to start on a bad setting, and says which (threat T28)."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

import pytest

from smart_app.errors import StartupError
from smart_app.settings import canonical_url, check_settings, load_settings

ROW = {
    "slug": '"lakeside"',
    "iss": '"https://fhir.lakeside.example/r4/"',
    "client_id": '"aftercare"',
    "frame_ancestors": '["https://ehr.lakeside.example"]',
    "allowed_hosts": '["auth.lakeside.example"]',
    "time_zone": '"America/Chicago"',
    "organization": '{ name = "Lakeside Oncology", reference = "Organization/17" }',
}


def registry(folder: Path, *rows: dict[str, str]) -> str:
    path = folder / "issuers.toml"
    text = "\n".join("[[issuer]]\n" + "\n".join(f"{k} = {v}" for k, v in row.items()) for row in rows)
    path.write_text(text, encoding="utf-8")
    return str(path)


def environment(folder: Path, *rows: dict[str, str], **changes: str) -> dict[str, str]:
    env = {
        "AFTERCARE_PUBLIC_URL": "https://aftercare.lakeside.example",
        "AFTERCARE_REGISTRY": registry(folder, *(rows or (ROW,))),
        "AFTERCARE_SECRET_KEY": secrets.token_urlsafe(48),
        "AFTERCARE_DATA_KEYS": f"k1:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}",
    }
    env.update(changes)
    return {name: value for name, value in env.items() if value != "-"}


def test_good_settings_have_no_problem_and_keep_their_secrets_to_themselves(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert check_settings(env) == []
    settings = load_settings(env)
    assert settings.issuers[0].iss == "https://fhir.lakeside.example/r4"
    assert settings.issuers[0].title == "Lakeside Oncology"
    assert env["AFTERCARE_SECRET_KEY"] not in repr(settings)
    assert env["AFTERCARE_DATA_KEYS"] not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AFTERCARE_MODE", "development"),
        ("AFTERCARE_SECRET_KEY", "-"),
        ("AFTERCARE_SECRET_KEY", "short"),
        ("AFTERCARE_SECRET_KEY", "a" * 64),
        ("AFTERCARE_SECRET_KEY", "changeme-changeme-changeme-changeme-0123"),
        ("AFTERCARE_SECRET_KEY_FALLBACKS", "short"),
        ("AFTERCARE_DATA_KEYS", "-"),
        ("AFTERCARE_DATA_KEYS", "k1:your-key-here"),
        ("AFTERCARE_PUBLIC_URL", "-"),
        ("AFTERCARE_PUBLIC_URL", "http://aftercare.lakeside.example"),
        ("AFTERCARE_PUBLIC_URL", "https://aftercare.lakeside.example/app"),
        ("AFTERCARE_PUBLIC_URL", "https://user:pw@aftercare.lakeside.example"),
        ("AFTERCARE_PUBLIC_URL", "ftp://aftercare.lakeside.example"),
        ("AFTERCARE_PUBLIC_URL", "https://*.lakeside.example"),
        ("AFTERCARE_REGISTRY", "-"),
        ("AFTERCARE_REGISTRY", "/nonexistent/issuers.toml"),
        ("AFTERCARE_PORT", "0"),
        ("AFTERCARE_PORT", "70000"),
        ("AFTERCARE_PORT", "http"),
        ("AFTERCARE_AS_OF", "2026-11-25"),
        ("AFTERCARE_AS_OF", "yesterday"),
        ("AFTERCARE_METRICS_ALLOW", "everybody"),
        ("AFTERCARE_PROXIES", "-1"),
        ("AFTERCARE_HSTS_SUBDOMAINS", "yes"),
        ("AFTERCARE_SIGNING_KEYS", "/nonexistent/key.pem"),
        ("AFTERCARE_CA_FILE", "/nonexistent/ca.pem"),
        ("AFTERCARE_CLINIC", "/nonexistent/clinic.toml"),
        ("AFTERCARE_PUBLIC_ULR", "https://typo.example"),
        ("FLASK_DEBUG", "1"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    problems = check_settings(environment(tmp_path, **{name: value}))
    assert problems
    assert any(name in problem for problem in problems)
    assert all(len(value) < 12 or value not in problem for problem in problems if "KEY" in name)
    with pytest.raises(StartupError):
        load_settings(environment(tmp_path, **{name: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("slug", '"Lake Side"'),
        ("slug", '"../x"'),
        ("slug", '""'),
        ("slug", "7"),
        ("iss", '"http://fhir.lakeside.example/r4"'),
        ("iss", '"https://fhir.lakeside.example/r4?x=1"'),
        ("iss", '"https://a:b@fhir.lakeside.example/r4"'),
        ("iss", '"fhir.lakeside.example"'),
        ("iss", '"https://10.1.2.3/r4"'),
        ("iss", '"https://169.254.169.254/r4"'),
        ("iss", '"https://[fd00::1]/r4"'),
        ("client_id", '""'),
        ("auth_method", '"client_secret_jwt"'),
        ("auth_method", '"client_secret_basic"'),
        ("secret", '"written-into-the-registry"'),
        ("secret_env", '"NOT_SET"'),
        ("secret_file", '"missing.txt"'),
        ("frame_ancestors", '["*"]'),
        ("frame_ancestors", '["https://*.lakeside.example"]'),
        ("frame_ancestors", '["http://ehr.lakeside.example"]'),
        ("frame_ancestors", '["https://ehr.lakeside.example/app"]'),
        ("frame_ancestors", '"https://ehr.lakeside.example"'),
        ("allowed_hosts", '["https://auth.lakeside.example"]'),
        ("allowed_hosts", '["*"]'),
        ("time_zone", '"Chicago"'),
        ("organization", '{ name = "x", reference = "Practitioner/1" }'),
        ("organization", '{ title = "x" }'),
        ("launch_mode", '"tab"'),
        ("id_token_algs", '["none"]'),
        ("id_token_algs", '["HS256"]'),
        ("id_token_algs", "[]"),
        ("signing_alg", '"RS256"'),
        ("scopes", '["patient/*.read user"]'),
        ("refresh", '"always"'),
        ("force_light", '"yes"'),
        ("frame_ancestor", '["https://typo.example"]'),
    ],
)
def test_a_bad_registry_row_is_named_with_its_key(tmp_path: Path, key: str, value: str) -> None:
    problems = check_settings(environment(tmp_path, {**ROW, key: value}))
    assert problems
    assert any(key.partition("_")[0] in problem for problem in problems)


def test_an_ehr_in_a_private_network_is_allowed_by_its_row(tmp_path: Path) -> None:
    row = {**ROW, "iss": '"https://10.1.2.3/r4"', "allowed_hosts": '["10.1.2.4:8443"]', "private_network": "true"}
    env = environment(tmp_path, row)
    assert check_settings(env) == []
    assert load_settings(env).private_hosts == {"10.1.2.3:443", "10.1.2.4:8443"}
    assert load_settings(environment(tmp_path)).private_hosts == frozenset()


def test_two_rows_of_one_slug_or_one_issuer_are_refused(tmp_path: Path) -> None:
    assert len(check_settings(environment(tmp_path, ROW, ROW))) == 2
    assert check_settings(environment(tmp_path, ROW, {**ROW, "slug": '"other"'}))


@pytest.mark.parametrize("text", ["", "x = 1", "[[issuer]]\nslug = ", "[issuer]\nslug = 'x'", "issuer = [1]"])
def test_a_registry_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    assert check_settings(environment(tmp_path, AFTERCARE_REGISTRY=str(path)))


def test_a_secret_is_read_from_where_the_row_refers_to(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("the-secret-of-lakeside\n", encoding="utf-8")
    row = {**ROW, "auth_method": '"client_secret_basic"'}
    from_file = load_settings(environment(tmp_path, {**row, "secret_file": '"secret.txt"'}))
    from_env = load_settings(
        environment(tmp_path, {**row, "secret_env": '"LAKESIDE"'}, LAKESIDE="the-secret-of-lakeside")
    )
    for settings in (from_file, from_env):
        assert settings.issuers[0].secret == "the-secret-of-lakeside"
        assert "the-secret-of-lakeside" not in repr(settings)


def demo(folder: Path, **changes: str) -> dict[str, str]:
    row = {
        "slug": '"open"',
        "iss": '"http://127.0.0.1:9000/open/fhir"',
        "client_id": '"x"',
        "frame_ancestors": '["http://127.0.0.1:9000"]',
    }
    row.update({k: v for k, v in changes.items() if k.islower()})
    upper = {k: v for k, v in changes.items() if not k.islower()}
    return environment(folder, row, **{"AFTERCARE_MODE": "demo", "AFTERCARE_PUBLIC_URL": "-", **upper})


def test_demo_mode_takes_http_on_loopback(tmp_path: Path) -> None:
    settings = load_settings(demo(tmp_path, AFTERCARE_PORT="8123", AFTERCARE_AS_OF="2026-11-25"))
    assert settings.public_url == "http://127.0.0.1:8123"
    assert str(settings.as_of) == "2026-11-25"


@pytest.mark.parametrize(
    "change",
    [
        {"AFTERCARE_HOST": "0.0.0.0"},
        {"AFTERCARE_PUBLIC_URL": "http://192.168.1.5:8000"},
        {"iss": '"https://fhir.lakeside.example/r4"'},
        {"frame_ancestors": '["https://ehr.lakeside.example"]'},
    ],
)
def test_demo_mode_is_refused_beyond_loopback(tmp_path: Path, change: dict[str, str]) -> None:
    assert check_settings(demo(tmp_path, **change))


HOSTILE = [
    "",
    " ",
    "http://169.254.169.254/",
    "http://[::1]/fhir",
    "http://2130706433/",
    "https://fhir.lakeside.example@evil.example/r4",
    "https://evil.example#https://fhir.lakeside.example/r4",
    "https://evil.example?x=https://fhir.lakeside.example/r4",
    "https://fhir.lakeside.example.evil.example/r4",
    "https://fhir.lakeside.example./r4",
    "https://fhir.lakeside.example/r4/../x",
    "https://fhir.lakeside.example/r4%2f",
    "https://fhir.lakeside.example:8443/r4",
    "https://fhir.lakeside.example/R4",
    "http://fhir.lakeside.example/r4",
    "https://fhir.lakeside.example/r4\r\nX: y",
    "https://fhir.lakeside.example/r4 ",
    "https://fhir.lakeside.example\\@evil.example/r4",
    "https://fhir.läkeside.example/r4",
    "https://xn--fhir.lakeside.example/r4",
    "//fhir.lakeside.example/r4",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://fhir.lakeside.example:99999999/r4",
    "https://[fhir.lakeside.example]/r4",
    "https://" + "a" * 600 + "/r4",
]


@pytest.mark.parametrize("iss", HOSTILE)
def test_a_hostile_iss_finds_no_row(tmp_path: Path, iss: str) -> None:
    assert load_settings(environment(tmp_path)).find_issuer(iss) is None


@pytest.mark.parametrize(
    "iss",
    ["https://fhir.lakeside.example/r4", "https://fhir.lakeside.example/r4/", "HTTPS://FHIR.lakeside.example:443/r4"],
)
def test_one_canonical_spelling_finds_the_row(tmp_path: Path, iss: str) -> None:
    found = load_settings(environment(tmp_path)).find_issuer(iss)
    assert found is not None
    assert canonical_url(iss) == found.iss


def test_a_clinic_file_gives_numbers_and_intervals(tmp_path: Path) -> None:
    path = tmp_path / "clinic.toml"
    path.write_text('name = "Lakeside"\nphone = "555-0100"\n[intervals]\nclinic-visit = 6\n', encoding="utf-8")
    clinic = load_settings(environment(tmp_path, AFTERCARE_CLINIC=str(path))).clinic
    assert (clinic.contacts.phone, clinic.intervals) == ("555-0100", {"clinic-visit": 6})


@pytest.mark.parametrize(
    "text",
    [
        "x = ",
        "phones = 7",
        "phone = 7",
        "jurisdiction = 'moon'",
        "print_unreviewed = 1",
        "[intervals]\na = 0",
        "intervals = 3",
    ],
)
def test_a_bad_clinic_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clinic.toml"
    path.write_text(text, encoding="utf-8")
    assert any(
        "AFTERCARE_CLINIC" in problem for problem in check_settings(environment(tmp_path, AFTERCARE_CLINIC=str(path)))
    )
