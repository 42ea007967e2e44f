"""How a key's owner is known by his signature: HMAC with a shared secret, or Ed25519 of which the venue has the public
half."""

import base64
import binascii
import hashlib
import hmac
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----"


class ApiKey(Protocol):
    logs_on: bool
    """Whether a session may log on with it, and its requests go unsigned from then on."""

    def signed(self, payload: bytes, signature: str) -> bool: ...


class HmacKey:
    logs_on = False

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def signed(self, payload: bytes, signature: str) -> bool:
        """The signature in hexadecimal digits."""
        expected = hmac.new(self._secret, payload, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.encode())


class Ed25519Key:
    logs_on = True

    def __init__(self, pem: str) -> None:
        """Raises ValueError for what is no public key of Ed25519."""
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"expected a public key of Ed25519, found a {type(key).__name__}")
        self._key = key

    def signed(self, payload: bytes, signature: str) -> bool:
        """The signature in base64."""
        try:
            self._key.verify(base64.b64decode(signature, validate=True), payload)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def read_api_key(secret: str) -> ApiKey:
    """Of a public key as PEM, or of a secret. Raises ValueError."""
    return Ed25519Key(secret) if secret.startswith(PUBLIC_KEY) else HmacKey(secret)
