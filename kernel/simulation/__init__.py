"""The simulation kit: whole systems of nodes on one thread and one virtual clock, with faults drawn from a seed."""
