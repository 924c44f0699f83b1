"""What a test wants to know of the tenant's dialer, and to have happen to it."""

from collections.abc import Mapping
from typing import Any

from sandbox.clients.control import Control


class DialerControl(Control):
    """Shows the dialer, and lets its operations end as a test wants."""

    def dialer(self) -> dict[str, Any]:
        """Return what is active as `settings`, its `version`, the `operations` and the `log`."""
        shown: dict[str, Any] = self._call("GET", "/dialer")
        return shown

    def plan_operations(self, *plans: Mapping[str, Any]) -> None:
        """Let the next operations go so: `seconds`, `ending` and `applied`, as `Plan` has them."""
        self._call("PUT", "/dialer/operations", {"operations": [dict(each) for each in plans]})

    def change_dialer(self, settings: Mapping[str, Any], actor: str = "console") -> None:
        """Change the dialer's settings at once, as another party does at CXone."""
        self._call("PUT", "/dialer/settings", {"settings": dict(settings), "actor": actor})

    def set_abandonment(self, **shares: float) -> None:
        """Let campaigns abandon so many of their answered calls, whatever the settings say."""
        self._call("PUT", "/dialer/shares", shares)
