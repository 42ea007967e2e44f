"""The `tradigrade journal` commands: is the record of what the account did whole, and the key it is encrypted with."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from .common import FAILED, USED_WRONGLY, ConfigOption, DataDirOption, JsonOption, fail, find_data_dir, find_keys

if TYPE_CHECKING:
    from ..storage.journal_verify import Report

journal_app = typer.Typer(
    help="Check the record of all that the account did; make the key that it is encrypted with.", no_args_is_help=True
)


@journal_app.command("verify")
def journal_verify(config: ConfigOption = None, data_dir: DataDirOption = None, as_json: JsonOption = False) -> None:
    """Read every record of the account's journal and say what is damaged, where, and what is still good.

    Checks checksums, hashes from record to record and from file to file, sequences, encryption, and that the records
    come to what the snapshot says. Changes nothing, and works beside a running system. Exit code 0: all of it is sound;
    1: something is damaged; 2: there is no journal, or a key is missing.

    With --json one object: {account, files: [{file, version, generation, key, first, last, good, bytes, good_bytes}],
    records, damage: [{file, byte, record, found}], snapshot, folded}.
    """
    from ..config.loader import load_settings
    from ..kernel.disk import SystemDisk
    from ..storage.journal_keys import KeyFault
    from ..storage.journal_verify import verify

    keys = find_keys(config)
    path = find_data_dir(data_dir) / f"account-{load_settings(config).account.name}.journal"
    try:
        report = verify(SystemDisk(), path, keys)
    except KeyFault as fault:
        raise fail(str(fault), USED_WRONGLY) from None
    if not report.files and report.sound:
        raise fail(f"there is no journal {path}: expected --data-dir of a system that ran", USED_WRONGLY)
    if as_json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        _show(report)
    raise typer.Exit(0 if report.sound else FAILED)


@journal_app.command("new-key")
def journal_new_key(file: Annotated[Path, typer.Argument(help="The file to make; it must not be there yet.")]) -> None:
    """Make a file with a fresh key that only you may read.

    To encrypt: `key_file = "FILE"` under `[journal]`. To change the key: the new file there, the old one in
    `old_key_files`, and start again; new files take the new key at once. Keep every key: without it its files are lost.
    """
    from ..storage.journal_keys import new_key

    try:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise fail(f"{file} cannot be made: {error.strerror}; choose another name", USED_WRONGLY) from None
    with os.fdopen(fd, "w") as opened:
        opened.write(new_key())
    Console(stderr=True).print(f'made {file}; name it in [journal] key_file = "{file}"', markup=False, soft_wrap=True)


def _show(report: "Report") -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for each in report.files:
        key = f", key {each.key}" if each.key else ""
        words = f"records {each.first} to {each.last}" if each.good else "no record"
        console.print(f"  {each.file}: {words}, version {each.version}{key}, {each.bytes} bytes", markup=False)
    for bad in report.damage:
        console.print(f"  {bad.file}: byte {bad.byte}, record {bad.record}: {bad.found}", style="red", markup=False)
    verdict = "sound" if report.sound else "damaged"
    words = f"{report.account}: {report.records} good records in {len(report.files)} files; they fold: {report.folded}"
    console.print(f"{words}; {verdict}", markup=False)
