"""Who restarts whom. Knows nothing of trading; with the kernel it is usable alone."""
