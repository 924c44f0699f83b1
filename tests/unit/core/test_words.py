"""The project speaks of one thing by one word, the field's: words that were given up do not come back.

Names, docstrings, comments, messages and documents are searched. What has to keep an old word says why below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SEARCHED = sorted(
    path
    for pattern in (
        "*.md",
        "template.yaml",
        "docs/**/*.md",
        "functions/**/*.py",
        "functions/**/*.json",
        "layers/outbound/**/*.py",
    )
    for path in ROOT.glob(pattern)
)


def _word(*words: str) -> str:
    """Return the pattern of words that stand alone or as a part of a name."""
    return rf"(?<![A-Za-z])(?:{'|'.join(words)})(?![A-Za-z])"


# The pattern of an old word, and what is said instead.
OLD_WORDS = {
    _word("door", "doors", "Door"): "endpoint, make_handler",
    _word("beat", "beats"): "tick of the schedule",
    rf"(?:def |\.){_word('growing')}": "exponential_backoff",
    _word("give_up", "come_back"): "send_to_dlq, extend_visibility",
    rf"def {_word('doubt')}|{_word('suspects', 'suspect')}": "mark_in_doubt, in_doubt",
    r"\b(?:Asked|Standing|Lanes?)\b": "DispositionRequest, ContactState or RegisterState, Priority",
    _word("sorted_pages", "sorted_out"): "classified_pages",
    _word("effect_id"): "deterministic_id",
    _word("the_header"): "single_header",
    rf"{_word('most_attempts', 'most_seconds')}|--most\b": "max_..., --limit",
    r"(?<!here )\b[Ii]s no (?!longer\b|more\b)": "is not a",
    r"\"\"\"Give\b|\bGive the\b|(?<=and )give the\b|(?<=and )give what\b": "Return the",
    r"\b[Ss]ay whether\b": "Return True if",
    _word("mend", "mends", "mended", "mending", "MEND"): "fix",
    r"\b(?:[Ss]ome|[Nn]o|[Aa]ny|[Ee]very)(?:body|one)\b(?! of)": "the actor: the sender, the operator, CXone",
    r"\b[Ww]h(?:o|om|at)(?:so)?ever\b(?<!hatever)": "the actor: the sender, the operator, CXone",
    r"\b(?:[Gg]one|[Gg]oes|[Gg]o) on with\b": "resumes, is resumed",
    _word("storm", "rush"): "load test",
}

# Places that keep an old word: the file, what stands there, and why.
ALLOWED = {
    ("archive/runs.py", '"sorted_pages"'): "items that are stored have this name",
    ("dispositions/ledger.py", "suspects"): "items that are stored have this attribute",
    ("docs/data-model.md", "`suspects`"): "items that are stored have this attribute",
    ("cli/arguments.py", "--most"): "the former spelling of --limit, which scripts may have",
    (
        "dispositions/busy_contacts.py",
        '"most_seconds"',
    ): "the former name of a setting, which documents may have",
    ("CHANGELOG.md", "`most_"): "it says what was renamed",
    ("CHANGELOG.md", "most_seconds`"): "it says what was renamed",
}


def _is_allowed(path: Path, line: str) -> bool:
    return any(path.as_posix().endswith(end) and part in line for end, part in ALLOWED)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    return enumerate(path.read_text().splitlines(), 1)


@pytest.mark.parametrize(("pattern", "instead"), OLD_WORDS.items(), ids=list(OLD_WORDS.values()))
def test_words_that_were_given_up_do_not_come_back(pattern: str, instead: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SEARCHED
        for number, line in _lines(path)
        if re.search(pattern, line) and not _is_allowed(path, line)
    ]
    assert found == [], f"say instead: {instead}"


@pytest.mark.parametrize(("end", "part"), ALLOWED)
def test_every_exception_is_still_needed(end: str, part: str) -> None:
    lines = [line for path in SEARCHED if path.as_posix().endswith(end) for _, line in _lines(path)]
    kept = [line for line in lines if part in line]
    assert any(re.search(pattern, line) for line in kept for pattern in OLD_WORDS)


def test_something_is_searched() -> None:
    names = {path.name for path in SEARCHED}
    assert {"README.md", "app.py", "receiver.py", "architecture.md", "template.yaml"} <= names
