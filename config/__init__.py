"""Typed settings: their defaults, and how a file, the environment and the command line change them."""
