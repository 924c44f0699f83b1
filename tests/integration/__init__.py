"""Tests on the deployed stack: the real template in the emulator, a tenant and receivers beside it."""
