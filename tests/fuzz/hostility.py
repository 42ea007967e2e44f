"""Hostile input for a door. Whatever comes out but its own refusal is a fault of the door, and so is taking long."""

import random
import time
from collections.abc import Iterator
from typing import NamedTuple

from tests.fuzz.doors import DOORS
from tests.fuzz.market import spoiled

SLOWEST_S = 1.0
"""Of its own processor time, for one hostile input."""
NOISE = (b"\xff\xff\xff\xff", b"\x00" * 9, b"\x91" * 2000, b"[" * 2000, b'{"a":' * 500, b"9" * 400, b"1e999", b"NaN",
         b"\xc3\x28", b"\xed\xa0\x80", b'"', b"\\u0000", b"\r\n", b"%00", b"-", b"=", b"[[")  # fmt: skip


class Tally(NamedTuple):
    taken: int
    refused: int
    slowest_s: float


def hostile(chance: random.Random, sound: tuple[bytes, ...]) -> Iterator[bytes]:
    """Random bytes, and sound ones cut, flipped, spliced, repeated and inflated, without end."""
    while True:
        data = bytearray(chance.choice(sound))
        for _ in range(chance.choice((1, 1, 1, 3))):
            _spoil(chance, data, chance.choice(sound))
        yield bytes(data)


def _spoil(chance: random.Random, data: bytearray, other: bytes) -> None:
    at, end = chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)
    match chance.randrange(7):
        case 0:
            data[:] = chance.randbytes(chance.randrange(200))
        case 1:
            del data[at:]
        case 2 if at < len(data):
            data[at] = chance.randrange(256)
        case 3:
            data[at:] = other[chance.randrange(len(other)) :]
        case 4:
            data[at:at] = chance.choice(NOISE)
        case 5:
            data[at : at + chance.randrange(9)] = chance.randbytes(chance.randrange(9))
        case _:
            data[at:at] = data[min(at, end) : max(at, end)]


def assault(name: str, chance: random.Random, amount: int) -> Tally:
    """`amount` hostile inputs at one door. AssertionError, with the bytes, where one breaks it or takes too long."""
    door = DOORS[name]
    assert all(map(door.enter, door.sound)), f"door {name} takes what is sound"
    taken, refused, slowest_s = 0, 0, 0.0
    inputs = hostile(chance, door.sound)
    if door.market:
        inputs = spoiled(chance, door.sound, inputs)
    for _ in range(amount):
        data = next(inputs)
        began_s = time.thread_time()
        try:
            assert door.enter(data), "was neither taken nor refused"
            taken += 1
        except door.refuses:
            refused += 1
        except Exception as error:
            raise AssertionError(
                f"door {name}: {type(error).__name__}: {error}\nbytes.fromhex({data.hex()!r})"
            ) from error
        slowest_s = max(slowest_s, time.thread_time() - began_s)
        assert slowest_s < SLOWEST_S, f"door {name} took {slowest_s:.1f} s for bytes.fromhex({data.hex()!r})"
    return Tally(taken, refused, slowest_s)
