"""Reports of the dialer: metrics by the hour and the log of changes, into the lake, and who changed it."""
