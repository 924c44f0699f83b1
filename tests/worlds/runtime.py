"""The runtime of a world: the same that functions build from, on moto and under a test's clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from outbound.capabilities import sweeping
from outbound.clock import Clock, Deadline
from outbound.cxone.adapters import Connection, Cxone
from outbound.runtime import Runtime
from outbound.settings import Documents
from worlds.aws import ENVIRONMENT, AwsWorld, Invocation, client


class GivenDocuments(Documents):
    """Settings documents of which a test gives some; the others are read from Parameter Store."""

    def __init__(self, runtime: Runtime, given: Mapping[str, Callable[[], Any]]) -> None:
        super().__init__(runtime.client("ssm"), runtime.name("STACK_NAME"), runtime.clock)
        self._given = given

    def get(self, capability: str, model: type[Any], *, else_packaged: bool = False) -> Any:
        if capability not in self._given:
            return super().get(capability, model, else_packaged=else_packaged)
        settings = self._given[capability]()
        return settings if isinstance(settings, model) else model.model_validate(settings.model_dump())


class Overridden:
    """A port of which a test answers some calls itself."""

    def __init__(self, port: Any, methods: Mapping[str, Callable[..., Any]]) -> None:
        self._port, self._methods = port, methods

    def __getattr__(self, name: str) -> Any:
        return self._methods.get(name) or getattr(self._port, name)


class _Doubled:
    """CXone's ports, one of which is a double's."""

    def __init__(self, ports: Cxone, port: str, double: Callable[[Any], Any]) -> None:
        self._ports = ports
        setattr(self, port, double(getattr(ports, port)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)


QUEUES_BY_NAME = {
    "PULL_QUEUE_URL": "pull-outcomes",
    "END_ARCHIVE_QUEUE_URL": "end-archive",
    "END_ROLLOUT_QUEUE_URL": "end-rollout",
    "DISPOSITIONS_QUEUE_URL": "apply-dispositions",
    "INGRESS_QUEUE_URL": "route-webhooks",
}
"""The queue behind each variable of the environment that has a queue's URL."""


class _Names(Mapping[str, str]):
    """What a function's environment holds; a queue is made when its URL is asked for."""

    def __init__(self, aws: AwsWorld, queue: str, names: Mapping[str, str]) -> None:
        self._aws = aws
        self._queues = {**QUEUES_BY_NAME, "DLQ_URL": f"{queue}-dlq"}
        more = {"WEBHOOK_RETENTION_DAYS": "30", "DESTINATION": "crm", "DESTINATION_SECRET": "outbound/crm"}
        self._known = {**ENVIRONMENT, **more, **names}

    def __getitem__(self, variable: str) -> str:
        if variable in self._known:
            return self._known[variable]
        if variable == "QUEUE_URLS":
            return json.dumps({"crm": self._aws.queue_urls["deliver-crm"]})
        return self._aws.queue_urls[self._queues[variable]]

    def __iter__(self) -> Iterator[str]:
        return iter((*self._known, *self._queues, "QUEUE_URLS"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class WorldRuntime(Runtime):
    """A runtime on moto: what a function's environment holds, a test's clock, and clients that all share."""

    def __init__(
        self,
        aws: AwsWorld,
        clock: Clock,
        queue: str = "watched",
        given: Mapping[str, Callable[[], Any]] | None = None,
        **names: str,
    ) -> None:
        """Work off a queue, with settings by the name of their document and names beside the usual ones."""
        super().__init__(_Names(aws, queue, names), clock)
        self.documents = GivenDocuments(self, given or {})

    def client(self, service: str) -> Any:
        return self._clients.get(service) or client(service)

    def replace_client(self, service: str, client: Any) -> None:
        """Let a double take the place of a client."""
        self._clients[service] = client

    @property
    def ports(self) -> Cxone:
        """CXone's ports for an invocation that begins now."""
        return self.cxone.until(Deadline(self.clock, 3600))

    def put_between(self, port: str, double: Callable[[Any], Any]) -> None:
        """Let a double, made of the port of that name, stand before it from now on."""
        connection = self.cxone

        class Between:
            http = connection.http

            def until(self, deadline: Deadline) -> Cxone:
                return cast("Cxone", _Doubled(connection.until(deadline), port, double))

        self.cxone = cast("Connection", Between())

    def override(self, port: str, **methods: Callable[..., Any]) -> None:
        """Let a test answer some calls of a port itself."""
        self.put_between(port, lambda real: Overridden(real, methods))

    def sweep(self, seconds: float = 60) -> dict[str, int]:
        """Do what the deployed sweeper does in a tick of its schedule."""
        return cast("dict[str, int]", sweeping(self)({}, cast("Any", Invocation(seconds))))
