"""Dispositions by the file: read, given to the queue row by row, and answered when the last row has ended."""
