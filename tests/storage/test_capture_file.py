"""What is written to a capture is read from it, in whatever haste each piece was written."""

from itertools import product
from pathlib import Path
from random import Random

import pytest

from tradigrade.kernel.boundary import Event
from tradigrade.kernel.simulated_disk import SimulatedDisk
from tradigrade.storage.capture_file import STORED_MAX_BYTES, CaptureFile, Header, read_capture

FILE = Path("/data/a.capture")
HEADER = Header("trader", 1, "{}", "1.0", "7", 1)


def piece(number: int) -> list[Event]:
    """The same words, never at the same place: one that is compressed would gladly refer to those before it."""
    return [number << 2, [0, 3, 1, bytes(range(7 * number)) + b"the same words in every piece, again and again"]]


@pytest.mark.parametrize("hastes", list(product((False, True), repeat=4)))
def test_urgent_pieces_and_others_are_read_in_the_order_they_were_written(hastes: tuple[bool, ...]) -> None:
    disk = SimulatedDisk(Random(1))
    file = CaptureFile(disk, FILE, HEADER, 1 << 20)
    for number, urgent in enumerate(hastes):
        file.write(piece(number), urgent=urgent)
    file.close()
    assert list(read_capture(disk, FILE).events) == [event for number in range(4) for event in piece(number)]


def test_an_urgent_piece_that_is_too_large_to_be_stored_is_compressed() -> None:
    disk = SimulatedDisk(Random(1))
    file = CaptureFile(disk, FILE, HEADER, 1 << 20)
    large: list[Event] = [[0, 3, 1, bytes(STORED_MAX_BYTES)]]
    file.write(large, urgent=True)
    file.write(piece(1), urgent=True)
    file.close()
    assert list(read_capture(disk, FILE).events) == large + piece(1)
    assert len(disk.read(FILE)) < STORED_MAX_BYTES
