"""What is configured about recording consent, in the document `/<stack>/config/compliance`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from outbound.runtime import Runtime
from outbound.store.consent_state import Change, Value

_SETTING = "revocation_scope"
EVERYTHING, CATEGORY = "everything", "category"


@dataclass(frozen=True, slots=True)
class RevocationScope:
    """What a revocation ends that names a category of calls, whatever else is wrong with the document."""

    name: str = EVERYTHING

    @classmethod
    def model_validate(cls, value: object, /) -> RevocationScope:
        """Read the setting of a document. Raises ValueError where it is not one that is known."""
        if not isinstance(value, Mapping):
            raise ValueError("not an object")
        name = value.get(_SETTING, EVERYTHING)
        if name not in (EVERYTHING, CATEGORY):
            raise ValueError(f"{_SETTING}: must be {EVERYTHING} or {CATEGORY}")
        return cls(name)

    def model_dump(self, *, mode: str = "python") -> dict[str, Any]:  # noqa: ARG002 - as models have it
        """Return the setting as the document has it."""
        return {_SETTING: self.name}

    @property
    def is_everything(self) -> bool:
        """Whether a revocation ends the consent to all calls, whatever category it names."""
        return self.name == EVERYTHING


def counting(change: Change, revocations: Callable[[], RevocationScope]) -> Change:
    """Return a change as it counts: a revocation that names a category ends as much as is configured."""
    names_one = change.value is Value.REVOKED and bool(change.scope)
    return replace(change, for_everything=True) if names_one and revocations().is_everything else change


def revocations_of(runtime: Runtime) -> Callable[[], RevocationScope]:
    """Return what tells how far a revocation reaches: as far as it can, where the setting cannot be read."""
    return lambda: runtime.documents.get("compliance", RevocationScope, else_packaged=True)
