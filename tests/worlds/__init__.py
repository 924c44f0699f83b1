"""Worlds: a capability on moto with a CXone of the sandbox, built as its functions are."""
