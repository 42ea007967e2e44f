"""No door is broken by what hostile hands put in: it takes it or refuses it, by its own error and at once."""

import random

import pytest

from tests.fuzz.doors import DOORS, Door
from tests.fuzz.hostility import assault

FRAMES = 2_000
MARKET_FRAMES = 20_000
"""At each decoder of a market."""


@pytest.mark.parametrize("name", DOORS)
def test_a_door_stands_hostile_input(name: str) -> None:
    amount = MARKET_FRAMES if DOORS[name].market else FRAMES
    tally = assault(name, random.Random(7), amount)
    print(tally)
    assert tally.refused > amount / 4 or not DOORS[name].refuses, "what is put in is hostile"


def test_a_door_that_breaks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Door(lambda data: data.isascii() or bool(data.decode()), (), (b"sound",))
    monkeypatch.setitem(DOORS, "broken", broken)
    with pytest.raises(AssertionError, match=r"door broken: UnicodeDecodeError.*\n?bytes.fromhex"):
        assault("broken", random.Random(7), FRAMES)
