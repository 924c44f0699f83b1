"""The limit of abandoned calls: how many of those that a person answered, and who says so.

Settings may warn or stop earlier. What is counted against it: `steering.abandonment`.
"""

from __future__ import annotations

PERCENT = 3
"""The limit in whole percent, for counts that are compared without fractions."""

LIMIT = PERCENT / 100
"""The limit as a share."""

CITATION = "47 CFR 64.1200(a)(7), 16 CFR 310.4(b)(4)(i)"
"""Where it stands."""
