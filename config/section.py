"""What tables of the configuration are made of."""

from typing import Annotated

import msgspec

PositiveFloat = Annotated[float, msgspec.Meta(gt=0, lt=1e9)]
PositiveInt = Annotated[int, msgspec.Meta(gt=0, lt=2**31)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0, lt=1e6)]
Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]
Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,15}$")]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every table of the configuration: immutable, and an unknown key is an error."""
