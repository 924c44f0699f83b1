"""The figures of the design, measured: `python -m bench`, or `make bench`.

A figure is a module of `bench.figures` with a NAME and a `measure(stage)` that yields one `Measured` for
each row of the table; `bench.__main__` lists them. Everything is a ratio, or a count, within one run:
absolute times say more about the machine than about the project. What is compared is run in turn, several
times, each time in a fresh process that sees what a function on Lambda sees (`bench.inside`).
"""
