"""What we registered at CXone: one item a webhook, under the name that it is known by.

The item is the claim that keeps two runs from registering the same webhook twice, and the memory of what
CXone does not show: with which secret it was registered. Of that a proof is kept, and not the secret.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import scrypt

from outbound.clock import format_time
from outbound.events import Event
from outbound.store.outbox import SET_FACTS, facts_values
from outbound.store.table import Item, Key, Table


class SubscriptionLedger:
    """Reads and writes what is registered for one tenant."""

    def __init__(self, table: Table, tenant: str) -> None:
        """Keep it in the state table."""
        self._table = table
        self._tenant = tenant

    def key(self, name: str) -> Key:
        """The key of a webhook's item."""
        return Key(f"{self._tenant}#subscription", name)

    def claim(self, name: str, owner: str, now: datetime, seconds: int) -> Item | None:
        """Claim a webhook, so that one run at a time registers it.

        Args:
            name: The name of the webhook.
            owner: The invocation that claims it; it may claim again what it has.
            now: A claim that has run out by then is free.
            seconds: How long the claim lasts.

        Returns:
            The webhook's item; None where another run has it.
        """
        at = int(now.timestamp())
        claimed = self._table.update(
            self.key(name),
            "SET #claimed_by = :owner, #claimed_until = :until",
            {":owner": owner, ":until": at + seconds, ":now": at},
            "attribute_not_exists(#claimed_until) OR #claimed_until <= :now OR #claimed_by = :owner",
        )
        return claimed.item if claimed.done else None

    def release(self, name: str, owner: str) -> None:
        """Release the claim of a webhook, if it is still this owner's."""
        expression = "REMOVE #claimed_by, #claimed_until"
        self._table.update(self.key(name), expression, {":owner": owner}, "#claimed_by = :owner")

    def record(
        self, name: str, owner: str, subscription_id: str, proof: str, fact: Event, now: datetime
    ) -> Item | None:
        """Write down what was registered, with its fact, and release the claim.

        Args:
            name: The name of the webhook.
            owner: The invocation that claimed it.
            subscription_id: CXone's id of the subscription.
            proof: What shows with which secret it was registered.
            fact: What is published of it.
            now: The time.

        Returns:
            The item as it is now; None where the claim has passed on, and its new owner looks for itself.
        """
        written = self._table.update(
            self.key(name),
            "SET #subscription_id = :id, #proof = :proof, #registered_at = :now, #revision = "
            f"if_not_exists(#revision, :zero) + :one, {SET_FACTS} REMOVE #claimed_by, #claimed_until",
            {
                ":id": subscription_id,
                ":proof": proof,
                ":now": format_time(now),
                ":zero": 0,
                ":one": 1,
                ":owner": owner,
                **facts_values([fact], now),
            },
            "#claimed_by = :owner",
        )
        return written.item if written.done else None


def proof_of(secret: str, name: str) -> str:
    """Return what shows that a secret is the same, and does not give it away: costly to make, salted."""
    return scrypt(secret.encode(), salt=name.encode(), n=2**14, r=8, p=1).hex()
