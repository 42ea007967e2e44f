"""A file of version 2 that was damaged: it reads up to the damage, which is a torn tail or is located; never on."""

import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.kernel.disk import Disk
from tradigrade.kernel.simulated_disk import SimulatedDisk
from tradigrade.storage.journal import Journal, JournalDamaged, JournalFault
from tradigrade.storage.journal_format import RECORD_2, START_BYTES, Link, Start, encode_2, is_torn_header
from tradigrade.storage.journal_keys import NO_KEYS, Keys

PATH, START = Path("/data/j"), Start("main", 0, 40)
PAYLOADS = [b"one", b"two, a longer one", b"", b"four", b"five" * 20]
KEYS = Keys(b"k" * 32)
SEALED = START._replace(key_id=KEYS.newest)


def disk_with(data: bytes) -> Disk:
    disk = SimulatedDisk(Random(1))
    disk.replace(PATH, data)
    return disk


def written(payloads: list[bytes], start: Start = START, keys: Keys = NO_KEYS) -> tuple[bytes, list[bytes]]:
    """The file, and its records one by one."""
    disk = SimulatedDisk(Random(1))
    journal = Journal(disk, PATH, start=start, keys=keys)
    journal.open()
    ends = [journal.size_bytes]
    for payload in payloads:
        journal.append(payload)
        ends.append(journal.size_bytes)
    journal.close()
    data = disk.read(PATH)
    return data, [data[a:b] for a, b in pairwise(ends)]


def read(data: bytes, start: Start = START, keys: Keys = NO_KEYS) -> tuple[list[bytes], JournalFault | None]:
    """What is read before the end or the fault."""
    payloads: list[bytes] = []
    try:
        for _, payload in Journal(disk_with(data), PATH, start=start, keys=keys).replay():
            payloads.append(payload)
    except JournalFault as fault:
        return payloads, fault
    return payloads, None


def with_crc(record: bytes) -> bytes:
    return zlib.crc32(record[4:]).to_bytes(4, "little") + record[4:]


HEADER = START.encode()
DATA, RECORDS = written(PAYLOADS)


def test_a_file_begins_with_what_it_is_and_goes_on_with_its_records() -> None:
    assert HEADER + b"".join(RECORDS) == DATA
    assert read(DATA) == (PAYLOADS, None)


@pytest.mark.parametrize("payloads", [PAYLOADS, [*PAYLOADS, b""]], ids=["ends long", "ends empty"])
def test_every_cut_is_a_torn_tail_that_opening_says_and_removes(payloads: list[bytes]) -> None:
    data, records = written(payloads)
    for length in range(len(data)):
        disk, kept = disk_with(data[:length]), read_records_before(length, records)
        journal = Journal(disk, PATH, start=START)
        journal.open()
        assert journal.sequence == START.base + kept
        assert journal.append(b"after") == START.base + kept + 1
        assert [payload for _, payload in journal.replay()] == [*payloads[:kept], b"after"]
        assert journal.recovered_bytes == length - (START_BYTES if length >= START_BYTES else 0) - sum(
            map(len, records[:kept])
        )


def read_records_before(length: int, records: list[bytes]) -> int:
    ends = [START_BYTES + sum(map(len, records[: number + 1])) for number in range(len(records))]
    return sum(end <= length for end in ends)


def test_every_flipped_bit_of_a_record_but_the_last_is_located() -> None:
    for place in range(START_BYTES, len(DATA)):
        number = read_records_before(place, RECORDS)
        for bit in (0, 7):
            data = bytearray(DATA)
            data[place] ^= 1 << bit
            payloads, fault = read(bytes(data))
            assert payloads == PAYLOADS[:number]
            if number == len(PAYLOADS) - 1:
                assert fault is None, "a torn tail"
            else:
                byte, record = START_BYTES + sum(map(len, RECORDS[:number])), START.base + number + 1
                assert isinstance(fault, JournalDamaged)
                assert (fault.byte, fault.record) == (byte, record)


