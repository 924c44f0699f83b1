"""Archiving: finished contact attempts leave CXone, once there is a copy of each in cold storage."""
