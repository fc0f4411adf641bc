"""
Where connections may go: to public addresses, and into a private network only where the registry says so (threat T01).

A name is looked up once, and the connection goes to the address that was looked at: a name that changes its answer in
between (DNS rebinding) leads nowhere else.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

REFUSED = "its address lies in a private network, which the registry does not allow"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RefusedAddressError(NewConnectionError):
    """A host whose address the app may not connect to; nothing was sent. urllib3 and requests let it pass."""


@dataclass(frozen=True)
class Egress:
    """
    The rule for addresses.

    `private_hosts`: as `host:port`, those that may have an address in a private network. `loopback`: this machine may
    be asked (the demo). `look_up` is `socket.getaddrinfo`, or a test's own.
    """

    private_hosts: frozenset[str] = frozenset()
    loopback: bool = False
    look_up: Callable[..., list[Any]] = field(default=socket.getaddrinfo, repr=False)

    def allows(self, host: str, port: int, address: str) -> bool:
        """Whether a connection to this host may go to this address of it."""
        found = _innermost(ipaddress.ip_address(address.partition("%")[0]))
        if found.is_loopback and self.loopback:
            return True
        if found.is_global and not found.is_multicast:
            return True
        # Link-local holds the metadata services of clouds: never an EHR.
        never = found.is_link_local or found.is_multicast or found.is_unspecified
        usable = found.is_loopback or not (never or found.is_reserved)
        return usable and f"{host}:{port}" in self.private_hosts

    def addresses(self, connection: HTTPConnection) -> list[str]:
        """
        The addresses of a connection's host that it may go to.

        Raises:
            NameResolutionError: the name has no address.
            RefusedAddressError: none of them is allowed.
        """
        host = connection.host.strip("[]").rstrip(".").lower()
        port = int(connection.port or connection.default_port)
        try:
            rows = self.look_up(host, port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(connection.host, connection, reason) from error
        found = list(dict.fromkeys(str(row[4][0]) for row in rows))
        allowed = [address for address in found if self.allows(host, port, address)]
        if not allowed:
            raise RefusedAddressError(connection, REFUSED)
        return allowed


ON_THIS_MACHINE = Egress(loopback=True)


def guard(manager: PoolManager, egress: Egress) -> PoolManager:
    """Hold every connection of a pool to the rule; gives the pool back."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, egress, super()._new_conn)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, egress, super()._new_conn)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    manager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return manager


def _connect(connection: HTTPConnection, egress: Egress, connect: Callable[[], socket.socket]) -> socket.socket:
    addresses, name = egress.addresses(connection), connection._dns_host
    failed: NewConnectionError | None = None
    try:
        for address in addresses:
            # The name that TLS proves stays the host's; only where the socket goes is fixed here.
            connection._dns_host = address
            try:
                return connect()
            except NewConnectionError as error:
                failed = error
    finally:
        connection._dns_host = name
    raise failed or RefusedAddressError(connection, REFUSED)


def _innermost(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
