"""The dialer: its settings, and a model of what they will do."""
