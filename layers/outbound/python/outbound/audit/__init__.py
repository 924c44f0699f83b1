"""The audit record: every event of the bus, kept where nobody can change it."""
