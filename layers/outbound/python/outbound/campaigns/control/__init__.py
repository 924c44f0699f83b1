"""Which state a campaign is in is decided here, and CXone is brought to it."""
