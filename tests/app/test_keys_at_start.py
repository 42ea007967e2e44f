"""Whether the account's files can be decrypted is known before anything starts."""

from pathlib import Path

import pytest

from tradigrade.config.loader import load_settings
from tradigrade.config.run import Run
from tradigrade.kernel.disk import SystemDisk
from tradigrade.preflight import UsageFault, check_keys
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.journal_keys import load_keys, new_key
from tradigrade.trading.tally import RunStarted


def key_file(folder: Path, name: str) -> str:
    path = folder / name
    path.touch(0o600)
    path.write_text(new_key())
    return str(path)


def run(folder: Path, **variables: str) -> Run:
    environment = {f"TRADIGRADE_JOURNAL__{name.upper()}": value for name, value in variables.items()}
    return Run("", str(folder), "", 0, 0, 0, load_settings(None, environment=environment))


def test_the_keys_that_the_files_need_must_be_among_those_of_the_settings(tmp_path: Path) -> None:
    first, second = key_file(tmp_path, "first"), key_file(tmp_path, "second")
    check_keys(run(tmp_path, key_file=first))
    journal = AccountJournal(SystemDisk(), tmp_path / "account-main.journal", keys=load_keys(first))
    journal.open()
    journal.append(RunStarted("run", 1))
    journal.close()
    check_keys(run(tmp_path, key_file=first))
    check_keys(run(tmp_path, key_file=second, old_key_files=first))
    for wrong in ({}, {"key_file": second}):
        with pytest.raises(UsageFault, match=r"is encrypted with the key .*: expected it in .journal. key_file"):
            check_keys(run(tmp_path, **wrong))


def test_a_key_file_that_is_not_there_or_open_to_others_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="key file /nowhere/key cannot be read"):
        check_keys(run(tmp_path, key_file="/nowhere/key"))
    path = key_file(tmp_path, "key")
    Path(path).chmod(0o644)
    with pytest.raises(UsageFault, match="may be read by others"):
        check_keys(run(tmp_path, key_file=path))
