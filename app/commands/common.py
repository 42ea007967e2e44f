"""What all commands share: options, exit codes, and one sentence for what goes wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from ..config.settings import Settings
    from ..storage.journal_keys import Keys

FAILED, USED_WRONGLY, NOTHING_RUNS = 1, 2, 3

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Configuration file. Default: tradigrade.toml here, if there is one.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Where books and models live. Default: the user's data folder.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, and nothing else there.")]


def fail(sentence: str, code: int) -> typer.Exit:
    """Tell the user what is wrong in one sentence, and end with `code`."""
    Console(stderr=True, highlight=False).print(f"tradigrade: {sentence}", markup=False, soft_wrap=True)
    return typer.Exit(code)


def find_data_dir(given: Path | None) -> Path:
    from ..config.loader import default_data_dir

    return given or default_data_dir()


def find_settings(config: Path | None) -> "Settings":
    """The configuration; ends the command where it does not read."""
    from ..config.errors import ConfigFault
    from ..config.loader import load_settings

    try:
        return load_settings(config)
    except ConfigFault as fault:
        raise fail(str(fault), USED_WRONGLY) from None


def find_keys(config: Path | None) -> "Keys":
    """Those of the configuration that the journal may be encrypted with; ends the command where they are not to be
    had."""
    from ..storage.journal_keys import KeyFault, load_keys

    journal = find_settings(config).journal
    try:
        return load_keys(journal.key_file, journal.old_key_files)
    except KeyFault as fault:
        raise fail(str(fault), USED_WRONGLY) from None


@contextmanager
def explained() -> Iterator[None]:
    """What goes wrong with a running system, as one sentence and an exit code."""
    from ..kernel.errors import KernelError
    from ..status import NothingRuns
    from ..tree import NoTarget

    try:
        yield
    except NothingRuns as fault:
        raise fail(str(fault), NOTHING_RUNS) from None
    except NoTarget as fault:
        raise fail(str(fault), USED_WRONGLY) from None
    except KernelError as fault:
        raise fail(f"the running system did not do it: {fault}", FAILED) from None
