"""One piece of work in a process that sees what a function on Lambda sees: its code, the layers, boto3.

    python -I -B tests/bench/inside '{"piece": "pulling", "path": [...], ...}'

The piece's `prepare` gets the rest of the document and gives the work. When it is ready, and a line comes
on standard input, the work is done, and what came of it is the last line of the output, as JSON. Nothing is
imported here that the work might: the first import is the one that costs.
"""

import importlib
import json
import sys


def main() -> None:
    given = json.loads(sys.argv[1])
    piece = importlib.import_module(given.pop("piece"))
    # In place of this folder: nothing but what a function finds.
    sys.path[:1] = given.pop("path")
    work = piece.prepare(**given)
    print("ready", flush=True)
    sys.stdin.readline()
    print(f"\n{json.dumps(work())}", flush=True)


main()
