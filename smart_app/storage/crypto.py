"""
Encryption of what is kept: AES-256-GCM, one sealed blob a record, with the key's id inside so that keys can rotate.

A blob is bound to what it belongs to (its associated data): a row that is moved to another context, patient or purpose
does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smart_app.errors import StartupError, UnreadableRecordError

FORMAT = 1
NONCE_BYTES = 12
KEY_BYTES = 32


@dataclass(frozen=True)
class Keyring:
    """
    The data keys by id, newest first (new blobs are sealed with the first), and the secrets of look-up digests.

    Built from `AFTERCARE_DATA_KEYS` and `AFTERCARE_SECRET_KEY`; see `parse_data_keys`.
    """

    keys: Mapping[str, bytes] = field(repr=False)
    index_secrets: Sequence[bytes] = field(repr=False)

    @property
    def current_key_id(self) -> str:
        """Id of the key that new records are sealed with."""
        return next(iter(self.keys))

    def seal(self, plaintext: bytes, *binding: str) -> bytes:
        """Encrypt; only the same `binding` opens it again."""
        key_id = self.current_key_id
        nonce = os.urandom(NONCE_BYTES)
        encoded_id = key_id.encode()
        head = bytes([FORMAT, len(encoded_id)]) + encoded_id + nonce
        return head + AESGCM(self.keys[key_id]).encrypt(nonce, plaintext, _associated(binding))

    def unseal(self, blob: bytes, *binding: str) -> bytes:
        """
        Decrypt.

        Raises:
            UnreadableRecordError: unknown key, damaged blob, or sealed for another binding.
        """
        try:
            if blob[0] != FORMAT:
                raise UnreadableRecordError("record of an unknown format")
            id_end = 2 + blob[1]
            key = self.keys.get(blob[2:id_end].decode())
            if key is None:
                raise UnreadableRecordError("record sealed with a key that is not in the ring")
            nonce, sealed = blob[id_end : id_end + NONCE_BYTES], blob[id_end + NONCE_BYTES :]
            return AESGCM(key).decrypt(nonce, sealed, _associated(binding))
        except (InvalidTag, IndexError, ValueError) as error:
            raise UnreadableRecordError("record does not decrypt") from error

    def key_id_of(self, blob: bytes) -> str:
        """Id of the key a blob was sealed with; empty when it cannot be read."""
        if len(blob) < 2 or blob[0] != FORMAT:
            return ""
        return blob[2 : 2 + blob[1]].decode(errors="replace")

    def index(self, *parts: str) -> str:
        """A digest to find a record by, which tells nothing without the secret."""
        return self.indexes(*parts)[0]

    def indexes(self, *parts: str) -> tuple[str, ...]:
        """The digest under the present secret, then under each earlier one (rotation of the secret key)."""
        message = _associated(parts)
        return tuple(hmac.new(secret, message, hashlib.sha256).hexdigest() for secret in self.index_secrets)


def make_keyring(data_keys: str, secrets: Sequence[str]) -> Keyring:
    """A keyring from the settings; index secrets are derived so that the secret key itself is used for nothing else."""
    derived = tuple(hmac.new(secret.encode(), b"aftercare-index-1", hashlib.sha256).digest() for secret in secrets)
    return Keyring(parse_data_keys(data_keys), derived)


def parse_data_keys(text: str) -> dict[str, bytes]:
    """
    Read `id:base64,id:base64`, newest first; each key is 32 bytes.

    Raises:
        StartupError: none, a repeated id, or a key that is not 32 bytes. The message never holds a key.
    """
    keys: dict[str, bytes] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key_id, separator, encoded = part.partition(":")
        if not separator or not key_id or len(key_id.encode()) > 64:
            raise StartupError("a data key is written as id:base64")
        try:
            key = base64.urlsafe_b64decode(encoded.replace("+", "-").replace("/", "_") + "=" * (-len(encoded) % 4))
        except (binascii.Error, ValueError) as error:
            raise StartupError(f"data key {key_id} is not base64") from error
        if len(key) != KEY_BYTES:
            raise StartupError(f"data key {key_id} must be {KEY_BYTES} bytes, not {len(key)}")
        if len(set(key)) < 8:
            raise StartupError(f"data key {key_id} is not random")
        if key_id in keys:
            raise StartupError(f"data key {key_id} is given twice")
        keys[key_id] = key
    if not keys:
        raise StartupError("no data key is given")
    return keys


def _associated(parts: Sequence[str]) -> bytes:
    # JSON, so that ("a", "bc") and ("ab", "c") differ.
    return json.dumps(list(parts), ensure_ascii=False).encode()
