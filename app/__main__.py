"""`python -m tradigrade`."""

from .cli import main

main()
