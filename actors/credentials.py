"""The key of an account at a venue."""

import msgspec


class Credentials(msgspec.Struct, frozen=True):
    """Never logged, never shown: its own text form hides both."""

    api_key: str
    api_secret: str

    def __repr__(self) -> str:
        return "Credentials(***)"