def test_a_header_that_was_changed_is_refused() -> None:
    for place in range(START_BYTES):
        data = bytearray(DATA)
        data[place] ^= 1
        assert read(bytes(data))[0] == []
        assert read(bytes(data))[1] is not None


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "changed, and its checksum put right": lambda r: [
        *r[:2],
        with_crc(r[2][:-1] + b"!") if r[2][-1:] else r[2],
        *r[3:],
    ],
    "removed": lambda r: [*r[:2], *r[3:]],
    "the last but one removed": lambda r: [*r[:-2], r[-1]],
    "twice": lambda r: [*r[:3], r[2], *r[3:]],
    "the last one twice": lambda r: [*r, r[-1]],
    "two in each other's place": lambda r: [r[0], r[2], r[1], *r[3:]],
    "the last two in each other's place": lambda r: [*r[:-2], r[-1], r[-2]],
    "the first one again at the end": lambda r: [*r, r[0]],
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("key", ["plain", "encrypted"])
def test_whole_records_that_are_not_what_was_written_are_located(change: str, key: str) -> None:
    start, keys = (START, NO_KEYS) if key == "plain" else (SEALED, KEYS)
    data, records = written([b"number %d" % number for number in range(6)], start, keys)
    changed = data[:START_BYTES] + b"".join(CHANGES[change](records))
    payloads, fault = read(changed, start, keys)
    assert isinstance(fault, JournalDamaged)
    assert payloads == [b"number %d" % number for number in range(len(payloads))]
    journal = Journal(disk := disk_with(changed), PATH, start=start, keys=keys)
    with pytest.raises(JournalDamaged, match="restore it from a copy, or move it away"):
        journal.open()
    assert disk.read(PATH) == changed, "a damaged file is left as it is"


def forged(records: list[bytes], payload: bytes, start: Start) -> bytes:
    """A file of somebody who knows the format: one payload replaced, every checksum and hash put right."""
    link = Link(START_BYTES, start.base, b"")
    journal = Journal(disk := SimulatedDisk(Random(1)), PATH, start=start, keys=KEYS)
    journal.open()
    data, link = disk.read(PATH), journal._link
    for number, record in enumerate(records):
        made, link = encode_2(payload if number == 1 else record[RECORD_2.size :], link)
        data += made
    return data


def test_who_puts_every_hash_right_still_needs_the_key() -> None:
    _, records = written(PAYLOADS, SEALED, KEYS)
    for payload in (b"", b"two, a longer one", records[2][RECORD_2.size :], b"x" * 40):
        payloads, fault = read(forged(records, payload, SEALED), SEALED, KEYS)
        assert payloads == [b"one"]
        assert isinstance(fault, JournalDamaged)
        assert (fault.record, fault.byte) == (START.base + 2, START_BYTES + len(records[0]))


damages = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "insert", "remove", "copy", "zero"]),
        st.integers(0, 10_000),
        st.integers(1, 255),
        st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=400, deadline=None)
@given(damages, st.booleans())
def test_whatever_is_done_to_a_file_nothing_that_was_not_written_is_ever_read(
    done: list[tuple[str, int, int, int]], sealed: bool
) -> None:
    start, keys = (SEALED, KEYS) if sealed else (START, NO_KEYS)
    whole, records = written(PAYLOADS, start, keys)
    data = bytearray(whole)
    for what, place, value, other in done:
        spoil(data, what, place % (len(data) + 1), value, other % (len(data) + 1))
    payloads, fault = read(bytes(data), start, keys)
    assert payloads == PAYLOADS[: len(payloads)]
    if fault is None:
        first = next(
            (at for at, (a, b) in enumerate(zip(data, whole, strict=False)) if a != b), min(len(data), len(whole))
        )
        assert len(payloads) == read_records_before(first, records), "all that stands before the damage is read"
        last = records[len(payloads)] if len(payloads) < len(records) - 1 else None
        assert last is None or not any(record in data for record in records[len(payloads) + 1 :]), "a torn tail only"


def spoil(data: bytearray, what: str, place: int, value: int, other: int) -> None:
    match what:
        case "flip" if place < len(data):
            data[place] ^= value
        case "cut":
            del data[place:]
        case "insert":
            data[place:place] = bytes([value]) * (other % 50)
        case "remove":
            del data[place : place + value]
        case "copy":
            data[place:place] = data[other : other + value]
        case "zero":
            data[place : place + value] = bytes(len(data[place : place + value]))


def test_what_a_header_of_either_version_may_be_torn_to() -> None:
    assert all(is_torn_header(HEADER[:length]) for length in range(START_BYTES))
    assert not is_torn_header(HEADER)
    assert not is_torn_header(b"TGJRNL\x01\x00")
    assert not is_torn_header(b"#!/bin")
