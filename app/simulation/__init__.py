"""The whole system under the simulator: the same tree, launcher and nodes, on one thread and a virtual clock."""
