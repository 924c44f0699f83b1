"""Worlds: a capability with its AWS services (moto) and its CXone (the sandbox), wired as its functions wire it."""
