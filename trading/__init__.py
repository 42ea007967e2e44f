"""The pure domain of trading: no clock, no client, no actor, no randomness of its own."""
