"""What is configured about recording consent, in the document `/<stack>/config/compliance`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
