"""Keys with which the sandbox signs id_tokens; kept in the store, so that a restart does not change them."""

from __future__ import annotations

from joserfc.jwk import Key, KeySet, RSAKey

from sandbox.store import Store

ALGORITHM = "RS256"


class SigningKeys:
    """The current key, and those before it that are still published."""

    def __init__(self, store: Store) -> None:
        self._store = store
        if not store.documents("key"):
            self._add("key-1")

    def _add(self, kid: str) -> None:
        key = RSAKey.generate_key(2048, {"kid": kid, "alg": ALGORITHM, "use": "sig"})
        self._store.put_document("key", kid, dict(key.as_dict(private=True)))

    def rotate(self, *, keep_old: bool = True) -> str:
        """Sign with a new key from now on; gives its `kid`."""
        kids = [kid for kid, _ in self._store.documents("key")]
        newest = max(int(kid.partition("-")[2]) for kid in kids)
        with self._store.write():
            if not keep_old:
                self._store.remove_documents("key")
            self._add(f"key-{newest + 1}")
        return f"key-{newest + 1}"

    def current(self) -> RSAKey:
        """The key that signs."""
        documents = self._store.documents("key")
        _, body = max(documents, key=lambda item: int(item[0].partition("-")[2]))
        return RSAKey.import_key(body)

    def published(self) -> dict[str, object]:
        """The JWK set: public parts only."""
        keys: list[Key] = [RSAKey.import_key(body) for _, body in self._store.documents("key")]
        return dict(KeySet(keys).as_dict(private=False))
