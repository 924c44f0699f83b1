"""The CXone tenant. A group of calls is a module with a `router`, listed in `tenant.app`."""
