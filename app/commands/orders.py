"""`tradigrade orders`: what people order, change and cancel."""

import typer

orders_app = typer.Typer(help="Place, change and cancel orders.", no_args_is_help=True)
