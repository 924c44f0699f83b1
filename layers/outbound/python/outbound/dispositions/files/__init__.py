"""Dispositions by the file: read, queued row by row, and answered when the last row has ended."""
