"""The operator's command: `outbound`."""
