"""The middleware through which a request meets a fault."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from sandbox.wire.asgi import Answer, App, Receive, Scope, Send, drain, hang_up, is_control
from sandbox.wire.faults import Fault, Faults


class InjectFaults:
    """Passes requests on, except those that a fault is due for."""

    def __init__(self, app: App, faults: Faults) -> None:
        """Stand before `app`."""
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, faultily where asked to."""
        if scope["type"] != "http" or is_control(scope):
            return await self._app(scope, receive, send)
        fault = self._faults.meet(scope)
        if fault is None:
            return await self._app(scope, receive, send)
        await asyncio.sleep(fault.action.get("delay", 0))
        return await self._act(fault, scope, receive, send)

    async def _act(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        action = fault.action
        if action.get("cut") == "before":
            return await hang_up(scope, receive)
        if set(action) & {"status", "headers", "json", "text", "body"}:
            await drain(receive)
            return await _reply(action).send_through(send)
        if set(action) == {"delay"}:
            return await self._app(scope, receive, send)
        answer = Answer()
        await self._app(scope, receive, answer.keep)
        if action.get("cut") == "body":
            await answer.send_half(send)
            return await hang_up(scope, receive)
        if "serve_then" in action:
            return await hang_up(scope, receive)
        _change(answer, fault)
        return await answer.send_through(send)


def _reply(action: Mapping[str, Any]) -> Answer:
    """Return the answer that the fault gives in the application's place."""
    if "json" in action:
        kind, body = "application/json", json.dumps(action["json"])
    elif "body" in action:
        # Meant as JSON that is not: a client has to find out by reading it.
        kind, body = "application/json", str(action["body"])
    else:
        kind, body = "text/plain; charset=utf-8", str(action.get("text", ""))
    headers = {"content-type": kind}
    headers |= {name.lower(): str(value) for name, value in action.get("headers", {}).items()}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Answer(action.get("status", 200), pairs, body.encode())


def _change(answer: Answer, fault: Fault) -> None:
    """Alter the fields of a JSON object; an answer of another kind stays as it is."""
    try:
        fields = json.loads(answer.body)
    except ValueError:
        return
    if not isinstance(fields, dict):
        return
    for name in fault.action.get("drop_fields", ()):
        fields.pop(name, None)
    fields |= fault.action.get("set_fields", {})
    if fault.action.get("repeat_page_token"):
        # The first token that is seen is given for ever, on the last page as well.
        fault.page_token = fault.page_token or fields.get("nextPageToken")
        if fault.page_token is not None:
            fields["nextPageToken"] = fault.page_token
    answer.body = json.dumps(fields).encode()
