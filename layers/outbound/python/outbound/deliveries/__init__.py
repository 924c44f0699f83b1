"""Deliveries: the facts of the bus, brought to the systems that subscribe to them."""
