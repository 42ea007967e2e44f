"""Faults put into the running system on purpose, one or many, and what becomes of them."""
