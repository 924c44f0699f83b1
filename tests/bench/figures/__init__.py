"""The figures, a module each: a NAME, and `measure(stage)` that yields the rows of the table."""
