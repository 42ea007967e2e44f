"""How messages cross processes: MessagePack over ZeroMQ, strictly decoded."""
