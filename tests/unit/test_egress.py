"""No connection leaves for a private network that the registry does not allow, whatever a name resolves to (T01)."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from smart_app.egress import Egress
from smart_app.errors import DiscoveryError, PermanentFhirError, TemporaryFhirError
from smart_app.fhir.client import FhirClient
from smart_app.fhir.transport import Limits, make_pool
from smart_app.settings import Issuer
from smart_app.smart.endpoints import Endpoints
from tests.support.app_server import TestClock
from tests.support.scripted_server import Asked, Reply, ScriptedServer, scripted_server

NAME = "fhir.lakeside.example"
PUBLIC = ("8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8")
PRIVATE = ("10.0.0.8", "172.16.3.1", "192.168.1.1", "127.0.0.1", "::1", "fd00::1", "::ffff:10.0.0.8", "100.64.0.1")
NEVER = (
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "255.255.255.255",
    "64:ff9b::a9fe:a9fe",
    "::ffff:169.254.169.254",
    "2002:a9fe:a9fe::1",
)


class Names:
    """A name server that answers as it is told, and counts."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = answers, 0

    def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked += 1
        if not self.answers:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.answers]


def patient(_: Asked) -> Reply:
    return Reply(body={"resourceType": "Patient", "id": "p1"})


def client(server: ScriptedServer, egress: Egress) -> FhirClient:
    port = server.url.rpartition(":")[2]
    waits: list[float] = []
    clock = TestClock(waits=waits)
    return FhirClient(f"http://{NAME}:{port}/fhir", lambda: "t", make_pool(egress=egress), clock, Limits())


def hosts(server: ScriptedServer) -> frozenset[str]:
    return frozenset({f"{NAME}:{server.url.rpartition(':')[2]}"})


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_asked(address: str) -> None:
    assert Egress().allows(NAME, 443, address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_only_of_the_host_that_the_registry_names(address: str) -> None:
    egress = Egress(frozenset({f"{NAME}:443"}))
    assert egress.allows(NAME, 443, address)
    assert not egress.allows(NAME, 8443, address)
    assert not egress.allows("other.example", 443, address)
    assert not Egress().allows(NAME, 443, address)


@pytest.mark.parametrize("address", NEVER)
def test_what_can_be_no_ehr_is_never_asked(address: str) -> None:
    assert not Egress(frozenset({f"{NAME}:443"}), loopback=True).allows(NAME, 443, address)


def test_a_name_that_leads_to_this_machine_gets_no_request_and_is_not_tried_again() -> None:
    names = Names("127.0.0.1")
    with scripted_server(patient) as server:
        with pytest.raises(PermanentFhirError, match="private network"):
            client(server, Egress(look_up=names)).read("Patient", "p1")
        assert server.asked == []
    assert names.asked == 1


def test_a_name_that_leads_into_the_private_network_of_its_row_is_asked_by_its_name() -> None:
    names = Names("127.0.0.1")
    with scripted_server(patient) as server:
        assert client(server, Egress(hosts(server), look_up=names)).read("Patient", "p1")["id"] == "p1"
        (asked,) = server.asked
    assert asked.headers["host"].startswith(NAME)
    assert names.asked == 1, "looked up once: the address that was judged is the one that is used"


def test_of_several_addresses_only_the_allowed_ones_are_used() -> None:
    names = Names("169.254.169.254", "127.0.0.1")
    with scripted_server(patient) as server:
        assert client(server, Egress(hosts(server), look_up=names)).read("Patient", "p1")["id"] == "p1"


def test_a_name_without_an_address_is_no_connection() -> None:
    with scripted_server(patient) as server, pytest.raises(TemporaryFhirError, match="no connection"):
        client(server, Egress(look_up=Names())).read("Patient", "p1")


def test_discovery_keys_and_tokens_are_held_to_the_same_rule() -> None:
    with scripted_server(lambda _: Reply(body={})) as server:
        port = server.url.rpartition(":")[2]
        issuer = Issuer("lakeside", f"http://{NAME}:{port}/fhir", "aftercare")
        endpoints = Endpoints(egress=Egress(look_up=Names("127.0.0.1")))
        url = f"{issuer.iss}/.well-known/smart-configuration"
        with pytest.raises(DiscoveryError, match="private network"):
            endpoints.fetch_json(issuer, url)
        with pytest.raises(OSError, match="private network"):
            endpoints.oauth(issuer).request("POST", f"http://{NAME}:{port}/token", withhold_token=True)
        assert server.asked == []
        allowed = Endpoints(egress=Egress(hosts(server), look_up=Names("127.0.0.1")))
        assert allowed.fetch_json(issuer, url) == {}
