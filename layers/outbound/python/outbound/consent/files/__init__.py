"""Consent by the file: what forbids is recorded first, then every row, and the file is answered."""
