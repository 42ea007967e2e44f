"""`tradigrade reconcile`: how the books and the venue compare, and a person's word where they do not."""

import getpass
import json
import sys
from typing import Annotated

import typer

from .common import DataDirOption, JsonOption, explained, find_data_dir

reconcile_app = typer.Typer(
    help="Compare the books with the venue's own: what differs, what was mended, and how.",
    invoke_without_command=True,
    no_args_is_help=False,
)


@reconcile_app.callback()
def show(context: typer.Context, data_dir: DataDirOption = None, as_json: JsonOption = False) -> None:
    """Show what differs between the books and the venue, orders on the account that are not ours, and what was mended.

    With --json one object: {equal, unknown_orders, standing: [text], foreign: [text], latest: [{kind, subject, books,
    venue, resolution, at_ns}]}, the newest first; an empty resolution is a difference that stands.
    """
    if context.invoked_subcommand is not None:
        return
    from ..operate import ask_executor, reconciliation_json, show_reconciliation
    from ..transports.control import ReconciliationAsked

    with explained():
        answer = ask_executor(find_data_dir(data_dir), ReconciliationAsked())
    if as_json:
        sys.stdout.write(json.dumps(reconciliation_json(answer)) + "\n")
    else:
        show_reconciliation(answer)


@reconcile_app.command()
def accept(
    currency: Annotated[str, typer.Argument(metavar="CURRENCY", help="One whose balance differs, as BTC.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the venue is right: it is kept in the journal.")],
    by: Annotated[str, typer.Option("--by", help="Who says so. Default: the user's name.")] = "",
    data_dir: DataDirOption = None,
) -> None:
    """Take the venue's balance of a currency for right where nothing explains the difference.

    The books are adjusted by an entry of its own that counts as no profit and no loss; trading resumes once everything
    is equal.
    """
    from ..operate import ask_executor
    from ..transports.control import AcceptBalance

    with explained():
        ask_executor(find_data_dir(data_dir), AcceptBalance(currency, reason, by or getpass.getuser()))
    sys.stderr.write(f"the venue's balance of {currency} is the books' now\n")
