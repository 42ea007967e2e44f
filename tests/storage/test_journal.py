"""The journal file: what it keeps through crashes, what it cuts, and what it refuses to repair."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.disks import DISKS
from tradigrade.kernel.disk import Disk, SystemDisk
from tradigrade.storage.journal import HEADER, MAGIC, PAYLOAD_LIMIT, RECORD, Journal, JournalFault

PAYLOADS = [b"one", b"two, a longer one", b"", b"four"]


SYSTEM = SystemDisk()


@pytest.fixture(params=DISKS)
def disk(request: pytest.FixtureRequest) -> Disk:
    return DISKS[request.param]()


def journal(disk: Disk, path: Path) -> Journal:
    made = Journal(disk, path)
    made.open()
    return made


def write(disk: Disk, path: Path, payloads: list[bytes] = PAYLOADS) -> bytes:
    made = journal(disk, path)
    for payload in payloads:
        made.append(payload)
    made.close()
    return disk.read(path)


def put(disk: Disk, path: Path, data: bytes) -> None:
    disk.replace(path, data, sync=False)


def read(disk: Disk, path: Path) -> list[bytes]:
    return [payload for _, payload in Journal(disk, path).replay()]


def test_what_was_appended_is_replayed_in_order_with_its_sequence(disk: Disk, tmp_path: Path) -> None:
    made = journal(disk, tmp_path / "new folder" / "j")
    assert [made.append(payload) for payload in PAYLOADS] == [1, 2, 3, 4]
    assert list(made.replay()) == list(enumerate(PAYLOADS, start=1))
    made.close()


def test_appending_goes_on_where_another_process_ended(disk: Disk, tmp_path: Path) -> None:
    write(disk, tmp_path / "j")
    made = journal(disk, tmp_path / "j")
    assert (made.sequence, made.recovered_bytes) == (4, 0)
    assert made.append(b"five") == 5
    made.close()
    made.open()
    assert made.append(b"six") == 6
    made.close()
    assert read(disk, tmp_path / "j") == [*PAYLOADS, b"five", b"six"]


@pytest.mark.parametrize("last", [b"the last record", b""])
def test_every_torn_tail_of_the_last_record_is_cut_and_said(disk: Disk, tmp_path: Path, last: bytes) -> None:
    path = tmp_path / "j"
    data = write(disk, path, [*PAYLOADS, last])
    whole = len(data) - RECORD.size - len(last)
    for length in range(whole, len(data)):
        put(disk, path, data[:length])
        made = journal(disk, path)
        assert made.recovered_bytes == length - whole
        assert made.sequence == len(PAYLOADS)
        assert made.append(b"after") == len(PAYLOADS) + 1
        made.close()
        assert read(disk, path) == [*PAYLOADS, b"after"]


@pytest.mark.parametrize("length", range(HEADER.size))
def test_a_torn_header_begins_anew(disk: Disk, tmp_path: Path, length: int) -> None:
    path = tmp_path / "j"
    put(disk, path, write(disk, tmp_path / "whole")[:length])
    made = journal(disk, path)
    assert (made.sequence, made.recovered_bytes) == (0, length)
    made.append(b"one")
    made.close()
    assert read(disk, path) == [b"one"]


@pytest.mark.parametrize("last", [b"the last record", b""])
def test_a_flipped_byte_before_the_last_record_is_a_fault_that_names_the_place(
    disk: Disk, tmp_path: Path, last: bytes
) -> None:
    path = tmp_path / "j"
    data = write(disk, path, [*PAYLOADS, last])
    starts = [HEADER.size]
    for payload in PAYLOADS:
        starts.append(starts[-1] + RECORD.size + len(payload))
    for place in range(HEADER.size, starts[-1]):
        record = max(number for number, start in enumerate(starts, start=1) if start <= place)
        damaged = bytearray(data)
        damaged[place] ^= 0x5A
        put(disk, path, damaged)
        with pytest.raises(JournalFault, match=rf"damaged at byte {starts[record - 1]} \(record {record}\)"):
            journal(disk, path)
        assert disk.read(path) == damaged, "a damaged file is left as it is"
        with pytest.raises(JournalFault, match="damaged at byte"):
            read(disk, path)


def test_a_flipped_byte_of_the_last_record_is_a_torn_tail(disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "j"
    data = bytearray(write(disk, path))
    data[-1] ^= 1
    put(disk, path, data)
    made = journal(disk, path)
    assert (made.sequence, made.recovered_bytes) == (3, RECORD.size + 4)
    made.close()


@pytest.mark.parametrize("content", [b"#!/bin/sh\necho hello\n", b"#!/bin", b"{}"])
def test_a_file_of_somebody_else_is_refused_and_left_alone(disk: Disk, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "j"
    put(disk, path, content)
    with pytest.raises(JournalFault, match="is not a journal"):
        journal(disk, path)
    assert disk.read(path) == content


def test_a_journal_of_another_version_is_refused(disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "j"
    put(disk, path, HEADER.pack(MAGIC, 9))
    with pytest.raises(JournalFault, match="version 9, this program reads versions 1 and 2"):
        journal(disk, path)


def test_a_journal_that_cannot_be_made_is_a_fault_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalFault, match=r"cannot be opened: .*; make it writable"):
        journal(SYSTEM, tmp_path / "file" / "j")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_an_unwritable_folder_is_a_fault(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(JournalFault, match="make it writable"):
        journal(SYSTEM, tmp_path / "j")


def test_a_payload_over_the_limit_is_refused_before_it_is_written(tmp_path: Path) -> None:
    made = journal(SYSTEM, tmp_path / "j")
    with pytest.raises(JournalFault, match="a record of 16777217 bytes, at most 16777216"):
        made.append(bytes(PAYLOAD_LIMIT + 1))
    assert made.append(b"next") == 1
    made.close()
    assert read(SYSTEM, tmp_path / "j") == [b"next"]


def test_a_short_write_is_a_fault_and_leaves_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = journal(SYSTEM, tmp_path / "j")
    made.append(b"one")
    whole_write = os.write
    with monkeypatch.context() as disk_full:
        disk_full.setattr(os, "write", lambda fd, data: whole_write(fd, data[:10]))
        with pytest.raises(JournalFault, match="wrote 10 of 19 bytes; the disk may be full"):
            made.append(b"two")
    assert made.append(b"two again") == 2
    made.close()
    assert read(SYSTEM, tmp_path / "j") == [b"one", b"two again"]


def test_a_failing_write_is_a_fault_that_names_the_file(tmp_path: Path) -> None:
    made = journal(SYSTEM, tmp_path / "j")
    made.close()
    with pytest.raises(JournalFault, match="j cannot be written: it is not open"):
        made.append(b"one")


WRITER = """
import sys
from pathlib import Path
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.journal import Journal
from tradigrade.storage.journal_format import Start

journal = Journal(SystemDisk(), Path(sys.argv[1]), start=Start("main", 0, 0))
journal.open()
while True:
    sequence = journal.append(b"payload %d " % (journal.sequence + 1) * 20)
    print(sequence, flush=True)
"""


@pytest.mark.process
def test_kill_9_loses_nothing_that_append_returned_from(tmp_path: Path) -> None:
    path, returned = tmp_path / "j", 0
    for round_number in range(1, 4):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(200 * round_number):
                returned = int(child.stdout.readline())
            child.send_signal(signal.SIGKILL)
            returned = max([returned, *(int(line) for line in child.stdout if line.endswith("\n"))])
        made = journal(SYSTEM, path)
        assert made.sequence >= returned
        made.close()
    assert read(SYSTEM, path) == [b"payload %d " % number * 20 for number in range(1, made.sequence + 1)]
