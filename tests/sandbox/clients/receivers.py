"""Steering the running CRM, warehouse and WFM."""

from collections.abc import Mapping, Sequence

from sandbox.clients.answers import Delivery, Received
from sandbox.clients.control import Control


class Receivers(Control):
    """The running CRM, warehouse and WFM."""

    def __init__(self, url: str, secrets: Mapping[str, Sequence[str]]) -> None:
        """Steer the receivers at `url`, which were started with these secrets."""
        super().__init__(url)
        self._given = {name: tuple(keys) for name, keys in secrets.items()}
        self.secrets = dict(self._given)

    def url_of(self, name: str) -> str:
        """Return where "crm", "warehouse" or "wfm" takes deliveries."""
        return f"{self.url}/{name}"

    def received(self, name: str) -> Received:
        """Return what a receiver got, whether it believed it or not."""
        answer = self._call("GET", f"/received/{name}")
        deliveries = [Delivery(**one) for one in answer.pop("deliveries")]
        return Received(deliveries=deliveries, **answer)

    def reset(self) -> None:
        """Go back to the beginning, also to the secrets of the beginning."""
        super().reset()
        self.secrets = dict(self._given)

    def use_secrets(self, name: str, secrets: Sequence[str]) -> None:
        """Let a receiver accept signatures by exactly these secrets."""
        self._call("PUT", f"/secrets/{name}", list(secrets))
        self.secrets[name] = tuple(secrets)
