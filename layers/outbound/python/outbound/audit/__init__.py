"""The audit record: every event of the bus, kept where it cannot be changed."""
