"""What an account did and why: its journal folded into decisions, explained, and put into tables. Pure."""
