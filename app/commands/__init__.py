"""The commands of the front door, by topic; `cli.py` joins them."""
