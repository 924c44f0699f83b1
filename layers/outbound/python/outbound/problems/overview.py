"""How many problems of which kind the last day had, for the overview."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import islice

from outbound.problems.log import ProblemLog

_SPAN = timedelta(days=1)
MOST_COUNTED = 1000


def problems_of_the_day(log: ProblemLog, now: datetime) -> tuple[dict[str, int], bool]:
    """Return the problems of the last 24 hours by the type of their fact, and whether there may be more."""
    newest = islice(log.between(now - _SPAN, now + timedelta(seconds=1)), MOST_COUNTED)
    found = Counter(problem.event_type for problem in newest)
    return dict(sorted(found.items())), found.total() >= MOST_COUNTED
