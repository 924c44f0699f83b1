"""What a request to archive must look like, read strictly."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sandbox.tenant.reading import fields_of, invalid

MOST_ITEMS = 200

_ITEM = ("contactId", "attemptId", "statusMatrix", "retentionPeriodDays", "deleteActive")
_MATRIX = ("outcomeCode", "disposition", "callDurationSeconds", "anonymized")


def read_archive(document: Any, campaign_id: str, codes: Collection[str]) -> Mapping[str, Any]:
    """Read a body of the archive's POST, or refuse it naming the field."""
    given = fields_of(document, "body", ("campaignId", "items", "forceColdStorage"))
    if given.get("campaignId") != campaign_id:
        raise invalid("campaignId", "is required, and the campaign of the path")
    _check(given, "", "forceColdStorage", _is_truth, "is true or false", default=False)
    items = given.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_ITEMS:
        raise invalid("items", f"is a list of 1 to {MOST_ITEMS}")
    for number, item in enumerate(items):
        _check_item(item, f"items[{number}]", codes)
    _check_once(items)
    return given


def _check_item(item: Any, name: str, codes: Collection[str]) -> None:
    fields_of(item, name, _ITEM)
    _check(item, name, "contactId", _is_text, "is required, as a text")
    _check(item, name, "attemptId", _is_text, "is required, as a text")
    _check(item, name, "retentionPeriodDays", _from(1), "is required, as a whole number above 0")
    _check(item, name, "deleteActive", _is_truth, "is true or false", default=True)
    matrix, prefix = item.get("statusMatrix"), f"{name}.statusMatrix"
    fields_of(matrix, prefix, _MATRIX)
    _check(matrix, prefix, "outcomeCode", codes.__contains__, "is not approved for the archive")
    _check(matrix, prefix, "disposition", _is_text, "is required, as a text")
    _check(matrix, prefix, "callDurationSeconds", _from(0), "is required, as a whole number")
    _check(matrix, prefix, "anonymized", lambda value: value is True, "must be true")


def _check_once(items: list[Mapping[str, Any]]) -> None:
    """Refuse a batch that names an attempt twice, which the document does not forbid: an assumption."""
    seen: set[str] = set()
    for number, item in enumerate(items):
        if item["attemptId"] in seen:
            raise invalid(f"items[{number}].attemptId", "is named twice")
        seen.add(item["attemptId"])


def _check(
    given: Mapping[str, Any],
    within: str,
    name: str,
    good: Callable[[Any], bool],
    reason: str,
    default: Any = None,
) -> None:
    if not good(given.get(name, default)):
        raise invalid(f"{within}.{name}" if within else name, reason)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _from(least: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least
