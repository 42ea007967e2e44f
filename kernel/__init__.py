"""What an actor is. Knows nothing of trading, and is usable alone."""
