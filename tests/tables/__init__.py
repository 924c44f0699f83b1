"""Tables of the package that are made from other people's data, with corrections: `python -m tables`."""
