"""How fast it is, measured: each module names what it measures and yields one result after the other."""
