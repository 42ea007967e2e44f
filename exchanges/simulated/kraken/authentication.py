"""Who may ask: API key, signature over path, nonce and body, a nonce that only rises; tokens for the WebSocket."""

import base64
import hashlib
import hmac
from collections import OrderedDict

from .errors import INVALID_KEY, INVALID_NONCE, INVALID_SESSION, INVALID_SIGNATURE, Refused, invalid

TOKEN_S = 900
TOKENS_MAX = 1_000
NONCE_DIGITS_MAX = 19


class Authenticator:
    """Of the one account. Nonces and tokens last as long as the venue runs."""

    def __init__(self, api_key: str, api_secret: str) -> None:
        """The secret is in base64; raises ValueError where it is not."""
        self._key = api_key.encode()
        self._secret = base64.b64decode(api_secret, validate=True)
        self._nonce = 0
        self._issued = 0
        self._tokens: OrderedDict[str, int] = OrderedDict()

    def check(self, key: str | None, signature: str | None, path: str, body: bytes, nonce: str) -> None:
        """Raises Refused."""
        if not key or not hmac.compare_digest(key.encode(), self._key):
            raise Refused(INVALID_KEY)
        message = path.encode() + hashlib.sha256(nonce.encode() + body).digest()
        expected = base64.b64encode(hmac.new(self._secret, message, hashlib.sha512).digest())
        if not hmac.compare_digest(expected, (signature or "").encode()):
            raise Refused(INVALID_SIGNATURE)
        if not (nonce.isascii() and nonce.isdigit() and len(nonce) <= NONCE_DIGITS_MAX):
            raise invalid("nonce")
        if int(nonce) <= self._nonce:
            raise Refused(INVALID_NONCE)
        self._nonce = int(nonce)

    def issue_token(self, now_ns: int) -> str:
        """To be used within 15 minutes; a connection that used it goes on."""
        self._issued += 1
        made_of = b"token %d %d" % (self._issued, now_ns)
        token = base64.b64encode(hmac.new(self._secret, made_of, hashlib.sha256).digest()).decode().rstrip("=")
        self._tokens[token] = now_ns + TOKEN_S * 1_000_000_000
        if len(self._tokens) > TOKENS_MAX:
            self._tokens.popitem(last=False)
        return token

    def check_token(self, token: object, now_ns: int) -> None:
        """Raises Refused."""
        until_ns = self._tokens.get(token, 0) if isinstance(token, str) else 0
        if now_ns > until_ns:
            raise Refused(INVALID_SESSION)
