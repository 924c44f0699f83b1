"""What capabilities ask of CXone, one port a capability, without a word of how it is called.

An adapter per published API implements them (`platform`, `acd`); `cxone/adapters.py` chooses one.
"""
