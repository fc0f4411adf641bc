"""
Our own signing keys (`private_key_jwt`, published as JWKS) and the issuers' keys that id_tokens are checked with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from smart_app.errors import DiscoveryError, IdTokenError, StartupError
from smart_app.settings import Issuer

REFETCH_S = 60.0
CACHE_S = 3600.0
MINIMUM_RSA_BITS = 2048
ALG_OF_TYPE = {"RSA": "RS384", "EC": "ES384"}


@dataclass(frozen=True)
class SigningKeys:
    """All private keys, newest first. All are published; the first that fits signs."""

    keys: Sequence[RSAKey | ECKey]

    def published(self) -> dict[str, Any]:
        """The JWKS document: public halves only."""
        rows = []
        for key in self.keys:
            row = dict(key.as_dict(private=False))
            row.update(kid=str(key.kid), use="sig", alg=ALG_OF_TYPE[key.key_type], key_ops=["verify"])
            rows.append(row)
        return {"keys": rows}

    def for_issuer(self, issuer: Issuer) -> RSAKey | ECKey:
        """
        The key that signs for an issuer: the row's own, the one it names by `key_id`, else the newest of its algorithm.

        Raises:
            StartupError: there is none.
        """
        wanted = load_private_key(issuer.key_pem).kid if issuer.key_pem else issuer.key_id
        for key in self.keys:
            if (key.kid == wanted) if wanted else (ALG_OF_TYPE[key.key_type] == issuer.signing_alg):
                return key
        raise StartupError(f"registry, {issuer.slug}: no signing key for {wanted or issuer.signing_alg}")


def load_private_key(pem: str) -> RSAKey | ECKey:
    """
    A private key from PEM: RSA of 2048 bits or more, or EC P-384. Its `kid` is its thumbprint.

    Raises:
        StartupError: another kind of key, or none.
    """
    kinds: tuple[type[RSAKey] | type[ECKey], ...] = (RSAKey, ECKey)
    for kind in kinds:
        try:
            key = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
        if not key.is_private:
            raise StartupError("a signing key must be a private key")
        if isinstance(key, RSAKey) and key.raw_value.key_size < MINIMUM_RSA_BITS:
            raise StartupError(f"an RSA signing key needs at least {MINIMUM_RSA_BITS} bits")
        if isinstance(key, ECKey) and key.curve_name != "P-384":
            raise StartupError("an EC signing key must be of curve P-384")
        key.ensure_kid()
        return key
    raise StartupError("a signing key is neither an RSA nor an EC private key in PEM")


def make_signing_pems() -> tuple[str, str]:
    """New keys for RS384 and ES384, as PEM."""
    rsa = RSAKey.generate_key(3072, auto_kid=True)
    elliptic = ECKey.generate_key("P-384", auto_kid=True)
    return tuple(key.as_pem(private=True).decode() for key in (rsa, elliptic))  # type: ignore[return-value] # two


def gather_keys(pems: Iterable[str], issuers: Iterable[Issuer]) -> SigningKeys:
    """The keys of the settings and of the registry rows, each once."""
    keys: dict[str, RSAKey | ECKey] = {}
    for pem in [*pems, *(issuer.key_pem for issuer in issuers if issuer.key_pem)]:
        key = load_private_key(pem)
        keys.setdefault(str(key.kid), key)
    return SigningKeys(tuple(keys.values()))


class IssuerKeys:
    """The keys of each issuer, fetched again for an unknown `kid` but never more often than once a minute."""

    def __init__(self, fetch_json: Callable[[Issuer, str], dict[str, Any]], monotonic: Callable[[], float]) -> None:
        self._fetch_json = fetch_json
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._kept: dict[str, tuple[float, tuple[Key, ...]]] = {}
        self._tried: dict[str, float] = {}

    def find(self, issuer: Issuer, jwks_uri: str, kid: str | None, alg: str) -> Key:
        """
        The one key that a token header asks for; without `kid` only where there is a single candidate.

        Raises:
            IdTokenError: none fits, or more than one could.
        """
        fresh = self._candidates(issuer, jwks_uri, kid, alg, again=False)
        candidates = fresh or self._candidates(issuer, jwks_uri, kid, alg, again=True)
        if len(candidates) != 1:
            raise IdTokenError("the id_token names no key of its issuer")
        return candidates[0]

    def _candidates(self, issuer: Issuer, uri: str, kid: str | None, alg: str, again: bool) -> list[Key]:
        keys = self._keys(issuer, uri, again)
        kind = {"R": "RSA", "P": "RSA", "E": "EC"}.get(alg[:1], "")
        return [
            key
            for key in keys
            if key.key_type == kind
            and (kid is None or key.kid == kid)
            and key.as_dict(private=False).get("use", "sig") == "sig"
            and key.as_dict(private=False).get("alg", alg) == alg
        ]

    def _keys(self, issuer: Issuer, uri: str, again: bool) -> tuple[Key, ...]:
        with self._guard:
            now = self._monotonic()
            kept = self._kept.get(uri)
            tried = self._tried.get(uri)
            stale = kept is None or now - kept[0] > CACHE_S
            if not (again or stale) or (tried is not None and now - tried < REFETCH_S):
                return kept[1] if kept else ()
            self._tried[uri] = now
            try:
                keys = _read_keys(self._fetch_json(issuer, uri))
            except DiscoveryError as error:
                if kept is None:
                    raise IdTokenError("the keys of the id_token's issuer could not be read") from error
                return kept[1]
            self._kept[uri] = (now, keys)
            return keys


def _read_keys(document: dict[str, Any]) -> tuple[Key, ...]:
    rows = document.get("keys")
    if not isinstance(rows, list):
        raise DiscoveryError("the key set holds no keys")
    keys: list[Key] = []
    for row in rows[:100]:
        # One key that we do not know must not spoil the others; symmetric keys never verify an id_token.
        if not isinstance(row, dict) or row.get("kty") not in ("RSA", "EC"):
            continue
        try:
            keys.extend(KeySet.import_key_set({"keys": [row]}).keys)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return tuple(keys)
