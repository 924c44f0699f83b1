"""Whether whom the ledger of consent forbids can be suppressed in CXone."""

from __future__ import annotations

from collections.abc import Iterator

from outbound.cli.findings import Finding
from outbound.dispositions.settings import DispositionSettings
from outbound.runtime import Runtime

_CHECK = "suppressions"


def suppressions(stack: Runtime) -> Iterator[Finding]:
    """Look whether suppressions can be written, where campaigns have contact lists."""
    if not any(campaign.calling.get("contact_list_id") for campaign in stack.registry.all()):
        return
    settings = stack.documents.get("dispositions", DispositionSettings)
    fix = "set it in a file, then: outbound config put --merge dispositions FILE"
    if not settings.default_agent_id:
        message = "default_agent_id is empty: contacts whom the ledger forbids cannot be suppressed in CXone"
        yield Finding("wrong", _CHECK, message, fix)
    elif not settings.do_not_call_codes & settings.outcome_codes:
        message = "none of do_not_call_codes is one of outcome_codes: no contact can be suppressed in CXone"
        yield Finding("wrong", _CHECK, message, fix)
    else:
        yield Finding("ok", _CHECK)
