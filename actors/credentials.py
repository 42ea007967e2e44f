"""The key of an account at a venue."""

from base64 import b64encode

import msgspec


class Credentials(msgspec.Struct, frozen=True):
    """Never logged, never shown: its own text form hides both."""

    api_key: str
    api_secret: str

    @property
    def base64_secret(self) -> str:
        """For venues that take it in base64."""
        return b64encode(self.api_secret.encode()).decode()

    def __repr__(self) -> str:
        return "Credentials(***)"
