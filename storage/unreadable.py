"""What a decoder raises for bytes that hold nothing sensible."""

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Text that is no UTF-8, and nesting past all reason, have names of their own."""
